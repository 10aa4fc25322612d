package org.sealwax.router.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.ledger.ClockReading;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.HostRecord;
import org.sealwax.router.ledger.LedgerRules;
import org.sealwax.router.ledger.ProvenLevel;
import org.sealwax.router.ledger.RememberedSample;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.route.TransportTable;

/**
 * One of the two configurations that {@link WhatIf} compares: what would have become of mail on the
 * connections that the ledger remembers. Pure; asks no server: rows, kept MTA-STS policies and the
 * ledger are on this machine.
 *
 * <p>A record remembers what was negotiated, whether the certificate held for the host's name by
 * public roots, and the key; it does not remember certificates. Where a demand cannot be judged by
 * that, the answer is {@link Kind#UNKNOWN} and never a guess. What DANE and MTA-STS said at that
 * time is not recorded either: the evidence given stands for all observations.
 *
 * @param policy in force
 * @param rows the rows of the configuration for a subject
 * @param remembered what is known of the domain of a record
 * @param elsewhere why the ledger has no part in mail to a domain, if so
 */
record LedgerReplay(
    Policy policy,
    Function<PolicySubject, List<Evidence>> rows,
    Function<DomainRecord, List<Evidence>> remembered,
    Function<Domain, Optional<String>> elsewhere) {
  /** The TLSA record that a key alone can be held against (RFC 7671 5.1). */
  private static final int USAGE_DANE_EE = 3;

  private static final int SELECTOR_SPKI = 1;
  private static final int MATCHING_SHA256 = 1;

  private static final Outcome PASS = new Outcome(Kind.PASS, "");
  private static final Outcome PLAINTEXT = new Outcome(Kind.PLAINTEXT_AT_ONCE, "");

  /** What would have become of mail on one connection. */
  enum Kind {
    PASS,
    /** Not at once, but when the hold for broken TLS had ended. */
    PLAINTEXT_AFTER_HOLD,
    PLAINTEXT_AT_ONCE,
    WAIT,
    /** The record does not hold enough to decide. */
    UNKNOWN
  }

  /**
   * The same with its reason.
   *
   * @param reason empty where the kind is enough
   */
  record Outcome(Kind kind, String reason) {
    /** {@code wait: TLS was not offered}. */
    String text() {
      String word = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      return reason.isEmpty() ? word : word + ": " + reason;
    }
  }

  /** One remembered connection and what would have become of mail on it. */
  record ReplayedConnection(Domain host, RememberedSample sample, Outcome outcome) {}

  /**
   * Under a configuration.
   *
   * @param sts the MTA-STS policy in force, from memory or disk
   */
  static LedgerReplay of(
      RouterSettings settings,
      Function<Domain, Optional<StsMemory.FetchedPolicy>> sts,
      ClockReading reading) {
    TransportTable routes = new TransportTable(settings.forward());
    LedgerRules rules = new LedgerRules(settings.ledger(), PublicSuffixList.bundled());
    return new LedgerReplay(
        new Policy(settings.deliver().ladder(), settings.deliver().floors()),
        new PolicyRows(settings.deliver().level(), settings.deliver().rows())::evidenceFor,
        row -> {
          List<Evidence> out = new ArrayList<>();
          if (settings.sts().isPresent()) {
            sts.apply(row.domain()).ifPresent(fetched -> out.add(published(row.domain(), fetched)));
          }
          // As PersistentLedger gives it: a level not seen for too long has fallen away.
          rules.evidence(rules.step(row, reading).timePassed().row()).ifPresent(out::add);
          return out;
        },
        domain -> otherRoute(routes, domain));
  }

  /** Every remembered connection of a domain, host by host, the oldest first. */
  List<ReplayedConnection> connections(DomainRecord row) {
    List<ReplayedConnection> out = new ArrayList<>();
    Optional<Outcome> other =
        elsewhere.apply(row.domain()).map(route -> new Outcome(Kind.UNKNOWN, route));
    List<Evidence> ofDomain = remembered.apply(row);
    for (Map.Entry<Domain, HostRecord> entry :
        row.hosts().entrySet().stream().sorted(Map.Entry.comparingByKey()).toList()) {
      PolicySubject subject = new PolicySubject(row.domain(), entry.getKey(), false);
      List<Evidence> evidence = new ArrayList<>(rows.apply(subject));
      evidence.addAll(ofDomain);
      for (RememberedSample sample : entry.getValue().history()) {
        if (sample.level() != ProvenLevel.SILENT) {
          Outcome outcome = other.orElseGet(() -> outcome(subject, sample, evidence));
          out.add(new ReplayedConnection(entry.getKey(), sample, outcome));
        }
      }
    }
    return out;
  }

  private Outcome outcome(PolicySubject subject, RememberedSample sample, List<Evidence> evidence) {
    Requirement requirement = policy.requirementFor(subject, evidence, sample.at());
    Domain host = (Domain) subject.host();
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(host);
    if (refusal.isPresent()) {
      // A row may demand DANE where it was not looked up: that is not proof of absence.
      return refusal.get().reason() == DeferReason.DANE_MISSING
              && evidence.stream().noneMatch(Evidence.Dane.class::isInstance)
          ? new Outcome(Kind.UNKNOWN, "the ledger does not record TLSA records")
          : new Outcome(Kind.WAIT, host + " " + refusal.get().text());
    }
    if (requirement.encryption() == Requirement.TlsUse.NEVER) {
      return PLAINTEXT;
    }
    return switch (sample.level()) {
      case SILENT -> new Outcome(Kind.UNKNOWN, "no connection");
      case INJECTED -> new Outcome(Kind.WAIT, "plaintext was injected");
      case CLEAR -> withoutTls("TLS was not offered", false, requirement);
      case REFUSED -> withoutTls("STARTTLS was rejected", true, requirement);
      case BROKEN -> withoutTls("TLS handshake failed", true, requirement);
      case ENCRYPTED, VERIFIED -> underTls(host, sample, requirement);
    };
  }

  private static Evidence published(Domain domain, StsMemory.FetchedPolicy fetched) {
    StsPolicy policy = fetched.policy();
    Evidence.StsState state =
        switch (policy.mode()) {
          case ENFORCE -> new Evidence.StsState.Enforce(fetched.id(), policy.mx());
          case TESTING -> new Evidence.StsState.Testing(fetched.id(), policy.mx());
          case NONE -> new Evidence.StsState.Absent("mode none");
        };
    return new Evidence.Sts(domain, state, fetched.expires());
  }

  /** The ledger is about domains by MX: of another way it remembers nothing. */
  private static Optional<String> otherRoute(TransportTable routes, Domain domain) {
    NextHop hop = routes.nextHopFor(new DeliveryTarget.Remote(new Mailbox("postmaster", domain)));
    return switch (hop) {
      case NextHop.ByMx mx -> Optional.empty();
      case NextHop.Fixed f ->
          Optional.of("goes by the route " + f.route() + " to " + f.host() + ":" + f.port());
      case NextHop.Pipe p -> Optional.of("goes to the command " + p.name());
      case NextHop.Reports r -> Optional.of("is processed by this server");
      case NextHop.NoPostmaster n -> Optional.of("has no recipient");
    };
  }

  private static Outcome withoutTls(String why, boolean offered, Requirement requirement) {
    boolean never = requirement.plaintextFallback() == Requirement.PlaintextFallback.NEVER;
    if (requirement.demandsTls() || never) {
      return new Outcome(Kind.WAIT, why);
    }
    return offered || requirement.plaintextFallback() == Requirement.PlaintextFallback.AFTER_HOLD
        ? new Outcome(Kind.PLAINTEXT_AFTER_HOLD, "")
        : PLAINTEXT;
  }

  private static Outcome underTls(Domain host, RememberedSample sample, Requirement requirement) {
    TlsVersion version = sample.version();
    if (version != null && version.compareTo(requirement.floor().lowest()) < 0) {
      return new Outcome(Kind.WAIT, version.label() + " is below the lowest TLS version allowed");
    }
    Outcome all = PASS;
    for (IdentityRequirement demand : requirement.identity()) {
      Outcome one =
          switch (demand) {
            case IdentityRequirement.Pkix pkix -> pkix(host, sample, pkix);
            case IdentityRequirement.Pinned pinned -> pinned(sample.key(), pinned.pins());
            case IdentityRequirement.Tlsa tlsa -> tlsa(sample.key(), tlsa.associations().records());
          };
      if (one.kind() == Kind.WAIT) {
        return one;
      }
      all = one.kind() == Kind.UNKNOWN ? one : all;
    }
    return all;
  }

  private static Outcome pkix(Domain host, RememberedSample sample, IdentityRequirement.Pkix pkix) {
    if (!pkix.roots().equals(IdentityRequirement.PUBLIC_ROOTS)) {
      return new Outcome(Kind.UNKNOWN, "certificates by " + pkix.roots() + " are not recorded");
    }
    if (!pkix.names().contains(host)) {
      return new Outcome(Kind.UNKNOWN, "the names in the certificate are not recorded");
    }
    return sample.level() == ProvenLevel.VERIFIED
        ? PASS
        : new Outcome(Kind.WAIT, "no certificate by public roots for " + host);
  }

  private static Outcome pinned(@Nullable Pin key, Set<Pin> pins) {
    return key != null && pins.contains(key)
        ? PASS
        : new Outcome(Kind.WAIT, "the key is not among the pins");
  }

  private static Outcome tlsa(@Nullable Pin key, Set<TlsaAssociation> records) {
    boolean judgeable = true;
    for (TlsaAssociation a : records) {
      boolean byKey =
          a.usage() == USAGE_DANE_EE
              && a.selector() == SELECTOR_SPKI
              && a.matching() == MATCHING_SHA256;
      if (byKey && key != null && a.data().equalsIgnoreCase(key.hex())) {
        return PASS;
      }
      judgeable &= byKey;
    }
    return judgeable
        ? new Outcome(Kind.WAIT, "the key matches no TLSA record")
        : new Outcome(Kind.UNKNOWN, "TLSA records other than 3 1 1 cannot be compared with a key");
  }
}
