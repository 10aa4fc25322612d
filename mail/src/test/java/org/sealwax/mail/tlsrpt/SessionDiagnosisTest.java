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
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;

/** One row for each thing that a session can show under each policy (RFC 8460 section 4.3). */
final class SessionDiagnosisTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Domain HOP = Domain.of("example.org");
  private static final Domain MX = Domain.of("mx.example.org");
  private static final PolicySubject SUBJECT = new PolicySubject(HOP, MX, true);
  private static final TlsaAssociation RIGHT = new TlsaAssociation(3, 1, 1, "ab".repeat(32));
  private static final TlsaAssociation OTHER = new TlsaAssociation(3, 1, 1, "cd".repeat(32));
  private static final Evidence DEFAULT = new Evidence.Default(TlsLevel.MAY);
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
  private static final Verdict GOOD = new Verdict.Verified(Verdict.IdentifiedBy.NAME, MX.name());

  private static Evidence dane(Evidence.DaneState state) {
    return new Evidence.Dane(MX, state, true, NOW);
  }

  private static Evidence usable() {
    return dane(
        new Evidence.DaneState.Usable(new TlsaAssociations(Set.of(RIGHT), List.of(MX, HOP))));
  }

  private static Observation tls(
      Verdict verdict, boolean chain, @Nullable TlsaAssociation matched) {
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
        SessionDiagnosis.of(
            List.of(DEFAULT, source),
            SUBJECT,
            seen,
            new SessionDiagnosis.SessionEndpoints("192.0.2.1", "198.51.100.7"));
    assertEquals(1, results.size());
    FailureDetail failure = results.getFirst().failure();
    return failure == null ? "ok" : failure.type().word();
  }

  @Test
  void stsInEveryMode() {
    for (Evidence sts : List.of(ENFORCE, TESTING)) {
      assertEquals("ok", word(sts, tls(GOOD, true, null)));
      assertEquals("starttls-not-supported", word(sts, new Observation.Unencrypted(false)));
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
          word(sts, new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "closed")));
    }
    assertEquals("certificate-host-mismatch", word(ELSEWHERE, tls(GOOD, true, null)));
  }

  @Test
  void dane() {
    assertEquals("ok", word(usable(), tls(GOOD, false, RIGHT)));
    assertEquals("validation-failure", word(usable(), tls(GOOD, true, OTHER)));
    assertEquals("validation-failure", word(usable(), tls(GOOD, true, null)));
    assertEquals("starttls-not-supported", word(usable(), new Observation.Unencrypted(false)));
    assertEquals(
        "tlsa-invalid",
        word(dane(new Evidence.DaneState.Unusable("usage 0")), tls(GOOD, true, null)));
  }

  @Test
  void withoutPolicyOneNoPolicyFoundResult() {
    List<SessionResult> good =
        SessionDiagnosis.of(
            List.of(DEFAULT, dane(new Evidence.DaneState.Absent("unsigned"))),
            SUBJECT,
            tls(new Verdict.Untrusted(Verdict.Reason.EXPIRED), false, null),
            SessionDiagnosis.SessionEndpoints.NONE);
    assertEquals(AppliedPolicy.PolicyType.NONE, good.getFirst().policy().type());
    assertNull(good.getFirst().failure());
    assertEquals("starttls-not-supported", word(DEFAULT, new Observation.Unencrypted(false)));
  }

  @Test
  void bothPoliciesAreReported() {
    List<SessionResult> both =
        SessionDiagnosis.of(
            List.of(usable(), ENFORCE),
            SUBJECT,
            tls(GOOD, true, null),
            SessionDiagnosis.SessionEndpoints.NONE);
    assertEquals(2, both.size());
    assertNotNull(both.getFirst().failure());
    assertNull(both.getLast().failure());
    assertEquals(List.of("3 1 1 " + "ab".repeat(32)), both.getFirst().policy().strings());
    assertEquals(List.of("mx.example.org"), both.getLast().policy().mxHosts());
  }

  @Test
  void connectionsWithoutTlsInformationAreNotCounted() {
    for (Observation seen :
        List.of(
            new Observation.Unreachable("refused"),
            new Observation.RefusedByReply(Observation.GreetingStage.BANNER, Reply.of(421, "busy")),
            new Observation.ConnectionLost(Observation.GreetingStage.BANNER, "silence"))) {
      assertTrue(
          SessionDiagnosis.of(
                  List.of(ENFORCE), SUBJECT, seen, SessionDiagnosis.SessionEndpoints.NONE)
              .isEmpty(),
          seen.toString());
    }
  }

  @Test
  void aPolicyThatIsNoneIsReportedThoughItCountsAsNone() {
    Evidence invalid =
        new Evidence.Sts(HOP, new Evidence.StsState.Absent("served as text/html", true), NOW);
    Observation seen = new Observation.Unencrypted(false);
    List<SessionResult> results =
        SessionDiagnosis.of(
            List.of(invalid), SUBJECT, seen, SessionDiagnosis.SessionEndpoints.NONE);
    assertEquals(1, results.size());
    assertEquals(AppliedPolicy.PolicyType.STS, results.getFirst().policy().type());
    FailureDetail failure = results.getFirst().failure();
    assertNotNull(failure);
    assertEquals("sts-policy-invalid", failure.type().word());
    Evidence absent = new Evidence.Sts(HOP, new Evidence.StsState.Absent("no record"), NOW);
    assertEquals(
        AppliedPolicy.PolicyType.NONE,
        SessionDiagnosis.of(List.of(absent), SUBJECT, seen, SessionDiagnosis.SessionEndpoints.NONE)
            .getFirst()
            .policy()
            .type());
  }

  @Test
  void refusalsWithoutAConnectionAreReported() {
    assertEquals(
        ResultType.DNSSEC_INVALID,
        refused(dane(new Evidence.DaneState.LookupFailed("TLSA: bogus"))));
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
    assertTrue(SessionDiagnosis.refused(List.of(ENFORCE, usable()), SUBJECT, false).isEmpty());
  }

  @Test
  void aRowThatDemandsDaneIsReportedWhereThereIsNone() {
    List<SessionResult> none =
        SessionDiagnosis.refused(
            List.of(DEFAULT, dane(new Evidence.DaneState.Absent("none"))), SUBJECT, true);
    assertEquals(1, none.size());
    assertEquals(AppliedPolicy.PolicyType.NONE, none.getFirst().policy().type());
    FailureDetail required = none.getFirst().failure();
    assertNotNull(required);
    assertEquals("dane-required", required.type().word());
    assertEquals("mx.example.org", required.host());
    List<SessionResult> bad =
        SessionDiagnosis.refused(
            List.of(DEFAULT, dane(new Evidence.DaneState.Unusable("usage 0"))), SUBJECT, true);
    assertEquals(1, bad.size());
    assertEquals(AppliedPolicy.PolicyType.TLSA, bad.getFirst().policy().type());
    FailureDetail invalid = bad.getFirst().failure();
    assertNotNull(invalid);
    assertEquals("tlsa-invalid", invalid.type().word());
  }

  private static Evidence pending(String why) {
    return new Evidence.Sts(HOP, new Evidence.StsState.Pending(why, NOW), NOW);
  }

  private static ResultType refused(Evidence evidence) {
    FailureDetail failure =
        SessionDiagnosis.refused(List.of(evidence), SUBJECT, false).getFirst().failure();
    assertNotNull(failure);
    return failure.type();
  }
}
