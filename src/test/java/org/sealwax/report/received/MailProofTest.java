package org.sealwax.report.received;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sealwax.address.Domain;
import org.sealwax.address.PublicSuffixes;
import org.sealwax.dns.FixedResolver;

/** Signatures that are not ours: the example of RFC 8463 appendix A, signed twice. */
final class MailProofTest {
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

  private static MailProof proof(String message, FixedResolver dns) {
    return MailProof.of(message.getBytes(StandardCharsets.UTF_8), dns, PublicSuffixes.bundled());
  }

  @Test
  void whatAnotherImplementationSignedHolds() {
    assertEquals(new MailProof.Signed(Domain.of("football.example.com")), proof(SIGNED, DNS));
    String relaxed = SIGNED.replace("Subject: Is dinner", "SUBJECT:  Is   dinner");
    assertInstanceOf(MailProof.Signed.class, proof(relaxed, DNS), "relaxed canonicalization");
  }

  @Test
  void whatWasChangedDoesNot() {
    for (String change : new String[] {"ready?", "hungry", "<joe@", "(PDT)"}) {
      assertInstanceOf(
          MailProof.NotSigned.class, proof(SIGNED.replace(change, "x" + change), DNS), change);
    }
    assertInstanceOf(MailProof.NotSigned.class, proof(SIGNED + "P.S.\r\n", DNS));
  }

  /** The library does not know Ed25519: such a signature alone does not count. */
  @Test
  void ed25519AloneDoesNotCount() {
    String alone =
        SIGNED.substring(0, SIGNED.indexOf("DKIM-Signature: v=1; a=rsa"))
            + SIGNED.substring(SIGNED.indexOf("From: Joe"));
    assertEquals(new MailProof.NotSigned("no valid DKIM signature"), proof(alone, DNS));
  }

  /** A key that cannot be asked for may yet be the good one. */
  @Test
  void oneSignatureWithoutAnAnswerWaits() {
    FixedResolver broken = DNS.toBuilder().fails("test._domainkey.football.example.com").build();
    assertInstanceOf(MailProof.NotNow.class, proof(SIGNED, broken));
  }

  /** Each costs a look-up: those beyond the bound are not looked at. */
  @Test
  void aThousandSignaturesCostFourQuestions() {
    String many =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    "DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=s"
                        + i
                        + "; h=from; bh=AA==; b=AA==\r\n")
            .collect(Collectors.joining());
    int[] asked = new int[1];
    MailProof proof =
        MailProof.of(
            (many + SIGNED).getBytes(StandardCharsets.UTF_8),
            new CountingResolver(DNS, asked),
            PublicSuffixes.bundled());
    assertInstanceOf(MailProof.NotSigned.class, proof);
    assertEquals(MailProof.MAX_SIGNATURES, asked[0]);
  }
}
