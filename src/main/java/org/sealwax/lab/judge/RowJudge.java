package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.model.Outcome;
import org.sealwax.lab.traps.Context;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/**
 * Judges rows. Mail that was delivered or bounced is decided. Mail that waits is not: what a sender
 * refuses now it may deliver at its next try, unprotected. A refusal counts as decided only after
 * as many tries as this sender, in the rows without a policy, takes until it gives TLS up, and two
 * at least; until then the row is not tested. Pure.
 */
final class RowJudge {
  /** Tries that are followed at least: many senders fall back to plaintext at the second. */
  static final int LEAST_TRIES = 2;

  /** Rows in which the certificate is true, and weak. */
  private static final Set<String> WEAK = Set.of("d11", "d12");

  /** Rows in which the server cannot see that the client broke the handshake off. */
  private static final Set<String> ONLY_DELIVERY_TELLS =
      Set.of("c20a", "c20b", "c22an", "c22bn", "c23a", "c23b", "c23c");

  /** Rows in which what was agreed to is better not agreed to. */
  private static final Set<String> BETTER_NOT = Set.of("c11", "c15", "c17b");

  /** Rows that differ from another one by the policy only, and have another trap's number. */
  private static final Map<String, String> WITHOUT_POLICY =
      Map.of("b2", "b1", "b3", "b1", "b5", "b4", "b6", "b4");

  private final Profile profile;
  private final Map<String, Deeds> deeds;
  private final int patience;

  RowJudge(Profile profile, Map<String, Deeds> deeds) {
    this.profile = profile;
    this.deeds = Map.copyOf(deeds);
    this.patience =
        this.deeds.entrySet().stream()
            .filter(e -> isControl(e.getKey()))
            .mapToInt(e -> e.getValue().triesUntilClear())
            .reduce(LEAST_TRIES, Math::max);
  }

  /**
   * How a row came out.
   *
   * @param waiting whether it may come out otherwise, as the mail is still in the sender's queue
   */
  record Verdict(Outcome outcome, String aspect, String why, boolean waiting) {
    Verdict(Outcome outcome, String aspect, String why) {
      this(outcome, aspect, why, false);
    }

    String tail() {
      return why.isEmpty() ? "" : ": " + why;
    }
  }

  static final Verdict PASS = new Verdict(Outcome.PASS, "", "");

  static Verdict fail(String aspect, String why) {
    return new Verdict(Outcome.FAIL, aspect, why);
  }

  static Verdict waiting(String why) {
    return new Verdict(Outcome.NOT_TESTED, "", why, true);
  }

  private Deeds at(String label) {
    return deeds.getOrDefault(label, Deeds.none());
  }

  static Expectation expected(String label) {
    return Expectation.of(label)
        .orElseThrow(() -> new IllegalStateException("no expectation for " + label));
  }

  /** Whether the row shows how this sender gives up TLS where it may. */
  private boolean isControl(String label) {
    Want want = expected(label).of(profile);
    return (want == Want.DECIDED || want == Want.NO_SUCH_TLS) && expected(label).want() == want;
  }

  /** The same trap without a policy, if there is one. */
  private static Optional<String> control(String label) {
    if (WITHOUT_POLICY.containsKey(label)) {
      return Optional.ofNullable(WITHOUT_POLICY.get(label));
    }
    return Traps.find(label)
        .filter(row -> row.context() != Context.NONE)
        .filter(row -> row.trap().contexts().contains(Context.NONE))
        .map(row -> new Trap.Case(row.trap(), Context.NONE).label());
  }

  /** Whether a control row was met and its mail is neither delivered nor bounced. */
  private boolean undecided(String control) {
    return isControl(control)
        && at(control).connections() > 0
        && !at(control).delivered()
        && at(control).bounce().isEmpty();
  }

  /** Whether what this sender refuses in a row stays refused. */
  private boolean settled(String label, int tries) {
    return at(label).bounce().isPresent()
        || (tries >= patience && control(label).filter(this::undecided).isEmpty());
  }

