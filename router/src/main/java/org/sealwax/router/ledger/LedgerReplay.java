package org.sealwax.router.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;

/**
 * A replay of remembered observations under another configuration, for {@code sealwax explain
 * --what-if}. Pure; give it the rows of {@link PersistentLedger#each}, the policy of the other
 * configuration and the evidence of its sources.
 *
 * <p>A row remembers what was negotiated, whether the certificate held for the host's name by
 * public roots, and the key; it does not remember certificates. Where a demand cannot be judged by
 * that, the answer is {@link ReplayResult.Unknown} and never a guess. What DANE and MTA-STS said at
 * that time is not remembered either: the evidence given stands for all observations.
 */
public final class LedgerReplay {
  /** The TLSA record that a key alone can be held against (RFC 7671 5.1). */
  private static final int USAGE_DANE_EE = 3;

  private static final int SELECTOR_SPKI = 1;
  private static final int MATCHING_SHA256 = 1;

  private final Policy policy;
  private final ReplaySources sources;

  /** The evidence of the other configuration's sources, rows and default included. */
  @FunctionalInterface
  public interface ReplaySources {
    /** As {@code router.evidence.EvidenceSource}. */
    List<Evidence> evidenceFor(PolicySubject subject);
  }

  /** The outcome of mail on one remembered connection under the other configuration. */
  public sealed interface ReplayResult {
    /** It would have been sent, under TLS. */
    record Pass() implements ReplayResult {}

    /**
     * It would have been sent unencrypted.
     *
     * @param afterHold not at once, but when the hold for broken TLS had ended
     */
    record GoClear(boolean afterHold) implements ReplayResult {}

    /** It would have waited. */
    record Wait(String why) implements ReplayResult {}

    /** The record does not hold enough to decide. */
    record Unknown(String why) implements ReplayResult {}
  }

  /** One remembered connection and what would have become of mail on it. */
  public record ReplayedConnection(Domain host, RememberedSample sample, ReplayResult result) {}

  /** Under this policy. */
  public LedgerReplay(Policy policy, ReplaySources sources) {
    this.policy = policy;
    this.sources = sources;
  }

  /** Every remembered connection of a domain, host by host, the oldest first. */
  public List<ReplayedConnection> lines(DomainRecord row) {
    List<ReplayedConnection> out = new ArrayList<>();
    for (Map.Entry<Domain, HostRecord> entry :
        row.hosts().entrySet().stream().sorted(Map.Entry.comparingByKey()).toList()) {
      PolicySubject subject = new PolicySubject(row.domain(), entry.getKey(), false);
      List<Evidence> evidence = sources.evidenceFor(subject);
      for (RememberedSample sample : entry.getValue().recent()) {
        if (sample.level() != ProvenLevel.SILENT) {
          Requirement requirement = policy.requirementFor(subject, evidence, sample.at());
          ReplayResult replayed = would(entry.getKey(), sample, requirement);
          boolean knowsDane = evidence.stream().anyMatch(Evidence.Dane.class::isInstance);
          out.add(
              new ReplayedConnection(
                  entry.getKey(),
                  sample,
                  !knowsDane && lacksTlsa(entry.getKey(), requirement)
                      ? new ReplayResult.Unknown("whether there are TLSA records is not remembered")
                      : replayed));
        }
      }
    }
    return out;
  }

  /** A row that demands DANE, where it was not looked up: that is no proof of absence. */
  private static boolean lacksTlsa(Domain host, Requirement requirement) {
    return requirement
        .mxFilter()
        .refusal(host)
        .filter(refusal -> refusal.reason() == DeferReason.DANE_MISSING)
        .isPresent();
  }

  private static ReplayResult would(Domain host, RememberedSample sample, Requirement requirement) {
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(host);
    if (refusal.isPresent()) {
      return new ReplayResult.Wait(host + " " + refusal.get().text());
    }
    if (requirement.encryption() == Requirement.TlsUse.NEVER) {
      return new ReplayResult.GoClear(false);
    }
    return switch (sample.level()) {
      case SILENT -> new ReplayResult.Unknown("no connection");
      case INJECTED -> new ReplayResult.Wait("clear text was injected");
      case CLEAR -> withoutTls("TLS was not offered", false, requirement);
      case REFUSED -> withoutTls("STARTTLS was refused", true, requirement);
      case BROKEN -> withoutTls("TLS broke", true, requirement);
      case ENCRYPTED, VERIFIED -> underTls(host, sample, requirement);
    };
  }

  private static ReplayResult withoutTls(String why, boolean offered, Requirement requirement) {
    boolean never = requirement.plaintextFallback() == Requirement.PlaintextFallback.NEVER;
    if (requirement.demandsTls() || never) {
      return new ReplayResult.Wait(why);
    }
    return new ReplayResult.GoClear(
        offered || requirement.plaintextFallback() == Requirement.PlaintextFallback.AFTER_HOLD);
  }

  private static ReplayResult underTls(
      Domain host, RememberedSample sample, Requirement requirement) {
    TlsVersion version = sample.version();
    if (version != null && version.compareTo(requirement.floor().lowest()) < 0) {
      return new ReplayResult.Wait(version.label() + " is below the floor");
    }
    ReplayResult all = new ReplayResult.Pass();
    for (IdentityRequirement demand : requirement.identity()) {
      ReplayResult one =
          switch (demand) {
            case IdentityRequirement.Pkix pkix -> pkix(host, sample, pkix);
            case IdentityRequirement.Pinned pinned -> pinned(sample.key(), pinned.pins());
            case IdentityRequirement.Tlsa tlsa -> tlsa(sample.key(), tlsa.associations().records());
          };
      if (one instanceof ReplayResult.Wait) {
        return one;
      }
      all = one instanceof ReplayResult.Unknown ? one : all;
    }
    return all;
  }

  private static ReplayResult pkix(
      Domain host, RememberedSample sample, IdentityRequirement.Pkix pkix) {
    if (!pkix.roots().equals(IdentityRequirement.PUBLIC_ROOTS)) {
      return new ReplayResult.Unknown("certificates by " + pkix.roots() + " are not remembered");
    }
    if (!pkix.names().contains(host)) {
      return new ReplayResult.Unknown(
          "whether the certificate names " + pkix.text() + " is not remembered");
    }
    return sample.level() == ProvenLevel.VERIFIED
        ? new ReplayResult.Pass()
        : new ReplayResult.Wait("no certificate by public roots for " + host);
  }

  private static ReplayResult pinned(@Nullable Pin key, Set<Pin> pins) {
    return key != null && pins.contains(key)
        ? new ReplayResult.Pass()
        : new ReplayResult.Wait("the key is not among the pins");
  }

  private static ReplayResult tlsa(@Nullable Pin key, Set<TlsaAssociation> records) {
    boolean judgeable = true;
    for (TlsaAssociation a : records) {
      boolean byKey =
          a.usage() == USAGE_DANE_EE
              && a.selector() == SELECTOR_SPKI
              && a.matching() == MATCHING_SHA256;
      if (byKey && key != null && a.data().equalsIgnoreCase(key.hex())) {
        return new ReplayResult.Pass();
      }
      judgeable &= byKey;
    }
    return judgeable
        ? new ReplayResult.Wait("the key matches no TLSA record")
        : new ReplayResult.Unknown("TLSA records beyond 3 1 1 cannot be held against a key alone");
  }
}
