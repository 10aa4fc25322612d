package org.sealwax.mail.policy;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The transport policy: derives the requirement from the evidence, and the decision from
 * requirement and observation. Pure and immutable.
 *
 * @param ladder fallback steps and limits
 * @param floors for evidence that names none
 */
public record Policy(FallbackLadder ladder, TlsFloors floors) {

  /**
   * {@return what must hold for mail to {@code subject}}
   *
   * <p>Sources add up; none lowers what another demands. The listed exceptions: a row with {@code
   * override} stands in for DANE, MTA-STS, the ledger and the other rows, and {@code TLS-Required:
   * No} lets one message pass DANE, MTA-STS and the ledger, but no row. REQUIRETLS yields to
   * neither: it was promised to the sender (docs/adr/0042).
   *
   * @param subject next hop, host and port
   * @param evidence from every source that applies; at least one of them about the next hop as a
   *     whole (a row, a route, or the default), otherwise level {@code may} is assumed
   * @param now expired rows do not count; other evidence is as fresh as the source that gave it,
   *     and is never dropped here: a DANE answer that expired a second ago must not count as no
   *     DANE
   */
  public Requirement requirementFor(PolicySubject subject, List<Evidence> evidence, Instant now) {
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
          isDaneInForce(evidence)
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

  /**
   * {@return why a default, a route or a row among {@code evidence} has no part in {@link
   * #requirementFor}; empty when it has, and for evidence that is not the admin's}
   *
   * @param one the piece of evidence
   * @param evidence everything known before connecting
   * @param now the current time
   */
  public static Optional<String> ignoredReason(Evidence one, List<Evidence> evidence, Instant now) {
    return one instanceof Evidence.Default || AdminRows.row(one) != null
        ? AdminRows.of(evidence, now).ignoredReason(one, now)
        : Optional.empty();
  }

  /**
   * {@return whether DNSSEC proves the way from the next hop to the keys of this host}
   *
   * @param evidence everything known before connecting
   */
  public static boolean isDaneInForce(List<Evidence> evidence) {
    for (Evidence e : evidence) {
      if (e instanceof Evidence.Dane dane
          && dane.secureMx()
          && dane.state() instanceof Evidence.DaneState.Usable) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@return whether DANE is in force and this peer is the one that it names}
   *
   * @param evidence everything known before connecting
   * @param seen what the connection showed
   */
  public static boolean isProvenByDane(List<Evidence> evidence, Observation seen) {
    return seen instanceof Observation.Encrypted encrypted
        && isDaneInForce(evidence)
        && evidence.stream()
            .anyMatch(
                e ->
                    e instanceof Evidence.Dane dane
                        && dane.state() instanceof Evidence.DaneState.Usable usable
                        && isMet(
                            new IdentityRequirement.Tlsa(usable.associations(), dane.secureMx()),
                            encrypted.handshake()));
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
    return java.util.Objects.requireNonNull(all, "the default level is always counted");
  }

  private Requirement ofRow(
      PolicySubject subject, Evidence evidence, AdminRows rows, List<Evidence> gathered) {
    PolicyRow row = AdminRows.row(evidence);
    TlsLevel level =
        row != null
            ? row.level()
            : evidence instanceof Evidence.Default d ? d.level() : TlsLevel.MAY;
    Requirement of = of(subject, level, row, rows, RequirementOrigins.of(evidence));
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
            .filter(java.util.Objects::nonNull)
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

  private Requirement of(
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

  /**
   * {@return what to do after one connection showed {@code observation}}
   *
   * <p>Ask again for each host whose last decision was {@link Decision.NextHost} with {@link
   * DeferReason#TLS_BROKEN}, {@link DeferReason#TLS_REFUSED} or {@link DeferReason#TLS_NOT_OFFERED}
   * once {@link FallbackState#everyHostTried} has become true: only then can the decision be
   * plaintext.
   *
   * @param requirement what must hold
   * @param observation what the connection showed
   * @param state the state of the fallback at this host
   */
  public Decision decide(Requirement requirement, Observation observation, FallbackState state) {
    return switch (observation) {
      case Observation.Unreachable u -> new Decision.NextHost(DeferReason.CONNECT, u.why());
      case Observation.RefusedByReply u ->
          new Decision.NextHost(
              DeferReason.GREETING, "rejected at " + u.stage().name() + ": " + u.reply());
      case Observation.ConnectionLost b ->
          new Decision.NextHost(DeferReason.LOST_CONNECTION, b.why());
      case Observation.Injected i ->
          new Decision.NextHost(
              DeferReason.TLS_INJECTION, "plaintext followed the reply to STARTTLS");
      case Observation.Encrypted e -> judged(requirement, e.handshake(), state);
      case Observation.HandshakeFailed b -> broken(requirement, b, state);
      case Observation.StarttlsRefused r -> refused(requirement, r, state);
      case Observation.Unencrypted c -> clear(requirement, c, state);
    };
  }

  private static Decision judged(
      Requirement requirement, Handshake handshake, FallbackState state) {
    if (handshake.version().compareTo(requirement.floor().lowest()) < 0) {
      return new Decision.NextHost(
          DeferReason.TLS_FLOOR,
          handshake.version().label() + " is below the lowest TLS version allowed");
    }
    Optional<String> never = requirement.contradiction();
    if (never.isPresent()) {
      return new Decision.NextHost(DeferReason.TLS_IDENTITY, never.get());
    }
    for (IdentityRequirement demand : requirement.identity()) {
      if (!isMet(demand, handshake)) {
        // Never a lower step because of a verdict: an attacker who forges certificates must not
        // choose the step.
        return new Decision.NextHost(DeferReason.TLS_IDENTITY, demand.unmetText(handshake));
      }
    }
    FallbackStep shown = state.memory().strongest();
    return new Decision.Proceed(shown != null && state.step().isBelow(shown));
  }

  /**
   * {@return whether a handshake satisfies one demand}
   *
   * @param demand the demand
   * @param handshake the facts of the handshake
   */
  public static boolean isMet(IdentityRequirement demand, Handshake handshake) {
    return switch (demand) {
      case IdentityRequirement.Pkix pkix ->
          handshake.proof().isChainValid()
              && (handshake.verdict()
                          instanceof Verdict.Verified(Verdict.IdentifiedBy by, String what)
                      && by == Verdict.IdentifiedBy.NAME
                      && pkix.names().stream().anyMatch(name -> name.name().equals(what))
                  || namesLeaf(pkix, handshake));
      case IdentityRequirement.Tlsa tlsa -> {
        TlsaAssociation matched = handshake.proof().association();
        yield matched != null && tlsa.associations().records().contains(matched);
      }
      case IdentityRequirement.Pinned pinned ->
          pinned.pins().stream().anyMatch(pin -> isLeaf(pin, handshake));
    };
  }

  /** The verdict names the first name that matched; another demand may have meant another one. */
  private static boolean namesLeaf(IdentityRequirement.Pkix pkix, Handshake handshake) {
    return !handshake.peerChain().isEmpty()
        && NameCheck.match(handshake.peerChain().getFirst(), pkix.names()).isPresent();
  }

  private static boolean isLeaf(Pin pin, Handshake handshake) {
    return !handshake.peerChain().isEmpty()
        && Pins.of(handshake.peerChain().getFirst()).equals(pin);
  }

  private Decision broken(
      Requirement requirement, Observation.HandshakeFailed broken, FallbackState state) {
    Optional<FallbackStep> next = ladder.nextBelow(requirement, state);
    if (next.isPresent() && !state.everyHostTried()) {
      return new Decision.FallBack(next.get());
    }
    return atTheEndOf(
        requirement, DeferReason.TLS_BROKEN, "TLS handshake failed: " + broken.why(), state);
  }

  private Decision refused(
      Requirement requirement, Observation.StarttlsRefused refused, FallbackState state) {
    String text = "STARTTLS rejected: " + refused.reply();
    Instant before = state.memory().starttlsRefusedFirst();
    // Tried again in the next delivery, then it counts as not offered.
    boolean again = before != null && before.isBefore(state.deliveryBegan());
    if (!requirement.demandsTls() && again) {
      return withoutOffer(requirement, DeferReason.TLS_REFUSED, text, state);
    }
    return new Decision.NextHost(DeferReason.TLS_REFUSED, text);
  }

  private Decision clear(
      Requirement requirement, Observation.Unencrypted unencrypted, FallbackState state) {
    return switch (requirement.encryption()) {
      case NEVER -> new Decision.Proceed(false);
      case ALWAYS ->
          new Decision.NextHost(
              DeferReason.TLS_NOT_OFFERED, "TLS is required, but was not offered");
      case IF_OFFERED -> {
        if (state.step() != FallbackStep.CLEAR) {
          yield withoutOffer(
              requirement, DeferReason.TLS_NOT_OFFERED, "TLS was not offered", state);
        }
        // A connection that was made without TLS by decision; the reasons are checked again.
        yield state.everyHostTried() && ladder.isPlaintextDue(requirement, state)
            ? new Decision.Proceed(true)
            : new Decision.NextHost(
                DeferReason.TLS_BROKEN,
                "plaintext is not allowed" + (unencrypted.starttlsOffered() ? "" : " yet"));
      }
    };
  }

  /**
   * Plaintext because TLS is not offered: at once, unless the requirement or the past says
   * otherwise.
   */
  private Decision withoutOffer(
      Requirement requirement, DeferReason reason, String text, FallbackState state) {
    boolean neverOffered = state.memory().strongest() == null;
    if (requirement.plaintextFallback() == Requirement.PlaintextFallback.AT_ONCE && neverOffered) {
      return new Decision.Proceed(false);
    }
    return atTheEndOf(
        requirement,
        reason,
        neverOffered ? text : text + ", although this host has used TLS before",
        state);
  }

  private Decision atTheEndOf(
      Requirement requirement, DeferReason reason, String text, FallbackState state) {
    if (requirement.demandsTls()
        || requirement.plaintextFallback() == Requirement.PlaintextFallback.NEVER
        || !state.everyHostTried()) {
      return new Decision.NextHost(reason, text);
    }
    if (!ladder.isPlaintextDue(requirement, state)) {
      return new Decision.WaitForHold(ladder.holdEnds(state), reason, text);
    }
    if (reason == DeferReason.TLS_BROKEN && !ladder.hasBroken(requirement, state.memory())) {
      return new Decision.Defer(
          reason, text + "; the last TLS fallback step has not been tried yet");
    }
    return FallbackLadder.hasConnectionsLeft(state.inDelivery())
            && state.atHost() < FallbackLadder.PER_HOST
        ? new Decision.GoPlaintext()
        : new Decision.Defer(
            DeferReason.LADDER_BOUND, text + "; the connection limit leaves none for plaintext");
  }
}