  /** Tries in which a message could have gone out. */
  private int chances(Deeds of) {
    return of.tries(of.connections() > 0 ? Set.of(Reached.FIRST_HOST) : Set.of());
  }

  /** The verdict on a row. */
  Verdict of(String label) {
    Deeds of = at(label);
    if (!of.tried()) {
      return waiting("the sender never came");
    }
    if (!of.fooled().isEmpty()) {
      return fail("fooled", "it fell for what was sent in plaintext");
    }
    return switch (expected(label).of(profile)) {
      case DELIVERED_UNDER_TLS -> underTls(label, of);
      case SECOND_HOST -> second(label, of);
      case DELIVERED_AFTER_A_WAIT ->
          of.delivered() || of.bounce().isPresent()
              ? underTls(label, of)
              : waiting("not yet; it may wait at first contact");
      case DELIVERED_AFTER_CHANGE -> afterChange(label, of);
      case REFUSED -> WEAK.contains(label) ? strong(label, of) : refused(label, of);
      case NEVER_CLEAR -> neverClear(label, of);
      case DECIDED -> decided(label, of);
      case NO_SUCH_TLS -> noSuchTls(label, of);
      case BOUNCED -> bounced(of);
      case AS_REQUIRETLS_SAYS -> {
        Verdict verdict = requireTls().of(label);
        yield verdict.outcome() == Outcome.INFO ? reached(label, of, verdict, false) : verdict;
      }
      case RECORDED -> recorded(label, of);
    };
  }

  /** How REQUIRETLS is judged, over all of its rows. */
  RequireTlsConduct requireTls() {
    return new RequireTlsConduct(deeds, label -> settled(label, chances(at(label))));
  }

  /** What counts if the trap was reached. A sender that did not in some tries never will. */
  private Verdict reached(String label, Deeds of, Verdict then, boolean over) {
    Optional<Reached> missing = of.missing(expected(label).reached(profile));
    boolean never = over || chances(of) > patience;
    return missing
        .map(m -> new Verdict(Outcome.NOT_TESTED, "", "it did not " + m.words(), !never))
        .orElse(then);
  }

  /** A refusal: it counts of those who reached the trap, and once it is decided. */
  private Verdict refusal(String label, Deeds of) {
    int tries = of.tries(expected(label).reached(profile));
    Verdict then =
        settled(label, tries)
            ? PASS
            : waiting(
                "refused in "
                    + tries
                    + (tries == 1 ? " try" : " tries")
                    + ", and the next may end otherwise");
    return reached(label, of, then, of.bounce().isPresent());
  }

  private Verdict underTls(String label, Deeds of) {
    if (!of.inClear().isEmpty()) {
      return expected(label).mechanism() == Mechanism.NONE
          ? fail("clear", "in plaintext, although TLS was to be had")
          : fail("leak", "in plaintext, against the policy");
    }
    return of.delivered() ? reached(label, of, PASS, true) : missing(of);
  }

  private Verdict second(String label, Deeds of) {
    boolean policy = expected(label).mechanism() != Mechanism.NONE;
    List<String> wrong = new ArrayList<>(of.underTls());
    wrong.removeIf("mx2"::equals);
    if (!of.inClear().isEmpty()) {
      return fail(policy ? "leak" : "clear", "in plaintext, although TLS was to be had");
    }
    if (!wrong.isEmpty()) {
      return fail(policy ? "leak" : "weak", "to the wrong host");
    }
    return of.delivered() ? reached(label, of, PASS, true) : missing(of);
  }

  private Verdict afterChange(String label, Deeds of) {
    if (!of.inClear().isEmpty()) {
      return fail("leak", "in plaintext, against the policy");
    }
    if (of.beforeChange()) {
      return fail("leak", "before the record matched");
    }
    return of.delivered() ? reached(label, of, PASS, true) : missing(of);
  }

