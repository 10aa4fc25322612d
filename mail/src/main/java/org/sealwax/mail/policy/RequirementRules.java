package org.sealwax.mail.policy;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.TlsFloor;

/**
 * What the evidence demands of one host: the levels of the configuration, and what the domain has
 * published or shown, joined so that a source can raise the demand and never lower it. Pure.
 *
 * @param floors the lowest TLS versions
 */
record RequirementRules(TlsFloors floors) {
  /** The requirement for a host, as {@link Policy#requirementFor} describes it. */
  Requirement of(PolicySubject subject, List<Evidence> evidence, Instant now) {
    boolean requireTls = false;
    boolean tlsRequiredNo = false;
    for (Evidence e : evidence) {
      requireTls |= e instanceof Evidence.RequireTls;
      tlsRequiredNo |= e instanceof Evidence.TlsRequiredNo;
    }
    boolean passes = !requireTls && tlsRequiredNo;
    AdminRows rows = AdminRows.of(evidence, now);
    Requirement admin = adminsRequirement(subject, rows, evidence);
    Requirement published = admin;
    Requirement all = admin;
    if (rows.override() == null && !passes) {
      published = withAll(subject, published, evidence, Evidence.Dane.class);
      published = withAll(subject, published, evidence, Evidence.Sts.class);
      // Present proof outranks memory.
      all =
          Policy.isDaneInForce(evidence)
              ? published
              : withAll(subject, published, evidence, Evidence.LedgerLevel.class);
    }
    if (requireTls) {
      Requirement demanded = requireTls(subject, rows, evidence);
      published = published.and(demanded);
      all = all.and(demanded);
    }
    Requirement sum = published.isAtLeast(all) ? all : all.asRemembered();
    TlsFloor floor = rows.floor();
    return floor == null ? sum : sum.withFloor(floor);
  }

  private Requirement withAll(
      PolicySubject subject,
      Requirement base,
      List<Evidence> evidence,
      Class<? extends Evidence> source) {
    Requirement all = base;
    for (Evidence e : evidence) {
      Requirement more = source.isInstance(e) ? ofSource(subject, e) : null;
      if (more != null) {
        // The source first: the SNI name of DANE has precedence over a row's.
        all = more.and(all);
      }
    }
    return all;
  }

  private Requirement adminsRequirement(
      PolicySubject subject, AdminRows rows, List<Evidence> evidence) {
    @Nullable Requirement all = null;
    for (Evidence e : rows.counted()) {
      Requirement of = ofRow(subject, e, rows, evidence);
      all = all == null ? of : all.and(of);
    }
    return Objects.requireNonNull(all, "the default level is always counted");
  }

  private Requirement ofRow(
      PolicySubject subject, Evidence evidence, AdminRows rows, List<Evidence> gathered) {
    PolicyRow row = AdminRows.row(evidence);
    TlsLevel level =
        row != null
            ? row.level()
            : evidence instanceof Evidence.Default d ? d.level() : TlsLevel.MAY;
    Requirement of = ofLevel(subject, level, row, rows, RequirementOrigins.of(evidence));
    return level == TlsLevel.DANE_ONLY ? of.and(daneOnly(subject, gathered)) : of;
  }

  /** The second rule of {@code dane-only}: usable records, or no mail. */
  private Requirement daneOnly(PolicySubject subject, List<Evidence> gathered) {
    Optional<Requirement> usable =
        gathered.stream()
            .filter(
                e ->
                    e instanceof Evidence.Dane d
                        && (d.state() instanceof Evidence.DaneState.Usable
                            || d.state() instanceof Evidence.DaneState.LookupFailed))
            .map(e -> ofSource(subject, e))
            .filter(Objects::nonNull)
            .findFirst();
    return usable.orElseGet(
        () ->
            encrypted(
                TlsLevel.DANE_ONLY,
                Set.of(),
                new MxFilter.NoHostAllowed(
                    new MxFilter.Refusal(
                        DeferReason.DANE_MISSING,
                        "has no usable TLSA record, which a policy entry requires")),
                Requirement.TlsPresentation.USUAL,
                List.of()));
  }

  /** The requirement of a published source or the ledger; null when it has none. */
  private @Nullable Requirement ofSource(PolicySubject subject, Evidence evidence) {
    List<String> because = RequirementOrigins.of(evidence);
    Requirement.TlsPresentation usual = Requirement.TlsPresentation.USUAL;
    return switch (evidence) {
      case Evidence.Dane d -> {
        // RFC 7672 §8.1: the base domain is the SNI name.
        Requirement.TlsPresentation presentation = new Requirement.TlsPresentation(d.base(), true);
        yield switch (d.state()) {
          case Evidence.DaneState.Usable u ->
              encrypted(
                  TlsLevel.DANE,
                  Set.of(new IdentityRequirement.Tlsa(u.associations(), d.secureMx())),
                  new MxFilter.Any(),
                  presentation,
                  because);
          case Evidence.DaneState.Unusable u ->
              encrypted(TlsLevel.DANE, Set.of(), new MxFilter.Any(), presentation, because);
          case Evidence.DaneState.LookupFailed t ->
              // RFC 7672 §2.1.1, §2.2: this host is not used while the answer is not known.
              encrypted(
                  TlsLevel.DANE,
                  Set.of(),
                  new MxFilter.NoHostAllowed(
                      new MxFilter.Refusal(DeferReason.DANE_LOOKUP, t.why())),
                  usual,
                  because);
          case Evidence.DaneState.Absent a -> null;
        };
      }
      case Evidence.Sts s ->
          switch (s.state()) {
            case Evidence.StsState.Enforce e ->
                // RFC 8461 §4.1: a listed host, and a certificate for that host's name.
                encrypted(
                    TlsLevel.STS,
                    Set.of(
                        IdentityRequirement.Pkix.of(
                            subject.hostNames(), IdentityRequirement.PUBLIC_ROOTS)),
                    new MxFilter.Patterns(e.mx()),
                    usual,
                    because);
            case Evidence.StsState.Pending p ->
                encrypted(
                    TlsLevel.STS,
                    Set.of(),
                    new MxFilter.NoHostAllowed(
                        new MxFilter.Refusal(
                            DeferReason.STS_PENDING,
                            p.why()
                                + "; waiting until "
                                + p.until().truncatedTo(ChronoUnit.SECONDS))),
                    usual,
                    because);
            case Evidence.StsState.Testing t -> null;
            case Evidence.StsState.Absent a -> null;
          };
      case Evidence.LedgerLevel l ->
          encrypted(
              l.level(),
              l.level() == TlsLevel.VERIFY
                  ? Set.of(
                      IdentityRequirement.Pkix.of(
                          subject.hostNames(), IdentityRequirement.PUBLIC_ROOTS))
                  : Set.of(),
              l.known(),
              usual,
              because);
      case Evidence.Default d -> null;
      case Evidence.Route r -> null;
      case Evidence.RecipientRow r -> null;
      case Evidence.NextHopRow r -> null;
      case Evidence.HostRow r -> null;
      case Evidence.RequireTls r -> null;
      case Evidence.TlsRequiredNo n -> null;
    };
  }

