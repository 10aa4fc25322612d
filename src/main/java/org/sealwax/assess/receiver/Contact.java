package org.sealwax.assess.receiver;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.tlsclient.LookClient;
import org.sealwax.assess.tlsclient.LookFacts;
import org.sealwax.assess.tlsclient.LookWire;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.wire.AlertName;
import org.sealwax.mail.tls.wire.HelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.Suite;

/**
 * The first connection: an ordinary client's handshake and EHLO under TLS. When that does not come
 * about, ever plainer hellos find out what the server does not bear.
 */
final class Contact {
  private static final int CERTIFICATE_REQUIRED = 116;
  private static final int UNRECOGNIZED_NAME = 112;

  /** Words that a client loses mail or speed by when they vanish under TLS. */
  private static final Set<String> WORTH =
      Set.of(
          "PIPELINING",
          "SIZE",
          "8BITMIME",
          "SMTPUTF8",
          "CHUNKING",
          "BINARYMIME",
          "DSN",
          "REQUIRETLS");

  /** A server that is busy once is no server without TLS. */
  private static final int REFUSALS_BORNE = 1;

  private final Scan scan;
  private String worked = "";
  private @Nullable LookFacts facts;
  private boolean under;
  private boolean reached;
  private String last = "";
  private boolean silent;

  Contact(Scan scan) {
    this.scan = scan;
  }

  /** Facts of the first whole handshake; null when there was none. */
  @Nullable LookFacts facts() {
    return facts;
  }

  /** What came instead of an answer to the last hello; empty before one was said. */
  String last() {
    return last;
  }

  /** Whether the last hello was not answered at all. */
  boolean silent() {
    return silent;
  }

  /** What is left when no hello of SSL 3.0 or newer is answered: SSL 2.0. */
  void onlySsl2() {
    reached = true;
    scan.told()
        .say(
            "starttls.works",
            Outcome.FAIL,
            "never",
            "nothing but SSL 2.0 is answered, which no sender speaks any more (RFC 6176)");
  }

  /** Whether TLS was reached in any way. */
  boolean reached() {
    return reached;
  }

  /** Whether an EHLO was answered under TLS. */
  boolean underTls() {
    return under;
  }

  /**
   * When the first handshake did not come about and plainer hellos showed why, an engine that
   * offers only what the server bears.
   */
  void again() throws Shut, InterruptedException {
    if (facts != null) {
      return;
    }
    scan.visit().doing("second contact");
    LookClient.Result second = scan.engine(scan.offer());
    if (second.wire() != null) {
      talk(second.wire(), second);
    } else {
      demandsCertificate(second.facts(), second.alert());
    }
  }

  /** Makes contact; whether anything of TLS was reached. */
  boolean make() throws Shut, InterruptedException {
    scan.visit().doing("first contact");
    LookClient.Result first = scan.engine(scan.offer());
    tellClear();
    if (first.wire() != null) {
      tolerates();
      talk(first.wire(), first);
      return true;
    }
    if (demandsCertificate(first.facts(), first.alert())) {
      tolerates();
      works("TLS began, and the server broke off for want of a client certificate");
      return true;
    }
    if (scan.book().highest(Records.TLS13) > 0 && first.facts().version() > 0) {
      // A ServerHello came: it bears the hello, and only the rest of the handshake failed.
      tolerates();
      works("a ServerHello came: " + Names.version(first.facts().version()));
      return true;
    }
    boolean name = first.alert() == UNRECOGNIZED_NAME;
    boolean spare = scan.visit().depth() != Depth.QUICK && !first.silent();
    return (name || spare) && nameless(first) || diagnose();
  }

  /** The same without a server name: RFC 6066 3 lets a server end the handshake over a name. */
  private boolean nameless(LookClient.Result named) throws Shut, InterruptedException {
    String name = scan.serverName();
    if (name.isEmpty()) {
      return false;
    }
    scan.withoutName(true);
    LookClient.Result result = scan.engine(scan.offer());
    if (result.wire() == null) {
      scan.withoutName(false);
      return false;
    }
    scan.told()
        .say(
            "tolerance",
            Outcome.FAIL,
            "own-name",
            "a hello with the server name "
                + name
                + " is refused ("
                + (named.alert() >= 0 ? "alert " + AlertName.of(named.alert()) : named.trouble())
                + "), one without a name is answered");
    tolerates();
    talk(result.wire(), result);
    return true;
  }

