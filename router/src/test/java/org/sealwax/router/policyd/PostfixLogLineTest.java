package org.sealwax.router.policyd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** Lines of Postfix 3.7's own log, and text that senders can write into them. */
final class PostfixLogLineTest {
  private static final String AGENT = "Nov 25 23:10:01 relay postfix/smtp[4711]: ";
  private static final String SENT =
      "3ABCDEF012: to=<box@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=0.5,"
          + " delays=0.1/0.01/0.3/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4XYZ)";

  private static final PostfixLogLine.Relay RELAY =
      new PostfixLogLine.Relay(Domain.of("mx.example.org"), InetAddress.ofLiteral("192.0.2.1"));

  @Test
  void readsADeliveryAndItsConnection() {
    assertEquals(
        new PostfixLogLine.Sent(4711, "3ABCDEF012", Domain.of("example.org"), RELAY),
        PostfixLogLine.read(AGENT + SENT));
    assertEquals(
        new PostfixLogLine.TlsEstablished(
            4711, RELAY, TlsVersion.TLS_1_3, "TLS_AES_256_GCM_SHA384"),
        PostfixLogLine.read(
            AGENT
                + "Untrusted TLS connection established to mx.example.org[192.0.2.1]:25: TLSv1.3"
                + " with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519"));
    assertEquals(
        new PostfixLogLine.Active("3ABCDEF012", false),
        PostfixLogLine.read(
            "2026-11-25T23:10:01.123456+00:00 relay postfix/qmgr[1]: 3ABCDEF012:"
                + " from=<a@example.net>, size=512, nrcpt=1 (queue active)"));
    assertEquals(
        new PostfixLogLine.Active("3ABCDEF012", true),
        PostfixLogLine.read(
            "Nov  5 23:10:01 relay postfix-out/qmgr[1]: 3ABCDEF012: from=<>, size=512, nrcpt=1"
                + " (queue active)"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Another program, or the tag somewhere else than at its place.
        "Nov 25 23:10:01 relay postfix/lmtp[4711]: ",
        "Nov 25 23:10:01 relay evil[1]: postfix/smtp[4711]: ",
        "Nov 25 23:10:01 relay postfix/smtp/smtpd[4711]: ",
        "Nov 25 23:10:01 two words postfix/smtp[4711]: ",
        "postfix/smtp[4711]: ",
        " Nov 25 23:10:01 relay postfix/smtp[4711]: ",
      })
  void tagMustStandAtItsPlace(String before) {
    assertInstanceOf(PostfixLogLine.Other.class, PostfixLogLine.read(before + SENT));
  }

  @Test
  void textFromPeersAndSendersIsIgnored() {
    // A host that refuses, and quotes a whole line of the log.
    assertInstanceOf(
        PostfixLogLine.Other.class,
        PostfixLogLine.read(
            AGENT + "3ABCDEF012: host mx.evil.test[192.0.2.6] said: 450 " + AGENT + SENT));
    // A quoted local part that spells out a delivery to another domain.
    assertInstanceOf(
        PostfixLogLine.Other.class,
        PostfixLogLine.read(
            AGENT
                + SENT.replace(
                    "box@example.org",
                    "\"x>, relay=mx.example.org[192.0.2.1]:25, delay=1\"@evil.test")));
    assertInstanceOf(
        PostfixLogLine.Other.class,
        PostfixLogLine.read(
            AGENT + SENT.replace("box@example.org", "box@victim.test@example.org")));
    // Mail that is not sent teaches nothing, whatever the reply is.
    assertInstanceOf(
        PostfixLogLine.Other.class,
        PostfixLogLine.read(
            AGENT + SENT.replace("status=sent (", "status=deferred (status=sent (")));
    assertInstanceOf(
        PostfixLogLine.Other.class,
        PostfixLogLine.read(AGENT + SENT + "x".repeat(PostfixLogLine.MAX_LENGTH)));
  }
}
