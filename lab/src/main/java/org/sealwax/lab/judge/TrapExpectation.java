package org.sealwax.lab.judge;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Traps;

/**
 * What a correct sender does in one test case of the lab. The table is written out, test case by
 * test case, so that nothing is left to choice; {@code TrapExpectationTest} compares it with the
 * list of traps.
 *
 * <p>Mail that went out against a policy is a result by itself, and so is legitimate mail that
 * arrived. Everything else, refusals above all, counts only for a sender that reached the trap.
 *
 * @param label the test case: {@code d1s}
 * @param category which part of the score it counts for
 * @param expected the expected outcome of the message, for a sender that is opportunistic where it
 *     may be
 * @param requiredActions what the sender must have done for anything but mail that arrived to count
 * @param mechanism what protects the mail here
 * @param conclusive whether only that mechanism makes a sender refuse here: the certificate is one
 *     that public authorities vouch for
 */
public record TrapExpectation(
    String label,
    SenderCategory category,
    ExpectedOutcome expected,
    Set<SenderAction> requiredActions,
    ProtectionMechanism mechanism,
    boolean conclusive) {
  /** The parts of the score. */
  public enum SenderCategory {
    NEVER_LEAKS("Leak protection", 40),
    AUTHENTICATES("Authentication", 20),
    DELIVERS("Delivery", 15),
    FLOOR("Minimum cryptography", 10),
    ROBUST("Robustness", 10),
    REPORTS("Reporting", 5);

    private final String title;
    private final int most;

    SenderCategory(String title, int most) {
      this.title = title;
      this.most = most;
    }

    /** As reports print it. */
    public String title() {
      return title;
    }

    /** Whether most of it is earned by refusing. */
    boolean refuses() {
      return this == NEVER_LEAKS || this == AUTHENTICATES || this == FLOOR;
    }

    /** Points of the hundred. */
    public int most() {
      return most;
    }
  }

  /** Test cases in which the certificate is bad and nothing forbids it. */
  private static final Set<String> UNVERIFIED =
      Set.of("d1n", "d2n", "d3n", "d4n", "d5n", "d1t", "d2t", "d3t", "d4t", "d5t", "f6", "f7");

  /**
   * The category of the score, the expected outcome, what a sender must have done ({@code -}: mail
   * that arrives is sufficient evidence), and the test cases. {@code ASKED_TLSA+SHOWN}: it had the
   * TLSA records, and saw the certificate. {@code FETCHED_BEFORE+…}: the policy that it has was
   * fetched before the attack, and it came back during it. {@code FETCHED_AFTER+…}: it has the new
   * policy, and came back with it.
   */
  private static final String ROWS =
      """
      DELIVERS       DELIVERED_UNDER_TLS     - a1 a2 a3 a4 h6 h8 h10 h11 h12
      DELIVERS       DECIDED                 GREETED b1 b14n b15n
      DELIVERS       DECIDED                 STARTTLS b4 b7an b7bn b7cn
      NEVER_LEAKS    REFUSED                 GREETED b2 b3 b14s b14d b15s b15d
      NEVER_LEAKS    REFUSED                 STARTTLS b5 b6 b10s b10d b7as b7ad b7bs b7bd b7cs
      NEVER_LEAKS    REFUSED                 STARTTLS b7cd
      ROBUST         SECOND_HOST             FIRST_HOST b8 b9
      ROBUST         DECIDED                 STARTTLS b10n
      ROBUST         DELIVERED_UNDER_TLS     - b12 b13a b13b b13c i1 i2 i3
      ROBUST         RECORDED                STARTTLS b11
      DELIVERS       BOUNCED                 ASKED_MX h1
      DELIVERS       SECOND_HOST             - h2
      DELIVERS       SECOND_HOST             FIRST_HOST h3 h4 h5
      DELIVERS       RECORDED                FIRST_HOST h7
      DELIVERS       RECORDED                ASKED_ADDRESS h9
      ROBUST         RECORDED                HELLO i4 i5
      ROBUST         AS_RFC_8689_DEMANDS     GREETED g2 g3 g4 g5
      DELIVERS       DECIDED                 HELLO c1n
      NEVER_LEAKS    REFUSED                 HELLO c1s c1d c4s c4d c7s c7d c14s c14d c5s c5d c6s
      NEVER_LEAKS    REFUSED                 HELLO c6d
      FLOOR          NO_SUCH_TLS             HELLO c4n c5n c6n c7n c10 c12 c13 c17a c17d
      FLOOR          NO_SUCH_TLS             SHOWN c20a c20b c22an c22bn c23a c23b c23c
      FLOOR          RECORDED                HELLO c11 c14n c15 c17b c17c c16 c18
      NEVER_LEAKS    REFUSED                 FETCHED_AFTER+CAME_AGAIN+HELLO c29
      ROBUST         DECIDED                 HELLO c27n
      NEVER_LEAKS    NEVER_PLAINTEXT         HELLO c27s c27d
      FLOOR          RECORDED                SHOWN c21
      NEVER_LEAKS    REFUSED                 SHOWN c22as c22ad c22bs c22bd
      FLOOR          DELIVERED_UNDER_TLS     - c8 c9
      ROBUST         DELIVERED_UNDER_TLS     - c19 c24a c25a c25b c26a c28
      ROBUST         DECIDED                 SHOWN c24b c24c
      ROBUST         RECORDED                HELLO c26b c26c
      DELIVERS       DELIVERED_UNDER_TLS     - d1n d2n d3n d4n d5n d1t d2t d3t d4t d5t d1d d2d d3d
      DELIVERS       DELIVERED_UNDER_TLS     - d4d d5d d7 d19s d19d
      AUTHENTICATES  REFUSED                 SHOWN d1s d2s d3s d4s d5s d6 d8a d8b d9 d11 d12 d14
      AUTHENTICATES  REFUSED                 SHOWN d15 d16 d17 d18
      AUTHENTICATES  RECORDED                SHOWN d10a d10b d13
      ROBUST         RECORDED                HELLO d20 d21
      AUTHENTICATES  DELIVERED_UNDER_TLS     ASKED_TLSA e1 e2 e4 e5 e12
      NEVER_LEAKS    REFUSED                 ASKED_TLSA+SHOWN e3 e6 e7 e8 e24 e27
      NEVER_LEAKS    REFUSED                 ASKED_TLSA+GREETED e11
      NEVER_LEAKS    REFUSED                 ASKED_TLSA e14 e15 e16 e17a e17b
      ROBUST         REFUSED                 ASKED_ADDRESS e18
      ROBUST         REFUSED                 ASKED_MX e19
      NEVER_LEAKS    NEVER_PLAINTEXT         ASKED_TLSA e9 e10a e10b e10c e13 e30
      DELIVERS       DELIVERED_UNDER_TLS     - e20 e25 e26
      DELIVERS       DELIVERED_AFTER_CHANGE  ASKED_TLSA+CAME_AGAIN e29
      DELIVERS       RECORDED                HELLO e21
      DELIVERS       SECOND_HOST             ASKED_TLSA e22 e23 e28
      AUTHENTICATES  DELIVERED_UNDER_TLS     FETCHED f1
      AUTHENTICATES  REFUSED                 SHOWN f2
      NEVER_LEAKS    REFUSED                 FETCHED f3 f5 f15a f15b
      NEVER_LEAKS    REFUSED                 FETCHED_BEFORE+CAME_AGAIN+GREETED f8d f17
      DELIVERS       SECOND_HOST             FETCHED f4
      DELIVERS       SECOND_HOST             CAME_AGAIN f18
      DELIVERS       DELIVERED_UNDER_TLS     - f6 f7 f14
      DELIVERS       DELIVERED_AFTER_A_WAIT  - f8a f8b f8c f9 f10a f10b f11
      DELIVERS       RECORDED                FETCHED f12 f13 f16a f16b
      DELIVERS       RECORDED                GREETED f19
      """;

  private static final Map<String, TrapExpectation> TABLE = table();

  /** The expectation of a test case. */
  public static Optional<TrapExpectation> of(String label) {
    return Optional.ofNullable(TABLE.get(label));
  }

  /** What a sender of this profile must have done for a refusal to count. */
  Set<SenderAction> requiredActions(SenderProfile profile) {
    // A sender that requires verified TLS everywhere refuses because of the handshake.
    return of(profile) != expected && requiredActions.isEmpty()
        ? Set.of(SenderAction.SHOWN)
        : requiredActions;
  }

  /**
   * Whether legitimate mail is to arrive here from a sender of this profile, and nothing else is
   * right.
   */
  boolean legal(SenderProfile profile) {
    return switch (of(profile)) {
      case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT, DELIVERED_AFTER_CHANGE, SECOND_HOST -> true;
      case REFUSED, NEVER_PLAINTEXT, DECIDED, NO_SUCH_TLS, BOUNCED, AS_RFC_8689_DEMANDS, RECORDED ->
          false;
    };
  }

  /** The whole table, in order. */
  public static List<TrapExpectation> all() {
    return List.copyOf(TABLE.values());
  }

  /** The outcome that is expected of a sender of this profile. */
  public ExpectedOutcome of(SenderProfile profile) {
    return switch (profile) {
      case OPPORTUNISTIC -> expected;
      case STRICT ->
          expected == ExpectedOutcome.DECIDED || expected == ExpectedOutcome.NO_SUCH_TLS
              ? ExpectedOutcome.REFUSED
              : expected;
      case VERIFIED ->
          expected == ExpectedOutcome.DECIDED
                  || expected == ExpectedOutcome.NO_SUCH_TLS
                  || UNVERIFIED.contains(label)
              ? ExpectedOutcome.REFUSED
              : expected;
    };
  }

  private static Map<String, TrapExpectation> table() {
    Map<String, TrapExpectation> all = new LinkedHashMap<>();
    for (String line : ROWS.lines().toList()) {
      List<String> row = List.of(line.split(" +"));
      Set<SenderAction> actions =
          row.get(2).equals("-")
              ? Set.of()
              : Arrays.stream(row.get(2).split("\\+"))
                  .map(SenderAction::valueOf)
                  .collect(Collectors.toUnmodifiableSet());
      for (String label : row.subList(3, row.size())) {
        ProtectionMechanism mechanism =
            Traps.find(label)
                .map(trapCase -> mechanism(trapCase.context()))
                .orElseThrow(() -> new IllegalStateException("no trap " + label));
        TrapExpectation expectation =
            new TrapExpectation(
                label,
                SenderCategory.valueOf(row.get(0)),
                ExpectedOutcome.valueOf(row.get(1)),
                actions,
                mechanism,
                false);
        if (all.put(label, expectation) != null) {
          throw new IllegalStateException(label + " is listed twice");
        }
      }
    }
    // Unsigned for a validating resolver, no policy available, or one of mode none.
    protect(all, ProtectionMechanism.NONE, false, "e20 e21 e25 e26 f7 f8a f8b f8c f9");
    protect(all, ProtectionMechanism.NONE, false, "f10a f10b f11 f12 f13 f14 f16a f16b");
    // A certificate of a public authority, and a TLSA record that does not match or cannot be
    // looked up.
    protect(all, ProtectionMechanism.DANE, true, "e3 e14 e15 e16 e17a e17b e22 e23 e24 e27 e28");
    protect(all, ProtectionMechanism.DNSSEC, false, "e18 e19");
    // A certificate of a public authority for a host that the policy does not list.
    protect(all, ProtectionMechanism.STS, true, "f3 f4 f5 f15a f15b");
    return all;
  }

  private static ProtectionMechanism mechanism(PolicyContext context) {
    return switch (context) {
      case NONE, TESTING -> ProtectionMechanism.NONE;
      case ENFORCE -> ProtectionMechanism.STS;
      case DANE -> ProtectionMechanism.DANE;
    };
  }

  /** Changes the mechanism that protects existing test cases, and whether a refusal proves it. */
  private static void protect(
      Map<String, TrapExpectation> all,
      ProtectionMechanism mechanism,
      boolean conclusive,
      String labels) {
    for (String label : labels.split(" ")) {
      all.computeIfPresent(
          label,
          (l, r) ->
              new TrapExpectation(
                  l, r.category, r.expected, r.requiredActions, mechanism, conclusive));
    }
  }
}
