package org.sealwax.mail.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.spec.RSAPublicKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimResult.Changes;
import org.sealwax.testkit.dns.FixedResolver;

/** RFC 6376 section 6, RFC 8301, RFC 8463 and the words of RFC 8601. */
final class DkimVerifierTest {
  /** RFC 8463 appendix A.3. */
  private static final String RFC_8463 =
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

  private static final FixedResolver RFC_8463_KEYS =
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

  private static final String MESSAGE =
      "From: Joe <joe@example.org>\r\n"
          + "To: suzie@example.net\r\n"
          + "Subject: a  b\r\n"
          + "Date: Fri, 11 Jul 2003 21:00:37 -0700\r\n"
          + "\r\n"
          + "Hi  there \r\n\r\nJoe\r\n\r\n";

  private static final String SIGNED = SignedMessages.sign(MESSAGE, SignedMessages.KEYS);
  private static final FixedResolver KEYS = SignedMessages.dns(SignedMessages.KEYS);

  private static List<DkimStatus> statuses(List<DkimResult> results) {
    return results.stream().map(DkimResult::status).toList();
  }

  @Test
  void theExampleOfTheRfcPasses() {
    List<DkimResult> results = SignedMessages.verify(RFC_8463, RFC_8463_KEYS::txt);
    assertEquals(List.of(DkimStatus.PASS, DkimStatus.PASS), statuses(results));
    DkimResult first = results.getFirst();
    assertEquals(Optional.of(Domain.of("football.example.com")), first.domain());
    assertEquals(Optional.of(Domain.of("brisbane")), first.selector());
    assertEquals(Optional.of("@football.example.com"), first.identity());
    assertEquals(Optional.of(DkimAlgorithm.ED25519_SHA256), first.algorithm());
    assertTrue(first.signature().startsWith("/gCrinpc"));
    assertEquals(Changes.NONE, first.changes());
    assertFalse(first.testing());
  }

  @Test
  void bothAlgorithmsPassInBlocksOfAnySize() {
    for (int block : new int[] {1, 2, 3, 7, 64, Integer.MAX_VALUE}) {
      assertEquals(
          List.of(DkimStatus.PASS, DkimStatus.PASS),
          statuses(
              SignedMessages.verify(
                  SignedMessages.bytes(SIGNED), KEYS::txt, block, SignedMessages.NOW)),
          "blocks of " + block);
    }
  }

  @Test
  void relaxedChangesDoNoHarm() {
    String changed =
        SIGNED
            .replace("Subject: a  b\r\n", "SUBJECT :\ta\r\n \t b  \r\n")
            .replace("Hi  there \r\n", "Hi \t there\r\n")
            .concat("\r\n \r\n\r\n");
    assertEquals(
        List.of(DkimStatus.PASS, DkimStatus.PASS),
        statuses(SignedMessages.verify(changed, KEYS::txt)));
  }

  @ParameterizedTest
  @CsvSource({
    "joe@example.org,jim@example.org,UNKNOWN",
    "a  b,a c,UNKNOWN",
    "Hi  there,Hithere,BODY_ONLY",
    "'\r\n\r\nJoe\r\n','\r\nJoe\r\n',BODY_ONLY",
    "'To: s','Cc: eve@example.com\r\nTo: s',UNKNOWN",
    "'To: s','From: eve@example.com\r\nTo: s',UNKNOWN",
    "'Date:','Content-Type: text/html\r\nDate:',UNKNOWN",
    "'t=17','t=16',UNKNOWN",
  })
  void aChangeFails(String from, String to, Changes changes) {
    assertTrue(SIGNED.contains(from), from);
    List<DkimResult> results = SignedMessages.verify(SIGNED.replace(from, to), KEYS::txt);
    assertEquals(List.of(DkimStatus.FAIL, DkimStatus.FAIL), statuses(results));
    results.forEach(r -> assertEquals(changes, r.changes(), r.toString()));
  }

  /** A value of bh= that fits a changed body is signed, too. */
  @Test
  void aBodyHashOfAnotherBodyFails() {
    String hash = SIGNED.substring(SIGNED.indexOf("bh=") + 3, SIGNED.indexOf("=;") + 1);
    BodyHash other = new BodyHash(Canonicalization.RELAXED, java.util.OptionalLong.empty());
    other.feed(SignedMessages.bytes("other\r\n"), 0, 7);
    String changed =
        SIGNED.replace(hash, Base64.getEncoder().encodeToString(other.end())).split("\r\n\r\n")[0]
            + "\r\n\r\nother\r\n";
    List<DkimResult> results = SignedMessages.verify(changed, KEYS::txt);
    assertEquals(List.of(DkimStatus.FAIL, DkimStatus.FAIL), statuses(results));
    results.forEach(r -> assertEquals(Changes.UNKNOWN, r.changes()));
  }

