package org.sealwax.mail.message;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.MailboxParser;

/**
 * The author of a message, read strictly (RFC 5322 section 3.6.2): one From field with one address,
 * {@code local@domain} or {@code name <local@domain>}. Comments and folding are admitted where the
 * grammar has them. Several addresses, a group, an address literal or anything that two readers may
 * understand differently is no author.
 */
public final class AuthorAddress {
  private final String text;
  private int at;

  private AuthorAddress(String text) {
    this.text = text;
  }

  /**
   * {@return the author}
   *
   * @param section the header section of the message
   */
  public static Optional<Mailbox> of(HeaderSection section) {
    List<HeaderField> from = section.named("From");
    if (section.flaw() != HeaderSection.HeaderFlaw.NONE || from.size() != 1) {
      return Optional.empty();
    }
    return new AuthorAddress(from.getFirst().text()).read();
  }

  private Optional<Mailbox> read() {
    // Words are a display name until an angle bracket or an at sign follows.
    StringBuilder words = new StringBuilder();
    int count = 0;
    while (skipSpace() && at < text.length()) {
      char c = text.charAt(at);
      if (c == '<') {
        return angle();
      }
      if (c == '@') {
        return count == 1 ? bare(words.toString()) : Optional.empty();
      }
      String word = word(true);
      if (word.isEmpty()) {
        return Optional.empty();
      }
      words.append(word);
      count++;
    }
    return Optional.empty();
  }

  /** {@code <local@domain>} and nothing after it. */
  private Optional<Mailbox> angle() {
    at++;
    if (!skipSpace()) {
      return Optional.empty();
    }
    String local = word(false);
    Optional<String> domain = local.isEmpty() ? Optional.empty() : domain();
    if (domain.isEmpty() || at >= text.length() || text.charAt(at) != '>') {
      return Optional.empty();
    }
    at++;
    return end(local + "@" + domain.get());
  }

  private Optional<Mailbox> bare(String local) {
    return domain().flatMap(d -> end(local + "@" + d));
  }

  private Optional<String> domain() {
    if (!skipSpace() || at >= text.length() || text.charAt(at) != '@') {
      return Optional.empty();
    }
    at++;
    if (!skipSpace()) {
      return Optional.empty();
    }
    String domain = text.startsWith("\"", at) ? "" : word(false);
    return domain.isEmpty() || !skipSpace() ? Optional.empty() : Optional.of(domain);
  }

  private Optional<Mailbox> end(String address) {
    return skipSpace() && at == text.length() ? MailboxParser.parse(address) : Optional.empty();
  }

  /** An atom with dots or a quoted string; empty when there is none, or an unclosed one. */
  private String word(boolean display) {
    int begin = at;
    if (at < text.length() && text.charAt(at) == '"') {
      for (at++; at < text.length(); at++) {
        char c = text.charAt(at);
        if (c == '\\') {
          at++;
        } else if (c == '"') {
          at++;
          return text.substring(begin, at);
        }
      }
      return "";
    }
    while (at < text.length() && isWordCharacter(text.charAt(at))) {
      at++;
    }
    String word = text.substring(begin, at);
    boolean dots = word.startsWith(".") || word.endsWith(".") || word.contains("..");
    // Display names often have a dot after an initial (RFC 5322 section 4.1).
    return dots && !display ? "" : word;
  }

  private static boolean isWordCharacter(char c) {
    return c == '.' || Mailbox.isAtext(c) || c >= 0x80 && c != '\ufffd';
  }

  /** Skips white space and comments; false when a comment has no end. */
  private boolean skipSpace() {
    int depth = 0;
    for (; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '(') {
        depth++;
      } else if (depth > 0 && c == ')') {
        depth--;
      } else if (depth > 0 && c == '\\') {
        at++;
      } else if (depth == 0 && c != ' ' && c != '\t') {
        return true;
      }
    }
    return depth == 0;
  }
}
