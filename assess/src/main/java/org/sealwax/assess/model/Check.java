package org.sealwax.assess.model;

import java.util.List;
import java.util.Optional;

/**
 * One check: an entry of the table of checks.
 *
 * @param id stable name, {@code starttls.offered}; the same in text, JSON and {@code explain}
 * @param group the heading under which it is reported
 * @param title what is so when it passes, in a few words
 * @param reason what goes wrong otherwise, one or two sentences
 * @param aspects stable words that distinguish its possible results ({@code export} of {@code
 *     kex.dh}); the rubric's caps name them
 * @param sources RFCs with sections, guidelines, CVEs
 * @param advice what to do
 */
public record Check(
    String id,
    CheckGroup group,
    String title,
    String reason,
    List<String> aspects,
    List<String> sources,
    FixAdvice advice) {
  /** Copies. */
  public Check {
    aspects = List.copyOf(aspects);
    sources = List.copyOf(sources);
  }

  /** All checks of the receiving side, in the order of the report. */
  public static List<Check> all() {
    return CheckTable.receiving().rows();
  }

  /**
   * The check of the receiving side with this id.
   *
   * @throws IllegalArgumentException when there is none: a fault in our code
   */
  public static Check of(String id) {
    return find(id).orElseThrow(() -> new IllegalArgumentException("no check " + id));
  }

  /** The check with this id, if there is one. */
  public static Optional<Check> find(String id) {
    return CheckTable.receiving().find(id);
  }

  /** This check at a location. */
  public LocatedCheck at(FindingLocation location) {
    return new LocatedCheck(this, location);
  }

  /** This check of the domain as a whole. */
  public LocatedCheck atDomain() {
    return at(FindingLocation.domain());
  }
}
