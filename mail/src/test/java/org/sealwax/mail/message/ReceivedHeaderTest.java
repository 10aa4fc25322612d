package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.ReceivedHeader.Protocol;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

final class ReceivedHeaderTest {
  private static final Instant TIME = Instant.parse("2026-11-23T22:20:35Z");
  private static final Domain BY = Domain.of("mx.project.example");

  private static ReceivedHeader of(
      String helo,
      @Nullable Domain name,
      Protocol protocol,
      @Nullable Mailbox to,
      @Nullable Handshake tls) {
    return new ReceivedHeader(
        new ReceivedHeader.ReceivedFrom(helo, name, InetAddress.ofLiteral("192.0.2.7")),
        BY,
        protocol,
        "4GkTz1AB",
        to,
        tls,
        null,
        TIME,
        ZoneOffset.UTC);
  }

  private static Handshake tls(List<X509Certificate> chain, Verdict verdict) {
    return new Handshake(
        TlsVersion.TLS_1_3,
        "TLS_AES_256_GCM_SHA384",
        256,
        "X25519MLKEM768",
        false,
        null,
        chain,
        true,
        verdict,
        List.of());
  }

  @Test
  void encryptedHopHasAllTlsFacts() {
    X509Certificate leaf = new NamedCertificate("CN=a.example,O=A", "CN=Root \\\"X\\\",C=NO");
    Verdict verdict = new Verdict.Verified(Verdict.IdentifiedBy.PIN, "sha256:" + "ab".repeat(32));
    ReceivedHeader field =
        of(
            "a.example",
            Domain.of("mail.a.example"),
            Protocol.ESMTPS,
            new Mailbox("bugs", Domain.of("project.example")),
            tls(List.of(leaf), verdict));
    assertEquals(
        """
        Received: from a.example (mail.a.example [192.0.2.7])\r
        \t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r
        \tkey-exchange X25519MLKEM768)\r
        \t(Client CN "a.example", Issuer "Root ?X?" (verified(pin\r
        \tsha256:abababababababababababababababababababababababababababababababab)))\r
        \tby mx.project.example (Sealwax) with ESMTPS id 4GkTz1AB\r
        \tfor <bugs@project.example>; Mon, 23 Nov 2026 22:20:35 +0000\r
        """,
        field.toString());
  }

  @Test
  void plaintextHopHasNoTlsFactsAndNoRecipient() {
    assertEquals(
        """
        Received: from [192.0.2.7] (unknown [192.0.2.7])\r
        \tby mx.project.example (Sealwax) with ESMTP id 4GkTz1AB;\r
        \tMon, 23 Nov 2026 22:20:35 +0000\r
        """,
        of("[192.0.2.7]", null, Protocol.ESMTP, null, null).toString());
  }

  @Test
  void missingClientCertificateIsStated() {
    String field =
        of("a.example", null, Protocol.ESMTPS, null, tls(List.of(), new Verdict.Anonymous()))
            .toString();
    assertTrue(field.contains("\t(No client certificate presented)\r\n"), field);
  }

  @Test
  void writesAMessageOfLocalOriginWithoutFromClause() {
    ReceivedHeader local =
        new ReceivedHeader(
            null, BY, null, "4GkTz1AB", null, null, "alice", TIME, ZoneOffset.ofHours(-5));
    assertEquals(
        """
        Received: (Authenticated sender: alice)\r
        \tby mx.project.example (Sealwax) id 4GkTz1AB;\r
        \tMon, 23 Nov 2026 17:20:35 -0500\r
        """,
        local.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "false,false,false,false,SMTP",
    "true,false,false,false,ESMTP",
    "true,true,false,false,ESMTPS",
    "true,false,true,false,ESMTPA",
    "true,true,true,false,ESMTPSA",
    "true,false,false,true,UTF8SMTP",
    "true,true,false,true,UTF8SMTPS",
    "true,false,true,true,UTF8SMTPA",
    "true,true,true,true,UTF8SMTPSA",
    "false,true,false,false,ESMTPS"
  })
  void namesTheProtocolByRfc3848AndRfc6531(
      boolean ehlo, boolean tls, boolean auth, boolean utf8, Protocol expected) {
    assertEquals(expected, Protocol.of(ehlo, tls, auth, utf8));
  }

  @Test
  void nonAsciiRecipientIsLeftOut() {
    Mailbox to = new Mailbox("jürgen", Domain.of("project.example"));
    for (Protocol protocol : Protocol.values()) {
      String field = of("a.example", null, protocol, to, null).toString();
      assertFalse(field.contains("for <"));
      assertTrue(field.chars().allMatch(c -> c < 0x80));
    }
  }

