package org.sealwax.mail.tls;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateEncodingException;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.ServerFlight;
import org.sealwax.mail.tls.wire.ServerReader;
import org.sealwax.mail.tls.wire.ServerReaderTest;
import org.sealwax.mail.tls.wire.Ssl2;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.tls.TestCa;

/** Raw ClientHellos, raw flights, and PEM files. */
public final class TlsFuzzTargets {
  private TlsFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    Identity identity = TestCa.selfSigned("mx.example.org");
    Identity rsa = TestCa.root("Root").leaf("a.example").rsa(2048).identity();
    return List.of(
        new FuzzTarget("client-hello", List.of(hello()), TlsFuzzTargets::clientHello),
        new FuzzTarget("server-flight", List.of(flight(), hello()), TlsFuzzTargets::serverFlight),
        new FuzzTarget(
            "server-reader",
            List.of(ServerReaderTest.flight(400), ServerReaderTest.flight(16_384), flight()),
            TlsFuzzTargets::serverReader),
        new FuzzTarget(
            "ssl2-hello",
            List.of(Ssl2.serverHello(new byte[40], List.of(0x010080), new byte[16])),
            TlsFuzzTargets::ssl2),
        new FuzzTarget(
            "pem",
            List.of(pem(identity), pem(rsa), bare("RSA PRIVATE KEY"), bare("EC PRIVATE KEY")),
            input -> pem(identity, input)));
  }

  private static byte[] hello() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine("mx.example.org", 25);
      engine.setUseClientMode(true);
      ByteBuffer out = ByteBuffer.allocate(20_000);
      engine.wrap(ByteBuffer.allocate(0), out);
      return Arrays.copyOf(out.array(), out.position());
    } catch (GeneralSecurityException | SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** ServerHello of TLS 1.2 with a ServerKeyExchange after it. */
  private static byte[] flight() {
    byte[] out = new byte[5 + 4 + 38 + 5 + 4 + 8];
    out[0] = 22;
    out[1] = 3;
    out[2] = 3;
    out[4] = 42;
    out[5] = 2;
    out[8] = 38;
    out[9] = 3;
    out[10] = 3;
    out[44] = (byte) 0xc0;
    out[45] = 0x2f;
    out[47] = 22;
    out[48] = 3;
    out[49] = 3;
    out[51] = 12;
    out[52] = 12;
    out[55] = 8;
    out[56] = 3;
    out[58] = 29;
    return out;
  }

  private static byte[] pem(Identity identity) {
    try {
      return (Pem.encode("CERTIFICATE", identity.leaf().getEncoded())
              + Pem.encode("PRIVATE KEY", identity.key().getEncoded()))
          .getBytes(StandardCharsets.US_ASCII);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bare(String label) {
    return Pem.encode(label, new byte[] {0x30, 3, 2, 1, 1}).getBytes(StandardCharsets.US_ASCII);
  }

  private static void clientHello(byte[] input) {
    ClientHello.ClientHelloParse whole = ClientHello.read(input, 0, input.length);
    if (whole instanceof ClientHello.ClientHelloParse.Partial p) {
      holds(p.missing() >= 1, "nothing is missing");
    }
    if (!(whole instanceof ClientHello.ClientHelloParse.Broken)) {
      for (int cut = 0; cut < input.length; cut += 1 + input.length / 16) {
        holds(
            !(ClientHello.read(input, 0, cut) instanceof ClientHello.ClientHelloParse.Broken),
            "broken at " + cut);
      }
    }
    byte[] moved = new byte[input.length + 7];
    System.arraycopy(input, 0, moved, 7, input.length);
    holds(ClientHello.read(moved, 7, input.length).equals(whole), "its place matters");
  }

  private static void serverFlight(byte[] input) {
    ServerFlight flight = new ServerFlight();
    int at = 0;
    while (at < input.length) {
      int length =
          Math.min(input.length - at, 5 + (at + 4 < input.length ? input[at + 4] & 0x7f : 0));
      flight.record(input, at, length);
      at += length;
    }
    flight.resumed("00");
    flight.group();
    holds(flight.version() <= 0xffff && flight.suite() <= 0xffff, "sixteen bits");
  }

  private static void serverReader(byte[] input) {
    ServerReader whole = new ServerReader();
    whole.feed(input, 0, input.length);
    ServerReader dripped = new ServerReader();
    for (int at = 0; at < input.length; at++) {
      dripped.feed(input, at, 1);
    }
    // What follows the end of the unencrypted flight is not examined, so only what came counts.
    holds(whole.messages().equals(dripped.messages()), "cuts matter to messages");
    holds(whole.alerts().equals(dripped.alerts()), "cuts matter to alerts");
    holds(whole.complete() == dripped.complete(), "cuts matter to the end");
  }

  private static void ssl2(byte[] input) {
    Ssl2.Ssl2Parse reading = Ssl2.read(input, input.length);
    if (reading instanceof Ssl2.Ssl2Parse.Whole whole) {
      holds(whole.answer().kinds().size() <= Ssl2.MAX_BYTES / 3, "more kinds than bytes");
    }
    if (!(reading instanceof Ssl2.Ssl2Parse.Broken)) {
      for (int cut = 0; cut < input.length; cut += 1 + input.length / 16) {
        holds(!(Ssl2.read(input, cut) instanceof Ssl2.Ssl2Parse.Broken), "broken at " + cut);
      }
    }
  }

  private static void pem(Identity identity, byte[] input) {
    String text = text(input);
    try {
      Pem.certificates(text, "x.pem");
    } catch (Identity.InvalidIdentity e) {
      holds(e.getMessage() != null, "no reason");
    }
    try {
      Pem.key(text, "x.pem", identity.leaf().getPublicKey());
    } catch (Identity.InvalidIdentity e) {
      holds(e.getMessage() != null, "no reason");
    }
  }
}
