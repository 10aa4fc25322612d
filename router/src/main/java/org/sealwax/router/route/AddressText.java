package org.sealwax.router.route;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;

/**
 * An address as a file names it, with or without a domain.
 *
 * @param local without quotes
 * @param domain canonical name, or null
 */
record AddressText(String local, @Nullable String domain) {
  /** Reads {@code user}, {@code user@domain}, {@code "odd user"@domain}. */
  static Optional<AddressText> parse(String text) {
    StringBuilder local = new StringBuilder(text.length());
    int at = 0;
    if (text.startsWith("\"")) {
      at = 1;
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\') {
          at++;
        }
        if (at == text.length() || Character.isISOControl(text.charAt(at))) {
          return Optional.empty();
        }
        local.append(text.charAt(at++));
      }
      if (at == text.length()) {
        return Optional.empty();
      }
      at++;
    } else {
      while (at < text.length() && isPlain(text.charAt(at))) {
        local.append(text.charAt(at++));
      }
      boolean dots =
          local.isEmpty() || local.charAt(0) == '.' || local.charAt(local.length() - 1) == '.';
      if (dots || local.indexOf("..") >= 0) {
        return Optional.empty();
      }
    }
    String localPart = local.toString();
    if (localPart.getBytes(StandardCharsets.UTF_8).length > Mailbox.MAX_LOCAL_PART) {
      return Optional.empty();
    }
    if (at == text.length()) {
      return Optional.of(new AddressText(localPart, null));
    }
    if (text.charAt(at) != '@') {
      return Optional.empty();
    }
    return Domain.parse(text.substring(at + 1)).map(d -> new AddressText(localPart, d.name()));
  }

  private static boolean isPlain(char c) {
    return c == '.' || Mailbox.isAtext(c) || (c > 0x9f && !Character.isWhitespace(c));
  }
}