  @Test
  void anUnknownAnswerIsATemporaryError() {
    FixedResolver broken = KEYS.toBuilder().fails("rsa._domainkey.example.org").build();
    assertEquals(
        List.of(DkimStatus.TEMPERROR, DkimStatus.PASS),
        statuses(SignedMessages.verify(SIGNED, broken::txt)));
  }

  @Test
  void onlyEightSignaturesAreLookedUp() {
    String junk =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; h=from; s=s"
                        + i
                        + "; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AA==\r\n")
            .collect(Collectors.joining());
    List<Domain> asked = new ArrayList<>();
    List<DkimResult> results =
        SignedMessages.verify(
            junk + SIGNED,
            name -> {
              asked.add(name);
              return KEYS.txt(name);
            });
    assertEquals(DkimVerifier.MAX_SIGNATURES, asked.size());
    assertEquals(DkimVerifier.MAX_SIGNATURES, results.size());
  }

  @Test
  void signaturesOfWantedDomainsGoBeforeTheOthers() {
    String junk =
        "DKIM-Signature: v=1; a=ed25519-sha256; d=junk.example; h=from; s=s; b=AA==;"
            + " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n";
    String message = junk.repeat(DkimVerifier.MAX_SIGNATURES) + SIGNED;
    assertFalse(SignedMessages.verify(message, KEYS::txt).stream().anyMatch(DkimResult::passes));
    List<DkimResult> results =
        SignedMessages.verify(message, KEYS::txt, Domain.of("example.org")::equals);
    assertEquals(DkimVerifier.MAX_SIGNATURES, results.size());
    assertEquals(2, results.stream().filter(DkimResult::passes).count());
  }

  /** Changes the tags of the Ed25519 signature; what it signed is then something else. */
  private static DkimResult tagged(String from, String to) {
    String signature = SIGNED.substring(SIGNED.lastIndexOf("DKIM-Signature"));
    String changed = signature.replaceFirst(from, to);
    assertFalse(signature.equals(changed), from);
    return SignedMessages.verify(changed, KEYS::txt).getFirst();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "v=1|v=2|NEUTRAL",
        "v=1; |''|NEUTRAL",
        "v=1|v=1; v=1|NEUTRAL",
        "a=ed25519-sha256|a=ed25519-sha512|NEUTRAL",
        "a=ed25519-sha256|a=rsa-sha1|POLICY",
        "a=ed25519-sha256|a=rsa-sha256|PERMERROR",
        "c=relaxed/relaxed|c=relaxed/none|NEUTRAL",
        "c=relaxed/relaxed|c=|NEUTRAL",
        "d=example.org|d=example..org|NEUTRAL",
        "d=example.org|d=example.net|PERMERROR",
        "s=ed|s=none|PERMERROR",
        "s=ed|s=|NEUTRAL",
        "t=|q=dns/txt; t=|FAIL",
        "t=|q=http; t=|NEUTRAL",
        "t=|i=joe@sub.example.org; t=|FAIL",
        "t=|i=joe@example.com; t=|PERMERROR",
        "t=|i=joe@notexample.org; t=|PERMERROR",
        "t=|i=joe; t=|NEUTRAL",
        "t=|x=1; t=|NEUTRAL",
        "t=|x=99999999999999; t=|NEUTRAL",
        "t=|x=-1; t=|NEUTRAL",
        "t=[0-9]+|x=1000|POLICY",
        "t=|l=1000; t=|PERMERROR",
        "t=|l=-1; t=|NEUTRAL",
        "t=|l=+1; t=|NEUTRAL",
        "t=|l=; t=|NEUTRAL",
        "t=|l=99999999999999999999999999; t=|NEUTRAL",
        "t=|unknown=whatever; t=|FAIL",
        "t=|9=no; t=|NEUTRAL",
        "t=|no; t=|NEUTRAL",
        "t=|; t=|NEUTRAL",
        "h=from:from:|h=|PERMERROR",
        "h=from|h=:from|NEUTRAL",
        "bh=.|bh=!|NEUTRAL",
        "bh=.{4}|bh=|NEUTRAL",
        "b=.|b=!|NEUTRAL",
        "b=.{4}|b=|FAIL",
        "b=[^;]*==|b=|NEUTRAL",
      })
  void eachTagHasItsMeaning(String from, String to, DkimStatus status) {
    DkimResult result = tagged(from, to);
    assertEquals(status, result.status(), result.toString());
    assertFalse(result.reason().isEmpty());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "v=DKIM1; k=ed25519; p=KEY|PASS",
        "p=KEY; k=ed25519|PASS",
        "k=ed25519; h=sha256; p=KEY; n=note|PASS",
        "k=ed25519; h=sha1 : sha256; s=other: email; t=s:x; p=KEY;|PASS",
        "k=ed25519; h=sha1; p=KEY|PERMERROR",
        "k=ed25519; s=tlsrpt; p=KEY|PERMERROR",
        "k=ed25519; s=; p=KEY|PERMERROR",
        "k=rsa; p=KEY|PERMERROR",
        "p=KEY|PERMERROR",
        "k=ed25519; p=|PERMERROR",
        "k=ed25519|PERMERROR",
        "k=ed25519; p=AAAA|PERMERROR",
        "k=ed25519; p=KEY; p=KEY|PERMERROR",
        "k=ed25519; v=DKIM1; p=KEY|PERMERROR",
        "v=DKIM2; k=ed25519; p=KEY|PERMERROR",
        "v=DKIM1; k=ed25519; =; p=KEY|PERMERROR",
        "v=spf1 -all|PERMERROR",
        "k=ed25519; p=K!Y|PERMERROR",
      })
  void eachKeyRecordHasItsMeaning(String record, DkimStatus status) {
    String key = SignedMessages.KEYS.get(1).record().replaceAll(".*p=", "");
    String name = "ed._domainkey.example.org";
    FixedResolver dns = FixedResolver.builder().txt(name, record.replace("KEY", key)).build();
    String signed = SIGNED.substring(SIGNED.lastIndexOf("DKIM-Signature"));
    DkimResult result = SignedMessages.verify(signed, dns::txt).getFirst();
    assertEquals(status, result.status(), result.toString());
  }

  @Test
  void anotherRecordBesideTheKeyIsIgnoredAndASecondKeyIsNot() {
    String name = "ed._domainkey.example.org";
    String key = SignedMessages.KEYS.get(1).record();
    String signed = SIGNED.substring(SIGNED.lastIndexOf("DKIM-Signature"));
    FixedResolver note = FixedResolver.builder().txt(name, "v=spf1 -all").txt(name, key).build();
    assertEquals(List.of(DkimStatus.PASS), statuses(SignedMessages.verify(signed, note::txt)));
    FixedResolver two = FixedResolver.builder().txt(name, key).txt(name, key + ";").build();
    assertEquals(List.of(DkimStatus.PERMERROR), statuses(SignedMessages.verify(signed, two::txt)));
  }

  @Test
  void testingIsReported() {
    FixedResolver dns =
        FixedResolver.builder()
            .txt("ed._domainkey.example.org", SignedMessages.KEYS.get(1).record() + "; t=y")
            .build();
    String signed = SIGNED.substring(SIGNED.lastIndexOf("DKIM-Signature"));
    assertTrue(SignedMessages.verify(signed, dns::txt).getFirst().testing());
  }

  /** RFC 8301 section 3.2. */
  @ParameterizedTest
  @ValueSource(ints = {512, 1023, 4097})
  void aKeyOfAnotherSizeNeverPasses(int bits) throws Exception {
    BigInteger modulus = BigInteger.ONE.setBit(bits - 1);
    RSAPublicKeySpec key = new RSAPublicKeySpec(modulus, BigInteger.valueOf(65_537));
    byte[] info = KeyFactory.getInstance("RSA").generatePublic(key).getEncoded();
    FixedResolver dns =
        FixedResolver.builder()
            .txt("rsa._domainkey.example.org", "p=" + Base64.getEncoder().encodeToString(info))
            .build();
    assertEquals(DkimStatus.POLICY, SignedMessages.verify(SIGNED, dns::txt).getFirst().status());
  }

  @Test
  void theLeastSizePassesAlsoAsABareKey() throws Exception {
    DkimSigningKey least = SignedMessages.key("RSA", 1024, "least");
    String signed = SignedMessages.sign(MESSAGE, List.of(least));
    byte[] info = Base64.getDecoder().decode(least.record().replaceAll(".*p=", ""));
    // SubjectPublicKeyInfo: two headers of three bytes, the algorithm, the bit string's header.
    byte[] bare = java.util.Arrays.copyOfRange(info, 22, info.length);
    for (byte[] key : List.of(info, bare)) {
      FixedResolver dns =
          FixedResolver.builder()
              .txt(least.recordName().name(), "p=" + Base64.getEncoder().encodeToString(key))
              .build();
      assertEquals(List.of(DkimStatus.PASS), statuses(SignedMessages.verify(signed, dns::txt)));
    }
  }

  /** What two readers may divide differently is not verified. */
  @ParameterizedTest
  @ValueSource(strings = {"Subject: a\nX: b", "Subject: a\rX: b", "no field\r\nX: b"})
  void aMalformedHeaderDoesNotPass(String field) {
    String changed = SIGNED.replace("Subject: a  b", field);
    statuses(SignedMessages.verify(changed, KEYS::txt))
        .forEach(s -> assertEquals(DkimStatus.PERMERROR, s));
  }

  @Test
  void aSignatureExpires() {
    String signature = SIGNED.substring(SIGNED.lastIndexOf("DKIM-Signature")).replace("t=", "x=");
    assertEquals(
        DkimStatus.POLICY,
        SignedMessages.verify(SignedMessages.bytes(signature), KEYS::txt, 64, SignedMessages.NOW)
            .getFirst()
            .status());
    assertEquals(
        DkimStatus.FAIL,
        SignedMessages.verify(SignedMessages.bytes(signature), KEYS::txt, 64, Instant.EPOCH)
            .getFirst()
            .status());
  }
}
