package org.sealwax.mail.tlsrpt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The result of one connection, or of the decision not to make one, for each policy that applied.
 * Pure. Independent of what the router then did: a policy in {@code testing} is reported as it
 * would have been enforced (RFC 8461 section 5), and mail that passed by {@code TLS-Required: No}
 * too.
 */
public final class SessionDiagnosis {
  private SessionDiagnosis() {}

  /**
   * The two ends of a session.
   *
   * @param sendingAddress our address, or empty
   * @param receivingAddress the host's address, or empty
   */
  public record SessionEndpoints(String sendingAddress, String receivingAddress) {
    /** No connection was made. */
    public static final SessionEndpoints NONE = new SessionEndpoints("", "");
  }

  /**
   * {@return the results of a session: one for each of DANE and MTA-STS that applied, or one for
   * neither when none was found} Empty when the connection shows nothing about TLS (no host
   * answered, or the host refused us before it could offer STARTTLS).
   *
   * @param evidence everything known before connecting
   * @param subject next hop, host and port
   * @param seen what the connection showed, or null
   * @param endpoints the addresses of both ends
   */
  public static List<SessionResult> of(
      List<Evidence> evidence,
      PolicySubject subject,
      Observation seen,
      SessionEndpoints endpoints) {
    if (isNotASession(seen)) {
      return List.of();
    }
    List<SessionResult> results = new ArrayList<>();
    boolean none = true;
    for (Evidence e : evidence) {
      if (e instanceof Evidence.Dane d && !(d.state() instanceof Evidence.DaneState.Absent)) {
        none = false;
        results.add(result(tlsa(d, subject), dane(d.state(), seen), subject, endpoints));
      } else if (e instanceof Evidence.Sts s
          && s.state() instanceof Evidence.StsState.Absent a
          && a.invalid()) {
        none = false;
        AppliedPolicy invalid =
            new AppliedPolicy(AppliedPolicy.PolicyType.STS, s.domain(), List.of(), List.of());
        DiagnosedFailure cause = new DiagnosedFailure(ResultType.STS_POLICY_INVALID, a.why());
        results.add(result(invalid, cause, subject, endpoints));
      } else if (e instanceof Evidence.Sts s && policyOf(s).isPresent()) {
        none = false;
        results.add(result(policyOf(s).get(), sts(s.state(), subject, seen), subject, endpoints));
      }
    }
    if (none && subject.nextHop() instanceof Domain domain) {
      AppliedPolicy nothing =
          new AppliedPolicy(AppliedPolicy.PolicyType.NONE, domain, List.of(), List.of());
      results.add(result(nothing, encryption(seen), subject, endpoints));
    }
    return results;
  }

  /**
   * {@return the result when no connection was made because a source refused the host or the
   * delivery: DNS that does not validate, a host outside the MTA-STS policy, a policy that could
   * not be fetched, and a host without TLSA records where a policy row demands them}
   *
   * @param evidence everything known before connecting
   * @param subject next hop, host and port
   * @param daneRequired whether that row is why
   */
  public static List<SessionResult> refused(
      List<Evidence> evidence, PolicySubject subject, boolean daneRequired) {
    List<SessionResult> results = new ArrayList<>();
    boolean unusable = false;
    for (Evidence e : evidence) {
      if (e instanceof Evidence.Dane d && d.state() instanceof Evidence.DaneState.LookupFailed t) {
        DiagnosedFailure cause = new DiagnosedFailure(ResultType.DNSSEC_INVALID, t.why());
        results.add(result(tlsa(d, subject), cause, subject, SessionEndpoints.NONE));
      } else if (daneRequired
          && e instanceof Evidence.Dane d
          && d.state() instanceof Evidence.DaneState.Unusable u) {
        unusable = true;
        DiagnosedFailure cause = new DiagnosedFailure(ResultType.TLSA_INVALID, u.why());
        results.add(result(tlsa(d, subject), cause, subject, SessionEndpoints.NONE));
      } else if (e instanceof Evidence.Sts s) {
        switch (s.state()) {
          case Evidence.StsState.Pending p ->
              results.add(
                  result(
                      new AppliedPolicy(
                          AppliedPolicy.PolicyType.STS, s.domain(), List.of(), List.of()),
                      new DiagnosedFailure(fetchFailure(p.why()), p.why()),
                      subject,
                      SessionEndpoints.NONE));
          case Evidence.StsState.Enforce p -> {
            if (!listed(p.mx(), subject)) {
              results.add(
                  result(policyOf(s).orElseThrow(), notListed(), subject, SessionEndpoints.NONE));
            }
          }
          case Evidence.StsState.Testing t -> {}
          case Evidence.StsState.Absent a -> {}
        }
      }
    }
    if (daneRequired && !unusable && subject.nextHop() instanceof Domain domain) {
      AppliedPolicy nothing =
          new AppliedPolicy(AppliedPolicy.PolicyType.NONE, domain, List.of(), List.of());
      results.add(
          result(
              nothing,
              new DiagnosedFailure(ResultType.DANE_REQUIRED, ""),
              subject,
              SessionEndpoints.NONE));
    }
    return results;
  }

