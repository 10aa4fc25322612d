package org.sealwax.mail.tlsrpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** One row for each thing that a session can show under each policy (RFC 8460 section 4.3). */
final class DiagnosisTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Domain HOP = Domain.of("example.org");
  private static final Domain MX = Domain.of("mx.example.org");
  private static final Subject SUBJECT = new Subject(HOP, MX, true);
  private static final Association RIGHT = new Association(3, 1, 1, "ab".repeat(32));
  private static final Association OTHER = new Association(3, 1, 1, "cd".repeat(32));
  private static final Evidence DEFAULT = new Evidence.Default(Level.MAY);
  private static final Evidence ENFORCE =
      new Evidence.Sts(
          HOP, new Evidence.StsState.Enforce("1", List.of(new MxPattern(MX, false))), null);
  private static final Evidence TESTING =
      new Evidence.Sts(
          HOP, new Evidence.StsState.Testing("1", List.of(new MxPattern(MX, false))), null);
  private static final Evidence ELSEWHERE =
      new Evidence.Sts(
          HOP,
          new Evidence.StsState.Testing(
              "1", List.of(new MxPattern(Domain.of("mx.elsewhere.example"), false))),
          null);
  private static final Verdict GOOD = new Verdict.Verified(Verdict.By.NAME, MX.name());

  private static Evidence dane(Evidence.DaneState state) {
    return new Evidence.Dane(MX, state, true, NOW);
  }

  private static Evidence usable() {
    return dane(new Evidence.DaneState.Usable(new Associations(Set.of(RIGHT), List.of(MX, HOP))));
  }

  private static Observation tls(Verdict verdict, boolean chain, @Nullable Association matched) {
    return new Observation.Encrypted(
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_128_GCM_SHA256",
            128,
            "x25519",
            false,
            MX.name(),
            List.of(),
            false,
            verdict,
            new Proof(chain, matched),
            List.of()));
  }

  private static String word(Evidence source, Observation seen) {
    List<SessionResult> results =
        Diagnosis.of(
            List.of(DEFAULT, source),
            SUBJECT,
            seen,
            new Diagnosis.Ends("192.0.2.1", "198.51.100.7"));
    assertEquals(1, results.size());
    Failure failure = results.getFirst().failure();
    return failure == null ? "ok" : failure.type().word();
  }

  @Test
  void stsInEveryMode() {
    for (Evidence sts : List.of(ENFORCE, TESTING)) {
      assertEquals("ok", word(sts, tls(GOOD, true, null)));
      assertEquals("starttls-not-supported", word(sts, new Observation.Clear(false)));
      assertEquals(
          "starttls-not-supported",
          word(sts, new Observation.StarttlsRefused(Reply.of(454, "later"))));
      assertEquals(
          "certificate-expired",
          word(sts, tls(new Verdict.Untrusted(Verdict.Reason.EXPIRED), false, null)));
      assertEquals(
          "certificate-not-trusted",
          word(sts, tls(new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED), false, null)));
      assertEquals("certificate-host-mismatch", word(sts, tls(new Verdict.Trusted(), true, null)));
      assertEquals("certificate-not-trusted", word(sts, tls(new Verdict.Anonymous(), false, null)));
      assertEquals(
          "validation-failure",
          word(sts, new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "closed")));
    }
    assertEquals("certificate-host-mismatch", word(ELSEWHERE, tls(GOOD, true, null)));
  }

  @Test
  void dane() {
    assertEquals("ok", word(usable(), tls(GOOD, false, RIGHT)));
    assertEquals("validation-failure", word(usable(), tls(GOOD, true, OTHER)));
    assertEquals("validation-failure", word(usable(), tls(GOOD, true, null)));
    assertEquals("starttls-not-supported", word(usable(), new Observation.Clear(false)));
    assertEquals(
        "tlsa-invalid",
        word(dane(new Evidence.DaneState.Unusable("usage 0")), tls(GOOD, true, null)));
  }

  @Test
  void withoutAPolicyThereIsOneResultThatSaysSo() {
    List<SessionResult> good =
        Diagnosis.of(
            List.of(DEFAULT, dane(new Evidence.DaneState.Absent("unsigned"))),
            SUBJECT,
            tls(new Verdict.Untrusted(Verdict.Reason.EXPIRED), false, null),
            Diagnosis.Ends.NONE);
    assertEquals(AppliedPolicy.Type.NONE, good.getFirst().policy().type());
    assertNull(good.getFirst().failure());
    assertEquals("starttls-not-supported", word(DEFAULT, new Observation.Clear(false)));
  }

  @Test
  void bothPoliciesAreReported() {
    List<SessionResult> both =
        Diagnosis.of(
            List.of(usable(), ENFORCE), SUBJECT, tls(GOOD, true, null), Diagnosis.Ends.NONE);
    assertEquals(2, both.size());
    assertNotNull(both.getFirst().failure());
    assertNull(both.getLast().failure());
    assertEquals(List.of("3 1 1 " + "ab".repeat(32)), both.getFirst().policy().strings());
    assertEquals(List.of("mx.example.org"), both.getLast().policy().mxHosts());
  }

  @Test
  void connectionsThatSayNothingOfTlsAreNotSessions() {
    for (Observation seen :
        List.of(
            new Observation.Unreachable("refused"),
            new Observation.Unwelcome(Observation.Stage.BANNER, Reply.of(421, "busy")),
            new Observation.BrokenOff(Observation.Stage.BANNER, "silence"))) {
      assertTrue(
          Diagnosis.of(List.of(ENFORCE), SUBJECT, seen, Diagnosis.Ends.NONE).isEmpty(),
          seen.toString());
    }
  }

  @Test
  void aPolicyThatIsNoneIsReportedThoughItCountsAsNone() {
    Evidence invalid =
        new Evidence.Sts(HOP, new Evidence.StsState.Absent("served as text/html", true), NOW);
    Observation seen = new Observation.Clear(false);
    List<SessionResult> told = Diagnosis.of(List.of(invalid), SUBJECT, seen, Diagnosis.Ends.NONE);
    assertEquals(1, told.size());
    assertEquals(AppliedPolicy.Type.STS, told.getFirst().policy().type());
    Failure failure = told.getFirst().failure();
    assertNotNull(failure);
    assertEquals("sts-policy-invalid", failure.type().word());
    Evidence absent = new Evidence.Sts(HOP, new Evidence.StsState.Absent("no record"), NOW);
    assertEquals(
        AppliedPolicy.Type.NONE,
        Diagnosis.of(List.of(absent), SUBJECT, seen, Diagnosis.Ends.NONE)
            .getFirst()
            .policy()
            .type());
  }

  @Test
  void refusalsWithoutAConnectionAreReported() {
    assertEquals(
        ResultType.DNSSEC_INVALID, refused(dane(new Evidence.DaneState.Trouble("TLSA: bogus"))));
    assertEquals(ResultType.STS_WEBPKI_INVALID, refused(pending("certificate expired")));
    assertEquals(ResultType.STS_POLICY_INVALID, refused(pending("invalid: no version")));
    assertEquals(ResultType.STS_POLICY_FETCH_ERROR, refused(pending("HTTP 404")));
    assertEquals(
        ResultType.CERTIFICATE_HOST_MISMATCH,
        refused(
            new Evidence.Sts(
                HOP,
                new Evidence.StsState.Enforce(
                    "1", List.of(new MxPattern(Domain.of("mx.elsewhere.example"), false))),
                null)));
    assertTrue(Diagnosis.refused(List.of(ENFORCE, usable()), SUBJECT, false).isEmpty());
  }

  @Test
  void aRowThatDemandsDaneIsReportedWhereThereIsNone() {
    List<SessionResult> none =
        Diagnosis.refused(
            List.of(DEFAULT, dane(new Evidence.DaneState.Absent("none"))), SUBJECT, true);
    assertEquals(1, none.size());
    assertEquals(AppliedPolicy.Type.NONE, none.getFirst().policy().type());
    Failure required = none.getFirst().failure();
    assertNotNull(required);
    assertEquals("dane-required", required.type().word());
    assertEquals("mx.example.org", required.host());
    List<SessionResult> bad =
        Diagnosis.refused(
            List.of(DEFAULT, dane(new Evidence.DaneState.Unusable("usage 0"))), SUBJECT, true);
    assertEquals(1, bad.size());
    assertEquals(AppliedPolicy.Type.TLSA, bad.getFirst().policy().type());
    Failure invalid = bad.getFirst().failure();
    assertNotNull(invalid);
    assertEquals("tlsa-invalid", invalid.type().word());
  }

  private static Evidence pending(String why) {
    return new Evidence.Sts(HOP, new Evidence.StsState.Pending(why, NOW), NOW);
  }

  private static ResultType refused(Evidence evidence) {
    Failure failure = Diagnosis.refused(List.of(evidence), SUBJECT, false).getFirst().failure();
    assertNotNull(failure);
    return failure.type();
  }
}
