package org.sealwax.mail.sts;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.MxPattern;

/**
 * One MTA-STS policy (RFC 8461 3.2).
 *
 * @param mode what it requires of senders
 * @param maxAge for how long it may be kept; at most {@link #MAX_AGE}
 * @param mx the hosts it lists, in its order; empty only in mode {@code none}
 * @param text as it was served: reports quote it (RFC 8460 4.4)
 */
public record StsPolicy(Mode mode, Duration maxAge, List<MxPattern> mx, String text) {
  /** Bytes of a policy file (RFC 8461 3.3 suggests this limit). */
  public static final int MAX_SIZE = 64 * 1_024;

  /** What is wrong with a larger file. */
  public static final ParsedStsPolicy.StsPolicyFlaw OVERSIZED =
      new ParsedStsPolicy.StsPolicyFlaw(0, "over " + MAX_SIZE + " bytes");

  /** The longest {@code max_age}: 31557600 seconds, about a year (RFC 8461 3.2). */
  public static final Duration MAX_AGE = Duration.ofHours(8_766);

  /** Digits of {@code max_age} (RFC 8461 3.2). */
  private static final int MAX_AGE_DIGITS = 10;

  /** What stands before some texts although UTF-8 needs no mark (RFC 3629 6). */
  private static final char BYTE_ORDER_MARK = '\ufeff';

  /** The mode of a policy (RFC 8461 5). */
  public enum Mode {
    /** No host outside the list, and none without a certificate for its name. */
    ENFORCE,
    /** Deliver anyway, and report. */
    TESTING,
    /** No policy in force: how a domain removes its policy (RFC 8461 8.3). */
    NONE;

    /**
     * As written in a policy.
     *
     * @return the word of the policy file
     */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Copies. */
  public StsPolicy {
    mx = List.copyOf(mx);
  }

  /** The result of reading a policy file. */
  public sealed interface ParsedStsPolicy {
    /**
     * A policy.
     *
     * @param policy the policy
     * @param deviations from the grammar that senders can pass over without following anything that
     *     was not written: the policy's host should fix them
     */
    record ValidStsPolicy(StsPolicy policy, List<StsPolicyFlaw> deviations)
        implements ParsedStsPolicy {
      /** Copies. */
      public ValidStsPolicy {
        deviations = List.copyOf(deviations);
      }
    }

    /**
     * No policy, or a deviation in one.
     *
     * @param line where, from 1; 0 when it is about the file as a whole
     * @param why in words for people; quotes nothing of the file
     */
    record StsPolicyFlaw(int line, String why) implements ParsedStsPolicy {
      /**
       * {@code line 3: why}.
       *
       * @return line and error in words
       */
      public String text() {
        return line == 0 ? why : "line " + line + ": " + why;
      }
    }
  }

  /**
   * {@return whether {@code host} is among {@link #mx}}
   *
   * @param host the MX host
   */
  public boolean lists(org.sealwax.mail.address.Domain host) {
    return mx.stream().anyMatch(m -> m.matches(host));
  }

  /**
   * {@return whether a media type is the one that a policy must have (RFC 8461 3.2): {@code
   * text/plain}, with any parameters, in any case}
   *
   * @param contentType the field's value, or null when there is none
   */
  public static boolean isMediaType(@Nullable String contentType) {
    if (contentType == null) {
      return false;
    }
    int semicolon = contentType.indexOf(';');
    String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
    return type.strip().toLowerCase(Locale.ROOT).equals("text/plain");
  }

  /**
   * Reads a policy file of any bytes, as leniently as is safe: its text came by verified HTTPS, so
   * only its owner can have written it. Blank lines and a byte order mark are passed over, a {@code
   * max_age} over the limit is the limit, and an {@code mx} that is none is left out where others
   * are left.
   *
   * @param file the bytes of the policy file
   * @return the policy, or the first error
   */
  public static ParsedStsPolicy read(byte[] file) {
    if (file.length > MAX_SIZE) {
      return OVERSIZED;
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(file))
              .toString();
    } catch (CharacterCodingException e) {
      return new ParsedStsPolicy.StsPolicyFlaw(0, "not UTF-8");
    }
    return new StsPolicyParser(text).read();
  }

  /** Deviations reported for one policy. */
  private static final int MOST_DEVIATIONS = 20;

  /** One reading, line by line. */
  private static final class StsPolicyParser {
    private final String text;
    private boolean version;
    private @Nullable Mode mode;
    private @Nullable Duration maxAge;
    private final List<MxPattern> mx = new ArrayList<>();
    private ParsedStsPolicy.@Nullable StsPolicyFlaw badMx;
    private final List<ParsedStsPolicy.StsPolicyFlaw> deviations = new ArrayList<>();

    private StsPolicyParser(String text) {
      this.text = text;
    }