  private record DiagnosedFailure(ResultType type, String reason) {}

  private static SessionResult result(
      AppliedPolicy policy,
      @Nullable DiagnosedFailure cause,
      PolicySubject subject,
      SessionEndpoints endpoints) {
    return new SessionResult(
        policy,
        cause == null
            ? null
            : new FailureDetail(
                cause.type(),
                endpoints.sendingAddress(),
                subject.host().toString(),
                endpoints.receivingAddress(),
                cause.reason()));
  }

  private static boolean isNotASession(Observation seen) {
    return switch (seen) {
      case Observation.Unreachable u -> true;
      case Observation.RefusedByReply u -> true;
      case Observation.ConnectionLost b -> true;
      case Observation.Unencrypted c -> false;
      case Observation.StarttlsRefused s -> false;
      case Observation.Injected i -> false;
      case Observation.HandshakeFailed h -> false;
      case Observation.Encrypted e -> false;
    };
  }

  private static AppliedPolicy tlsa(Evidence.Dane dane, PolicySubject subject) {
    List<String> records =
        dane.state() instanceof Evidence.DaneState.Usable u
            ? u.associations().records().stream()
                .map(a -> a.usage() + " " + a.selector() + " " + a.matching() + " " + a.data())
                .sorted()
                .toList()
            : List.of();
    Domain domain = subject.nextHop() instanceof Domain d ? d : dane.base();
    return new AppliedPolicy(AppliedPolicy.PolicyType.TLSA, domain, records, List.of());
  }

