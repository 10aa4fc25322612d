package org.sealwax.assess.receiver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Probe;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.tlsclient.LookFacts;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.wire.Records;

/**
 * The scan of one address. Its steps are in the order of their worth, so that whatever budget there
 * is buys the most that it can; what no connection was left for is named. Thread-safe: everything
 * that changes belongs to one visit.
 */
public final class ReceiverScan implements Probe {
  /** Checks that a whole scan answers. */
  private static final List<String> CHECKS =
      List.of(
          "scan.trouble",
          "banner.time",
          "starttls.offered",
          "starttls.works",
          "starttls.required",
          "starttls.reoffer",
          "starttls.reset",
          "starttls.cmdinjection",
          "ehlo.downgrade",
          "requiretls",
          "tls13",
          "tls12",
          "tls11",
          "tls10",
          "ssl3",
          "ssl2",
          "suite.null",
          "suite.anon",
          "suite.export",
          "suite.rc4",
          "suite.des",
          "suite.3des",
          "suite.64bit",
          "suite.staticRSA",
          "suite.cbc-sha1",
          "suite.fs",
          "suite.aead",
          "suite.order",
          "kex.pq",
          "kex.groups",
          "kex.dh",
          "kex.hash",
          "ems",
          "secure-reneg",
          "compression",
          "client-reneg",
          "scsv",
          "ticket",
          "resumption",
          "early-data",
          "vuln.heartbleed",
          "vuln.ccs",
          "vuln.robot",
          "vuln.drown",
          "vuln.poodle",
          "vuln.poodle-tls",
          "vuln.freak",
          "vuln.logjam",
          "vuln.ticketbleed",
          "vuln.raccoon",
          "vuln.lucky13",
          "vuln.beast",
          "tolerance",
          "clientcert.request",
          "clientcert.tolerate",
          "mta-sim");

  private static final int SSL2 = 0x0002;

  /** A server that never answers sooner holds its clients up: no network is so slow. */
  private static final Duration TARPIT = Duration.ofMillis(900);

  private final Dialer dialer;
  private final Clock clock;
  private final Chance chance;
  private final Manners manners;
  private final @Nullable TlsClient engine;

  /**
   * With the patience that strangers' servers get.
   *
   * @param engine tries whether sessions of TLS 1.3 are resumed; null: that is not tested
   */
  public ReceiverScan(Dialer dialer, Clock clock, Chance chance, @Nullable TlsClient engine) {
    this(dialer, clock, chance, Manners.defaults(), engine);
  }

  ReceiverScan(
      Dialer dialer, Clock clock, Chance chance, Manners manners, @Nullable TlsClient engine) {
    this.dialer = dialer;
    this.clock = clock;
    this.chance = chance;
    this.manners = manners;
    this.engine = engine;
  }

  @Override
  public List<Check> checks() {
    return CHECKS.stream().map(Check::of).toList();
  }

  @Override
  public List<Finding> look(Visit visit) throws InterruptedException {
    Door door = new Door(visit, dialer, clock, manners);
    Scan scan = new Scan(visit, door, chance);
    return new Course(scan, engine).run();
  }

  /** A part of the scan, with the checks that it settles where the server answers. */
  private record Step(Action action, List<String> checks) {
    /** What asks. */
    interface Action {
      void run() throws Shut, InterruptedException;
    }

    static Step of(Action action, String... checks) {
      return new Step(action, List.of(checks));
    }
  }

  /** One run of all steps. */
  private static final class Course {
    private final Scan scan;
    private final Contact contact;
    private final Versions versions;
    private final Suites suites;
    private final KeyExchanges exchanges;
    private final Flaws flaws;
    private final Tolerances tolerances;
    private final Sessions sessions;
    private final Senders senders;
    private final Resumptions resumptions;
    private LookFacts.@Nullable Ticket ticket;
    private boolean ticketsLooked;
    private boolean classesAsked;
    private boolean weakAsked;