  private void works(String seen) {
    reached = true;
    if (worked.isEmpty()) {
      worked = seen;
    }
  }

  /** Whether STARTTLS is there on every connection, and taken: graded by the worst of them. */
  void tellStarttls() {
    Door door = scan.door();
    Told told = scan.told();
    if (scan.visit().entry() == Entry.IMPLICIT) {
      if (reached) {
        told.pass("starttls.offered", "TLS begins with the first octet");
      }
    } else if (door.greetings() > 0) {
      offered(door);
    }
    if (worked.isEmpty() || told.has("starttls.works")) {
      return;
    }
    int refused = door.starttlsRefused();
    if (refused == 0) {
      told.pass("starttls.works", worked);
    } else {
      told.say(
          "starttls.works",
          refused > REFUSALS_BORNE ? Outcome.FAIL : Outcome.WARN,
          "sometimes",
          "STARTTLS is refused on "
              + refused
              + " of "
              + (refused + door.starttlsTaken())
              + " connections");
    }
  }

  private void offered(Door door) {
    int offered = door.starttlsOffered();
    if (offered == door.greetings()) {
      scan.told().pass("starttls.offered", "EHLO offers STARTTLS");
    } else {
      if (offered == 0) {
        scan.visit().sightings().lacksStarttls();
      }
      scan.told()
          .say(
              "starttls.offered",
              Outcome.FAIL,
              offered == 0 ? "missing" : "sometimes",
              "EHLO offers STARTTLS on " + offered + " of " + door.greetings() + " connections",
              Evidence.transcript(door.withoutStarttls()));
    }
  }

  private void tolerates() {
    if (scan.offers13()) {
      scan.told().say("tolerance", Outcome.PASS, "tls13", "a hello of TLS 1.3 is answered");
    }
  }

  /** What was seen in clear, before any STARTTLS. */
  void tellClear() {
    Capabilities before = scan.door().before();
    if (before == null) {
      return;
    }
    boolean auth = before.offers("AUTH");
    if (auth && scan.visit().place().port() != 587) {
      scan.told()
          .say(
              "starttls.required",
              Outcome.FAIL,
              "auth-in-clear",
              "AUTH is offered before TLS: " + before.keywords().get("AUTH"),
              Evidence.transcript(scan.door().transcript()));
    }
  }

  /** EHLO and what follows, under TLS. */
  private void talk(LookWire wire, LookClient.Result result) throws InterruptedException {
    facts = result.facts();
    Line line = new Line(wire);
    try {
      if (scan.visit().entry() == Entry.IMPLICIT) {
        line.reply(scan.door().manners().banner());
      }
      Reply hello = line.exchange("EHLO " + scan.visit().ehlo(), scan.door().manners().reply());
      if (hello.code() != 250) {
        works("the handshake is complete, EHLO is then answered " + hello);
        return;
      }
      under = true;
      Capabilities after = Capabilities.of(hello);
      scan.visit().sightings().wordsAfter(new TreeSet<>(after.keywords().keySet()));
      works(
          Names.version(result.facts().version())
              + ", "
              + Suite.name(result.facts().suite())
              + ", EHLO answered under it");
      compare(after);
      again(line, after);
      facts = wire.facts();
    } catch (IOException e) {
      facts = wire.facts();
      if (demandsCertificate(facts, alertOf(e))) {
        works("TLS began, and the server broke off for want of a client certificate");
      } else {
        scan.told()
            .say(
                "starttls.works",
                Outcome.FAIL,
                "dropped",
                "the handshake is complete, then the connection ends: " + e.getMessage(),
                Evidence.transcript(line.transcript()));
      }
    } finally {
      line.quit();
    }
  }

  private static int alertOf(IOException e) {
    return e instanceof org.sealwax.assess.tlsclient.LookAlert alert ? alert.description() : -1;
  }

