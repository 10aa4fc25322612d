package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/**
 * Judges test cases. Mail that was delivered or bounced is decided. Mail that waits is not: what a
 * sender refuses now it may deliver at its next try, unprotected. A refusal counts as decided only
 * after as many tries as this sender, in the test cases without a policy, takes until it gives TLS
 * up, and two at least; until then the test case is not tested. Pure.
 */
final class TrapJudge {
  /** Tries that are followed at least: many senders fall back to plaintext at the second. */
  static final int LEAST_TRIES = 2;

  /** Test cases in which the certificate is valid, and weak. */
  private static final Set<String> WEAK = Set.of("d11", "d12");

  /** Test cases in which the server cannot see that the client broke the handshake off. */
  private static final Set<String> PROVEN_BY_DELIVERY_ONLY =
      Set.of("c20a", "c20b", "c22an", "c22bn", "c23a", "c23b", "c23c");

  /** Test cases in which the negotiated parameters should not be accepted. */
  private static final Set<String> BETTER_NOT = Set.of("c11", "c15", "c17b");

  /** Test cases that differ from another one by the policy only, and have another trap's number. */
  private static final Map<String, String> WITHOUT_POLICY =
      Map.of("b2", "b1", "b3", "b1", "b5", "b4", "b6", "b4");

  private final SenderProfile profile;
  private final Map<String, SightingFacts> facts;
  private final int patience;

  TrapJudge(SenderProfile profile, Map<String, SightingFacts> facts) {
    this.profile = profile;
    this.facts = Map.copyOf(facts);
    this.patience =
        this.facts.entrySet().stream()
            .filter(e -> isControl(e.getKey()))
            .mapToInt(e -> e.getValue().attemptsUntilPlaintext())
            .reduce(LEAST_TRIES, Math::max);
  }

  /**
   * The result of a test case.
   *
   * @param waiting whether the result may still change, as the mail is still in the sender's queue
   */
  record TrapVerdict(CheckOutcome outcome, String aspect, String reason, boolean waiting) {
    TrapVerdict(CheckOutcome outcome, String aspect, String why) {
      this(outcome, aspect, why, false);
    }

    String tail() {
      return reason.isEmpty() ? "" : ": " + reason;
    }
  }

  static final TrapVerdict PASS = new TrapVerdict(CheckOutcome.PASS, "", "");

  static TrapVerdict fail(String aspect, String why) {
    return new TrapVerdict(CheckOutcome.FAIL, aspect, why);
  }

  static TrapVerdict waiting(String why) {
    return new TrapVerdict(CheckOutcome.NOT_TESTED, "", why, true);
  }

  private SightingFacts at(String label) {
    return facts.getOrDefault(label, SightingFacts.none());
  }

  static TrapExpectation expected(String label) {
    return TrapExpectation.of(label)
        .orElseThrow(() -> new IllegalStateException("no expectation for " + label));
  }

  /** Whether the test case shows how this sender gives up TLS where it may. */
  private boolean isControl(String label) {
    ExpectedOutcome expected = expected(label).of(profile);
    return (expected == ExpectedOutcome.DECIDED || expected == ExpectedOutcome.NO_SUCH_TLS)
        && expected(label).expected() == expected;
  }

  /** The same trap without a policy, if there is one. */
  private static Optional<String> control(String label) {
    if (WITHOUT_POLICY.containsKey(label)) {
      return Optional.ofNullable(WITHOUT_POLICY.get(label));
    }
    return Traps.find(label)
        .filter(trapCase -> trapCase.context() != PolicyContext.NONE)
        .filter(trapCase -> trapCase.trap().contexts().contains(PolicyContext.NONE))
        .map(trapCase -> new Trap.TrapCase(trapCase.trap(), PolicyContext.NONE).label());
  }

  /** Whether a control test case was met and its mail is neither delivered nor bounced. */
  private boolean undecided(String control) {
    return isControl(control)
        && at(control).connections() > 0
        && !at(control).delivered()
        && at(control).bounce().isEmpty();
  }

  /** Whether what this sender refuses in a test case stays refused. */
  private boolean isFinal(String label, int tries) {
    return at(label).bounce().isPresent()
        || (tries >= patience && control(label).filter(this::undecided).isEmpty());
  }