  private static Optional<AppliedPolicy> policyOf(Evidence.Sts sts) {
    List<MxPattern> patterns =
        switch (sts.state()) {
          case Evidence.StsState.Enforce e -> e.mx();
          case Evidence.StsState.Testing t -> t.mx();
          case Evidence.StsState.Pending p -> List.of();
          case Evidence.StsState.Absent a -> List.of();
        };
    return patterns.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new AppliedPolicy(
                AppliedPolicy.PolicyType.STS,
                sts.domain(),
                List.of(),
                patterns.stream().map(MxPattern::toString).toList()));
  }

  /** The failure of the encryption itself, whatever the identity of the peer; null for none. */
  private static @Nullable DiagnosedFailure encryption(Observation seen) {
    return switch (seen) {
      case Observation.Unencrypted c ->
          c.starttlsOffered()
              ? new DiagnosedFailure(
                  ResultType.VALIDATION_FAILURE, "TLS failed on earlier connections")
              : new DiagnosedFailure(ResultType.STARTTLS_NOT_SUPPORTED, "");
      case Observation.StarttlsRefused r ->
          new DiagnosedFailure(
              ResultType.STARTTLS_NOT_SUPPORTED, "STARTTLS rejected: " + r.reply());
      case Observation.Injected i ->
          new DiagnosedFailure(
              ResultType.VALIDATION_FAILURE, "plaintext followed the reply to STARTTLS");
      case Observation.HandshakeFailed h ->
          new DiagnosedFailure(ResultType.VALIDATION_FAILURE, h.why());
      case Observation.Encrypted e -> null;
      case Observation.Unreachable u -> null;
      case Observation.RefusedByReply u -> null;
      case Observation.ConnectionLost b -> null;
    };
  }

  private static @Nullable DiagnosedFailure dane(Evidence.DaneState state, Observation seen) {
    DiagnosedFailure clear = encryption(seen);
    if (clear != null) {
      return clear;
    }
    return switch (state) {
      case Evidence.DaneState.Usable u ->
          seen instanceof Observation.Encrypted e
                  && Policy.isMet(
                      new IdentityRequirement.Tlsa(u.associations(), true), e.handshake())
              ? null
              : new DiagnosedFailure(
                  ResultType.VALIDATION_FAILURE, "no TLSA record matches the certificate");
      case Evidence.DaneState.Unusable u -> new DiagnosedFailure(ResultType.TLSA_INVALID, u.why());
      case Evidence.DaneState.LookupFailed t ->
          new DiagnosedFailure(ResultType.DNSSEC_INVALID, t.why());
      case Evidence.DaneState.Absent a -> null;
    };
  }

  private static @Nullable DiagnosedFailure sts(
      Evidence.StsState state, PolicySubject subject, Observation seen) {
    List<MxPattern> mx =
        switch (state) {
          case Evidence.StsState.Enforce e -> e.mx();
          case Evidence.StsState.Testing t -> t.mx();
          case Evidence.StsState.Pending p -> List.of();
          case Evidence.StsState.Absent a -> List.of();
        };
    if (!listed(mx, subject)) {
      return notListed();
    }
    DiagnosedFailure clear = encryption(seen);
    return clear != null || !(seen instanceof Observation.Encrypted e)
        ? clear
        : certificate(e.handshake(), subject);
  }

  private static DiagnosedFailure notListed() {
    return new DiagnosedFailure(
        ResultType.CERTIFICATE_HOST_MISMATCH, "the MX host is not listed in the policy");
  }

  private static boolean listed(List<MxPattern> mx, PolicySubject subject) {
    return new MxFilter.Patterns(mx).admits(subject.host());
  }

  /** What is wrong with a certificate under MTA-STS; null when nothing. */
  private static @Nullable DiagnosedFailure certificate(
      Handshake handshake, PolicySubject subject) {
    if (!handshake.proof().isChainValid()) {
      return switch (handshake.verdict()) {
        case Verdict.Untrusted u ->
            switch (u.reason()) {
              case EXPIRED -> new DiagnosedFailure(ResultType.CERTIFICATE_EXPIRED, "");
              case NAME_MISMATCH -> new DiagnosedFailure(ResultType.CERTIFICATE_HOST_MISMATCH, "");
              case NOT_YET_VALID,
                  SELF_SIGNED,
                  INCOMPLETE_CHAIN,
                  UNKNOWN_ISSUER,
                  WEAK_SIGNATURE,
                  WEAK_KEY,
                  WRONG_PURPOSE,
                  REVOKED ->
                  new DiagnosedFailure(ResultType.CERTIFICATE_NOT_TRUSTED, u.reason().word());
            };
        case Verdict.Anonymous a ->
            new DiagnosedFailure(ResultType.CERTIFICATE_NOT_TRUSTED, "no certificate");
        case Verdict.Trusted t -> new DiagnosedFailure(ResultType.CERTIFICATE_NOT_TRUSTED, "");
        case Verdict.Verified v ->
            new DiagnosedFailure(ResultType.CERTIFICATE_NOT_TRUSTED, "no chain to a public root");
      };
    }
    boolean named =
        subject.host() instanceof Domain host
            && (!handshake.peerChain().isEmpty()
                    && NameCheck.match(handshake.peerChain().getFirst(), Set.of(host)).isPresent()
                || handshake
                    .verdict()
                    .equals(new Verdict.Verified(Verdict.IdentifiedBy.NAME, host.name())));
    return named ? null : new DiagnosedFailure(ResultType.CERTIFICATE_HOST_MISMATCH, "");
  }

  /** The store gives the failure as text; RFC 8460 §4.3.2.2 has three types. */
  private static ResultType fetchFailure(String why) {
    String lower = why.toLowerCase(java.util.Locale.ROOT);
    if (lower.contains("certificate")) {
      return ResultType.STS_WEBPKI_INVALID;
    }
    return lower.contains("invalid") || lower.contains("not a policy")
        ? ResultType.STS_POLICY_INVALID
        : ResultType.STS_POLICY_FETCH_ERROR;
  }
}