  /**
   * RFC 8689 §4.2.1: the choice of the host is vouched for by DNSSEC or MTA-STS (or there was no
   * choice), and the host is verified by DANE or by a trusted certificate for its name.
   */
  private Requirement requireTls(PolicySubject subject, AdminRows rows, List<Evidence> gathered) {
    boolean vouched = subject.secureMx() || subject.host().equals(subject.nextHop());
    Set<IdentityRequirement> identity =
        Set.of(
            IdentityRequirement.Pkix.of(
                rows.namesOr(subject.hostNames()), IdentityRequirement.PUBLIC_ROOTS));
    MxFilter filter = new MxFilter.Any();
    Requirement.TlsPresentation presentation = Requirement.TlsPresentation.USUAL;
    for (Evidence e : gathered) {
      if (e instanceof Evidence.Sts s && s.state() instanceof Evidence.StsState.Enforce policy) {
        vouched |= new MxFilter.Patterns(policy.mx()).admits(subject.host());
      }
      if (e instanceof Evidence.Dane d && d.state() instanceof Evidence.DaneState.Usable usable) {
        identity = Set.of(new IdentityRequirement.Tlsa(usable.associations(), d.secureMx()));
        presentation = new Requirement.TlsPresentation(d.base(), true);
      }
    }
    if (!vouched) {
      filter =
          new MxFilter.NoHostAllowed(
              new MxFilter.Refusal(
                  DeferReason.REQUIRETLS_MX,
                  "REQUIRETLS: the MX host is not confirmed by DNSSEC or MTA-STS"));
    }
    return encrypted(
            TlsLevel.ENCRYPT,
            identity,
            filter,
            presentation,
            RequirementOrigins.of(new Evidence.RequireTls()))
        .withRequireTls();
  }

  private Requirement encrypted(
      TlsLevel wanted,
      Set<IdentityRequirement> identity,
      MxFilter filter,
      Requirement.TlsPresentation presentation,
      List<String> because) {
    return new Requirement(
        Requirement.TlsUse.ALWAYS,
        identity,
        Requirement.PlaintextFallback.NEVER,
        floors.always(),
        filter,
        wanted,
        presentation,
        false,
        false,
        because);
  }

  private Requirement ofLevel(
      PolicySubject subject,
      TlsLevel level,
      @Nullable PolicyRow row,
      AdminRows rows,
      List<String> because) {
    String ca = row == null || row.ca() == null ? IdentityRequirement.PUBLIC_ROOTS : row.ca();
    List<Domain> named = row == null ? List.of() : row.names();
    Requirement.TlsUse encryption =
        switch (level) {
          case NONE -> Requirement.TlsUse.NEVER;
          case MAY -> Requirement.TlsUse.IF_OFFERED;
          case ENCRYPT, FINGERPRINT, VERIFY, SECURE, STS, DANE, DANE_ONLY ->
              Requirement.TlsUse.ALWAYS;
        };
    Set<IdentityRequirement> identity =
        switch (level) {
          case NONE, MAY, ENCRYPT, STS, DANE, DANE_ONLY -> Set.of();
          case FINGERPRINT ->
              Set.of(new IdentityRequirement.Pinned(row == null ? Set.of() : row.pins()));
          case VERIFY ->
              Set.of(
                  IdentityRequirement.Pkix.of(
                      named.isEmpty() ? rows.namesOr(subject.hostNames()) : named, ca));
          case SECURE ->
              Set.of(
                  IdentityRequirement.Pkix.of(
                      named.isEmpty() ? rows.namesOr(subject.unforgeableNames()) : named, ca));
        };
    TlsFloor usual = level.demandsTls() ? floors.always() : floors.ifOffered();
    TlsFloor floor = row == null || row.floor() == null ? usual : new TlsFloor(row.floor());
    Requirement.TlsPresentation presentation =
        row == null
            ? Requirement.TlsPresentation.USUAL
            : new Requirement.TlsPresentation(row.serverName(), row.clientCertificate());
    return new Requirement(
        encryption,
        identity,
        level.demandsTls()
            ? Requirement.PlaintextFallback.NEVER
            : Requirement.PlaintextFallback.AT_ONCE,
        floor,
        new MxFilter.Any(),
        level,
        presentation,
        false,
        false,
        because);
  }
}
