package org.sealwax.policy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.tls.Handshake;
import org.sealwax.tls.NameCheck;
import org.sealwax.tls.Pin;
import org.sealwax.tls.Pins;
import org.sealwax.tls.TlsFloor;
import org.sealwax.tls.Verdict;

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
   * @param evidence from every source that has something to say; at least one that speaks about the
   *     next hop as a whole (a row, a route, or the default), otherwise level {@code may} is
   *     assumed
   * @param now expired evidence does not count
   */
  public Requirement requirementFor(Subject subject, List<Evidence> evidence, Instant now) {
    List<Evidence> inForce = evidence.stream().filter(e -> isInForce(e, now)).toList();
    // The listed exception to "never lower": the admin's word against all others, in writing.
    Optional<Evidence> override = inForce.stream().filter(Policy::isOverride).findFirst();
    if (override.isPresent()) {
      return of(subject, override.get());
    }
    List<Requirement> demands = new ArrayList<>();
    demands.add(of(subject, adminsWord(inForce)));
    for (Evidence e : inForce) {
      if (e instanceof Evidence.HostRow) {
        demands.add(of(subject, e));
      }
    }
    return demands.stream().reduce(Requirement::and).orElseThrow();
  }

  private static boolean isInForce(Evidence evidence, Instant now) {
    Instant expires = evidence.expires();
    return expires == null || now.isBefore(expires);
  }

  private static boolean isOverride(Evidence evidence) {
    return switch (evidence) {
      case Evidence.Default d -> false;
      case Evidence.Route r -> r.row().override();
      case Evidence.NextHopRow r -> r.row().override();
      case Evidence.HostRow r -> r.row().override();
    };
  }

  /**
   * Row before route before default: one source, the admin, who says the general and the special.
   */
  private static Evidence adminsWord(List<Evidence> inForce) {
    return inForce.stream()
        .filter(e -> !(e instanceof Evidence.HostRow))
        .min(Comparator.comparingInt(Policy::generality))
        .orElse(new Evidence.Default(Level.MAY));
  }

  private static int generality(Evidence evidence) {
    return switch (evidence) {
      case Evidence.NextHopRow r -> 0;
      case Evidence.Route r -> 1;
      case Evidence.Default d -> 2;
      case Evidence.HostRow r -> 3;
    };
  }

  private Requirement of(Subject subject, Evidence evidence) {
    return switch (evidence) {
      case Evidence.Default d -> of(subject, d.level(), null, d.origin());
      case Evidence.Route r -> of(subject, r.row().level(), r.row(), r.origin());
      case Evidence.NextHopRow r -> of(subject, r.row().level(), r.row(), r.origin());
      case Evidence.HostRow r -> of(subject, r.row().level(), r.row(), r.origin());
    };
  }

  private Requirement of(Subject subject, Level level, @Nullable PolicyRow row, String origin) {
    String ca = row == null || row.ca() == null ? Demand.PUBLIC_ROOTS : row.ca();
    List<Domain> named = row == null ? List.of() : row.names();
    Requirement.Encryption encryption =
        switch (level) {
          case NONE -> Requirement.Encryption.NEVER;
          case MAY -> Requirement.Encryption.IF_OFFERED;
          case ENCRYPT, FINGERPRINT, VERIFY, SECURE -> Requirement.Encryption.ALWAYS;
        };
    Set<Demand> identity =
        switch (level) {
          case NONE, MAY, ENCRYPT -> Set.of();
          case FINGERPRINT -> Set.of(new Demand.Pinned(row == null ? Set.of() : row.pins()));
          case VERIFY ->
              Set.of(Demand.Pkix.of(named.isEmpty() ? subject.namesAsFound() : named, ca));
          case SECURE ->
              Set.of(Demand.Pkix.of(named.isEmpty() ? subject.namesBeyondForgery() : named, ca));
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
        List.of(origin));
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
    if (roots(requirement).size() > 1) {
      // One handshake is judged against one set of roots; the other demand stays unproven.
      return new Decision.NextHost(
          Reason.TLS_IDENTITY, "certificates by different CAs are demanded of one host");
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

  private static Set<String> roots(Requirement requirement) {
    Set<String> roots = new HashSet<>();
    for (Demand demand : requirement.identity()) {
      if (demand instanceof Demand.Pkix pkix) {
        roots.add(pkix.roots());
      }
    }
    return roots;
  }

  /** Whether a handshake satisfies one demand. */
  public static boolean isMet(Demand demand, Handshake handshake) {
    return switch (demand) {
      case Demand.Pkix pkix ->
          handshake.verdict() instanceof Verdict.Verified(Verdict.By by, String what)
              && by == Verdict.By.NAME
              && (pkix.names().stream().anyMatch(name -> name.name().equals(what))
                  || namesLeaf(pkix, handshake));
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
    return Ladder.hasRoom(state.inDelivery()) && state.atHost() < Ladder.PER_HOST
        ? new Decision.ClearText()
        : new Decision.Defer(Reason.LADDER_BOUND, text + "; no connection is left for clear text");
  }
}
