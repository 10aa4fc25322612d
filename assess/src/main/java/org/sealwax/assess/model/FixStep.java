package org.sealwax.assess.model;

import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Something to fix, and what that brings. */
public interface FixStep {
  /** What was found, in a few words. */
  String heading();

  /** The name of its place in a report. */
  String code();

  /** Points of the hundred that it brings. */
  int points();

  /** The best letter until then; null when it limits nothing. */
  @Nullable GradeLetter cap();

  /** {@code +20}, {@code at most B}, both, or empty when it costs nothing. */
  default String cost() {
    GradeLetter most = cap();
    return Stream.of(
            points() > 0 ? "+" + points() : "", most == null ? "" : "at most " + most.text())
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining(", "));
  }
}
