package org.sealwax.lab.judge;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.lab.traps.Context;
import org.sealwax.lab.traps.Traps;

/**
 * What a correct sender does in one row of the lab. The table is written out, row by row, so that
 * nothing is left to choice; {@code SenderTableTest} holds it against the list of traps.
 *
 * <p>Mail that went out against a policy speaks for itself, and so does legal mail that arrived.
 * All else, refusals above all, counts only of a sender that reached the trap.
 *
 * @param label the row: {@code d1s}
 * @param category which part of the score it counts for
 * @param want what is to become of the message, of a sender that is opportunistic where it may be
 * @param reached what the sender must have done for anything but mail that arrived to count
 * @param mechanism what protects the mail here
 * @param telling whether only that mechanism makes a sender refuse here: the certificate is one
 *     that public authorities vouch for
 */
public record Expectation(
    String label,
    Category category,
    Want want,
    Set<Reached> reached,
    Mechanism mechanism,
    boolean telling) {
  /** The parts of the score. */
  public enum Category {
    NEVER_LEAKS("Never leaks", 40),
    AUTHENTICATES("Authenticates", 20),
    DELIVERS("Delivers what it must", 15),
    FLOOR("Crypto floor", 10),
    ROBUST("Robustness", 10),
    REPORTS("Reporting", 5);

    private final String title;
    private final int most;

    Category(String title, int most) {
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

  /** Rows in which the certificate is bad and nothing forbids it. */
  private static final Set<String> UNVERIFIED =
      Set.of("d1n", "d2n", "d3n", "d4n", "d5n", "d1t", "d2t", "d3t", "d4t", "d5t", "f6", "f7");

  /** Mail that arrives says it all. */
  private static final Set<Reached> ANY = Set.of();

  private static final Set<Reached> ASKED_MX = Set.of(Reached.ASKED_MX);
  private static final Set<Reached> ADDRESS = Set.of(Reached.ASKED_ADDRESS);
  private static final Set<Reached> TLSA = Set.of(Reached.ASKED_TLSA);
  private static final Set<Reached> FETCHED = Set.of(Reached.FETCHED);
  private static final Set<Reached> FIRST_HOST = Set.of(Reached.FIRST_HOST);
  private static final Set<Reached> GREETED = Set.of(Reached.GREETED);
  private static final Set<Reached> STARTTLS = Set.of(Reached.STARTTLS);
  private static final Set<Reached> HELLO = Set.of(Reached.HELLO);
  private static final Set<Reached> SHOWN = Set.of(Reached.SHOWN);
  private static final Set<Reached> AGAIN = Set.of(Reached.CAME_AGAIN);

  /** It had the TLSA records, and saw the certificate. */
  private static final Set<Reached> COMPARED = Set.of(Reached.ASKED_TLSA, Reached.SHOWN);

  private static final Set<Reached> TLSA_AND_EHLO = Set.of(Reached.ASKED_TLSA, Reached.GREETED);
  private static final Set<Reached> TLSA_AGAIN = Set.of(Reached.ASKED_TLSA, Reached.CAME_AGAIN);

  /** The policy that it has was fetched before the attack, and it came back during it. */
  private static final Set<Reached> KEPT =
      Set.of(Reached.FETCHED_BEFORE, Reached.CAME_AGAIN, Reached.GREETED);

  /** It has the new policy, and came back with it. */
  private static final Set<Reached> RENEWED =
      Set.of(Reached.FETCHED_AFTER, Reached.CAME_AGAIN, Reached.HELLO);

  private static final Map<String, Expectation> TABLE = table();

  /** The expectation of a row. */
  public static Optional<Expectation> of(String label) {
    return Optional.ofNullable(TABLE.get(label));
  }

  /** What a sender of this profile must have done for a refusal to count. */
  Set<Reached> reached(Profile profile) {
    // Who wants verified TLS everywhere refuses for what the handshake showed.
    return of(profile) != want && reached.isEmpty() ? SHOWN : reached;
  }

  /**
   * Whether legal mail is to arrive here from a sender of this profile, and nothing else is right.
   */
  boolean legal(Profile profile) {
    return switch (of(profile)) {
      case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT, DELIVERED_AFTER_CHANGE, SECOND_HOST -> true;
      case REFUSED, NEVER_CLEAR, DECIDED, NO_SUCH_TLS, BOUNCED, AS_REQUIRETLS_SAYS, RECORDED ->
          false;
    };
  }

  /** The whole table, in order. */
  public static List<Expectation> all() {
    return List.copyOf(TABLE.values());
  }

  /** What is wanted of a sender of this profile. */
  public Want of(Profile profile) {
    return switch (profile) {
      case OPPORTUNISTIC -> want;
      case STRICT -> want == Want.DECIDED || want == Want.NO_SUCH_TLS ? Want.REFUSED : want;
      case VERIFIED ->
          want == Want.DECIDED || want == Want.NO_SUCH_TLS || UNVERIFIED.contains(label)
              ? Want.REFUSED
              : want;
    };
  }

  private static final class Table {
    private final Map<String, Expectation> rows = new LinkedHashMap<>();

    void put(Category category, Want want, Set<Reached> reached, String... labels) {
      for (String label : labels) {
        Mechanism mechanism =
            Traps.find(label)
                .map(row -> mechanism(row.context()))
                .orElseThrow(() -> new IllegalStateException("no row " + label));
        Expectation row = new Expectation(label, category, want, reached, mechanism, false);
        if (rows.put(label, row) != null) {
          throw new IllegalStateException(label + " stands twice");
        }
      }
    }

    /** Changes what protects rows that are there, and whether they tell it from other reasons. */
    void protect(Mechanism mechanism, boolean telling, String... labels) {
      for (String label : labels) {
        rows.computeIfPresent(
            label,
            (l, r) -> new Expectation(l, r.category(), r.want(), r.reached(), mechanism, telling));
      }
    }

    private static Mechanism mechanism(Context context) {
      return switch (context) {
        case NONE, TESTING -> Mechanism.NONE;
        case ENFORCE -> Mechanism.STS;
        case DANE -> Mechanism.DANE;
      };
    }
  }

  private static Map<String, Expectation> table() {
    Table t = new Table();
    ways(t);
    handshakes(t);
    certificates(t);
    dane(t);
    policies(t);
    // Unsigned for those who ask, no policy to be had, or one that says none.
    t.protect(Mechanism.NONE, false, "e20", "e21", "e25", "e26", "f7", "f8a", "f8b", "f8c", "f9");
    t.protect(Mechanism.NONE, false, "f10a", "f10b", "f11", "f12", "f13", "f14", "f16a", "f16b");
    // A certificate of a public authority, and a TLSA record that does not match or cannot be had.
    t.protect(Mechanism.DANE, true, "e3", "e14", "e15", "e16", "e17a", "e17b");
    t.protect(Mechanism.DANE, true, "e22", "e23", "e24", "e27", "e28");
    t.protect(Mechanism.DNSSEC, false, "e18", "e19");
    // A certificate of a public authority for a host that the policy does not list.
    t.protect(Mechanism.STS, true, "f3", "f4", "f5", "f15a", "f15b");
    return t.rows;
  }

  private static void ways(Table t) {
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "a1", "a2", "a3", "a4");
    t.put(Category.DELIVERS, Want.DECIDED, GREETED, "b1", "b14n", "b15n");
    t.put(Category.DELIVERS, Want.DECIDED, STARTTLS, "b4", "b7an", "b7bn", "b7cn");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, GREETED, "b2", "b3");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, GREETED, "b14s", "b14d", "b15s", "b15d");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, STARTTLS, "b5", "b6", "b10s", "b10d");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, STARTTLS, "b7as", "b7ad", "b7bs", "b7bd");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, STARTTLS, "b7cs", "b7cd");
    t.put(Category.ROBUST, Want.SECOND_HOST, FIRST_HOST, "b8", "b9");
    t.put(Category.ROBUST, Want.DECIDED, STARTTLS, "b10n");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, ANY, "b12", "b13a", "b13b", "b13c");
    t.put(Category.ROBUST, Want.RECORDED, STARTTLS, "b11");
    t.put(Category.DELIVERS, Want.BOUNCED, ASKED_MX, "h1");
    t.put(Category.DELIVERS, Want.SECOND_HOST, ANY, "h2");
    t.put(Category.DELIVERS, Want.SECOND_HOST, FIRST_HOST, "h3", "h4", "h5");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "h6", "h8", "h10", "h11", "h12");
    t.put(Category.DELIVERS, Want.RECORDED, FIRST_HOST, "h7");
    t.put(Category.DELIVERS, Want.RECORDED, ADDRESS, "h9");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, ANY, "i1", "i2", "i3");
    t.put(Category.ROBUST, Want.RECORDED, HELLO, "i4", "i5");
    t.put(Category.ROBUST, Want.AS_REQUIRETLS_SAYS, GREETED, "g2", "g3", "g4", "g5");
  }

  private static void handshakes(Table t) {
    t.put(Category.DELIVERS, Want.DECIDED, HELLO, "c1n");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, HELLO, "c1s", "c1d");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, HELLO, "c4n", "c5n", "c6n", "c7n", "c10", "c12");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, HELLO, "c13", "c17a", "c17d");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, SHOWN, "c20a", "c20b");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, SHOWN, "c22an", "c22bn", "c23a", "c23b", "c23c");
    t.put(Category.FLOOR, Want.RECORDED, HELLO, "c11", "c14n", "c15", "c17b", "c17c");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, HELLO, "c4s", "c4d", "c7s", "c7d", "c14s", "c14d");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, RENEWED, "c29");
    t.put(Category.ROBUST, Want.DECIDED, HELLO, "c27n");
    t.put(Category.NEVER_LEAKS, Want.NEVER_CLEAR, HELLO, "c27s", "c27d");
    t.put(Category.FLOOR, Want.RECORDED, SHOWN, "c21");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, HELLO, "c5s", "c5d", "c6s", "c6d");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, SHOWN, "c22as", "c22ad", "c22bs", "c22bd");
    t.put(Category.FLOOR, Want.DELIVERED_UNDER_TLS, ANY, "c8", "c9");
    t.put(Category.FLOOR, Want.RECORDED, HELLO, "c16", "c18");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, ANY, "c19", "c24a", "c25a", "c25b", "c26a");
    t.put(Category.ROBUST, Want.DECIDED, SHOWN, "c24b", "c24c");
    t.put(Category.ROBUST, Want.RECORDED, HELLO, "c26b", "c26c");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, ANY, "c28");
  }

  private static void certificates(Table t) {
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "d1n", "d2n", "d3n", "d4n", "d5n");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "d1t", "d2t", "d3t", "d4t", "d5t");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "d1d", "d2d", "d3d", "d4d", "d5d");
    t.put(Category.AUTHENTICATES, Want.REFUSED, SHOWN, "d1s", "d2s", "d3s", "d4s", "d5s", "d6");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "d7", "d19s", "d19d");
    t.put(Category.AUTHENTICATES, Want.REFUSED, SHOWN, "d8a", "d8b", "d9", "d11", "d12", "d14");
    t.put(Category.AUTHENTICATES, Want.REFUSED, SHOWN, "d15", "d16", "d17", "d18");
    t.put(Category.AUTHENTICATES, Want.RECORDED, SHOWN, "d10a", "d10b", "d13");
    t.put(Category.ROBUST, Want.RECORDED, HELLO, "d20", "d21");
  }

  private static void dane(Table t) {
    t.put(Category.AUTHENTICATES, Want.DELIVERED_UNDER_TLS, TLSA, "e1", "e2", "e4", "e5", "e12");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, COMPARED, "e3", "e6", "e7", "e8", "e24", "e27");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, TLSA_AND_EHLO, "e11");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, TLSA, "e14", "e15", "e16", "e17a", "e17b");
    t.put(Category.ROBUST, Want.REFUSED, ADDRESS, "e18");
    t.put(Category.ROBUST, Want.REFUSED, ASKED_MX, "e19");
    t.put(Category.NEVER_LEAKS, Want.NEVER_CLEAR, TLSA, "e9", "e10a", "e10b", "e10c", "e13", "e30");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "e20", "e25", "e26");
    t.put(Category.DELIVERS, Want.DELIVERED_AFTER_CHANGE, TLSA_AGAIN, "e29");
    t.put(Category.DELIVERS, Want.RECORDED, HELLO, "e21");
    t.put(Category.DELIVERS, Want.SECOND_HOST, TLSA, "e22", "e23", "e28");
  }

  private static void policies(Table t) {
    t.put(Category.AUTHENTICATES, Want.DELIVERED_UNDER_TLS, FETCHED, "f1");
    t.put(Category.AUTHENTICATES, Want.REFUSED, SHOWN, "f2");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, FETCHED, "f3", "f5", "f15a", "f15b");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, KEPT, "f8d", "f17");
    t.put(Category.DELIVERS, Want.SECOND_HOST, FETCHED, "f4");
    t.put(Category.DELIVERS, Want.SECOND_HOST, AGAIN, "f18");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, ANY, "f6", "f7", "f14");
    t.put(Category.DELIVERS, Want.DELIVERED_AFTER_A_WAIT, ANY, "f8a", "f8b", "f8c", "f9");
    t.put(Category.DELIVERS, Want.DELIVERED_AFTER_A_WAIT, ANY, "f10a", "f10b", "f11");
    t.put(Category.DELIVERS, Want.RECORDED, FETCHED, "f12", "f13", "f16a", "f16b");
    t.put(Category.DELIVERS, Want.RECORDED, GREETED, "f19");
  }
}