  /**
   * Legal mail that did not arrive: lost when it was bounced, stuck when no try gets it through.
   */
  private Verdict missing(Deeds of) {
    if (of.bounce().isPresent()) {
      return fail("loss", "this mail could be delivered");
    }
    int tries = chances(of);
    return tries >= patience && !of.deferredByHost()
        ? fail("stuck", "not delivered in " + tries + " tries, and still queued")
        : waiting("still queued");
  }

  private Verdict refused(String label, Deeds of) {
    if (!of.inClear().isEmpty()) {
      return fail("leak", "in plaintext, against the policy");
    }
    if (!of.underTls().isEmpty()) {
      return fail("leak", "to a host that the policy forbids");
    }
    if (of.envelopesInClear()) {
      return fail("leak", "the envelope went in plaintext, against the policy");
    }
    return refusal(label, of);
  }

  private Verdict strong(String label, Deeds of) {
    return of.underTls().isEmpty() || !of.inClear().isEmpty()
        ? refused(label, of)
        : fail("weak", "with a certificate too weak to prove anything");
  }

  private Verdict neverClear(String label, Deeds of) {
    if (!of.inClear().isEmpty() || of.envelopesInClear()) {
      return fail("leak", "in plaintext, against the policy");
    }
    return of.delivered() ? reached(label, of, PASS, true) : refusal(label, of);
  }

  private Verdict decided(String label, Deeds of) {
    return of.delivered() || of.bounce().isPresent()
        ? reached(label, of, PASS, true)
        : waiting("not decided yet");
  }

  private Verdict noSuchTls(String label, Deeds of) {
    if (!of.underTls().isEmpty()
        || (!of.handshakes().isEmpty() && !ONLY_DELIVERY_TELLS.contains(label))) {
      return fail("weak", "over what must not be taken for TLS");
    }
    return of.delivered() ? reached(label, of, PASS, true) : refusal(label, of);
  }

  private Verdict bounced(Deeds of) {
    if (of.connections() > 0) {
      return fail("loss", "it looked for a host where there is none");
    }
    if (of.bounce().isPresent()) {
      return of.bounce().get().status().equals("5.1.10")
          ? PASS
          : new Verdict(Outcome.PASS, "", "RFC 7505 has 5.1.10 for it");
    }
    int tries = chances(of);
    return tries >= patience
        ? fail("stuck", "no bounce in " + tries + " tries, and still queued")
        : waiting("no bounce yet");
  }

  private Verdict recorded(String label, Deeds of) {
    return switch (label) {
      // Going on after discarding it and giving up are both right.
      case "b11" -> of.delivered() ? reached(label, of, PASS, true) : refusal(label, of);
      case "c21" -> downgraded(label, of);
      case "d10a" ->
          of.underTls().isEmpty()
              ? refusal(label, of)
              : new Verdict(
                  Outcome.WARN, "weak", "to whom the issuer says that the key is not his any more");
      case "f19" ->
          reached(
              label,
              of,
              new Verdict(
                  Outcome.INFO,
                  "",
                  of.policyBeforeConnection()
                      ? "the policy was there before the first connection"
                      : "the policy was not there before the first connection"),
              of.delivered());
      default ->
          BETTER_NOT.contains(label) && !of.handshakes().isEmpty()
              ? new Verdict(Outcome.WARN, "weak", "it agreed to it")
              : reached(label, of, new Verdict(Outcome.INFO, "", ""), of.delivered());
    };
  }

  /** The mark is for senders that offer TLS 1.3; the others have nothing to be downgraded from. */
  private Verdict downgraded(String label, Deeds of) {
    if (of.underTls().isEmpty()) {
      return of.delivered() ? reached(label, of, PASS, true) : refusal(label, of);
    }
    return of.downgraded()
        ? fail("weak", "it took TLS 1.2 although the mark says downgrade")
        : new Verdict(Outcome.INFO, "", "in that hello it offered no TLS 1.3");
  }
}