    /** Checks whose questions were asked, whether or not an answer settled them. */
    private final Set<String> asked = new HashSet<>();

    Course(Scan scan, @Nullable TlsClient engine) {
      this.scan = scan;
      this.contact = new Contact(scan);
      this.versions = new Versions(scan);
      this.suites = new Suites(scan);
      this.exchanges = new KeyExchanges(scan);
      this.flaws = new Flaws(scan);
      this.tolerances = new Tolerances(scan);
      this.sessions = new Sessions(scan, contact);
      this.senders = new Senders(scan);
      this.resumptions = new Resumptions(scan, engine);
    }

    List<Finding> run() throws InterruptedException {
      Shut end = null;
      boolean reached = false;
      try {
        reached = contact.make();
        if (reached) {
          for (Step step : steps()) {
            asked.addAll(step.checks());
            step.action().run();
          }
        } else {
          reached = onlySsl2();
        }
      } catch (Shut e) {
        end = e;
      }
      tell();
      if (!reached) {
        never(end);
      }
      rest(end, reached);
      return scan.told().findings();
    }

    private boolean onlySsl2() throws Shut, InterruptedException {
      if (contact.silent()) {
        return false;
      }
      versions.two();
      if (!scan.book().spoken(SSL2)) {
        return false;
      }
      // All of them were asked for before.
      for (int version = Records.SSL3; version <= Records.TLS13; version++) {
        scan.book().version(version, false);
      }
      contact.onlySsl2();
      return true;
    }

    private List<Step> steps() {
      List<Step> quick =
          List.of(
              Step.of(contact::again, "clientcert.request", "ehlo.downgrade", "requiretls"),
              Step.of(versions::twelve, "tls12", "ems", "secure-reneg", "compression"),
              Step.of(versions::thirteen, "tls13", "kex.pq"),
              Step.of(
                  this::weak,
                  "suite.null",
                  "suite.anon",
                  "suite.export",
                  "suite.rc4",
                  "suite.des",
                  "suite.3des",
                  "suite.64bit",
                  "vuln.freak",
                  "vuln.logjam"),
              Step.of(versions::older, "tls11", "tls10", "ssl3", "vuln.beast"),
              Step.of(versions::two, "ssl2", "vuln.drown"),
              Step.of(
                  this::classes, "suite.fs", "suite.aead", "suite.staticRSA", "suite.cbc-sha1"));
      List<Step> standard =
          List.of(
              Step.of(sessions::injection, "starttls.cmdinjection"),
              Step.of(exchanges::brokenHashes, "kex.hash"),
              Step.of(exchanges::smallCurves, "kex.groups"),
              Step.of(exchanges::fields, "kex.dh"),
              Step.of(suites::exportKinds),
              Step.of(versions::poodle, "vuln.poodle"),
              Step.of(flaws::heartbleed, "vuln.heartbleed"),
              Step.of(flaws::earlyChangeCipherSpec, "vuln.ccs"),
              Step.of(flaws::fallback, "scsv"),
              Step.of(tolerances::grease, "tolerance"),
              Step.of(sessions::certificates),
              Step.of(sessions::clientCertificate, "clientcert.tolerate"),
              Step.of(suites::order, "suite.order"),
              Step.of(sessions::renegotiation, "client-reneg"),
              Step.of(flaws::robot, "vuln.robot"),
              Step.of(this::tickets, "ticket", "early-data", "vuln.ticketbleed"),
              Step.of(suites::anyCbc, "vuln.lucky13"),
              Step.of(suites::weakInOldVersions),
              Step.of(tolerances::split),
              Step.of(sessions::reset, "starttls.reset", "starttls.required"),
              Step.of(senders::replay, "mta-sim"),
              Step.of(tolerances::large),
              Step.of(tolerances::names),
              Step.of(sessions::padding, "vuln.poodle-tls"),
              Step.of(exchanges::fieldsAgain, "vuln.raccoon"),
              Step.of(this::only13));
      Depth depth = scan.visit().depth();
      List<Step> all = new ArrayList<>(quick);
      if (depth != Depth.QUICK) {
        all.addAll(standard);
      }
      if (depth == Depth.FULL) {
        all.add(Step.of(resumptions::thirteen, "resumption"));
        all.add(Step.of(exchanges::enumerate));
      }
      return all;
    }

