package org.sealwax.assess.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How findings become a grade: tables of points, of caps, and of what A+ demands. Pure; the same
 * findings always give the same grade.
 *
 * <p>Points are earned by what was seen and only by that: {@code INCONCLUSIVE} and {@code
 * NOT_TESTED} earn none, so that they can never raise a grade; an inconclusive check that counts,
 * or one whose conclusion leaves something open, puts a question mark after the letter. A cap rests
 * on one finding and is named with it.
 */
public final class Rubric {
  private final String version;
  private final List<ScoreCategory> categories;
  private final List<CapRule> caps;
  private final List<PlusRule> plus;
  private final Map<String, Set<String>> consequences;
  private final Set<String> counted = new HashSet<>();
  private final String hash;

  /**
   * A rubric.
   *
   * @param version of the rules, for people
   * @param categories of the score
   * @param caps in any order
   * @param plus checks that must have passed for A+
   * @param consequences checks that pass once one of others passes, which are fixed in their place
   */
  public Rubric(
      String version,
      List<ScoreCategory> categories,
      List<CapRule> caps,
      List<PlusRule> plus,
      Map<String, Set<String>> consequences) {
    this.version = version;
    this.categories = List.copyOf(categories);
    this.caps = List.copyOf(caps);
    this.plus = List.copyOf(plus);
    this.consequences = Map.copyOf(consequences);
    counted.add("scan.trouble");
    caps.forEach(c -> counted.add(c.check()));
    categories.forEach(c -> c.rules().forEach(r -> counted.add(r.check())));
    this.hash = sum();
  }

  /** Of the rules, for people. */
  public String version() {
    return version;
  }

  /** Of the score. */
  public List<ScoreCategory> categories() {
    return categories;
  }

  /** What bounds the letter, in no order. */
  public List<CapRule> caps() {
    return caps;
  }

  /** What A+ demands. */
  public List<PlusRule> plus() {
    return plus;
  }

  /**
   * Part of the score: {@code most × earned ÷ outOf}, never more than {@code most}, and of that the
   * share.
   *
   * @param name as reports print it
   * @param most points of the hundred
   * @param outOf what the rows must earn for all of them
   * @param rules what earns
   * @param share how much of what is earned counts
   */
  public record ScoreCategory(
      String name, int most, int outOf, List<PointsRule> rules, ScoreShare share) {
    /** Copies, and checks that the points can be reached. */
    public ScoreCategory {
      rules = List.copyOf(rules);
      if (rules.stream().mapToInt(PointsRule::pass).sum() < outOf || outOf < 1) {
        throw new IllegalArgumentException(name + " cannot be reached");
      }
    }

    /** All of what is earned counts. */
    public ScoreCategory(String name, int most, int outOf, List<PointsRule> rules) {
      this(name, most, outOf, rules, ScoreShare.ALL);
    }
  }

  /**
   * A share of what a category earns, in percent.
   *
   * @param sure by what was seen
   * @param atBest if what was not tested is good
   */
  public record ScoreShare(int sure, int atBest) {
    /** All of it. */
    public static final ScoreShare ALL = new ScoreShare(100, 100);

    /** Checks. */
    public ScoreShare {
      if (sure < 0 || sure > atBest || atBest > 100) {
        throw new IllegalArgumentException("a share of " + sure + " to " + atBest + " percent");
      }
    }
  }

