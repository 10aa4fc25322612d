package org.sealwax.assess.sender;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a correct sender does in one row of the lab. The table is written out, row by row, so that
 * nothing is left to choice; {@code SenderTableTest} holds it against the list of traps.
 *
 * @param label the row: {@code d1s}
 * @param category which part of the score it counts for
 * @param want what is to become of the message, of a sender that is opportunistic where it may be
 */
public record Expectation(String label, Category category, Want want) {
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

    /** Points of the hundred. */
    public int most() {
      return most;
    }
  }

  /** Rows in which the certificate is bad and nothing forbids it. */
  private static final Set<String> UNVERIFIED =
      Set.of("d1n", "d2n", "d3n", "d4n", "d5n", "d1t", "d2t", "d3t", "d4t", "d5t", "f6", "f7");

  private static final Map<String, Expectation> TABLE = table();

  /** The expectation of a row. */
  public static Optional<Expectation> of(String label) {
    return Optional.ofNullable(TABLE.get(label));
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

    void put(Category category, Want want, String... labels) {
      for (String label : labels) {
        if (rows.put(label, new Expectation(label, category, want)) != null) {
          throw new IllegalStateException(label + " stands twice");
        }
      }
    }
  }

  private static Map<String, Expectation> table() {
    Table t = new Table();
    ways(t);
    handshakes(t);
    certificates(t);
    dane(t);
    policies(t);
    return t.rows;
  }

  private static void ways(Table t) {
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "a1", "a2", "a3", "a4");
    t.put(Category.DELIVERS, Want.DECIDED, "b1", "b4", "b7an", "b7bn", "b7cn", "b14n", "b15n");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "b2", "b3", "b5", "b6");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "b7as", "b7ad", "b7bs", "b7bd", "b7cs", "b7cd");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "b14s", "b14d", "b15s", "b15d");
    t.put(Category.ROBUST, Want.SECOND_HOST, "b8", "b9");
    t.put(Category.ROBUST, Want.DECIDED, "b10n");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "b10s", "b10d");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, "b12", "b13a", "b13b", "b13c");
    t.put(Category.ROBUST, Want.RECORDED, "b11");
    t.put(Category.DELIVERS, Want.BOUNCED, "h1");
    t.put(Category.DELIVERS, Want.SECOND_HOST, "h2", "h3", "h4", "h5");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "h6", "h8", "h10", "h11", "h12");
    t.put(Category.DELIVERS, Want.RECORDED, "h7", "h9");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, "i1", "i2", "i3");
    t.put(Category.ROBUST, Want.RECORDED, "i4", "i5");
    t.put(Category.ROBUST, Want.AS_REQUIRETLS_SAYS, "g2", "g3", "g4", "g5");
  }

  private static void handshakes(Table t) {
    t.put(Category.DELIVERS, Want.DECIDED, "c1n");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "c1s", "c1d");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, "c4n", "c5n", "c6n", "c7n", "c10", "c12");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, "c13", "c17a", "c17d", "c20a", "c20b");
    t.put(Category.FLOOR, Want.NO_SUCH_TLS, "c22an", "c22bn", "c23a", "c23b", "c23c");
    t.put(Category.FLOOR, Want.RECORDED, "c11", "c14n", "c15", "c17b", "c17c");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "c4s", "c4d", "c7s", "c7d", "c14s", "c14d", "c29");
    t.put(Category.ROBUST, Want.DECIDED, "c27n");
    t.put(Category.NEVER_LEAKS, Want.NEVER_CLEAR, "c27s", "c27d");
    t.put(Category.FLOOR, Want.RECORDED, "c21");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "c5s", "c5d", "c6s", "c6d");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "c22as", "c22ad", "c22bs", "c22bd");
    t.put(Category.FLOOR, Want.DELIVERED_UNDER_TLS, "c8", "c9");
    t.put(Category.FLOOR, Want.RECORDED, "c16", "c18");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, "c19", "c24a", "c25a", "c25b", "c26a");
    t.put(Category.ROBUST, Want.DECIDED, "c24b", "c24c");
    t.put(Category.ROBUST, Want.RECORDED, "c26b", "c26c");
    t.put(Category.ROBUST, Want.DELIVERED_UNDER_TLS, "c28");
  }

  private static void certificates(Table t) {
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "d1n", "d2n", "d3n", "d4n", "d5n");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "d1t", "d2t", "d3t", "d4t", "d5t");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "d1d", "d2d", "d3d", "d4d", "d5d");
    t.put(Category.AUTHENTICATES, Want.REFUSED, "d1s", "d2s", "d3s", "d4s", "d5s", "d6");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "d7", "d19s", "d19d");
    t.put(Category.AUTHENTICATES, Want.REFUSED, "d8a", "d8b", "d9", "d11", "d12", "d14");
    t.put(Category.AUTHENTICATES, Want.REFUSED, "d15", "d16", "d17", "d18");
    t.put(Category.AUTHENTICATES, Want.RECORDED, "d10a", "d10b", "d13");
    t.put(Category.ROBUST, Want.RECORDED, "d20", "d21");
  }

  private static void dane(Table t) {
    t.put(Category.AUTHENTICATES, Want.DELIVERED_UNDER_TLS, "e1", "e2", "e4", "e5", "e12");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "e3", "e6", "e7", "e8", "e11", "e14", "e15", "e16");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "e17a", "e17b", "e18", "e19", "e24", "e27");
    t.put(Category.NEVER_LEAKS, Want.NEVER_CLEAR, "e9", "e10a", "e10b", "e10c", "e13", "e30");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "e20", "e25", "e26", "e29");
    t.put(Category.DELIVERS, Want.RECORDED, "e21");
    t.put(Category.DELIVERS, Want.SECOND_HOST, "e22", "e23", "e28");
  }

  private static void policies(Table t) {
    t.put(Category.AUTHENTICATES, Want.DELIVERED_UNDER_TLS, "f1");
    t.put(Category.AUTHENTICATES, Want.REFUSED, "f2");
    t.put(Category.NEVER_LEAKS, Want.REFUSED, "f3", "f5", "f8d", "f15a", "f15b", "f17");
    t.put(Category.DELIVERS, Want.SECOND_HOST, "f4", "f18");
    t.put(Category.DELIVERS, Want.DELIVERED_UNDER_TLS, "f6", "f7", "f14");
    t.put(Category.DELIVERS, Want.DELIVERED_AFTER_A_WAIT, "f8a", "f8b", "f8c", "f9");
    t.put(Category.DELIVERS, Want.DELIVERED_AFTER_A_WAIT, "f10a", "f10b", "f11");
    t.put(Category.DELIVERS, Want.RECORDED, "f12", "f13", "f16a", "f16b", "f19");
  }
}
