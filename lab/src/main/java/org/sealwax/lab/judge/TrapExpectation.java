package org.sealwax.lab.judge;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Traps;

/**
 * What a correct sender does in one test case of the lab. The table is written out, test case by
 * test case, so that nothing is left to choice; {@code TrapExpectationTest} compares it with the
 * list of traps.
 *
 * <p>Mail that went out against a policy is a result by itself, and so is legal mail that arrived.
 * Everything else, refusals above all, counts only for a sender that reached the trap.
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
    NEVER_LEAKS("Never leaks", 40),
    AUTHENTICATES("Authenticates", 20),
    DELIVERS("Delivers what it must", 15),
    FLOOR("Crypto floor", 10),
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

  /** Mail that arrives is sufficient evidence. */
  private static final Set<SenderAction> ANY = Set.of();

  private static final Set<SenderAction> ASKED_MX = Set.of(SenderAction.ASKED_MX);
  private static final Set<SenderAction> ADDRESS = Set.of(SenderAction.ASKED_ADDRESS);
  private static final Set<SenderAction> TLSA = Set.of(SenderAction.ASKED_TLSA);
  private static final Set<SenderAction> FETCHED = Set.of(SenderAction.FETCHED);
  private static final Set<SenderAction> FIRST_HOST = Set.of(SenderAction.FIRST_HOST);
  private static final Set<SenderAction> GREETED = Set.of(SenderAction.GREETED);
  private static final Set<SenderAction> STARTTLS = Set.of(SenderAction.STARTTLS);
  private static final Set<SenderAction> HELLO = Set.of(SenderAction.HELLO);
  private static final Set<SenderAction> SHOWN = Set.of(SenderAction.SHOWN);
  private static final Set<SenderAction> AGAIN = Set.of(SenderAction.CAME_AGAIN);

  /** It had the TLSA records, and saw the certificate. */
  private static final Set<SenderAction> COMPARED =
      Set.of(SenderAction.ASKED_TLSA, SenderAction.SHOWN);

  private static final Set<SenderAction> TLSA_AND_EHLO =
      Set.of(SenderAction.ASKED_TLSA, SenderAction.GREETED);
  private static final Set<SenderAction> TLSA_AGAIN =
      Set.of(SenderAction.ASKED_TLSA, SenderAction.CAME_AGAIN);

  /** The policy that it has was fetched before the attack, and it came back during it. */
  private static final Set<SenderAction> KEPT =
      Set.of(SenderAction.FETCHED_BEFORE, SenderAction.CAME_AGAIN, SenderAction.GREETED);

  /** It has the new policy, and came back with it. */
  private static final Set<SenderAction> RENEWED =
      Set.of(SenderAction.FETCHED_AFTER, SenderAction.CAME_AGAIN, SenderAction.HELLO);

  private static final Map<String, TrapExpectation> TABLE = table();

  /** The expectation of a test case. */
  public static Optional<TrapExpectation> of(String label) {
    return Optional.ofNullable(TABLE.get(label));
  }

  /** What a sender of this profile must have done for a refusal to count. */
  Set<SenderAction> requiredActions(SenderProfile profile) {
    // A sender that requires verified TLS everywhere refuses because of the handshake.
    return of(profile) != expected && requiredActions.isEmpty() ? SHOWN : requiredActions;
  }

  /**
   * Whether legal mail is to arrive here from a sender of this profile, and nothing else is right.
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

  private static final class ExpectationTable {
    private final Map<String, TrapExpectation> expectations = new LinkedHashMap<>();

    void put(
        SenderCategory category,
        ExpectedOutcome expected,
        Set<SenderAction> reached,
        String... labels) {
      for (String label : labels) {
        ProtectionMechanism mechanism =
            Traps.find(label)
                .map(trapCase -> mechanism(trapCase.context()))
                .orElseThrow(() -> new IllegalStateException("no row " + label));
        TrapExpectation expectation =
            new TrapExpectation(label, category, expected, reached, mechanism, false);
        if (expectations.put(label, expectation) != null) {
          throw new IllegalStateException(label + " stands twice");
        }
      }
    }

    /** Changes the mechanism that protects existing test cases, and whether a refusal proves it. */
    void protect(ProtectionMechanism mechanism, boolean telling, String... labels) {
      for (String label : labels) {
        expectations.computeIfPresent(
            label,
            (l, r) ->
                new TrapExpectation(
                    l, r.category(), r.expected(), r.requiredActions(), mechanism, telling));
      }
    }

    private static ProtectionMechanism mechanism(PolicyContext context) {
      return switch (context) {
        case NONE, TESTING -> ProtectionMechanism.NONE;
        case ENFORCE -> ProtectionMechanism.STS;
        case DANE -> ProtectionMechanism.DANE;
      };
    }
  }

  private static Map<String, TrapExpectation> table() {
    ExpectationTable t = new ExpectationTable();
    routes(t);
    handshakes(t);
    certificates(t);
    dane(t);
    policies(t);
    // Unsigned for a validating resolver, no policy available, or one of mode none.
    t.protect(
        ProtectionMechanism.NONE,
        false,
        "e20",
        "e21",
        "e25",
        "e26",
        "f7",
        "f8a",
        "f8b",
        "f8c",
        "f9");
    t.protect(
        ProtectionMechanism.NONE,
        false,
        "f10a",
        "f10b",
        "f11",
        "f12",
        "f13",
        "f14",
        "f16a",
        "f16b");
    // A certificate of a public authority, and a TLSA record that does not match or cannot be
    // looked up.
    t.protect(ProtectionMechanism.DANE, true, "e3", "e14", "e15", "e16", "e17a", "e17b");
    t.protect(ProtectionMechanism.DANE, true, "e22", "e23", "e24", "e27", "e28");
    t.protect(ProtectionMechanism.DNSSEC, false, "e18", "e19");
    // A certificate of a public authority for a host that the policy does not list.
    t.protect(ProtectionMechanism.STS, true, "f3", "f4", "f5", "f15a", "f15b");
    return t.expectations;
  }

  private static void routes(ExpectationTable t) {
    t.put(
        SenderCategory.DELIVERS, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "a1", "a2", "a3", "a4");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DECIDED, GREETED, "b1", "b14n", "b15n");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DECIDED, STARTTLS, "b4", "b7an", "b7bn", "b7cn");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, GREETED, "b2", "b3");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        GREETED,
        "b14s",
        "b14d",
        "b15s",
        "b15d");
    t.put(
        SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, STARTTLS, "b5", "b6", "b10s", "b10d");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        STARTTLS,
        "b7as",
        "b7ad",
        "b7bs",
        "b7bd");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, STARTTLS, "b7cs", "b7cd");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.SECOND_HOST, FIRST_HOST, "b8", "b9");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.DECIDED, STARTTLS, "b10n");
    t.put(
        SenderCategory.ROBUST,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "b12",
        "b13a",
        "b13b",
        "b13c");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.RECORDED, STARTTLS, "b11");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.BOUNCED, ASKED_MX, "h1");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.SECOND_HOST, ANY, "h2");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.SECOND_HOST, FIRST_HOST, "h3", "h4", "h5");
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "h6",
        "h8",
        "h10",
        "h11",
        "h12");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.RECORDED, FIRST_HOST, "h7");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.RECORDED, ADDRESS, "h9");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "i1", "i2", "i3");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.RECORDED, HELLO, "i4", "i5");
    t.put(
        SenderCategory.ROBUST,
        ExpectedOutcome.AS_RFC_8689_DEMANDS,
        GREETED,
        "g2",
        "g3",
        "g4",
        "g5");
  }

  private static void handshakes(ExpectationTable t) {
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DECIDED, HELLO, "c1n");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, HELLO, "c1s", "c1d");
    t.put(
        SenderCategory.FLOOR,
        ExpectedOutcome.NO_SUCH_TLS,
        HELLO,
        "c4n",
        "c5n",
        "c6n",
        "c7n",
        "c10",
        "c12");
    t.put(SenderCategory.FLOOR, ExpectedOutcome.NO_SUCH_TLS, HELLO, "c13", "c17a", "c17d");
    t.put(SenderCategory.FLOOR, ExpectedOutcome.NO_SUCH_TLS, SHOWN, "c20a", "c20b");
    t.put(
        SenderCategory.FLOOR,
        ExpectedOutcome.NO_SUCH_TLS,
        SHOWN,
        "c22an",
        "c22bn",
        "c23a",
        "c23b",
        "c23c");
    t.put(
        SenderCategory.FLOOR,
        ExpectedOutcome.RECORDED,
        HELLO,
        "c11",
        "c14n",
        "c15",
        "c17b",
        "c17c");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        HELLO,
        "c4s",
        "c4d",
        "c7s",
        "c7d",
        "c14s",
        "c14d");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, RENEWED, "c29");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.DECIDED, HELLO, "c27n");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.NEVER_PLAINTEXT, HELLO, "c27s", "c27d");
    t.put(SenderCategory.FLOOR, ExpectedOutcome.RECORDED, SHOWN, "c21");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, HELLO, "c5s", "c5d", "c6s", "c6d");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        SHOWN,
        "c22as",
        "c22ad",
        "c22bs",
        "c22bd");
    t.put(SenderCategory.FLOOR, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "c8", "c9");
    t.put(SenderCategory.FLOOR, ExpectedOutcome.RECORDED, HELLO, "c16", "c18");
    t.put(
        SenderCategory.ROBUST,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "c19",
        "c24a",
        "c25a",
        "c25b",
        "c26a");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.DECIDED, SHOWN, "c24b", "c24c");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.RECORDED, HELLO, "c26b", "c26c");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "c28");
  }

  private static void certificates(ExpectationTable t) {
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "d1n",
        "d2n",
        "d3n",
        "d4n",
        "d5n");
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "d1t",
        "d2t",
        "d3t",
        "d4t",
        "d5t");
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        ANY,
        "d1d",
        "d2d",
        "d3d",
        "d4d",
        "d5d");
    t.put(
        SenderCategory.AUTHENTICATES,
        ExpectedOutcome.REFUSED,
        SHOWN,
        "d1s",
        "d2s",
        "d3s",
        "d4s",
        "d5s",
        "d6");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "d7", "d19s", "d19d");
    t.put(
        SenderCategory.AUTHENTICATES,
        ExpectedOutcome.REFUSED,
        SHOWN,
        "d8a",
        "d8b",
        "d9",
        "d11",
        "d12",
        "d14");
    t.put(SenderCategory.AUTHENTICATES, ExpectedOutcome.REFUSED, SHOWN, "d15", "d16", "d17", "d18");
    t.put(SenderCategory.AUTHENTICATES, ExpectedOutcome.RECORDED, SHOWN, "d10a", "d10b", "d13");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.RECORDED, HELLO, "d20", "d21");
  }

  private static void dane(ExpectationTable t) {
    t.put(
        SenderCategory.AUTHENTICATES,
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        TLSA,
        "e1",
        "e2",
        "e4",
        "e5",
        "e12");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        COMPARED,
        "e3",
        "e6",
        "e7",
        "e8",
        "e24",
        "e27");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, TLSA_AND_EHLO, "e11");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.REFUSED,
        TLSA,
        "e14",
        "e15",
        "e16",
        "e17a",
        "e17b");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.REFUSED, ADDRESS, "e18");
    t.put(SenderCategory.ROBUST, ExpectedOutcome.REFUSED, ASKED_MX, "e19");
    t.put(
        SenderCategory.NEVER_LEAKS,
        ExpectedOutcome.NEVER_PLAINTEXT,
        TLSA,
        "e9",
        "e10a",
        "e10b",
        "e10c",
        "e13",
        "e30");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "e20", "e25", "e26");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DELIVERED_AFTER_CHANGE, TLSA_AGAIN, "e29");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.RECORDED, HELLO, "e21");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.SECOND_HOST, TLSA, "e22", "e23", "e28");
  }

  private static void policies(ExpectationTable t) {
    t.put(SenderCategory.AUTHENTICATES, ExpectedOutcome.DELIVERED_UNDER_TLS, FETCHED, "f1");
    t.put(SenderCategory.AUTHENTICATES, ExpectedOutcome.REFUSED, SHOWN, "f2");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, FETCHED, "f3", "f5", "f15a", "f15b");
    t.put(SenderCategory.NEVER_LEAKS, ExpectedOutcome.REFUSED, KEPT, "f8d", "f17");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.SECOND_HOST, FETCHED, "f4");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.SECOND_HOST, AGAIN, "f18");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.DELIVERED_UNDER_TLS, ANY, "f6", "f7", "f14");
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_AFTER_A_WAIT,
        ANY,
        "f8a",
        "f8b",
        "f8c",
        "f9");
    t.put(
        SenderCategory.DELIVERS,
        ExpectedOutcome.DELIVERED_AFTER_A_WAIT,
        ANY,
        "f10a",
        "f10b",
        "f11");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.RECORDED, FETCHED, "f12", "f13", "f16a", "f16b");
    t.put(SenderCategory.DELIVERS, ExpectedOutcome.RECORDED, GREETED, "f19");
  }
}