  /**
   * What one check earns.
   *
   * @param check its id
   * @param pass for PASS and INFO
   * @param warn for WARN
   * @param aspects for WARN or FAIL in one of these aspects instead
   * @param without check whose failure leaves nothing to earn here; empty: none
   */
  public record PointsRule(
      String check, int pass, int warn, Map<String, Integer> aspects, String without) {
    /** Copies. */
    public PointsRule {
      aspects = Map.copyOf(aspects);
    }

    /** The same for each aspect. */
    public static PointsRule of(String check, int pass, int warn) {
      return new PointsRule(check, pass, warn, Map.of(), "");
    }

    /** The same with a check that must not fail before this one can be tested. */
    public PointsRule needing(String other) {
      return new PointsRule(check, pass, warn, aspects, other);
    }

    private int points(Finding finding) {
      return switch (finding.outcome()) {
        case PASS, INFO -> pass;
        case WARN -> aspects.getOrDefault(finding.aspect(), warn);
        case FAIL -> aspects.getOrDefault(finding.aspect(), 0);
        case INCONCLUSIVE, NOT_TESTED, NOT_NEEDED -> 0;
      };
    }
  }

  /**
   * The best letter that is left when something was found.
   *
   * @param most that letter
   * @param check id of the finding's check
   * @param aspect which the finding must have; empty: any
   * @param outcomes of which it must have one
   * @param reason in words
   */
  public record CapRule(
      GradeLetter most, String check, String aspect, Set<CheckOutcome> outcomes, String reason) {
    /** Copies. */
    public CapRule {
      outcomes = Set.copyOf(outcomes);
    }

    /** Whether it applies. */
    public boolean applies(Finding finding) {
      return finding.check().id().equals(check)
          && (aspect.isEmpty() || aspect.equals(finding.aspect()))
          && outcomes.contains(finding.outcome());
    }
  }

  /**
   * Something that A+ demands.
   *
   * @param check that must have passed wherever it was tested
   * @param demand in words
   */
  public record PlusRule(String check, String demand) {}

  /**
   * Grades what was found at one place.
   *
   * @param findings that count there
   * @param full whether the depth was full, which A+ demands
   */
  public Grade grade(List<Finding> findings, boolean full) {
    Map<String, List<Finding>> byCheck = new HashMap<>();
    for (Finding finding : findings) {
      byCheck.computeIfAbsent(finding.check().id(), id -> new ArrayList<>()).add(finding);
    }
    List<Grade.CategoryScore> parts = new ArrayList<>();
    int score = 0;
    int most = 0;
    for (ScoreCategory category : categories) {
      int points = points(category, byCheck, false);
      parts.add(new Grade.CategoryScore(category.name(), points, category.most()));
      score += points;
      most += points(category, byCheck, true);
    }
    score = Math.min(100, score);
    most = Math.min(100, most);
    List<Grade.GradeCap> applied = new ArrayList<>();
    for (CapRule rule : caps) {
      for (Finding finding : byCheck.getOrDefault(rule.check(), List.of())) {
        if (rule.applies(finding)) {
          applied.add(new Grade.GradeCap(rule.most(), rule.reason(), finding));
        }
      }
    }
    applied.sort(Comparator.comparing(Grade.GradeCap::most, Comparator.reverseOrder()));
    List<String> missing = missing(byCheck, full);
    GradeLetter letter = GradeLetter.of(score);
    GradeLetter atBest = GradeLetter.of(most);
    if (!applied.isEmpty()) {
      letter = GradeLetter.worse(letter, applied.getFirst().most());
      atBest = GradeLetter.worse(atBest, applied.getFirst().most());
    } else if (letter == GradeLetter.A && missing.isEmpty()) {
      letter = GradeLetter.A_PLUS;
      atBest = GradeLetter.A_PLUS;
    }
    // Nothing that was not seen can change what is sure to be the worst.
    boolean worst =
        !applied.isEmpty()
            && applied.getFirst().most() == GradeLetter.F
            && applied.stream()
                .anyMatch(c -> c.most() == GradeLetter.F && c.finding().openQuestion().isEmpty());
    return new Grade(
        letter,
        atBest,
        worst ? List.of() : doubts(findings),
        score,
        most - score,
        parts,
        applied,
        missing);
  }

