package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.tls.wire.HelloBuilder;
import org.sealwax.mail.tls.wire.Records;

/**
 * Hellos that a server must bear although it does not know everything in them (RFC 8446 4.1.2, RFC
 * 8701), each compared with the plain one that it answered.
 */
final class Tolerances {
  /** A hello with a post-quantum key share has about so many octets. */
  private static final int HYBRID_SIZE = 1_700;

  /** Nearly as long as one record may be. */
  private static final int LARGE_SIZE = 16_000;

  /** Where a segment of Ethernet ends. */
  private static final int SEGMENT = 1_400;

  /** What is tried, by aspect. */
  private static final Map<String, String> TRIED = tried();

  private final Scan scan;
  private @Nullable Boolean plain;

  Tolerances(Scan scan) {
    this.scan = scan;
  }

  /** Curves that only this server has come along, or it would refuse the hello for want of them. */
  private int wideGroups() {
    return scan.small() ? 2 : 20;
  }

  private static Map<String, String> tried() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("grease", "GREASE");
    all.put("split", "a hello in two segments");
    all.put("large", "a hello of 16 KB");
    all.put("no-sni", "no server name");
    all.put("wrong-sni", "another server name");
    return Collections.unmodifiableMap(all);
  }

  /** A hello that the server should answer, in the best version that it speaks. */
  private HelloBuilder base(String name) {
    return base(name, -1);
  }

  private HelloBuilder base(String name, int grease) {
    boolean thirteen = scan.book().spoken(Records.TLS13);
    List<Integer> suites = new ArrayList<>();
    List<Integer> groups = new ArrayList<>(List.of(29, 23, 24, 25, 30));
    scan.book().groups().stream()
        .filter(id -> id < 0xff01 && !groups.contains(id))
        .limit(wideGroups())
        .forEach(groups::add);
    List<Integer> versions =
        new ArrayList<>(
            thirteen
                ? List.of(Records.TLS13, Records.TLS12)
                : List.of(Records.TLS12, Records.TLS11, Records.TLS10));
    List<HelloBuilder.Share> shares = new ArrayList<>();
    // What bears only short hellos gets a short one: its length must not be what is refused.
    boolean wide = !scan.small();
    HelloBuilder hello =
        new HelloBuilder(Math.min(scan.highest(), Records.TLS12)).random(scan.chance().bytes(32));
    if (wide) {
      hello.sessionId(scan.chance().bytes(32));
    }
    if (grease >= 0) {
      suites.add(HelloBuilder.grease(grease));
      groups.addFirst(HelloBuilder.grease(grease + 1));
      versions.addFirst(HelloBuilder.grease(grease + 2));
      shares.add(new HelloBuilder.Share(HelloBuilder.grease(grease + 1), new byte[] {0}));
      hello.extension(HelloBuilder.grease(grease + 3));
      // A number that IANA has not given out yet: what tomorrow's clients will send.
      hello.extension(0xfa17, (byte) 1, (byte) 2, (byte) 3);
    }
    if (thirteen) {
      suites.addAll(List.of(0x1301, 0x1302, 0x1303));
    }
    scan.book().oldSuites().stream().limit(wide ? Long.MAX_VALUE : 6).forEach(suites::add);
    if (suites.size() < 4) {
      suites.addAll(List.of(0xc02f, 0xc02b, 0xc030, 0xc02c, 0x2f));
    }
    if (wide) {
      shares.add(new HelloBuilder.Share(29, scan.chance().bytes(32)));
    }
    hello.suites(suites).serverName(name).groups(groups).pointFormats();
    List<Integer> schemes =
        List.of(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0807, 0x0501, 0x0601, 0x0201);
    hello.schemes(wide ? schemes : schemes.subList(0, 4));
    hello.renegotiationInfo().extension(HelloBuilder.EXTENDED_MASTER_SECRET);
    if (scan.offers13()) {
      hello.versions(versions).extension(HelloBuilder.PSK_MODES, (byte) 1, (byte) 1).shares(shares);
    }
    return hello;
  }

  /** GREASE and an extension that nobody knows. */
  void grease() throws Shut, InterruptedException {
    scan.visit().doing("GREASE");
    tell("grease", "a hello with GREASE values and an unknown extension", base(name(), 5));
  }

  /** As long as a hello with a post-quantum share, in two segments. */
  void split() throws Shut, InterruptedException {
    scan.visit().doing("a hello in two segments");
    if (scan.small()) {
      return;
    }
    byte[] records = base(name()).padTo(HYBRID_SIZE).records();
    judge(
        "split",
        "a hello of " + records.length + " octets in two segments",
        scan.ask(Records.cut(records, SEGMENT)));
  }

  /** As long as a record may be. */
  void large() throws Shut, InterruptedException {
    scan.visit().doing("a hello of 16 KB");
    if (scan.small()) {
      return;
    }
    Answer answer = scan.ask(base(name()).padTo(LARGE_SIZE));
    if (answer.accepted()) {
      pass("large", "a hello of 16 KB", answer);
    } else if (answer.end() != Answer.End.SILENT && plainIsAnswered()) {
      // No client sends one today; it says how near the limit is.
      scan.told()
          .say(
              "tolerance",
              Outcome.WARN,
              "large",
              "a hello of 16 KB is refused: " + answer.words(),
              Evidence.octets(answer.first()));
    }
  }

  /** No name, and a name of somebody else. */
  void names() throws Shut, InterruptedException {
    scan.visit().doing("server names");
    tell("no-sni", "a hello without a server name", base(""));
    tell("wrong-sni", "a hello with the name of somebody else", base("wrong-name.invalid"));
  }

  private String name() {
    return scan.serverName();
  }

  private void tell(String aspect, String what, HelloBuilder hello)
      throws Shut, InterruptedException {
    judge(aspect, what, scan.ask(hello));
  }

  private void judge(String aspect, String what, Answer answer) throws Shut, InterruptedException {
    boolean warned =
        answer.reader().alerts().stream().anyMatch(a -> a.level() == 1 && a.description() == 112);
    if (answer.accepted() && warned) {
      scan.told()
          .say(
              "tolerance",
              Outcome.WARN,
              "sni-warning",
              what + " is answered with the warning unrecognized_name");
    } else if (answer.accepted()) {
      pass(aspect, what, answer);
    } else if (!plainIsAnswered()) {
      scan.told()
          .say("tolerance", Outcome.INCONCLUSIVE, aspect, what + " is refused like a plain hello");
    } else if (answer.refused() || answer.end() == Answer.End.BROKEN) {
      scan.told()
          .say(
              "tolerance",
              Outcome.FAIL,
              aspect,
              what + " is refused (" + answer.words() + ") where others are answered",
              Evidence.octets(answer.first()));
    } else {
      scan.told().say("tolerance", Outcome.INCONCLUSIVE, aspect, what + " gets no answer");
    }
  }

  /** The control: the same hello without anything unusual; asked once, and only when in doubt. */
  private boolean plainIsAnswered() throws Shut, InterruptedException {
    Boolean known = plain;
    if (known == null) {
      known = scan.ask(base(name())).accepted();
      plain = known;
    }
    return known;
  }

  private void pass(String aspect, String what, Answer answer) {
    scan.told().say("tolerance", Outcome.PASS, aspect, what + " is answered: " + answer.words());
  }

  /** Names what was not tried, so that what passed does not speak for it. */
  void tell() {
    Told told = scan.told();
    List<String> left =
        TRIED.entrySet().stream()
            .filter(e -> !told.has("tolerance", e.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    if (!left.isEmpty() && told.has("tolerance")) {
      told.say("tolerance", Outcome.NOT_TESTED, "", "not looked at: " + String.join(", ", left));
    }
  }
}
