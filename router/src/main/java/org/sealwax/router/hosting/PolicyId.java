package org.sealwax.router.hosting;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The id of a policy (RFC 8461 3.1: 1 to 32 letters and digits): a date and time in UTC, fourteen
 * digits, and eight hexadecimal digits of a hash of the text. Later ids have later times, so none
 * comes again, also after a backup was restored.
 */
final class PolicyId {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss").withResolverStyle(ResolverStyle.STRICT);

  private static final int TIME_DIGITS = 14;

  private static final int HASH_BYTES = 4;

  /** A published id from later than this is not one that this server made. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** The last time with four digits for its year. */
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

  private PolicyId() {}

  /**
   * {@return the id of another text}
   *
   * @param former ids that its time must be after
   * @param believed the date
   */
  static String next(String text, Stream<String> former, Instant believed) {
    Instant time =
        former
            .flatMap(id -> time(id).stream())
            .map(last -> last.plusSeconds(1))
            .reduce(believed.truncatedTo(ChronoUnit.SECONDS), (a, b) -> a.isBefore(b) ? b : a);
    if (time.isAfter(LAST)) {
      throw new IllegalStateException("the clock is after the year 9999");
    }
    return TIME.format(LocalDateTime.ofInstant(time, ZoneOffset.UTC)) + hash(text);
  }

  /**
   * {@return whether a published id shows that this server had a later state, and a backup was
   * restored}
   *
   * @param published which no stored policy has
   * @param stored ids of the stored policies
   * @param believed the date
   */
  static boolean isLater(String published, List<String> stored, Instant believed) {
    Instant ours =
        stored.stream()
            .flatMap(id -> time(id).stream())
            .max(Instant::compareTo)
            .orElse(Instant.MIN);
    return time(published)
        .filter(at -> at.isAfter(ours) && !at.isAfter(believed.plus(AHEAD)))
        .isPresent();
  }

  /** The time of an id in our form. */
  private static Optional<Instant> time(String id) {
    if (!id.matches("[0-9]{14}[0-9a-f]{8}")) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDateTime.parse(id.substring(0, TIME_DIGITS), TIME).toInstant(ZoneOffset.UTC));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static String hash(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
