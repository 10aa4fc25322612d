package org.sealwax.mail.policy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The decisions: evidence to requirement, requirement and observation to decision. Pure and
 * immutable.
 *
 * @param ladder rungs and bounds
 * @param floors for evidence that names none
 */
public record Policy(Ladder ladder, Floors floors) {

  /**
   * What must hold for mail to {@code subject}.
   *
   * <p>Sources add up; none lowers what another demands. The listed exceptions: a row with {@code
   * override} stands in for DANE, MTA-STS, the ledger and the other rows, and {@code TLS-Required:
   * No} lets one message pass DANE, MTA-STS and the ledger, but no row. REQUIRETLS yields to
   * neither: it was promised to the sender (docs/adr/1000).
   *
   * @param evidence from every source that has something to say; at least one that speaks about the
   *     next hop as a whole (a row, a route, or the default), otherwise level {@code may} is
   *     assumed
   * @param now expired rows do not count; other evidence is as fresh as the source that gave it,
   *     and is never dropped here: what DANE said a second too long ago is not nothing
   */
  public Requirement requirementFor(Subject subject, List<Evidence> evidence, Instant now) {
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
              : withAll(subject, published, evidence, Evidence.Ledger.class);
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
   * Why a default, a route or a row among {@code evidence} has no part in {@link #requirementFor};
   * empty when it has, and for evidence that is not the admin's.
   */
  public static Optional<String> whyNot(Evidence one, List<Evidence> evidence, Instant now) {
    return one instanceof Evidence.Default || AdminRows.row(one) != null
        ? AdminRows.of(evidence, now).whyNot(one, now)
        : Optional.empty();
  }

  /** Whether DNSSEC proves the way from the next hop to the keys of this host. */
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

  /** Whether DANE is in force and this peer is the one that it names. */
  public static boolean isProvenByDane(List<Evidence> evidence, Observation seen) {
    return seen instanceof Observation.Encrypted encrypted
        && isDaneInForce(evidence)
        && evidence.stream()
            .anyMatch(
                e ->
                    e instanceof Evidence.Dane dane
                        && dane.state() instanceof Evidence.DaneState.Usable usable
                        && isMet(
                            new Demand.Tlsa(usable.associations(), dane.secureMx()),
                            encrypted.handshake()));
  }

  private Requirement withAll(
      Subject subject,
      Requirement base,
      List<Evidence> evidence,
      Class<? extends Evidence> source) {
    Requirement all = base;
    for (Evidence e : evidence) {
      Requirement more = source.isInstance(e) ? ofSource(subject, e) : null;
      if (more != null) {
        // The source first: the name that DANE wants to be called by wins over a row's.
        all = more.and(all);
      }
    }
    return all;
  }

  private Requirement adminsRequirement(Subject subject, AdminRows rows, List<Evidence> evidence) {
    @Nullable Requirement all = null;
    for (Evidence e : rows.counted()) {
      Requirement of = ofRow(subject, e, rows, evidence);
      all = all == null ? of : all.and(of);
    }
    return java.util.Objects.requireNonNull(all, "the admin always says something");
  }

  private Requirement ofRow(
      Subject subject, Evidence evidence, AdminRows rows, List<Evidence> gathered) {
    PolicyRow row = AdminRows.row(evidence);
    Level level =
        row != null ? row.level() : evidence instanceof Evidence.Default d ? d.level() : Level.MAY;
    Requirement of = of(subject, level, row, rows, Origins.of(evidence));
    return level == Level.DANE_ONLY ? of.and(daneOnly(subject, gathered)) : of;
  }

  /** The other half of {@code dane-only}: usable records, or no mail. */
  private Requirement daneOnly(Subject subject, List<Evidence> gathered) {
    Optional<Requirement> usable =
        gathered.stream()
            .filter(
                e ->
                    e instanceof Evidence.Dane d
                        && (d.state() instanceof Evidence.DaneState.Usable
                            || d.state() instanceof Evidence.DaneState.Trouble))
            .map(e -> ofSource(subject, e))
            .filter(java.util.Objects::nonNull)
            .findFirst();
    return usable.orElseGet(
        () ->
            encrypted(
                Level.DANE_ONLY,
                Set.of(),
                new MxFilter.Closed(
                    new MxFilter.Refusal(
                        Reason.DANE_MISSING, "has no usable TLSA record, which a row demands")),
                Requirement.Manner.USUAL,
                List.of()));
  }

  /** What a published source or the ledger demands; null when it has nothing to say. */
  private @Nullable Requirement ofSource(Subject subject, Evidence evidence) {
    List<String> because = Origins.of(evidence);
    Requirement.Manner usual = Requirement.Manner.USUAL;
    return switch (evidence) {
      case Evidence.Dane d -> {
        // RFC 7672 §8.1: the base domain is what the server is called by.
        Requirement.Manner manner = new Requirement.Manner(d.base(), true);
        yield switch (d.state()) {
          case Evidence.DaneState.Usable u ->
              encrypted(
                  Level.DANE,
                  Set.of(new Demand.Tlsa(u.associations(), d.secureMx())),
                  new MxFilter.Any(),
                  manner,
                  because);
          case Evidence.DaneState.Unusable u ->
              encrypted(Level.DANE, Set.of(), new MxFilter.Any(), manner, because);
          case Evidence.DaneState.Trouble t ->
              // RFC 7672 §2.1.1, §2.2: this host is not used while the answer is not known.
              encrypted(
                  Level.DANE,
                  Set.of(),
                  new MxFilter.Closed(new MxFilter.Refusal(Reason.DANE_LOOKUP, t.why())),
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
                    Level.STS,
                    Set.of(Demand.Pkix.of(subject.namesAsFound(), Demand.PUBLIC_ROOTS)),
                    new MxFilter.Patterns(e.mx()),
                    usual,
                    because);
            case Evidence.StsState.Pending p ->
                encrypted(
                    Level.STS,
                    Set.of(),
                    new MxFilter.Closed(
                        new MxFilter.Refusal(
                            Reason.STS_PENDING, p.why() + "; waiting until " + p.until())),
                    usual,
                    because);
            case Evidence.StsState.Testing t -> null;
            case Evidence.StsState.Absent a -> null;
          };
      case Evidence.Ledger l ->
          encrypted(
              l.level(),
              l.level() == Level.VERIFY
                  ? Set.of(Demand.Pkix.of(subject.namesAsFound(), Demand.PUBLIC_ROOTS))
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
  private Requirement requireTls(Subject subject, AdminRows rows, List<Evidence> gathered) {
    boolean vouched = subject.secureMx() || subject.host().equals(subject.nextHop());
    Set<Demand> identity =
        Set.of(Demand.Pkix.of(rows.namesOr(subject.namesAsFound()), Demand.PUBLIC_ROOTS));
    MxFilter filter = new MxFilter.Any();
    Requirement.Manner manner = Requirement.Manner.USUAL;
    for (Evidence e : gathered) {
      if (e instanceof Evidence.Sts s && s.state() instanceof Evidence.StsState.Enforce policy) {
        vouched |= new MxFilter.Patterns(policy.mx()).admits(subject.host());
      }
      if (e instanceof Evidence.Dane d && d.state() instanceof Evidence.DaneState.Usable usable) {
        identity = Set.of(new Demand.Tlsa(usable.associations(), d.secureMx()));
        manner = new Requirement.Manner(d.base(), true);
      }
    }
    if (!vouched) {
      filter =
          new MxFilter.Closed(
              new MxFilter.Refusal(
                  Reason.REQUIRETLS_MX,
                  "REQUIRETLS: neither DNSSEC nor MTA-STS vouches for this MX host"));
    }
    return encrypted(Level.ENCRYPT, identity, filter, manner, Origins.of(new Evidence.RequireTls()))
        .withRequireTls();
  }

  private Requirement encrypted(
      Level wanted,
      Set<Demand> identity,
      MxFilter filter,
      Requirement.Manner manner,
      List<String> because) {
    return new Requirement(
        Requirement.Encryption.ALWAYS,
        identity,
        Requirement.ClearText.NEVER,
        floors.always(),
        filter,
        wanted,
        manner,
        false,
        false,
        because);
  }

  private Requirement of(
      Subject subject, Level level, @Nullable PolicyRow row, AdminRows rows, List<String> because) {
    String ca = row == null || row.ca() == null ? Demand.PUBLIC_ROOTS : row.ca();
    List<Domain> named = row == null ? List.of() : row.names();
    Requirement.Encryption encryption =
        switch (level) {
          case NONE -> Requirement.Encryption.NEVER;
          case MAY -> Requirement.Encryption.IF_OFFERED;
          case ENCRYPT, FINGERPRINT, VERIFY, SECURE, STS, DANE, DANE_ONLY ->
              Requirement.Encryption.ALWAYS;
        };
    Set<Demand> identity =
        switch (level) {
          case NONE, MAY, ENCRYPT, STS, DANE, DANE_ONLY -> Set.of();
          case FINGERPRINT -> Set.of(new Demand.Pinned(row == null ? Set.of() : row.pins()));
          case VERIFY ->
              Set.of(
                  Demand.Pkix.of(
                      named.isEmpty() ? rows.namesOr(subject.namesAsFound()) : named, ca));
          case SECURE ->
              Set.of(
                  Demand.Pkix.of(
                      named.isEmpty() ? rows.namesOr(subject.namesBeyondForgery()) : named, ca));
        };
    TlsFloor usual = level.demandsTls() ? floors.always() : floors.ifOffered();
    TlsFloor floor = row == null || row.floor() == null ? usual : new TlsFloor(row.floor());
    Requirement.Manner manner =
        row == null
            ? Requirement.Manner.USUAL
            : new Requirement.Manner(row.serverName(), row.clientCertificate());
    return new Requirement(
        encryption,
        identity,
        level.demandsTls() ? Requirement.ClearText.NEVER : Requirement.ClearText.AT_ONCE,
        floor,
        new MxFilter.Any(),
        level,
        manner,
        false,
        false,
        because);
  }

  /**
   * What to do after one connection showed {@code observation}.
   *
   * <p>Ask again for each host whose last decision was {@link Decision.NextHost} with {@link
   * Reason#TLS_BROKEN}, {@link Reason#TLS_REFUSED} or {@link Reason#TLS_NOT_OFFERED} once {@link
   * LadderState#everyHostTried} has become true: only then can the answer be clear text.
   */
  public Decision decide(Requirement requirement, Observation observation, LadderState state) {
    return switch (observation) {
      case Observation.Unreachable u -> new Decision.NextHost(Reason.CONNECT, u.why());
      case Observation.Unwelcome u ->
          new Decision.NextHost(
              Reason.GREETING, "refused at " + u.stage().name() + ": " + u.reply());
      case Observation.BrokenOff b -> new Decision.NextHost(Reason.LOST_CONNECTION, b.why());
      case Observation.Injected i ->
          new Decision.NextHost(Reason.TLS_INJECTION, "clear text followed the reply to STARTTLS");
      case Observation.Encrypted e -> judged(requirement, e.handshake(), state);
      case Observation.HandshakeBroken b -> broken(requirement, b, state);
      case Observation.StarttlsRefused r -> refused(requirement, r, state);
      case Observation.Clear c -> clear(requirement, c, state);
    };
  }

  private static Decision judged(Requirement requirement, Handshake handshake, LadderState state) {
    if (handshake.version().compareTo(requirement.floor().lowest()) < 0) {
      return new Decision.NextHost(
          Reason.TLS_FLOOR, handshake.version().label() + " is below the floor");
    }
    Optional<String> never = requirement.contradiction();
    if (never.isPresent()) {
      return new Decision.NextHost(Reason.TLS_IDENTITY, never.get());
    }
    for (Demand demand : requirement.identity()) {
      if (!isMet(demand, handshake)) {
        // Never a lower rung because of a verdict: who forges certificates must not choose.
        return new Decision.NextHost(
            Reason.TLS_IDENTITY,
            "certificate is " + handshake.verdict().text() + ", demanded is " + demand.text());
      }
    }
    Rung shown = state.memory().shown();
    return new Decision.Proceed(shown != null && state.rung().isBelow(shown));
  }

  /** Whether a handshake satisfies one demand. */
  public static boolean isMet(Demand demand, Handshake handshake) {
    return switch (demand) {
      case Demand.Pkix pkix ->
          handshake.proof().chainHolds()
              && (handshake.verdict() instanceof Verdict.Verified(Verdict.By by, String what)
                      && by == Verdict.By.NAME
                      && pkix.names().stream().anyMatch(name -> name.name().equals(what))
                  || namesLeaf(pkix, handshake));
      case Demand.Tlsa tlsa -> {
        Association matched = handshake.proof().association();
        yield matched != null && tlsa.associations().records().contains(matched);
      }
      case Demand.Pinned pinned -> pinned.pins().stream().anyMatch(pin -> isLeaf(pin, handshake));
    };
  }

  /** The verdict tells the first name that matched; another demand may have meant another one. */
  private static boolean namesLeaf(Demand.Pkix pkix, Handshake handshake) {
    return !handshake.peerChain().isEmpty()
        && NameCheck.match(handshake.peerChain().getFirst(), pkix.names()).isPresent();
  }

  private static boolean isLeaf(Pin pin, Handshake handshake) {
    return !handshake.peerChain().isEmpty()
        && Pins.of(handshake.peerChain().getFirst()).equals(pin);
  }

  private Decision broken(
      Requirement requirement, Observation.HandshakeBroken broken, LadderState state) {
    Optional<Rung> next = ladder.below(requirement, state);
    if (next.isPresent() && !state.everyHostTried()) {
      return new Decision.Descend(next.get());
    }
    return atTheEndOf(requirement, Reason.TLS_BROKEN, "TLS broke: " + broken.why(), state);
  }

  private Decision refused(
      Requirement requirement, Observation.StarttlsRefused refused, LadderState state) {
    String text = "STARTTLS was answered " + refused.reply();
    Instant before = state.memory().starttlsRefusedFirst();
    // Tried once more in the next delivery, then it counts as not offered.
    boolean again = before != null && before.isBefore(state.deliveryBegan());
    if (!requirement.demandsTls() && again) {
      return withoutOffer(requirement, Reason.TLS_REFUSED, text, state);
    }
    return new Decision.NextHost(Reason.TLS_REFUSED, text);
  }

  private Decision clear(Requirement requirement, Observation.Clear clear, LadderState state) {
    return switch (requirement.encryption()) {
      case NEVER -> new Decision.Proceed(false);
      case ALWAYS ->
          new Decision.NextHost(Reason.TLS_NOT_OFFERED, "TLS is demanded and was not offered");
      case IF_OFFERED -> {
        if (state.rung() != Rung.CLEAR) {
          yield withoutOffer(requirement, Reason.TLS_NOT_OFFERED, "TLS was not offered", state);
        }
        // A connection that was made without TLS by decision; the grounds are looked at again.
        yield state.everyHostTried() && ladder.clearTextIsDue(requirement, state)
            ? new Decision.Proceed(true)
            : new Decision.NextHost(
                Reason.TLS_BROKEN,
                "clear text is not due" + (clear.starttlsOffered() ? "" : " yet"));
      }
    };
  }

  /**
   * Clear text for want of an offer: at once, unless the requirement or the past says otherwise.
   */
  private Decision withoutOffer(
      Requirement requirement, Reason reason, String text, LadderState state) {
    boolean neverOffered = state.memory().shown() == null;
    if (requirement.clearText() == Requirement.ClearText.AT_ONCE && neverOffered) {
      return new Decision.Proceed(false);
    }
    return atTheEndOf(
        requirement,
        reason,
        neverOffered ? text : text + ", though this host has done TLS before",
        state);
  }

  private Decision atTheEndOf(
      Requirement requirement, Reason reason, String text, LadderState state) {
    if (requirement.demandsTls()
        || requirement.clearText() == Requirement.ClearText.NEVER
        || !state.everyHostTried()) {
      return new Decision.NextHost(reason, text);
    }
    if (!ladder.clearTextIsDue(requirement, state)) {
      return new Decision.Wait(ladder.holdEnds(state), reason, text);
    }
    if (reason == Reason.TLS_BROKEN && !ladder.hasBroken(requirement, state.memory())) {
      return new Decision.Defer(reason, text + "; the last TLS rung has not been tried yet");
    }
    return Ladder.hasRoom(state.inDelivery()) && state.atHost() < Ladder.PER_HOST
        ? new Decision.ClearText()
        : new Decision.Defer(Reason.LADDER_BOUND, text + "; no connection is left for clear text");
  }
}
