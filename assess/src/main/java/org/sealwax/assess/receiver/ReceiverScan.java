package org.sealwax.assess.receiver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Probe;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.RoundedTime;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.assess.tlsclient.ScanHandshakeFacts;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.wire.Records;

/**
 * The scan of one address. Its steps are in the order of their worth, so that whatever budget there
 * is buys the most that it can; steps without a connection left are reported. Thread-safe:
 * everything that changes belongs to one visit.
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

  /** A server that never answers sooner delays its clients on purpose: no network is so slow. */
  private static final Duration TARPIT = Duration.ofMillis(900);

  private final Dialer dialer;
  private final Clock clock;
  private final RandomSource random;
  private final ScanTimeouts timeouts;
  private final @Nullable TlsClient engine;

  /**
   * With the timeouts for servers of other sites.
   *
   * @param engine tries whether sessions of TLS 1.3 are resumed; null: that is not tested
   */
  public ReceiverScan(Dialer dialer, Clock clock, RandomSource random, @Nullable TlsClient engine) {
    this(dialer, clock, random, ScanTimeouts.defaults(), engine);
  }

  ReceiverScan(
      Dialer dialer,
      Clock clock,
      RandomSource random,
      ScanTimeouts timeouts,
      @Nullable TlsClient engine) {
    this.dialer = dialer;
    this.clock = clock;
    this.random = random;
    this.timeouts = timeouts;
    this.engine = engine;
  }

  @Override
  public List<Check> checks() {
    return CHECKS.stream().map(Check::of).toList();
  }

  @Override
  public List<Finding> run(AddressVisit visit) throws InterruptedException {
    SmtpConnector connector = new SmtpConnector(visit, dialer, clock, timeouts);
    AddressScan scan = new AddressScan(visit, connector, random);
    return new ScanRun(scan, engine).run();
  }

  /** A part of the scan, with the checks that it settles where the server answers. */
  private record ScanStep(ScanStepAction action, List<String> checks) {
    /** What asks. */
    interface ScanStepAction {
      void run() throws ProbeFailed, InterruptedException;
    }

    static ScanStep of(ScanStepAction action, String... checks) {
      return new ScanStep(action, List.of(checks));
    }
  }

  /** One run of all steps. */
  private static final class ScanRun {
    private final AddressScan scan;
    private final FindingLog findings;
    private final FirstConnection firstConnection;
    private final TlsVersionProbes versions;
    private final CipherSuiteProbes suites;
    private final KeyExchangeProbes exchanges;
    private final VulnerabilityProbes vulnerabilities;
    private final ToleranceProbes tolerances;
    private final TlsSessionProbes sessions;
    private final ClientSimulations simulations;
    private final ResumptionProbes resumptions;
    private ScanHandshakeFacts.@Nullable SessionTicketFacts ticket;
    private boolean ticketsScanned;
    private boolean classesAsked;
    private boolean weakAsked;

    /** Checks whose questions were asked, whether or not an answer settled them. */
    private final Set<String> asked = new HashSet<>();

    ScanRun(AddressScan scan, @Nullable TlsClient engine) {
      this.scan = scan;
      this.findings = scan.findings();
      this.firstConnection = new FirstConnection(scan);
      this.versions = new TlsVersionProbes(scan);
      this.suites = new CipherSuiteProbes(scan);
      this.exchanges = new KeyExchangeProbes(scan);
      this.vulnerabilities = new VulnerabilityProbes(scan);
      this.tolerances = new ToleranceProbes(scan);
      this.sessions = new TlsSessionProbes(scan, firstConnection);
      this.simulations = new ClientSimulations(scan);
      this.resumptions = new ResumptionProbes(scan, engine);
    }

    List<Finding> run() throws InterruptedException {
      ProbeFailed end = null;
      boolean reached = false;
      try {
        reached = firstConnection.connect();
        if (reached) {
          for (ScanStep step : steps()) {
            asked.addAll(step.checks());
            step.action().run();
          }
        } else {
          reached = onlySsl2();
        }
      } catch (ProbeFailed e) {
        end = e;
      }
      report();
      if (!reached) {
        never(end);
      }
      reportUntested(end, reached);
      return findings.findings();
    }

    private boolean onlySsl2() throws ProbeFailed, InterruptedException {
      if (firstConnection.silent()) {
        return false;
      }
      versions.two();
      if (!scan.facts().knownToSpeak(SSL2)) {
        return false;
      }
      // All of them were asked for before.
      for (int version = Records.SSL3; version <= Records.TLS13; version++) {
        scan.facts().version(version, false);
      }
      firstConnection.onlySsl2();
      return true;
    }

    private List<ScanStep> steps() {
      List<ScanStep> quick =
          List.of(
              ScanStep.of(
                  firstConnection::again, "clientcert.request", "ehlo.downgrade", "requiretls"),
              ScanStep.of(versions::twelve, "tls12", "ems", "secure-reneg", "compression"),
              ScanStep.of(versions::thirteen, "tls13", "kex.pq"),
              ScanStep.of(
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
              ScanStep.of(versions::older, "tls11", "tls10", "ssl3", "vuln.beast"),
              ScanStep.of(versions::two, "ssl2", "vuln.drown"),
              ScanStep.of(
                  this::classes, "suite.fs", "suite.aead", "suite.staticRSA", "suite.cbc-sha1"));
      List<ScanStep> standard =
          List.of(
              ScanStep.of(sessions::injection, "starttls.cmdinjection"),
              ScanStep.of(exchanges::brokenHashes, "kex.hash"),
              ScanStep.of(exchanges::smallCurves, "kex.groups"),
              ScanStep.of(exchanges::fields, "kex.dh"),
              ScanStep.of(suites::exportKinds),
              ScanStep.of(versions::poodle, "vuln.poodle"),
              ScanStep.of(vulnerabilities::heartbleed, "vuln.heartbleed"),
              ScanStep.of(vulnerabilities::earlyChangeCipherSpec, "vuln.ccs"),
              ScanStep.of(vulnerabilities::fallback, "scsv"),
              ScanStep.of(tolerances::grease, "tolerance"),
              ScanStep.of(sessions::certificates),
              ScanStep.of(sessions::clientCertificate, "clientcert.tolerate"),
              ScanStep.of(suites::order, "suite.order"),
              ScanStep.of(sessions::renegotiation, "client-reneg"),
              ScanStep.of(vulnerabilities::robot, "vuln.robot"),
              ScanStep.of(this::tickets, "ticket", "early-data", "vuln.ticketbleed"),
              ScanStep.of(suites::anyCbc, "vuln.lucky13"),
              ScanStep.of(suites::weakInOldVersions),
              ScanStep.of(tolerances::split),
              ScanStep.of(sessions::reset, "starttls.reset", "starttls.required"),
              ScanStep.of(simulations::replay, "mta-sim"),
              ScanStep.of(tolerances::large),
              ScanStep.of(tolerances::names),
              ScanStep.of(sessions::padding, "vuln.poodle-tls"),
              ScanStep.of(exchanges::fieldsAgain, "vuln.raccoon"),
              ScanStep.of(this::only13));
      ScanDepth depth = scan.visit().depth();
      List<ScanStep> all = new ArrayList<>(quick);
      if (depth != ScanDepth.QUICK) {
        all.addAll(standard);
      }
      if (depth == ScanDepth.FULL) {
        all.add(ScanStep.of(resumptions::thirteen, "resumption"));
        all.add(ScanStep.of(exchanges::enumerate));
      }
      return all;
    }

    /**
     * Without older versions, whose tickets are visible, a standard scan has connections left for
     * this.
     */
    private void only13() throws ProbeFailed, InterruptedException {
      if (scan.visit().depth() == ScanDepth.STANDARD && !scan.speaksOld().orElse(true)) {
        resumptions.thirteen();
      }
    }

    private void weak() throws ProbeFailed, InterruptedException {
      suites.weak();
      weakAsked = true;
    }

    private void classes() throws ProbeFailed, InterruptedException {
      suites.classes();
      classesAsked = true;
    }

    private void tickets() throws ProbeFailed, InterruptedException {
      ticket = sessions.oldTicket();
      ticketsScanned = true;
      ScanHandshakeFacts facts = sessions.last();
      ScanHandshakeFacts.SessionTicketFacts found = ticket;
      if (found != null && facts != null) {
        resumptions.ticket(
            vulnerabilities.ticketbleed(
                HexFormat.of().parseHex(found.ticketHex()), facts.version(), facts.suite()));
        return;
      }
      if (!findings.has("vuln.ticketbleed")) {
        findings.pass("vuln.ticketbleed", "no ticket is issued before TLS 1.3");
      }
      resumptions.id(facts);
    }

    private void report() {
      times();
      firstConnection.reportStarttls();
      if (!firstConnection.tlsReached() && scan.facts().highest(Records.TLS13) == 0) {
        return;
      }
      versions.report();
      versions.flags();
      suites.report();
      if (classesAsked) {
        suites.reportClasses();
      }
      exchanges.report();
      tolerances.report();
      sessions.reportCertificateRequest();
      sessions.reportTickets(ticket, ticketsScanned);
      if (weakAsked && !findings.has("vuln.freak")) {
        findings.pass("vuln.freak", "no export suite is accepted");
        findings.pass("vuln.logjam", "no export suite is accepted");
      }
    }

    private void times() {
      SmtpConnector connector = scan.connector();
      if (scan.visit().entry() == TlsStart.IMPLICIT || connector.before() == null) {
        return;
      }
      long seconds = connector.slowestBanner().toSeconds();
      String seen = "the greeting came after " + RoundedTime.of(connector.slowestBanner());
      if (seconds >= 300) {
        findings.fail("banner.time", "greeting", seen);
      } else if (seconds >= 5) {
        findings.warn("banner.time", "greeting", seen);
      } else {
        findings.pass("banner.time", seen);
      }
      Duration reply = connector.quickestReply();
      if (reply.compareTo(TARPIT) >= 0) {
        findings.info("banner.time", "replies", "no reply took less than " + RoundedTime.of(reply));
      }
    }

    /** TLS never began: what that means depends on where it ended. */
    private void never(@Nullable ProbeFailed end) {
      firstConnection.reportPlaintextEhlo();
      FindingEvidence transcript = FindingEvidence.transcript(scan.connector().transcript());
      if (end == null) {
        findings.fail(
            "starttls.works",
            "never",
            "220, and then no ClientHello is answered: " + firstConnection.last(),
            transcript);
        return;
      }
      switch (end.reason()) {
        case NO_STARTTLS -> {
          // Reported with the number of connections.
        }
        case STARTTLS_REFUSED ->
            findings.fail("starttls.works", "refused", end.observed(), transcript);
        case INJECTED -> findings.fail("starttls.works", "injected", end.observed(), transcript);
        case SILENT, GARBAGE, ENDLESS, CLOSED, UNREACHABLE, UNWELCOME ->
            findings.fail("scan.trouble", end.reason().trouble(), end.observed(), transcript);
        case THROTTLED, NO_CONNECTION_LEFT -> {
          // Reported for each check below.
        }
        case NO_TIME_LEFT -> {
          if (scan.connector().starttlsAccepted() > 0) {
            findings.fail(
                "starttls.works",
                "never",
                "220, then no handshake within the time limit",
                transcript);
          }
        }
      }
    }

    /** Reports each check without a finding, with the reason. */
    private void reportUntested(@Nullable ProbeFailed end, boolean reached) {
      if (end != null && reached) {
        cut(end);
      } else if (end != null
          && (end.reason() == ProbeFailed.ProbeFailureReason.THROTTLED
              || end.reason() == ProbeFailed.ProbeFailureReason.NO_TIME_LEFT)) {
        findings.warn("scan.trouble", end.reason().trouble(), end.observed());
      }
      int lost = scan.connector().lost();
      if (!findings.has("scan.trouble") && lost > 0) {
        findings.warn(
            "scan.trouble",
            "",
            lost
                + " of "
                + (lost + scan.connector().greetings())
                + " connections ended before EHLO was answered");
      }
      if (!findings.has("scan.trouble")) {
        findings.pass(
            "scan.trouble",
            scan.connector().throttle().isEmpty()
                ? "the server allowed all probes"
                : "the server limited the rate of connections; the scan waited");
      }
      for (String id : CHECKS) {
        if (!findings.has(id)) {
          reportUntested(id, end, reached);
        }
      }
    }

    private void reportUntested(String id, @Nullable ProbeFailed end, boolean reached) {
      boolean cutShort =
          end != null
              && (end.reason() == ProbeFailed.ProbeFailureReason.NO_CONNECTION_LEFT
                  || end.reason() == ProbeFailed.ProbeFailureReason.NO_TIME_LEFT);
      if (end == null && reached && !asked.contains(id)) {
        findings.add(
            id,
            CheckOutcome.NOT_TESTED,
            "",
            "not part of a " + scan.visit().depth().label() + " assessment");
      } else if (end == null && reached) {
        findings.inconclusive(id, "requested, but the answers are not conclusive");
      } else {
        findings.add(
            id,
            cutShort ? CheckOutcome.NOT_TESTED : CheckOutcome.INCONCLUSIVE,
            "",
            failureText(end));
      }
    }

    private void cut(ProbeFailed end) {
      // A spent budget is not a fault: the depth decides how much is tested.
      if (end.reason() != ProbeFailed.ProbeFailureReason.NO_CONNECTION_LEFT) {
        String trouble = end.reason().trouble();
        String when = trouble.isEmpty() ? "in the middle of the scan: " : "";
        findings.warn("scan.trouble", trouble, when + end.observed());
      }
    }

    private static String failureText(@Nullable ProbeFailed end) {
      if (end == null) {
        return "the TLS handshake failed";
      }
      return switch (end.reason()) {
        case NO_CONNECTION_LEFT -> "the connection limit was reached before it";
        case NO_TIME_LEFT -> "the time limit was reached before it: " + end.observed();
        case THROTTLED -> "the server limited the rate of connections: " + end.observed();
        case SILENT, CLOSED, GARBAGE, ENDLESS, UNWELCOME, UNREACHABLE -> end.observed();
        case NO_STARTTLS -> "no STARTTLS";
        case STARTTLS_REFUSED, INJECTED -> end.observed();
      };
    }
  }
}