    private ParsedStsPolicy read() {
      String[] lines = text.split("\n", -1);
      int count = lines.length;
      // RFC 8461 §3.2: the last line may have an end or none.
      if (lines[count - 1].isEmpty()) {
        count--;
      }
      if (count == 0) {
        return new ParsedStsPolicy.StsPolicyFlaw(0, "empty");
      }
      for (int i = 0; i < count; i++) {
        String line = lines[i];
        if (line.endsWith("\r")) {
          line = line.substring(0, line.length() - 1);
        }
        if (i == 0 && !line.isEmpty() && line.charAt(0) == BYTE_ORDER_MARK) {
          line = line.substring(1);
          deviates(i, "begins with a byte order mark");
        }
        if (trimmed(line).isEmpty()) {
          deviates(i, "empty line");
          continue;
        }
        Optional<String> flaw = field(i, line);
        if (flaw.isPresent()) {
          return new ParsedStsPolicy.StsPolicyFlaw(i + 1, flaw.get());
        }
      }
      return whole();
    }

    private void deviates(int line, String how) {
      if (deviations.size() < MOST_DEVIATIONS) {
        deviations.add(new ParsedStsPolicy.StsPolicyFlaw(line + 1, how));
      }
    }

    private ParsedStsPolicy whole() {
      if (!version) {
        return new ParsedStsPolicy.StsPolicyFlaw(0, "no version");
      }
      if (mode == null) {
        return new ParsedStsPolicy.StsPolicyFlaw(0, "no mode");
      }
      if (maxAge == null) {
        return new ParsedStsPolicy.StsPolicyFlaw(0, "no max_age");
      }
      if (mx.isEmpty() && mode != Mode.NONE) {
        return badMx == null
            ? new ParsedStsPolicy.StsPolicyFlaw(0, "no mx; required by mode " + mode.word())
            : badMx;
      }
      return new ParsedStsPolicy.ValidStsPolicy(new StsPolicy(mode, maxAge, mx, text), deviations);
    }

    /** Why a line is not a field. */
    private Optional<String> field(int number, String line) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        return Optional.of("no \":\"");
      }
      String name = line.substring(0, colon);
      String value = trimmed(line.substring(colon + 1));
      if (!StsRecord.isName(name)) {
        return Optional.of("not a key");
      }
      if (name.equals("mx")) {
        mx(number, value);
        return Optional.empty();
      }
      if (!isValue(value)) {
        return Optional.of(value.isEmpty() ? "no value" : "control character in the value");
      }
      return switch (name) {
        case "version" -> version(value);
        case "mode" -> mode(value);
        case "max_age" -> maxAge(number, value);
        // RFC 8461 §3.2: unknown fields are ignored.
        default -> Optional.empty();
      };
    }

    private Optional<String> version(String value) {
      if (!version && !value.equals("STSv1")) {
        return Optional.of("version is not STSv1");
      }
      version = true;
      return Optional.empty();
    }

    private Optional<String> mode(String value) {
      if (mode != null) {
        // RFC 8461 §3.2: of a repeated field, all but the first are ignored.
        return Optional.empty();
      }
      for (Mode known : Mode.values()) {
        if (known.word().equals(value)) {
          mode = known;
          return Optional.empty();
        }
      }
      return Optional.of("mode is not enforce, testing or none");
    }

    private Optional<String> maxAge(int number, String value) {
      if (maxAge != null) {
        return Optional.empty();
      }
      if (!value.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Optional.of("max_age does not have 1 to " + MAX_AGE_DIGITS + " digits");
      }
      BigInteger seconds = new BigInteger(value);
      if (value.length() > MAX_AGE_DIGITS) {
        deviates(number, "max_age does not have 1 to " + MAX_AGE_DIGITS + " digits");
      } else if (seconds.compareTo(BigInteger.valueOf(MAX_AGE.toSeconds())) > 0) {
        deviates(number, "max_age over " + MAX_AGE.toSeconds());
      }
      maxAge =
          Duration.ofSeconds(seconds.min(BigInteger.valueOf(MAX_AGE.toSeconds())).longValueExact());
      return Optional.empty();
    }

    private void mx(int number, String value) {
      Optional<MxPattern> pattern = pattern(value);
      pattern.ifPresent(mx::add);
      if (pattern.isEmpty()) {
        String why = "mx is not a host name or \"*.\" and a host name";
        badMx = badMx == null ? new ParsedStsPolicy.StsPolicyFlaw(number + 1, why) : badMx;
        deviates(number, why);
      }
    }

    /** Host names only, as letters, digits and hyphens (RFC 8461 3.2, RFC 5321 4.1.2 Domain). */
    private static Optional<MxPattern> pattern(String value) {
      String name = value.startsWith("*.") ? value.substring(2) : value;
      boolean plain =
          !name.endsWith(".")
              && name.chars()
                  .allMatch(
                      c ->
                          (c >= 'a' && c <= 'z')
                              || (c >= 'A' && c <= 'Z')
                              || (c >= '0' && c <= '9')
                              || c == '-'
                              || c == '.');
      return plain ? MxPattern.parse(value) : Optional.empty();
    }

    private static String trimmed(String value) {
      int from = 0;
      int to = value.length();
      while (from < to && (value.charAt(from) == ' ' || value.charAt(from) == '\t')) {
        from++;
      }
      while (to > from && (value.charAt(to - 1) == ' ' || value.charAt(to - 1) == '\t')) {
        to--;
      }
      return value.substring(from, to);
    }

    private static boolean isValue(String value) {
      return !value.isEmpty() && value.chars().noneMatch(c -> c < 0x20 || c == 0x7f);
    }
  }
}
