package org.sealwax.router.policyd;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.line;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Requests of a socketmap client, keys, and lines of a foreign log. */
public final class PolicydFuzzTargets {
  private PolicydFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "netstring", PolicydFuzzTargets::netstring, "15:tls example.org,", "0:,1:x,", "007:x,"),
        FuzzTarget.ofTexts(
            "policy-key",
            PolicydFuzzTargets::key,
            "example.org",
            "[mx.example.org]:587",
            "[192.0.2.1]",
            "[IPv6:2001:db8::1]:submission",
            ".example.org"),
        FuzzTarget.ofTexts(
            "postfix-log",
            PolicydFuzzTargets::log,
            "Nov 25 12:00:00 mx postfix/smtp[12]: Trusted TLS connection established to"
                + " mx.test[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256"
                + " bits)",
            "2026-11-25T12:00:00.000000+00:00 mx postfix/smtp[12]: 4ABCDE123: to=<a@b.test>,"
                + " relay=mx.test[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.2/0.9, dsn=2.0.0,"
                + " status=sent (250 ok)",
            "Nov  5 12:00:00 mx postfix/qmgr[1]: 4ABCDE123: from=<>, size=1, nrcpt=1 (queue"
                + " active)"));
  }

  private static void netstring(byte[] input) throws IOException {
    ByteArrayInputStream in = new ByteArrayInputStream(input);
    try {
      Optional<byte[]> read = Netstring.read(in, SocketmapServer.MAX_REQUEST);
      if (read.isPresent()) {
        holds(read.get().length <= SocketmapServer.MAX_REQUEST, "too long");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Netstring.write(out, read.get());
        byte[] again = out.toByteArray();
        holds(
            java.util.Arrays.equals(again, java.util.Arrays.copyOf(input, again.length)),
            "there is more than one way to write it");
      }
    } catch (Netstring.MalformedNetstring e) {
      holds(e.getMessage() != null, "no words");
    }
  }

  private static void key(byte[] input) {
    String text = line(input);
    if (PolicyMapKey.read(text) instanceof PolicyMapKey.NextHopKey hop) {
      holds(hop.port() >= 1 && hop.port() <= 65_535, "port " + hop.port());
      holds(hop.direct() == text.startsWith("["), "brackets");
    }
  }

  private static void log(byte[] input) {
    String text = line(input);
    // Everything that a peer sends comes after the parenthesis, and changes nothing.
    PostfixLogLine read = PostfixLogLine.read(text);
    if (read instanceof PostfixLogLine.Sent sent) {
      int open = text.indexOf("status=sent (");
      holds(open > 0, "no status");
      String other = text.substring(0, open) + "status=sent (250 to=<x@evil.test>, relay=evil";
      holds(sent.equals(PostfixLogLine.read(other)), "the peer's words were read");
    }
  }
}
