package org.sealwax.mail.policy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
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
    return new RequirementRules(floors).of(subject, evidence, now);
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
   * Plaintext because TLS is not offered: at once, unless the requirement or the past states
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