  /** Tries in which a message could have gone out. */
  private int chances(SightingFacts of) {
    return of.attempts(of.connections() > 0 ? Set.of(SenderAction.FIRST_HOST) : Set.of());
  }

  /** The verdict on a test case. */
  TrapVerdict of(String label) {
    SightingFacts of = at(label);
    if (!of.attempted()) {
      return waiting("the sender did not connect");
    }
    if (!of.deceptions().isEmpty()) {
      return fail("fooled", "injected plaintext was used as part of the TLS session");
    }
    return switch (expected(label).of(profile)) {
      case DELIVERED_UNDER_TLS -> underTls(label, of);
      case SECOND_HOST -> second(label, of);
      case DELIVERED_AFTER_A_WAIT ->
          of.delivered() || of.bounce().isPresent()
              ? underTls(label, of)
              : waiting("undecided; the sender may delay mail at first contact");
      case DELIVERED_AFTER_CHANGE -> afterChange(label, of);
      case REFUSED -> WEAK.contains(label) ? strong(label, of) : refused(label, of);
      case NEVER_PLAINTEXT -> neverPlaintext(label, of);
      case DECIDED -> decided(label, of);
      case NO_SUCH_TLS -> noSuchTls(label, of);
      case BOUNCED -> bounced(of);
      case AS_RFC_8689_DEMANDS -> {
        TrapVerdict verdict = requireTls().of(label);
        yield verdict.outcome() == CheckOutcome.INFO
            ? ifReached(label, of, verdict, false)
            : verdict;
      }
      case RECORDED -> recorded(label, of);
    };
  }

  /** How REQUIRETLS is judged, over all of its test cases. */
  RequireTlsJudge requireTls() {
    return new RequireTlsJudge(facts, label -> isFinal(label, chances(at(label))));
  }

  /** What counts if the trap was reached. A sender that did not in some tries never will. */
  private TrapVerdict ifReached(String label, SightingFacts of, TrapVerdict then, boolean over) {
    Optional<SenderAction> missing = of.missing(expected(label).requiredActions(profile));
    boolean never = over || chances(of) > patience;
    return missing
        .map(
            m ->
                new TrapVerdict(
                    CheckOutcome.NOT_TESTED, "", "the sender did not " + m.words(), !never))
        .orElse(then);
  }

  /** A refusal: it counts for a sender that reached the trap, and once it is decided. */
  private TrapVerdict refusal(String label, SightingFacts of) {
    int tries = of.attempts(expected(label).requiredActions(profile));
    TrapVerdict then =
        isFinal(label, tries)
            ? PASS
            : waiting(
                "refused in "
                    + tries
                    + (tries == 1 ? " attempt" : " attempts")
                    + "; the next attempt may have another result");
    return ifReached(label, of, then, of.bounce().isPresent());
  }

  private TrapVerdict underTls(String label, SightingFacts of) {
    if (!of.inPlaintext().isEmpty()) {
      return expected(label).mechanism() == ProtectionMechanism.NONE
          ? fail("clear", "in plaintext, although TLS was available")
          : fail("leak", "in plaintext, against the policy");
    }
    return of.delivered() ? ifReached(label, of, PASS, true) : missing(of);
  }

  private TrapVerdict second(String label, SightingFacts of) {
    boolean policy = expected(label).mechanism() != ProtectionMechanism.NONE;
    List<String> wrong = new ArrayList<>(of.underTls());
    wrong.removeIf("mx2"::equals);
    if (!of.inPlaintext().isEmpty()) {
      return fail(policy ? "leak" : "clear", "in plaintext, although TLS was available");
    }
    if (!wrong.isEmpty()) {
      return fail(policy ? "leak" : "weak", "to the wrong host");
    }
    return of.delivered() ? ifReached(label, of, PASS, true) : missing(of);
  }

  private TrapVerdict afterChange(String label, SightingFacts of) {
    if (!of.inPlaintext().isEmpty()) {
      return fail("leak", "in plaintext, against the policy");
    }
    if (of.beforeChange()) {
      return fail("leak", "delivered before the record matched");
    }
    return of.delivered() ? ifReached(label, of, PASS, true) : missing(of);
  }

