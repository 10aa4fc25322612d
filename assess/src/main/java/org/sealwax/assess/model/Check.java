package org.sealwax.assess.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One check: an entry of the table of checks.
 *
 * @param id stable name, {@code starttls.offered}; the same in text, JSON and {@code explain}
 * @param group the heading under which it is reported
 * @param title what is so when it passes, in a few words
 * @param reason what goes wrong otherwise, one or two sentences
 * @param headings what is so when it does not pass, in a few words, by aspect: a stable word that
 *     distinguishes its possible results ({@code export} of {@code kex.dh}), which the rubric's
 *     caps name; empty for results without an aspect
 * @param sources RFCs with sections, guidelines, CVEs
 * @param advice what to do
 */
public record Check(
    String id,
    CheckGroup group,
    String title,
    String reason,
    Map<String, String> headings,
    List<String> sources,
    FixAdvice advice) {
  /** Copies. */
  public Check {
    headings = Collections.unmodifiableMap(new LinkedHashMap<>(headings));
    sources = List.copyOf(sources);
  }

  /** The aspects of its results, in the order of the table. */
  public List<String> aspects() {
    return headings.keySet().stream().filter(aspect -> !aspect.isEmpty()).toList();
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