  private boolean demandsCertificate(LookFacts seen, int alert) {
    if (seen.request() == null) {
      return false;
    }
    facts = seen;
    boolean demands = alert == CERTIFICATE_REQUIRED || alert == 40 || alert == 42 || alert == 41;
    scan.told()
        .say(
            "clientcert.request",
            Outcome.FAIL,
            "required",
            "a certificate is asked for, and without one the server "
                + (demands ? "says alert " + AlertName.of(alert) : "ends the connection"));
    return true;
  }

  private void again(Line line, Capabilities after) throws IOException {
    if (!after.offersStarttls()) {
      scan.told().pass("starttls.reoffer", "EHLO under TLS does not offer STARTTLS");
    } else {
      Reply go = line.exchange("STARTTLS", scan.door().manners().reply());
      boolean accepted = go.code() == 220;
      scan.told()
          .say(
              "starttls.reoffer",
              accepted ? Outcome.FAIL : Outcome.WARN,
              accepted ? "accepted" : "offered",
              "EHLO under TLS offers STARTTLS, and a second one is answered " + go,
              Evidence.transcript(line.transcript()));
    }
  }

  private void compare(Capabilities after) {
    Capabilities before = scan.door().before();
    if (after.offersRequireTls()) {
      scan.told().pass("requiretls", "EHLO under TLS offers REQUIRETLS");
    } else {
      boolean clear = before != null && before.offersRequireTls();
      scan.told()
          .say(
              "requiretls",
              clear ? Outcome.FAIL : Outcome.INFO,
              clear ? "in-clear" : "missing",
              clear
                  ? "REQUIRETLS is offered in clear text only"
                  : "EHLO under TLS does not offer REQUIRETLS");
    }
    if (before == null) {
      scan.told().pass("ehlo.downgrade", "there is no EHLO before TLS");
      return;
    }
    Set<String> lost = new TreeSet<>(before.keywords().keySet());
    lost.removeAll(after.keywords().keySet());
    lost.retainAll(WORTH);
    long sizeBefore = before.maxSize().orElse(Long.MAX_VALUE);
    if (after.maxSize().orElse(Long.MAX_VALUE) < sizeBefore && !lost.contains("SIZE")) {
      lost.add("SIZE (smaller)");
    }
    if (lost.isEmpty()) {
      scan.told().pass("ehlo.downgrade", "EHLO under TLS offers what it offered before");
    } else {
      scan.told()
          .say(
              "ehlo.downgrade",
              Outcome.FAIL,
              "lost",
              "EHLO under TLS no longer offers " + String.join(", ", lost));
    }
  }

