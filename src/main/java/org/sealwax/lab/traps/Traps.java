package org.sealwax.lab.traps;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All traps, a file per group; to add one, add a line to its group. */
public final class Traps {
  /** The rows that say most in little time. */
  private static final List<String> QUICK =
      List.of(
          "a1", "a4", "b1", "b2", "b3", "b4", "b11", "c1n", "c1s", "c1d", "c5n", "c9", "c18", "d3n",
          "d5s", "e2", "e3", "e11", "e14", "e27", "f2", "f3", "f17", "h1", "h5");

  private Traps() {}

  /** Every trap. */
  public static List<Trap> all() {
    return Stream.of(
            ControlTraps.all(),
            StarttlsTraps.all(),
            HandshakeTraps.all(),
            BrokenTlsTraps.all(),
            CertificateTraps.all(),
            DaneTraps.all(),
            PolicyTraps.all(),
            RequireTlsTraps.all(),
            RouteTraps.all(),
            ClientTraps.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Every row: each trap in each of its contexts. */
  public static List<Trap.Case> rows() {
    return Table.ROWS;
  }

  /** The quick set. */
  public static List<Trap.Case> quick() {
    return rows().stream().filter(r -> QUICK.contains(r.label())).toList();
  }

  /** The row of this label. */
  public static Optional<Trap.Case> find(String label) {
    return Optional.ofNullable(Table.BY_LABEL.get(label));
  }

  private static final class Table {
    private static final List<Trap.Case> ROWS =
        all().stream().flatMap(t -> t.cases().stream()).toList();
    private static final Map<String, Trap.Case> BY_LABEL =
        ROWS.stream().collect(Collectors.toUnmodifiableMap(Trap.Case::label, r -> r));
  }

  /**
   * The rows of a choice as people write it: labels, ids, group letters, {@code quick}, {@code
   * all}, with commas between; behind a minus what is left out: {@code quick,-b11}.
   *
   * @return empty when a word means nothing
   */
  public static Optional<List<Trap.Case>> chosen(String words) {
    List<Trap.Case> out = new ArrayList<>();
    for (String word : words.toLowerCase(Locale.ROOT).split(",", -1)) {
      boolean without = word.strip().startsWith("-");
      List<Trap.Case> found = meant(without ? word.strip().substring(1) : word.strip());
      if (found.isEmpty()) {
        return Optional.empty();
      }
      if (without) {
        out.removeAll(found);
      } else {
        found.stream().filter(r -> !out.contains(r)).forEach(out::add);
      }
    }
    return out.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(out));
  }

  private static List<Trap.Case> meant(String word) {
    return switch (word) {
      case "all" -> rows();
      case "quick" -> quick();
      default -> rows().stream().filter(r -> matches(r, word)).toList();
    };
  }

  private static boolean matches(Trap.Case row, String word) {
    String id = row.trap().id().toLowerCase(Locale.ROOT);
    boolean variant =
        id.length() > 2 && id.matches(".*[a-d]") && id.substring(0, id.length() - 1).equals(word);
    return row.label().equals(word)
        || id.equals(word)
        || variant
        || (word.length() == 1 && id.startsWith(word));
  }

  /** A trap, for the lists of the groups. */
  static Trap trap(
      String id,
      String title,
      String expected,
      String source,
      Set<Context> contexts,
      UnaryOperator<Site> wrong) {
    return new Trap(id, title, expected, source, contexts, wrong);
  }

  static final Set<Context> N = EnumSet.of(Context.NONE);
  static final Set<Context> S = EnumSet.of(Context.ENFORCE);
  static final Set<Context> T = EnumSet.of(Context.TESTING);
  static final Set<Context> D = EnumSet.of(Context.DANE);
  static final Set<Context> NDS = EnumSet.of(Context.NONE, Context.ENFORCE, Context.DANE);
  static final Set<Context> SD = EnumSet.of(Context.ENFORCE, Context.DANE);
  static final Set<Context> ALL = EnumSet.allOf(Context.class);
}