  /**
   * Legitimate mail that did not arrive: lost when it was bounced, stuck when no try gets it
   * through.
   */
  private TrapVerdict missing(SightingFacts of) {
    if (of.bounce().isPresent()) {
      return fail("loss", "this mail could be delivered");
    }
    int tries = chances(of);
    return tries >= patience && !of.deferredByHost()
        ? fail("stuck", "not delivered in " + tries + " attempts; still queued")
        : waiting("still queued");
  }

  private TrapVerdict refused(String label, SightingFacts of) {
    if (!of.inPlaintext().isEmpty()) {
      return fail("leak", "in plaintext, against the policy");
    }
    if (!of.underTls().isEmpty()) {
      return fail("leak", "to a host that the policy forbids");
    }
    if (of.envelopesInPlaintext()) {
      return fail("leak", "the envelope was sent in plaintext, against the policy");
    }
    return refusal(label, of);
  }

  private TrapVerdict strong(String label, SightingFacts of) {
    return of.underTls().isEmpty() || !of.inPlaintext().isEmpty()
        ? refused(label, of)
        : fail("weak", "with a certificate that is too weak");
  }

  private TrapVerdict neverPlaintext(String label, SightingFacts of) {
    if (!of.inPlaintext().isEmpty() || of.envelopesInPlaintext()) {
      return fail("leak", "in plaintext, against the policy");
    }
    return of.delivered() ? ifReached(label, of, PASS, true) : refusal(label, of);
  }

  private TrapVerdict decided(String label, SightingFacts of) {
    return of.delivered() || of.bounce().isPresent()
        ? ifReached(label, of, PASS, true)
        : waiting("undecided");
  }

  private TrapVerdict noSuchTls(String label, SightingFacts of) {
    if (!of.underTls().isEmpty()
        || (!of.handshakes().isEmpty() && !PROVEN_BY_DELIVERY_ONLY.contains(label))) {
      return fail("weak", "over a connection that was not TLS");
    }
    return of.delivered() ? ifReached(label, of, PASS, true) : refusal(label, of);
  }

  private TrapVerdict bounced(SightingFacts of) {
    if (of.connections() > 0) {
      return fail("loss", "the sender connected, although the domain has no mail host");
    }
    if (of.bounce().isPresent()) {
      return of.bounce().get().status().equals("5.1.10")
          ? PASS
          : new TrapVerdict(CheckOutcome.PASS, "", "RFC 7505 requires 5.1.10");
    }
    int tries = chances(of);
    return tries >= patience
        ? fail("stuck", "no bounce in " + tries + " attempts; still queued")
        : waiting("no bounce yet");
  }

  private TrapVerdict recorded(String label, SightingFacts of) {
    return switch (label) {
      // Going on after discarding it and giving up are both right.
      case "b11" -> of.delivered() ? ifReached(label, of, PASS, true) : refusal(label, of);
      case "c21" -> downgraded(label, of);
      case "d10a" ->
          of.underTls().isEmpty()
              ? refusal(label, of)
              : new TrapVerdict(CheckOutcome.WARN, "weak", "to a host with a revoked certificate");
      case "f19" ->
          ifReached(
              label,
              of,
              new TrapVerdict(
                  CheckOutcome.INFO,
                  "",
                  of.policyBeforeConnection()
                      ? "the policy was fetched before the first connection"
                      : "the policy was not fetched before the first connection"),
              of.delivered());
      default ->
          BETTER_NOT.contains(label) && !of.handshakes().isEmpty()
              ? new TrapVerdict(CheckOutcome.WARN, "weak", "weak TLS was negotiated")
              : ifReached(label, of, new TrapVerdict(CheckOutcome.INFO, "", ""), of.delivered());
    };
  }

  /** The sentinel is for senders that offer TLS 1.3; the others cannot be downgraded. */
  private TrapVerdict downgraded(String label, SightingFacts of) {
    if (of.underTls().isEmpty()) {
      return of.delivered() ? ifReached(label, of, PASS, true) : refusal(label, of);
    }
    return of.downgraded()
        ? fail("weak", "the sender accepted TLS 1.2 although the sentinel indicates a downgrade")
        : new TrapVerdict(CheckOutcome.INFO, "", "that ClientHello did not offer TLS 1.3");
  }
}
