package org.sealwax.router.reports.inbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Base64;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.james.jdkim.DKIMSigner;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.testkit.dns.FixedResolver;

/** Signatures that are not ours: the example of RFC 8463 appendix A, signed twice. */
final class DkimVerificationTest {
  private static final String SIGNED =
      """
      DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
       d=football.example.com; i=@football.example.com;
       q=dns/txt; s=brisbane; t=1528637909; h=from : to :
       subject : date : message-id : from : subject : date;
       bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
       b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
       Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
      DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
       d=football.example.com; i=@football.example.com;
       q=dns/txt; s=test; t=1528637909; h=from : to : subject :
       date : message-id : from : subject : date;
       bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
       b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
       DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
       dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
      From: Joe SixPack <joe@football.example.com>
      To: Suzie Q <suzie@shopping.example.net>
      Subject: Is dinner ready?
      Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
      Message-ID: <20030712040037.46341.5F8J@football.example.com>

      Hi.

      We lost the game.  Are you hungry yet?

      Joe.
      """
          .replace("\n", "\r\n");

  private static final FixedResolver DNS =
      FixedResolver.builder()
          .txt(
              "test._domainkey.football.example.com",
              "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                  + "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                  + "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                  + "Ip3G+2kryOTIKT+l/K4w3QIDAQAB")
          .txt(
              "brisbane._domainkey.football.example.com",
              "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
          .build();

  private static DkimVerification proof(String message, FixedResolver dns) {
    return DkimVerification.of(
        message.getBytes(StandardCharsets.UTF_8), dns, PublicSuffixList.bundled(), Instant.EPOCH);
  }

  @Test
  void foreignSignatureVerifies() {
    assertEquals(
        new DkimVerification.Signed(Domain.of("football.example.com")), proof(SIGNED, DNS));
    String relaxed = SIGNED.replace("Subject: Is dinner", "SUBJECT:  Is   dinner");
    assertInstanceOf(
        DkimVerification.Signed.class, proof(relaxed, DNS), "relaxed canonicalization");
  }

  @Test
  void changedMessageDoesNotVerify() {
    for (String change : new String[] {"ready?", "hungry", "<joe@", "(PDT)"}) {
      assertInstanceOf(
          DkimVerification.NotSigned.class,
          proof(SIGNED.replace(change, "x" + change), DNS),
          change);
    }
    assertInstanceOf(DkimVerification.NotSigned.class, proof(SIGNED + "P.S.\r\n", DNS));
  }

  @Test
  void ed25519AloneCounts() {
    String alone =
        SIGNED.substring(0, SIGNED.indexOf("DKIM-Signature: v=1; a=rsa"))
            + SIGNED.substring(SIGNED.indexOf("From: Joe"));
    assertEquals(new DkimVerification.Signed(Domain.of("football.example.com")), proof(alone, DNS));
  }

  /** A key that cannot be asked for may yet be the good one. */
  @Test
  void oneSignatureWithoutAnAnswerWaits() {
    FixedResolver broken =
        DNS.toBuilder()
            .fails("test._domainkey.football.example.com")
            .fails("brisbane._domainkey.football.example.com")
            .build();
    assertInstanceOf(DkimVerification.KeyLookupFailed.class, proof(SIGNED, broken));
  }

  /** Each costs a look-up: those beyond the bound are not looked at. */
  @Test
  void aThousandSignaturesCostEightQuestions() {
    String many =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    "DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=s"
                        + i
                        + "; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AA==\r\n")
            .collect(Collectors.joining());
    int[] asked = new int[1];
    DkimVerification proof =
        DkimVerification.of(
            (many + SIGNED).getBytes(StandardCharsets.UTF_8),
            new CountingResolver(DNS, asked),
            PublicSuffixList.bundled(),
            Instant.EPOCH);
    assertInstanceOf(DkimVerification.NotSigned.class, proof);
    assertEquals(org.sealwax.mail.dkim.DkimVerifier.MAX_SIGNATURES, asked[0]);
  }

  /** Of more signatures than are verified, those of the author's domain go first. */
  @Test
  void signaturesOfOthersDoNotHideThatOfTheAuthor() {
    String many =
        ("DKIM-Signature: v=1; a=rsa-sha256; d=junk.example; s=s; h=from;"
                + " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AA==\r\n")
            .repeat(1_000);
    assertEquals(
        new DkimVerification.Signed(Domain.of("football.example.com")), proof(many + SIGNED, DNS));
  }

  private static final KeyPair RSA = pair();

  private static KeyPair pair() {
    try {
      KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
      keys.initialize(2_048);
      return keys.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Signed by another implementation, with more tags. */
  private static String signed(String from, String more) throws Exception {
    String message =
        "From: "
            + from
            + "\r\nSubject: report\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n\r\nHi\r\n";
    String template =
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=own; h=from:subject:date; "
            + more
            + "bh=; b=;";
    return new DKIMSigner(template, RSA.getPrivate())
            .sign(new ByteArrayInputStream(message.getBytes(StandardCharsets.UTF_8)))
        + "\r\n"
        + message;
  }

  private static FixedResolver own() {
    return FixedResolver.builder()
        .txt(
            "own._domainkey.example.org",
            "v=DKIM1; k=rsa; p=" + Base64.getEncoder().encodeToString(RSA.getPublic().getEncoded()))
        .build();
  }

  /** RFC 8460 3: a signature with a length covers a part of the body, whatever the length is. */
  @Test
  void aSignatureWithALengthDoesNotCount() throws Exception {
    assertEquals(
        new DkimVerification.Signed(Domain.of("example.org")),
        proof(signed("tls@example.org", ""), own()));
    for (String length :
        new String[] {"l=-1; ", "l=0; ", "l=4; ", "l = -7 ; ", "l=-0; ", "l=+4; "}) {
      assertEquals(
          new DkimVerification.NotSigned(DkimVerification.PARTIAL),
          proof(signed("tls@example.org", length), own()),
          length);
    }
    // The signing library makes no such tags.
    for (String length : new String[] {"", "all", "-", "-9223372036854775809", "9".repeat(40)}) {
      String message = signed("tls@example.org", "l=4; ").replace("l=4;", "l=" + length + ";");
      assertTrue(message.contains("l=" + length + ";"), message);
      assertInstanceOf(DkimVerification.NotSigned.class, proof(message, own()), length);
    }
  }

  @Test
  void theAuthorIsReadAsMailWritesIt() throws Exception {
    for (String from :
        new String[] {
          "tls@example.org (TLS reports)",
          "(reports (nested)) tls@example.org",
          "\"tls@other.example\" <tls@example.org>",
          "\"Reports, Inc. <x@y.example>\" <tls@example.org>",
          "TLS Reports <tls@example.org> (by night)",
          "tls@example.org (one) (two)",
          "(a \\) paren) tls@example.org (and <x@y.example>)",
          "\"a \\\" quote, <x@y.example>\" <tls@example.org>",
          "\"x@y.example\"\r\n\t<tls@example.org>",
          "=?utf-8?q?Berichte_=3Cx=40y.example=3E?= <tls@example.org>",
          "TLS Reports <tls(of x@y.example)@example.org>",
          "\"tls reports\"@example.org",
          "\"x@y.example\"@example.org (comment)",
          "<tls@EXAMPLE.org>"
        }) {
      assertEquals(
          new DkimVerification.Signed(Domain.of("example.org")),
          proof(signed(from, ""), own()),
          from);
    }
    for (String from :
        new String[] {
          "tls@other.example, tls@example.org",
          "<tls@other.example> <tls@example.org>",
          "\"tls@example.org\" <tls@other.example>",
          "tls@other.example (tls@example.org)",
          "tls@example.org, tls@other.example (comment)",
          "\"x\" <tls@other.example> (<tls@example.org>)",
          "tls@other.example (unclosed tls@example.org",
          "\"unclosed <tls@example.org>",
          "tls@example.org@other.example",
          // RFC 5322 section 3.2.5: no phrase without quotation marks; other readers may take "@".
          "TLS @ night <tls@example.org>",
          // Section 3.4.1: a domain has no dot at its end.
          "tls@EXAMPLE.org.",
          ""
        }) {
      assertInstanceOf(DkimVerification.NotSigned.class, proof(signed(from, ""), own()), from);
    }
  }
}
