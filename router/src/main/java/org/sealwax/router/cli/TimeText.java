package org.sealwax.router.cli;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.sealwax.mail.cli.Printable;
import tools.jackson.databind.JsonNode;

/** Times of an answer of the server, for people: whole seconds. JSON has them as they are. */
final class TimeText {
  private TimeText() {}

  /** The time in a field, if there is one. */
  static Optional<Instant> instant(JsonNode node, String field) {
    try {
      return Optional.of(Instant.parse(node.path(field).asString("")));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** {@code 2026-11-25T12:00:00Z}; a text that is no time as it is. */
  static String of(JsonNode node, String field) {
    return instant(node, field)
        .map(at -> at.truncatedTo(ChronoUnit.SECONDS).toString())
        .orElseGet(() -> Printable.of(node.path(field).asString("")));
  }
}