    /** Where there is nothing older, whose tickets show themselves, a standard look has room. */
    private void only13() throws Shut, InterruptedException {
      if (scan.visit().depth() == Depth.STANDARD && !scan.speaksOld().orElse(true)) {
        resumptions.thirteen();
      }
    }

    private void weak() throws Shut, InterruptedException {
      suites.weak();
      weakAsked = true;
    }

    private void classes() throws Shut, InterruptedException {
      suites.classes();
      classesAsked = true;
    }

    private void tickets() throws Shut, InterruptedException {
      ticket = sessions.oldTicket();
      ticketsLooked = true;
      LookFacts facts = sessions.last();
      LookFacts.Ticket found = ticket;
      if (found != null && facts != null) {
        resumptions.ticket(
            flaws.ticketbleed(
                HexFormat.of().parseHex(found.octets()), facts.version(), facts.suite()));
        return;
      }
      if (!scan.told().has("vuln.ticketbleed")) {
        scan.told().pass("vuln.ticketbleed", "no ticket is given before TLS 1.3");
      }
      resumptions.id(facts);
    }

    private void tell() {
      Told told = scan.told();
      times();
      contact.tellStarttls();
      if (!contact.reached() && scan.book().highest(Records.TLS13) == 0) {
        return;
      }
      versions.tell();
      versions.flags();
      suites.tell();
      if (classesAsked) {
        suites.tellClasses();
      }
      exchanges.tell();
      tolerances.tell();
      sessions.tellRequest();
      sessions.tellTickets(ticket, ticketsLooked);
      if (weakAsked && !told.has("vuln.freak")) {
        told.pass("vuln.freak", "no export suite is accepted");
        told.pass("vuln.logjam", "no export suite is accepted");
      }
    }

    private void times() {
      Door door = scan.door();
      if (scan.visit().entry() == Entry.IMPLICIT || door.before() == null) {
        return;
      }
      long seconds = door.slowestBanner().toSeconds();
      String seen = "the greeting came after " + door.slowestBanner().toMillis() + " ms";
      if (seconds >= 300) {
        scan.told().say("banner.time", Outcome.FAIL, "greeting", seen);
      } else if (seconds >= 5) {
        scan.told().say("banner.time", Outcome.WARN, "greeting", seen);
      } else {
        scan.told().pass("banner.time", seen);
      }
      Duration reply = door.quickestReply();
      if (reply.compareTo(TARPIT) >= 0) {
        scan.told()
            .say(
                "banner.time",
                Outcome.INFO,
                "replies",
                "no reply came in less than " + reply.toMillis() + " ms");
      }
    }

    /** TLS never began: what that means depends on where it ended. */
    private void never(@Nullable Shut end) {
      Told told = scan.told();
      contact.tellClear();
      Evidence transcript = Evidence.transcript(scan.door().transcript());
      if (end == null) {
        told.say(
            "starttls.works",
            Outcome.FAIL,
            "never",
            "220, and then no hello is answered: " + contact.last(),
            transcript);
        return;
      }
      switch (end.why()) {
        case NO_STARTTLS -> {
          // Reported with the number of connections.
        }
        case STARTTLS_REFUSED ->
            told.say("starttls.works", Outcome.FAIL, "refused", end.seen(), transcript);
        case INJECTED ->
            told.say("starttls.works", Outcome.FAIL, "injected", end.seen(), transcript);
        case SILENT -> told.say("scan.trouble", Outcome.FAIL, "silent", end.seen(), transcript);
        case GARBAGE -> told.say("scan.trouble", Outcome.FAIL, "garbage", end.seen(), transcript);
        case ENDLESS -> told.say("scan.trouble", Outcome.FAIL, "endless", end.seen(), transcript);
        case CLOSED, UNREACHABLE, UNWELCOME ->
            told.say("scan.trouble", Outcome.FAIL, "", end.seen(), transcript);
        case THROTTLED, NO_CONNECTION_LEFT -> {
          // Told for each check below.
        }
        case NO_TIME_LEFT -> {
          if (scan.door().starttlsTaken() > 0) {
            told.say(
                "starttls.works",
                Outcome.FAIL,
                "never",
                "220, and then no handshake as long as there was time",
                transcript);
          }
        }
      }
    }

