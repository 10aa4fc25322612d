package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;

/**
 * ClientHellos that a server must tolerate although it does not know everything in them (RFC 8446
 * 4.1.2, RFC 8701), each compared with the plain one that it answered.
 */
final class ToleranceProbes {
  /** A ClientHello with a post-quantum key share has about this number of bytes. */
  private static final int HYBRID_SIZE = 1_700;

  /** Nearly as long as one record may be. */
  private static final int LARGE_SIZE = 16_000;

  /** Where a segment of Ethernet ends. */
  private static final int SEGMENT = 1_400;

  /** What is tried. */
  private enum UnusualHello {
    GREASE("grease", "GREASE"),
    SPLIT("split", "a ClientHello in two segments"),
    LARGE("large", "a ClientHello of 16 KB"),
    NO_SNI("no-sni", "no server name"),
    WRONG_SNI("wrong-sni", "another server name");

    private final String aspect;
    private final String shown;

    UnusualHello(String aspect, String shown) {
      this.aspect = aspect;
      this.shown = shown;
    }
  }

  private final AddressScan scan;
  private final FindingLog findings;
  private @Nullable Boolean plain;

  ToleranceProbes(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  /**
   * Curves that only this server has come along, or it would refuse the ClientHello because they
   * are missing.
   */
  private int wideGroups() {
    return scan.small() ? 2 : 20;
  }

  /** A ClientHello that the server should answer, in the best version that it supports. */
  private ClientHelloBuilder base(String name) {
    return base(name, -1);
  }

  private ClientHelloBuilder base(String name, int grease) {
    boolean thirteen = scan.facts().knownToSpeak(Records.TLS13);
    List<Integer> suites = new ArrayList<>();
    List<Integer> groups = new ArrayList<>(List.of(29, 23, 24, 25, 30));
    scan.facts().groups().stream()
        .filter(id -> id < 0xff01 && !groups.contains(id))
        .limit(wideGroups())
        .forEach(groups::add);
    List<Integer> versions =
        new ArrayList<>(
            thirteen
                ? List.of(Records.TLS13, Records.TLS12)
                : List.of(Records.TLS12, Records.TLS11, Records.TLS10));
    List<ClientHelloBuilder.KeyShare> shares = new ArrayList<>();
    // A server that tolerates only short ClientHellos gets a short one: its length must not be what
    // is refused.
    boolean wide = !scan.small();
    ClientHelloBuilder hello =
        new ClientHelloBuilder(Math.min(scan.highest(), Records.TLS12))
            .random(scan.random().bytes(32));
    if (wide) {
      hello.sessionId(scan.random().bytes(32));
    }
    if (grease >= 0) {
      suites.add(ClientHelloBuilder.grease(grease));
      groups.addFirst(ClientHelloBuilder.grease(grease + 1));
      versions.addFirst(ClientHelloBuilder.grease(grease + 2));
      shares.add(
          new ClientHelloBuilder.KeyShare(ClientHelloBuilder.grease(grease + 1), new byte[] {0}));
      hello.extension(ClientHelloBuilder.grease(grease + 3));
      // A number that IANA has not given out yet: what future clients will send.
      hello.extension(0xfa17, (byte) 1, (byte) 2, (byte) 3);
    }
    if (thirteen) {
      suites.addAll(List.of(0x1301, 0x1302, 0x1303));
    }
    scan.facts().oldSuites().stream().limit(wide ? Long.MAX_VALUE : 6).forEach(suites::add);
    if (suites.size() < 4) {
      suites.addAll(List.of(0xc02f, 0xc02b, 0xc030, 0xc02c, 0x2f));
    }
    if (wide) {
      shares.add(new ClientHelloBuilder.KeyShare(29, scan.random().bytes(32)));
    }
    hello.suites(suites).serverName(name).groups(groups).pointFormats();
    List<Integer> schemes =
        List.of(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0807, 0x0501, 0x0601, 0x0201);
    hello.schemes(wide ? schemes : schemes.subList(0, 4));
    hello.renegotiationInfo().extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET);
    if (scan.offers13()) {
      hello
          .versions(versions)
          .extension(ClientHelloBuilder.PSK_MODES, (byte) 1, (byte) 1)
          .shares(shares);
    }
    return hello;
  }