  @Property(tries = 300)
  void hostileClientTextStaysInOneFoldedField(
      @ForAll String helo, @ForAll String local, @ForAll String cn, @ForAll String user) {
    X509Certificate leaf =
        new NamedCertificate("CN=\"" + cn.replaceAll("[\"\\\\\\p{C}]", "(") + "\"", "O=(");
    ReceivedHeader field =
        new ReceivedHeader(
            new ReceivedHeader.ReceivedFrom(helo, null, InetAddress.ofLiteral("2001:db8::1")),
            BY,
            Protocol.ESMTPSA,
            "4GkTz1AB",
            new Mailbox(local, Domain.of("project.example")),
            tls(List.of(leaf), new Verdict.Verified(Verdict.IdentifiedBy.NAME, helo)),
            user,
            TIME,
            ZoneOffset.UTC);
    String text = field.toString();
    assertTrue(text.endsWith("Mon, 23 Nov 2026 22:20:35 +0000\r\n"));
    String[] lines = text.substring(0, text.length() - 2).split("\r\n", -1);
    int depth = 0;
    for (int i = 0; i < lines.length; i++) {
      assertTrue(i == 0 || lines[i].startsWith("\t"), lines[i]);
      assertFalse(lines[i].isBlank());
      assertTrue(lines[i].length() <= HeaderBuilder.MAX_LINE);
      assertTrue(lines[i].chars().allMatch(c -> c == '\t' || c >= ' ' && c < 0x7f), lines[i]);
    }
    // Comments stay closed: outside the quoted local part every parenthesis has its partner.
    String outside = text.replaceAll("for <.*>;", "for <>;");
    for (int i = 0; i < outside.length(); i++) {
      depth += outside.charAt(i) == '(' ? 1 : outside.charAt(i) == ')' ? -1 : 0;
      assertTrue(depth >= 0, text);
    }
    assertEquals(0, depth, text);
    HeaderScanner scan = new HeaderScanner();
    byte[] bytes = (text + "\r\n").getBytes(StandardCharsets.UTF_8);
    scan.feed(bytes, 0, bytes.length);
    assertEquals(1, scan.hops().received());
    assertFalse(scan.malformed());
    assertEquals(bytes.length, scan.size());
  }

  @Test
  void clientTextIsCutAtTheLimit() {
    String at = of("x".repeat(255), null, Protocol.ESMTP, null, null).toString();
    String over = of("x".repeat(256), null, Protocol.ESMTP, null, null).toString();
    assertEquals(at, over);
    assertTrue(at.contains("x".repeat(255)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          CN=a.example                 | a.example
          O=A\\, B,CN=c.example        | c.example
          O=\\,CN\\=forged,CN=real     | real
          CN=a\\,b                     | a,b
          O=Only                       | O=Only
          ''                           | (none)
          """)
  void findsTheCommonName(String name, String expected) {
    assertEquals(expected, CommonName.of(new X500Principal(name)));
  }

  @ParameterizedTest
  @CsvSource({
    "1970-01-01T00:00:00Z, 0, 'Thu, 1 Jan 1970 00:00:00 +0000'",
    "2026-11-23T22:20:35.999Z, 0, 'Mon, 23 Nov 2026 22:20:35 +0000'",
    "2024-02-29T23:59:59Z, 3600, 'Fri, 1 Mar 2024 00:59:59 +0100'",
    "2026-07-05T01:02:03Z, -12600, 'Sat, 4 Jul 2026 21:32:03 -0330'",
    "2026-07-05T01:02:03Z, 3601, 'Sun, 5 Jul 2026 02:02:03 +0100'",
    "9999-12-31T23:59:59Z, 0, 'Fri, 31 Dec 9999 23:59:59 +0000'",
    "1900-01-01T00:00:00Z, 0, 'Mon, 1 Jan 1900 00:00:00 +0000'"
  })
  void writesDatesByRfc5322Section33(Instant time, int offset, String expected) {
    assertEquals(expected, Rfc5322Date.of(time, ZoneOffset.ofTotalSeconds(offset)));
  }

  @Test
  void refusesYearsThatTheFormatCannotWrite() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Rfc5322Date.of(Instant.parse("1899-12-31T23:59:59Z")));
    assertThrows(
        IllegalArgumentException.class,
        () -> Rfc5322Date.of(Instant.parse("9999-12-31T23:59:59Z"), ZoneOffset.ofHours(1)));
  }

  @Test
  void headerInjectionIsImpossible() {
    String words = "word ".repeat(40).strip();
    String header = new HeaderBuilder().add("Subject", words).add("X-Empty", "").toString();
    assertTrue(header.lines().allMatch(l -> l.length() <= 78), header);
    assertEquals("Subject: " + words + "\r\nX-Empty:\r\n", header.replace("\r\n\t", " "));
    for (String bad : List.of("a\r\nBcc: x", "a\nb", "a\rb", "a\0b", "x".repeat(999))) {
      assertThrows(
          IllegalArgumentException.class, () -> new HeaderBuilder().add("Subject", bad), bad);
    }
    for (String bad : List.of("", "a b", "a:", "ä", "a\r\n")) {
      assertThrows(IllegalArgumentException.class, () -> new HeaderBuilder().add(bad, "x"), bad);
    }
    // The longest word that still fits on a line of its own, after the tab.
    assertEquals(
        HeaderBuilder.MAX_LINE + 4 + "Subject:".length(),
        new HeaderBuilder()
            .add("Subject", "x".repeat(HeaderBuilder.MAX_LINE - 1))
            .toString()
            .length());
  }
}