  private static int points(
      ScoreCategory category, Map<String, List<Finding>> byCheck, boolean atBest) {
    int earned = 0;
    for (PointsRule rule : category.rules()) {
      List<Finding> there = byCheck.getOrDefault(rule.check(), List.of());
      earned +=
          atBest && leftOut(there)
              ? rule.pass()
              : there.stream().mapToInt(rule::points).min().orElse(0);
    }
    // Rounded down: a category is full only when everything was earned.
    int percent = atBest ? category.share().atBest() : category.share().sure();
    return Math.min(category.most(), category.most() * earned / category.outOf()) * percent / 100;
  }

  /**
   * Whether a deeper scan would show more: nothing but "not tested" at an address, or of a sender,
   * which may still come. Policies are asked for in every depth; where one is not tested, there is
   * none.
   */
  private static boolean leftOut(List<Finding> there) {
    return !there.isEmpty()
        && there.stream()
            .allMatch(
                f ->
                    f.outcome() == CheckOutcome.NOT_TESTED
                        && (f.check().group() == CheckGroup.SENDER
                            || (f.location().address() != null
                                && f.check().group() != CheckGroup.POLICY)));
  }

  private List<String> missing(Map<String, List<Finding>> byCheck, boolean full) {
    List<String> missing = new ArrayList<>();
    for (PlusRule demand : plus) {
      List<Finding> there = byCheck.getOrDefault(demand.check(), List.of());
      if (there.isEmpty()
          || there.stream()
              .anyMatch(
                  f -> f.outcome() != CheckOutcome.PASS && f.outcome() != CheckOutcome.INFO)) {
        missing.add(demand.demand());
      }
    }
    if (!full) {
      missing.add("a full assessment (--full)");
    }
    return missing;
  }

  private List<String> doubts(List<Finding> findings) {
    return findings.stream()
        .filter(f -> counted.contains(f.check().id()))
        .filter(f -> f.outcome() == CheckOutcome.INCONCLUSIVE || !f.openQuestion().isEmpty())
        .map(f -> f.check().id())
        .distinct()
        .toList();
  }

  /** Checks with one of which this one passes too, so that it needs no remedy of its own. */
  public Set<String> causes(Check check) {
    return consequences.getOrDefault(check.id(), Set.of());
  }

  /** The same findings, if these checks passed, with what needs them or follows from them. */
  public List<Finding> fixed(List<Finding> findings, Set<String> checks) {
    Set<String> passing = new HashSet<>(checks);
    consequences.forEach(
        (check, causes) -> {
          if (causes.stream().anyMatch(checks::contains)) {
            passing.add(check);
          }
        });
    categories.stream()
        .flatMap(category -> category.rules().stream())
        .filter(rule -> checks.contains(rule.without()))
        .forEach(rule -> passing.add(rule.check()));
    return findings.stream()
        .map(f -> passing.contains(f.check().id()) ? f.check().at(f.location()).pass("fixed") : f)
        .toList();
  }

  /** SHA-256 over all tables, in hex: two grades with one hash are comparable. */
  public String hash() {
    return hash;
  }

  private String sum() {
    StringBuilder text = new StringBuilder(version).append('\n');
    for (ScoreCategory category : categories) {
      text.append(category.name())
          .append(' ')
          .append(category.most())
          .append('/')
          .append(category.outOf())
          .append('\n');
      for (PointsRule rule : category.rules()) {
        text.append(rule.check()).append(' ').append(rule.pass()).append(' ').append(rule.warn());
        rule.aspects().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .forEach(e -> text.append(' ').append(e.getKey()).append('=').append(e.getValue()));
        text.append('\n');
      }
    }
    for (CapRule rule : caps) {
      text.append(rule.most().text())
          .append(' ')
          .append(rule.check())
          .append('/')
          .append(rule.aspect())
          .append(' ')
          .append(rule.outcomes().stream().map(CheckOutcome::label).sorted().toList())
          .append('\n');
    }
    plus.forEach(p -> text.append("A+ ").append(p.check()).append('\n'));
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(text.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("each Java has SHA-256", e);
    }
  }
}