  /** Plainer and plainer, until something is answered. */
  private boolean diagnose() throws Shut, InterruptedException {
    scan.visit().doing("finding out what the server bears");
    List<Integer> sound = Offers.sound(s -> true);
    List<Integer> few = sound.stream().filter(s -> FEW.contains(s)).toList();
    Answer twelve = scan.ask(plain(Records.TLS12, few, true));
    if (!twelve.accepted() && !twelve.dropped() && twelve.end() != Answer.End.SILENT) {
      Answer thirteen = scan.ask(scan.new13(Offers.TLS13, Offers.GROUPS13));
      if (thirteen.accepted()) {
        tolerates();
        works("TLS begins with TLS 1.3 alone: " + thirteen.words());
        return true;
      }
    }
    if (twelve.accepted()) {
      scan.engineVersions(Records.TLS10, Math.min(Records.TLS12, twelveVersion(twelve)));
      return older(twelve);
    }
    Answer small = scan.ask(plain(Records.TLS12, few, false));
    if (small.accepted()) {
      scan.onlyShortHellos();
      scan.told()
          .say(
              "tolerance",
              Outcome.FAIL,
              "large",
              "hellos over 255 octets are dropped ("
                  + twelve.words()
                  + "), a short one is answered",
              Evidence.octets(small.first()));
      scan.engineVersions(Records.TLS10, Records.TLS12);
      works("TLS begins when the hello is short: " + small.words());
      return true;
    }
    last = small.words();
    silent = small.end() == Answer.End.SILENT;
    boolean same = twelve.end() == small.end() && twelve.reader().alerts().isEmpty();
    if (same && !small.gone()) {
      // Whoever says nothing, or no TLS, to two hellos is not particular about their form.
      return false;
    }
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      Answer answer = scan.ask(plain(version, Offers.usable(version, sound), false));
      if (answer.accepted()) {
        scan.highestVersion(version);
        return lower(small, answer, version);
      }
    }
    // Nothing sound is left to offer; what remains is what nobody should accept.
    Answer weak = scan.anyOf(Records.TLS12, Offers.suites(s -> !Offers.Weak.of(s).isEmpty()));
    if (weak.accepted()) {
      works("TLS begins with a weak suite only: " + weak.words());
      return true;
    }
    return false;
  }

  private static int twelveVersion(Answer answer) {
    return answer.hello().map(h -> h.version()).orElse(Records.TLS12);
  }

  /** An ordinary hello of TLS 1.2 is answered, the engine's was not. */
  private boolean older(Answer twelve) throws Shut, InterruptedException {
    works("TLS begins without an offer of TLS 1.3: " + twelve.words());
    // The engine may have stumbled over something else: ask with TLS 1.3 as the only difference.
    Answer with13 =
        scan.ask(
            plain(Records.TLS12, FEW, true)
                .versions(List.of(Records.TLS13, Records.TLS12, Records.TLS11, Records.TLS10))
                .extension(HelloBuilder.PSK_MODES, (byte) 1, (byte) 1)
                .shares(List.of(new HelloBuilder.Share(29, scan.chance().bytes(32)))));
    if (with13.accepted()) {
      scan.told()
          .say(
              "tolerance",
              Outcome.PASS,
              "tls13",
              "a hello of TLS 1.3 is answered: " + with13.words());
      return true;
    }
    if (with13.dropped() || with13.end() == Answer.End.SILENT) {
      scan.told()
          .say(
              "tolerance",
              Outcome.FAIL,
              "tls13",
              "a hello that offers TLS 1.3 gets no answer ("
                  + with13.words()
                  + "), the same one without it is answered "
                  + twelve.words());
      scan.refuses13();
      scan.book().version(Records.TLS13, false);
    } else {
      scan.told()
          .say(
              "tolerance",
              Outcome.FAIL,
              "tls13",
              "a hello that offers TLS 1.3 beside others is refused: " + with13.words());
      scan.refuses13();
      scan.book().version(Records.TLS13, false);
    }
    return true;
  }

  private boolean lower(Answer twelve, Answer answer, int version) {
    works("TLS begins with " + Names.version(version) + ": " + answer.words());
    scan.refuses13();
    scan.engineVersions(Math.min(version, Records.TLS10), version);
    for (int above = version + 1; above <= Records.TLS13; above++) {
      scan.book().version(above, false);
    }
    if (twelve.dropped() || twelve.end() == Answer.End.SILENT) {
      scan.told()
          .say(
              "tolerance",
              Outcome.FAIL,
              "version",
              "a hello whose client_version is above "
                  + Names.version(version)
                  + " gets no answer ("
                  + twelve.words()
                  + ") instead of the version that the server has");
    }
    return true;
  }

  private static final List<Integer> FEW =
      List.of(
          0x1301, 0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9, 0x9e, 0x9f, 0xc013, 0xc014, 0x33,
          0x39, 0x9c, 0x9d, 0x2f, 0x35, 0x0a, 0x05);

  /** A hello that even old servers know; short enough for those that want it short. */
  private HelloBuilder plain(int version, List<Integer> suites, boolean wide) {
    HelloBuilder hello = new HelloBuilder(version).random(scan.chance().bytes(32)).suites(suites);
    if (version <= Records.SSL3) {
      return hello.withoutExtensions();
    }
    hello.serverName(scan.serverName()).groups(List.of(29, 23, 24, 25)).pointFormats();
    if (version >= Records.TLS12) {
      hello.schemes(List.of(0x0403, 0x0804, 0x0401, 0x0807, 0x0503, 0x0501, 0x0203, 0x0201));
    }
    hello.renegotiationInfo().extension(HelloBuilder.EXTENDED_MASTER_SECRET);
    if (wide) {
      hello.padTo(400);
    }
    return hello;
  }
}
