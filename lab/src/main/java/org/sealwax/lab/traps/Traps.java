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
  /** The test cases that show most in little time. */
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
            ClientCertificateTraps.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Every test case: each trap in each of its contexts. */
  public static List<Trap.TrapCase> cases() {
    return TrapTable.TRAP_CASES;
  }

  /** The quick set. */
  public static List<Trap.TrapCase> quick() {
    return cases().stream().filter(r -> QUICK.contains(r.label())).toList();
  }

  /** The test case of this label. */
  public static Optional<Trap.TrapCase> find(String label) {
    return Optional.ofNullable(TrapTable.BY_LABEL.get(label));
  }

  private static final class TrapTable {
    private static final List<Trap.TrapCase> TRAP_CASES =
        all().stream().flatMap(t -> t.cases().stream()).toList();
    private static final Map<String, Trap.TrapCase> BY_LABEL =
        TRAP_CASES.stream().collect(Collectors.toUnmodifiableMap(Trap.TrapCase::label, r -> r));
  }

  /**
   * The test cases of a selection as a user writes it: labels, ids, group letters, {@code quick},
   * {@code all}, with commas between; after a minus sign what is left out: {@code quick,-b11}.
   *
   * @return empty when a word is unknown
   */
  public static Optional<List<Trap.TrapCase>> chosen(String words) {
    List<Trap.TrapCase> out = new ArrayList<>();
    for (String word : words.toLowerCase(Locale.ROOT).split(",", -1)) {
      boolean without = word.strip().startsWith("-");
      List<Trap.TrapCase> found = meant(without ? word.strip().substring(1) : word.strip());
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

  private static List<Trap.TrapCase> meant(String word) {
    return switch (word) {
      case "all" -> cases();
      case "quick" -> quick();
      default -> cases().stream().filter(r -> matches(r, word)).toList();
    };
  }

  private static boolean matches(Trap.TrapCase trapCase, String word) {
    String id = trapCase.trap().id().toLowerCase(Locale.ROOT);
    boolean variant =
        id.length() > 2 && id.matches(".*[a-d]") && id.substring(0, id.length() - 1).equals(word);
    return trapCase.label().equals(word)
        || id.equals(word)
        || variant
        || (word.length() == 1 && id.startsWith(word));
  }

  /**
   * A trap, for the lists of the groups.
   *
   * @param row id, title, what is expected and its source, with {@code |} between
   */
  static Trap trap(String row, Set<PolicyContext> contexts, UnaryOperator<Site> wrong) {
    String[] cells = row.split(" \\| ", -1);
    return new Trap(cells[0], cells[1], cells[2], cells[3], contexts, wrong);
  }

  static final Set<PolicyContext> N = EnumSet.of(PolicyContext.NONE);
  static final Set<PolicyContext> S = EnumSet.of(PolicyContext.ENFORCE);
  static final Set<PolicyContext> T = EnumSet.of(PolicyContext.TESTING);
  static final Set<PolicyContext> D = EnumSet.of(PolicyContext.DANE);
  static final Set<PolicyContext> NDS =
      EnumSet.of(PolicyContext.NONE, PolicyContext.ENFORCE, PolicyContext.DANE);
  static final Set<PolicyContext> SD = EnumSet.of(PolicyContext.ENFORCE, PolicyContext.DANE);
  static final Set<PolicyContext> ALL = EnumSet.allOf(PolicyContext.class);
}
