package org.sealwax.mail.smtp;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;

/**
 * A cursor over a text with a path or mailbox in it (RFC 5321 4.1.2, RFC 6531 3.3).
 *
 * <p>One parser for all: RCPT, an alias file and a DSN must accept the same addresses.
 */
final class PathParser {
  private final String text;
  int at;

  PathParser(String text, int at) {
    this.text = text;
    this.at = at;
  }

  /** {@code <…>} at the cursor. */
  sealed interface ParsedPath {
    /** {@code <>}. */
    record NullPath() implements ParsedPath {}

    /** {@code <Postmaster>}, in any case (RFC 5321 4.1.1.3). */
    record PostmasterPath() implements ParsedPath {}

    /** A mailbox; a source route before it was read and dropped (RFC 5321 3.6.1, app. C). */
    record MailboxPath(Mailbox mailbox) implements ParsedPath {}
  }

  /** Reads a path in brackets and leaves the cursor after it; null when there is none. */
  @Nullable ParsedPath path() {
    int start = at;
    if (!take('<')) {
      return null;
    }
    if (take('>')) {
      return new ParsedPath.NullPath();
    }
    if (peek() == '@' && !sourceRoute()) {
      return null;
    }
    if (Ascii.isAt(text, at, "POSTMASTER>")) {
      at += 11;
      return new ParsedPath.PostmasterPath();
    }
    Mailbox mailbox = mailbox();
    if (mailbox == null || !take('>') || bytesFrom(start) > SmtpLimits.PATH) {
      return null;
    }
    return new ParsedPath.MailboxPath(mailbox);
  }

  /** {@code @a,@b:} (RFC 5321 app. F.2: read, checked, ignored). */
  private boolean sourceRoute() {
    do {
      if (!take('@') || host() == null) {
        return false;
      }
    } while (take(','));
    return take(':');
  }

  /** Reads {@code local@host} and leaves the cursor after it; null when there is none. */
  @Nullable Mailbox mailbox() {
    int start = at;
    String local = peek() == '"' ? quotedLocal() : dotString();
    if (local == null || bytesFrom(start) > SmtpLimits.LOCAL_PART || !take('@')) {
      return null;
    }
    MailHost host = host();
    return host == null ? null : new Mailbox(local, host);
  }

  private @Nullable String dotString() {
    int start = at;
    boolean dot = true;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '.') {
        if (dot) {
          return null;
        }
        dot = true;
      } else if (Mailbox.isAtext(c) || c >= 0x80 && isPlainUnicode(c)) {
        dot = false;
      } else {
        break;
      }
      at++;
    }
    return dot ? null : text.substring(start, at);
  }

  private @Nullable String quotedLocal() {
    at++;
    StringBuilder out = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return out.toString();
      }
      if (c == '\\') {
        if (at == text.length()) {
          return null;
        }
        c = text.charAt(at++);
        if (c < ' ' || c > '~') {
          return null;
        }
      } else if (c < ' ' || c == 0x7f || c >= 0x80 && !isPlainUnicode(c)) {
        return null;
      }
      out.append(c);
    }
    return null;
  }

  /** C1 controls and lone surrogates need no check here: the reader decoded strictly. */
  private static boolean isPlainUnicode(char c) {
    return c > 0x9f && c != '\u2028' && c != '\u2029';
  }

  @Nullable MailHost host() {
    if (peek() == '[') {
      int end = text.indexOf(']', at);
      if (end < 0) {
        return null;
      }
      MailHost literal = literal(text.substring(at + 1, end)).orElse(null);
      at = end + 1;
      return literal;
    }
    int start = at;
    while (at < text.length() && isHostChar(text.charAt(at))) {
      at++;
    }
    if (at == start || text.charAt(at - 1) == '.') {
      // A trailing dot is not a domain of RFC 5321; names that compare unequal could bypass relay
      // rules.
      return null;
    }
    return Domain.parse(text.substring(start, at)).orElse(null);
  }

  private static boolean isHostChar(char c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || c == '-'
        || c == '.'
        || c == '_'
        || c >= 0x80 && isPlainUnicode(c);
  }

  /** {@code 192.0.2.1} or {@code IPv6:2001:db8::1} (RFC 5321 4.1.3); never asks the DNS. */
  static Optional<AddressLiteral> literal(String inside) {
    boolean six = Ascii.isAt(inside, 0, "IPV6:");
    String address = six ? inside.substring(5) : inside;
    for (int i = 0; i < address.length(); i++) {
      char c = Character.toLowerCase(address.charAt(i));
      boolean fits = c >= '0' && c <= '9' || c == '.' || six && (c == ':' || c >= 'a' && c <= 'f');
      if (!fits) {
        return Optional.empty();
      }
    }
    if (!six && !isDottedQuad(address)) {
      return Optional.empty();
    }
    try {
      InetAddress read = InetAddress.ofLiteral(address.toLowerCase(Locale.ROOT));
      // ::ffff:192.0.2.1 reads as IPv4: the same host under a second name could bypass rules.
      return six == read instanceof Inet4Address
          ? Optional.empty()
          : Optional.of(new AddressLiteral(read));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Four decimal numbers: the JDK would also read one, two or three parts. */
  private static boolean isDottedQuad(String text) {
    int dots = 0;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '.') {
        dots++;
      }
    }
    return dots == 3;
  }

  char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  boolean take(char c) {
    if (peek() == c && at < text.length()) {
      at++;
      return true;
    }
    return false;
  }

  boolean atEnd() {
    return at == text.length();
  }

  /** Bytes in UTF-8 from there to the cursor. */
  private int bytesFrom(int start) {
    int bytes = 0;
    for (int i = start; i < at; i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }
}
