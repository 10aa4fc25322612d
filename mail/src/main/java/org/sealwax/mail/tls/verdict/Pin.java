package org.sealwax.mail.tls.verdict;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * SHA-256 of a certificate's SubjectPublicKeyInfo, in lower-case hex.
 *
 * @param hex 64 digits
 */
public record Pin(String hex) {
  private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

  /** Checks the form. */
  public Pin {
    if (!FORM.matcher(hex).matches()) {
      throw new IllegalArgumentException("not 64 lower-case hex digits");
    }
  }

  /**
   * Reads {@code sha256:…} or bare hex, any case, colons between bytes allowed.
   *
   * @param text the text to read
   * @return the pin; empty when the text is none
   */
  public static Optional<Pin> parse(String text) {
    String hex = text.startsWith("sha256:") ? text.substring("sha256:".length()) : text;
    hex = hex.replace(":", "").toLowerCase(java.util.Locale.ROOT);
    return FORM.matcher(hex).matches() ? Optional.of(new Pin(hex)) : Optional.empty();
  }

  @Override
  public String toString() {
    return "sha256:" + hex;
  }
}
