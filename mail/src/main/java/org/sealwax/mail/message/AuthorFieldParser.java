package org.sealwax.mail.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.AuthorField.AuthorAddress;

/**
 * Reads the value of a From field by the grammar of RFC 5322 section 3.4 (with the dot in a display
 * name, section 4.1), RFC 6532 and RFC 6854. For one field.
 */
final class AuthorFieldParser {
  /** Nested comments: more than two levels are rare. */
  private static final int MAX_DEPTH = 20;

  private static final char END = '\0';

  private final String text;
  private final List<AuthorAddress> found = new ArrayList<>();
  private final StringBuilder local = new StringBuilder();
  private boolean hasGroup;
  private int at;

  AuthorFieldParser(String text) {
    this.text = text;
  }

  /** The addresses; empty when the field breaks the grammar, or has too many. */
  Optional<AuthorField.Addresses> read() {
    boolean valid = addresses(false) && at == text.length();
    return valid && found.size() <= AuthorField.MAX_ADDRESSES
        ? Optional.of(new AuthorField.Addresses(found, hasGroup))
        : Optional.empty();
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : END;
  }

  /** A list up to its end: that of the field, or the semicolon of a group. */
  private boolean addresses(boolean inGroup) {
    do {
      if (!skipBlanks()) {
        return false;
      }
      boolean empty = peek() == END || peek() == ',' || (inGroup && peek() == ';');
      if (!empty && (!address(inGroup) || !skipBlanks())) {
        return false;
      }
    } while (take(','));
    return true;
  }

  private boolean take(char c) {
    if (at >= text.length() || text.charAt(at) != c) {
      return false;
    }
    at++;
    return true;
  }

  /** Words, and by what follows them a local part, a display name, or the name of a group. */
  private boolean address(boolean inGroup) {
    int words = 0;
    boolean dotted = true;
    boolean afterDot = true;
    local.setLength(0);
    while (true) {
      char c = peek();
      if (c == '.') {
        dotted &= !afterDot;
        afterDot = true;
        local.append(c);
        at++;
      } else if (isWordStart(c)) {
        // A local part has a dot between two words (RFC 5322 3.4.1, obsolete 4.4).
        dotted &= afterDot;
        afterDot = false;
        words++;
        if (!word()) {
          return false;
        }
      } else {
        break;
      }
      if (!skipBlanks()) {
        return false;
      }
    }
    return switch (peek()) {
      case '@' -> words > 0 && dotted && !afterDot && domain();
      case '<' -> angle();
      case ':' -> words > 0 && !inGroup && group();
      default -> false;
    };
  }

  private boolean group() {
    hasGroup = true;
    at++;
    return addresses(true) && take(';');
  }

  private boolean angle() {
    at++;
    if (!skipBlanks() || !localPart() || !domain()) {
      return false;
    }
    return take('>');
  }

  private boolean localPart() {
    boolean afterDot = true;
    local.setLength(0);
    while (true) {
      char c = peek();
      if (c == '.' && !afterDot) {
        afterDot = true;
        local.append(c);
        at++;
      } else if (isWordStart(c) && afterDot) {
        afterDot = false;
        if (!word()) {
          return false;
        }
      } else {
        return !afterDot && c == '@';
      }
      if (!skipBlanks()) {
        return false;
      }
    }
  }

  /** From the at sign on. */
  private boolean domain() {
    if (!take('@') || !skipBlanks()) {
      return false;
    }
    StringBuilder name = new StringBuilder();
    if (peek() == '[') {
      int end = text.indexOf(']', at);
      if (end < 0 || text.substring(at + 1, end).chars().anyMatch(c -> c == '[' || c < ' ')) {
        return false;
      }
      name.append(text, at, end + 1);
      at = end + 1;
    } else {
      while (isAtom(peek()) || peek() == '.') {
        name.append(peek());
        at++;
        // Blanks and comments are allowed around a dot (RFC 5322 4.4), and nowhere else inside.
        int before = at;
        if (!skipBlanks()) {
          return false;
        }
        boolean aroundDot = name.charAt(name.length() - 1) == '.' || peek() == '.';
        if (before != at && !aroundDot) {
          break;
        }
      }
    }
    if (name.isEmpty() || !skipBlanks()) {
      return false;
    }
    found.add(new AuthorAddress(local.toString(), name.toString()));
    return true;
  }

  private static boolean isWordStart(char c) {
    return c == '"' || isAtom(c);
  }

  /** An atom or a quoted string, added to the local part that this may be. */
  private boolean word() {
    int begin = at;
    if (peek() == '"') {
      if (!quoted()) {
        return false;
      }
    } else {
      while (isAtom(peek())) {
        at++;
      }
    }
    local.append(text, begin, at);
    return true;
  }

  private boolean quoted() {
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return true;
      }
      if (c == '\\' && at++ >= text.length()) {
        return false;
      }
      if (isControl(c)) {
        return false;
      }
    }
    return false;
  }

  /** White space and comments; false when a comment does not end. */
  private boolean skipBlanks() {
    int depth = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '(') {
        if (++depth > MAX_DEPTH) {
          return false;
        }
      } else if (depth > 0) {
        if (c == ')') {
          depth--;
        } else if (c == '\\') {
          at++;
        } else if (isControl(c)) {
          return false;
        }
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        return true;
      }
      at++;
    }
    return depth == 0 && at == text.length();
  }

  private static boolean isControl(char c) {
    return (c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
  }

  /** RFC 5322 3.2.3, RFC 6532 3.2. */
  private static boolean isAtom(char c) {
    return c >= 0x80 || Mailbox.isAtext(c);
  }
}