    /** Whatever nothing was said of, and why. */
    private void rest(@Nullable Shut end, boolean reached) {
      Told told = scan.told();
      if (end != null && reached) {
        cut(end);
      } else if (end != null && end.why() == Shut.Why.THROTTLED) {
        told.say("scan.trouble", Outcome.WARN, "throttled", end.seen());
      } else if (end != null && end.why() == Shut.Why.NO_TIME_LEFT) {
        told.say("scan.trouble", Outcome.WARN, "deadline", end.seen());
      }
      if (!told.has("scan.trouble")) {
        told.pass(
            "scan.trouble",
            scan.door().throttle().isEmpty()
                ? "the server let itself be looked at"
                : "the server asked to go slower once or more, and was waited for");
      }
      for (String id : CHECKS) {
        if (!told.has(id)) {
          rest(id, end, reached);
        }
      }
    }

    private void rest(String id, @Nullable Shut end, boolean reached) {
      Told told = scan.told();
      boolean cutShort =
          end != null
              && (end.why() == Shut.Why.NO_CONNECTION_LEFT || end.why() == Shut.Why.NO_TIME_LEFT);
      if (end == null && reached && !asked.contains(id)) {
        told.say(
            id,
            Outcome.NOT_TESTED,
            "",
            "not part of a " + scan.visit().depth().word() + " assessment");
      } else if (end == null && reached) {
        told.say(id, Outcome.INCONCLUSIVE, "", "asked for, and no answer settles it");
      } else {
        told.say(id, cutShort ? Outcome.NOT_TESTED : Outcome.INCONCLUSIVE, "", why(end));
      }
    }

    private void cut(Shut end) {
      Told told = scan.told();
      switch (end.why()) {
        case NO_CONNECTION_LEFT -> {
          // Ordinary: the depth says how much is looked at.
        }
        case NO_TIME_LEFT -> told.say("scan.trouble", Outcome.WARN, "deadline", end.seen());
        case THROTTLED -> told.say("scan.trouble", Outcome.WARN, "throttled", end.seen());
        case SILENT -> told.say("scan.trouble", Outcome.WARN, "silent", end.seen());
        case GARBAGE -> told.say("scan.trouble", Outcome.WARN, "garbage", end.seen());
        case ENDLESS -> told.say("scan.trouble", Outcome.WARN, "endless", end.seen());
        case STARTTLS_REFUSED, NO_STARTTLS, INJECTED ->
            told.say("scan.trouble", Outcome.WARN, "", "in the middle of the scan: " + end.seen());
        case CLOSED, UNREACHABLE, UNWELCOME ->
            told.say("scan.trouble", Outcome.WARN, "", "in the middle of the scan: " + end.seen());
      }
    }

    private static String why(@Nullable Shut end) {
      if (end == null) {
        return "TLS did not come about";
      }
      return switch (end.why()) {
        case NO_CONNECTION_LEFT -> "no connection was left for it";
        case NO_TIME_LEFT -> "no time was left for it: " + end.seen();
        case THROTTLED -> "the server asked to go slower: " + end.seen();
        case SILENT, CLOSED, GARBAGE, ENDLESS, UNWELCOME, UNREACHABLE -> end.seen();
        case NO_STARTTLS -> "no STARTTLS";
        case STARTTLS_REFUSED, INJECTED -> end.seen();
      };
    }
  }
}