  /** GREASE and an unknown extension. */
  void grease() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("GREASE");
    report(
        UnusualHello.GREASE,
        "a ClientHello with GREASE values and an unknown extension",
        base(name(), 5));
  }

  /** As long as a ClientHello with a post-quantum share, in two segments. */
  void split() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("a ClientHello in two segments");
    if (scan.small()) {
      return;
    }
    byte[] records = base(name()).padTo(HYBRID_SIZE).records();
    judge(
        UnusualHello.SPLIT,
        "a ClientHello of " + records.length + " bytes in two segments",
        scan.ask(Records.cut(records, SEGMENT)));
  }

  /** As long as a record may be. */
  void large() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("a ClientHello of 16 KB");
    if (scan.small()) {
      return;
    }
    HelloResponse answer = scan.ask(base(name()).padTo(LARGE_SIZE));
    if (answer.accepted()) {
      pass(UnusualHello.LARGE, UnusualHello.LARGE.shown, answer);
    } else if (answer.end() != HelloResponse.HelloEnd.SILENT && plainIsAnswered()) {
      // No client sends one today; it shows how near the limit is.
      findings.warn(
          "tolerance",
          "large",
          "a ClientHello of 16 KB is refused: " + answer.text(),
          FindingEvidence.bytes(answer.first()));
    }
  }

  /** No name, and the name of another host. */
  void names() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("server names");
    report(UnusualHello.NO_SNI, "a ClientHello without a server name", base(""));
    report(
        UnusualHello.WRONG_SNI,
        "a ClientHello with the name of another host",
        base("wrong-name.invalid"));
  }

  private String name() {
    return scan.serverName();
  }

  private void report(UnusualHello kind, String what, ClientHelloBuilder hello)
      throws ProbeFailed, InterruptedException {
    judge(kind, what, scan.ask(hello));
  }

  private void judge(UnusualHello kind, String what, HelloResponse answer)
      throws ProbeFailed, InterruptedException {
    boolean warned =
        answer.reader().alerts().stream().anyMatch(a -> a.level() == 1 && a.description() == 112);
    if (answer.accepted() && warned) {
      findings.warn(
          "tolerance", "sni-warning", what + " is answered with the warning unrecognized_name");
    } else if (answer.accepted()) {
      pass(kind, what, answer);
    } else if (!plainIsAnswered()) {
      findings.add(
          "tolerance",
          CheckOutcome.INCONCLUSIVE,
          kind.aspect,
          what + " is rejected like an ordinary ClientHello");
    } else if (answer.refused() || answer.end() == HelloResponse.HelloEnd.BROKEN) {
      findings.fail(
          "tolerance",
          kind.aspect,
          what + " is refused (" + answer.text() + ") where others are answered",
          FindingEvidence.bytes(answer.first()));
    } else {
      findings.add("tolerance", CheckOutcome.INCONCLUSIVE, kind.aspect, what + " gets no answer");
    }
  }

  /**
   * The control: the same ClientHello without anything unusual; asked once, and only when in doubt.
   */
  private boolean plainIsAnswered() throws ProbeFailed, InterruptedException {
    Boolean known = plain;
    if (known == null) {
      known = scan.ask(base(name())).accepted();
      plain = known;
    }
    return known;
  }

  private void pass(UnusualHello kind, String what, HelloResponse answer) {
    findings.add(
        "tolerance", CheckOutcome.PASS, kind.aspect, what + " is answered: " + answer.text());
  }

  /** Names what was not tried, so that a pass does not cover it. */
  void report() {
    List<String> left =
        Arrays.stream(UnusualHello.values())
            .filter(kind -> !findings.has("tolerance", kind.aspect))
            .map(kind -> kind.shown)
            .toList();
    if (!left.isEmpty() && findings.has("tolerance")) {
      findings.add(
          "tolerance", CheckOutcome.NOT_TESTED, "", "not examined: " + String.join(", ", left));
    }
  }
}
