package org.sealwax.router.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Demand;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.Reason;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * What remembered observations would have come to under another configuration: the question behind
 * {@code sealwax explain --what-if}. Pure; give it the rows of {@link LiveLedger#each}, the policy
 * of the other configuration and what its sources say.
 *
 * <p>A row remembers what was negotiated, whether the certificate held for the host's name by
 * public roots, and the key; it does not remember certificates. Where a demand cannot be judged by
 * that, the answer is {@link Would.Unknown} and never a guess. What DANE and MTA-STS said at that
 * time is not remembered either: the evidence given stands for all observations.
 */
public final class Replay {
  /** The TLSA record that a key alone can be held against (RFC 7671 5.1). */
  private static final int USAGE_DANE_EE = 3;

  private static final int SELECTOR_SPKI = 1;
  private static final int MATCHING_SHA256 = 1;

  private final Policy policy;
  private final Sources sources;

  /** What the other configuration's sources say, rows and default among them. */
  @FunctionalInterface
  public interface Sources {
    /** As {@code router.evidence.Source}. */
    List<Evidence> about(Subject subject);
  }

  /** What would have become of mail on one remembered connection. */
  public sealed interface Would {
    /** It would have been sent, under TLS. */
    record Pass() implements Would {}

    /**
     * It would have been sent in clear text.
     *
     * @param afterHold not at once, but when the hold for broken TLS had ended
     */
    record GoClear(boolean afterHold) implements Would {}

    /** It would have waited. */
    record Wait(String why) implements Would {}

    /** The row does not remember enough to tell. */
    record Unknown(String why) implements Would {}
  }

  /** One remembered connection and what would have become of mail on it. */
  public record Line(Domain host, Showing showing, Would would) {}

  /** Under this policy. */
  public Replay(Policy policy, Sources sources) {
    this.policy = policy;
    this.sources = sources;
  }

  /** Every remembered connection of a domain, host by host, the oldest first. */
  public List<Line> lines(DomainRow row) {
    List<Line> out = new ArrayList<>();
    for (Map.Entry<Domain, HostRow> entry :
        row.hosts().entrySet().stream().sorted(Map.Entry.comparingByKey()).toList()) {
      Subject subject = new Subject(row.domain(), entry.getKey(), false);
      List<Evidence> evidence = sources.about(subject);
      for (Showing showing : entry.getValue().recent()) {
        if (showing.shown() != Shown.SILENT) {
          Requirement requirement = policy.requirementFor(subject, evidence, showing.at());
          Would would = would(entry.getKey(), showing, requirement);
          boolean knowsDane = evidence.stream().anyMatch(Evidence.Dane.class::isInstance);
          out.add(
              new Line(
                  entry.getKey(),
                  showing,
                  !knowsDane && lacksTlsa(entry.getKey(), requirement)
                      ? new Would.Unknown("whether there are TLSA records is not remembered")
                      : would));
        }
      }
    }
    return out;
  }

  /** A row that demands DANE, where nobody looked for it: that is no proof of absence. */
  private static boolean lacksTlsa(Domain host, Requirement requirement) {
    return requirement
        .mxFilter()
        .refusal(host)
        .filter(refusal -> refusal.reason() == Reason.DANE_MISSING)
        .isPresent();
  }

  private static Would would(Domain host, Showing showing, Requirement requirement) {
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(host);
    if (refusal.isPresent()) {
      return new Would.Wait(host + " " + refusal.get().text());
    }
    if (requirement.encryption() == Requirement.Encryption.NEVER) {
      return new Would.GoClear(false);
    }
    return switch (showing.shown()) {
      case SILENT -> new Would.Unknown("no connection");
      case INJECTED -> new Would.Wait("clear text was injected");
      case CLEAR -> withoutTls("TLS was not offered", false, requirement);
      case REFUSED -> withoutTls("STARTTLS was refused", true, requirement);
      case BROKEN -> withoutTls("TLS broke", true, requirement);
      case ENCRYPTED, VERIFIED -> underTls(host, showing, requirement);
    };
  }

  private static Would withoutTls(String why, boolean offered, Requirement requirement) {
    boolean never = requirement.clearText() == Requirement.ClearText.NEVER;
    if (requirement.demandsTls() || never) {
      return new Would.Wait(why);
    }
    return new Would.GoClear(
        offered || requirement.clearText() == Requirement.ClearText.AFTER_HOLD);
  }

  private static Would underTls(Domain host, Showing showing, Requirement requirement) {
    TlsVersion version = showing.version();
    if (version != null && version.compareTo(requirement.floor().lowest()) < 0) {
      return new Would.Wait(version.label() + " is below the floor");
    }
    Would all = new Would.Pass();
    for (Demand demand : requirement.identity()) {
      Would one =
          switch (demand) {
            case Demand.Pkix pkix -> pkix(host, showing, pkix);
            case Demand.Pinned pinned -> pinned(showing.key(), pinned.pins());
            case Demand.Tlsa tlsa -> tlsa(showing.key(), tlsa.associations().records());
          };
      if (one instanceof Would.Wait) {
        return one;
      }
      all = one instanceof Would.Unknown ? one : all;
    }
    return all;
  }

  private static Would pkix(Domain host, Showing showing, Demand.Pkix pkix) {
    if (!pkix.roots().equals(Demand.PUBLIC_ROOTS)) {
      return new Would.Unknown("certificates by " + pkix.roots() + " are not remembered");
    }
    if (!pkix.names().contains(host)) {
      return new Would.Unknown(
          "whether the certificate names " + pkix.text() + " is not remembered");
    }
    return showing.shown() == Shown.VERIFIED
        ? new Would.Pass()
        : new Would.Wait("no certificate by public roots for " + host);
  }

  private static Would pinned(@Nullable Pin key, Set<Pin> pins) {
    return key != null && pins.contains(key)
        ? new Would.Pass()
        : new Would.Wait("the key is not among the pins");
  }

  private static Would tlsa(@Nullable Pin key, Set<Association> records) {
    boolean judgeable = true;
    for (Association a : records) {
      boolean byKey =
          a.usage() == USAGE_DANE_EE
              && a.selector() == SELECTOR_SPKI
              && a.matching() == MATCHING_SHA256;
      if (byKey && key != null && a.data().equalsIgnoreCase(key.hex())) {
        return new Would.Pass();
      }
      judgeable &= byKey;
    }
    return judgeable
        ? new Would.Wait("the key matches no TLSA record")
        : new Would.Unknown("TLSA records beyond 3 1 1 cannot be held against a key alone");
  }
}
