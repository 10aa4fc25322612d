package org.sealwax.router.receive.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Optional;

/**
 * User names and passwords brought into one form before they are compared or hashed: SASLprep (RFC
 * 4013) as far as it matters: other spaces become a space, what is mapped to nothing goes, NFKC;
 * control, private-use, unassigned and surrogate characters are refused, and the empty string.
 * ASCII stays as it is.
 */
final class SaslPrep {
  /** Bytes of a user name (RFC 4616 section 2: at least 255 must be taken). */
  static final int MAX_USER = 255;

  /** Bytes of a password: above any passphrase. */
  static final int MAX_PASSWORD = 1024;

  private SaslPrep() {}

  static Optional<String> user(String text) {
    return prepared(text, MAX_USER).filter(user -> user.indexOf(':') < 0 && !user.startsWith("#"));
  }

  static Optional<String> password(String text) {
    return prepared(text, MAX_PASSWORD);
  }

  /** Text of strict UTF-8; empty for anything else. */
  static Optional<String> utf8(byte[] bytes) {
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> prepared(String text, int max) {
    StringBuilder mapped = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (isMappedToNothing(c)) {
        continue;
      }
      mapped.appendCodePoint(Character.getType(c) == Character.SPACE_SEPARATOR ? ' ' : c);
    }
    String out = Normalizer.normalize(mapped, Normalizer.Form.NFKC);
    boolean sound =
        !out.isEmpty()
            && out.getBytes(StandardCharsets.UTF_8).length <= max
            && out.codePoints().noneMatch(SaslPrep::isProhibited);
    return sound ? Optional.of(out) : Optional.empty();
  }

  // RFC 3454 table B.1.
  private static boolean isMappedToNothing(int c) {
    return c == 0xad
        || c == 0x34f
        || c == 0x1806
        || (c >= 0x180b && c <= 0x180d)
        || (c >= 0x200b && c <= 0x200d)
        || c == 0x2060
        || (c >= 0xfe00 && c <= 0xfe0f)
        || c == 0xfeff;
  }

  private static boolean isProhibited(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }
}
