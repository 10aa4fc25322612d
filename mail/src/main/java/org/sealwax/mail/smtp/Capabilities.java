package org.sealwax.mail.smtp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * The extensions in a server's EHLO reply (RFC 5321 4.1.1.1), by keyword, never by substring.
 *
 * @param name the domain the server gives itself in the first line
 * @param keywords in upper case, in order, each with its parameters as written, perhaps empty
 */
public record Capabilities(String name, Map<String, String> keywords) {
  /** Copies, in order. */
  public Capabilities {
    keywords = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(keywords));
  }

  /**
   * {@return nothing offered: after HELO, or before any greeting}
   *
   * @param name the name of the server
   */
  public static Capabilities none(String name) {
    return new Capabilities(name, Map.of());
  }

  /**
   * Reads a 250 reply to EHLO; lines that do not fit the grammar of ehlo-line are ignored.
   *
   * @param reply the reply to EHLO
   * @return name and keywords of the server
   */
  public static Capabilities of(Reply reply) {
    Map<String, String> found = new LinkedHashMap<>();
    List<String> lines = reply.lines();
    for (String line : lines.subList(1, lines.size())) {
      String stripped = line.strip();
      int end = 0;
      while (end < stripped.length() && isKeywordChar(stripped.charAt(end))) {
        end++;
      }
      String keyword = stripped.substring(0, end).toUpperCase(Locale.ROOT);
      String rest = stripped.substring(end);
      if (keyword.equals("AUTH") && rest.startsWith("=")) {
        rest = " " + rest.substring(1); // an old form that some servers send besides the new one
      }
      if (keyword.isEmpty() || !rest.isEmpty() && rest.charAt(0) != ' ') {
        continue;
      }
      found.merge(keyword, rest.strip(), (a, b) -> a.equals(b) ? a : (a + " " + b).strip());
    }
    String first = lines.getFirst().strip();
    int space = first.indexOf(' ');
    return new Capabilities(space < 0 ? first : first.substring(0, space), found);
  }

  private static boolean isKeywordChar(char c) {
    return c < 0x80 && (Character.isLetterOrDigit(c) || c == '-');
  }

  /**
   * {@return whether a keyword is offered, in any case}
   *
   * @param keyword the EHLO keyword, in upper case
   */
  public boolean offers(String keyword) {
    return keywords.containsKey(keyword.toUpperCase(Locale.ROOT));
  }

  /**
   * STARTTLS (RFC 3207).
   *
   * @return whether it is offered
   */
  public boolean offersStarttls() {
    return keywords.containsKey("STARTTLS");
  }

  /**
   * PIPELINING (RFC 2920).
   *
   * @return whether it is offered
   */
  public boolean offersPipelining() {
    return keywords.containsKey("PIPELINING");
  }

  /**
   * 8BITMIME (RFC 6152).
   *
   * @return whether it is offered
   */
  public boolean offersEightBit() {
    return keywords.containsKey("8BITMIME");
  }

  /**
   * SMTPUTF8 (RFC 6531).
   *
   * @return whether it is offered
   */
  public boolean offersSmtpUtf8() {
    return keywords.containsKey("SMTPUTF8");
  }

  /**
   * CHUNKING (RFC 3030).
   *
   * @return whether it is offered
   */
  public boolean offersChunking() {
    return keywords.containsKey("CHUNKING");
  }

  /**
   * DSN (RFC 3461).
   *
   * @return whether it is offered
   */
  public boolean offersDsn() {
    return keywords.containsKey("DSN");
  }

  /**
   * REQUIRETLS (RFC 8689); counts only inside TLS.
   *
   * @return whether it is offered
   */
  public boolean offersRequireTls() {
    return keywords.containsKey("REQUIRETLS");
  }

  /**
   * SIZE (RFC 1870): the parameter may be given in MAIL.
   *
   * @return whether it is offered
   */
  public boolean offersSize() {
    return keywords.containsKey("SIZE");
  }

  /**
   * {@return the maximum message size of the server, in bytes; empty when it announces none or 0}
   */
  public OptionalLong maxSize() {
    String value = keywords.getOrDefault("SIZE", "");
    if (value.isEmpty() || value.length() > 18 || !isNumber(value)) {
      return OptionalLong.empty();
    }
    long size = Long.parseLong(value);
    return size == 0 ? OptionalLong.empty() : OptionalLong.of(size);
  }

  /**
   * AUTH mechanisms in upper case (RFC 4954).
   *
   * @return the mechanisms; empty for none
   */
  public Set<String> authMechanisms() {
    Set<String> out = new TreeSet<>();
    for (String word : keywords.getOrDefault("AUTH", "").split(" ")) {
      if (!word.isEmpty()) {
        out.add(word.toUpperCase(Locale.ROOT));
      }
    }
    return out;
  }

  /**
   * LIMITS MAILMAX: transactions in one session (RFC 9422 4.1).
   *
   * @return the limit; empty when the server names none
   */
  public OptionalInt mailMax() {
    return limit("MAILMAX");
  }

  /**
   * LIMITS RCPTMAX: recipients in one transaction (RFC 9422 4.2).
   *
   * @return the limit; empty when the server names none
   */
  public OptionalInt rcptMax() {
    return limit("RCPTMAX");
  }

  /**
   * LIMITS RCPTDOMAINMAX: recipient domains in one session (RFC 9422 4.3).
   *
   * @return the limit; empty when the server names none
   */
  public OptionalInt rcptDomainMax() {
    return limit("RCPTDOMAINMAX");
  }

  private OptionalInt limit(String name) {
    String limits = keywords.get("LIMITS");
    if (limits == null) {
      return OptionalInt.empty();
    }
    for (String word : limits.split(" ")) {
      int equals = word.indexOf('=');
      if (equals > 0 && word.substring(0, equals).equalsIgnoreCase(name)) {
        String value = word.substring(equals + 1);
        // 1 to 6 digits, no leading zero (RFC 9422 section 3); anything else is ignored.
        boolean good = !value.isEmpty() && value.length() <= 6 && isNumber(value);
        return good && value.charAt(0) != '0'
            ? OptionalInt.of(Integer.parseInt(value))
            : OptionalInt.empty();
      }
    }
    return OptionalInt.empty();
  }

  private static boolean isNumber(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  /**
   * {@return the EHLO reply that offers these}
   *
   * @param greetingText the text of the first line
   */
  public Reply reply(String greetingText) {
    List<String> lines = new ArrayList<>(keywords.size() + 1);
    lines.add(greetingText.isEmpty() ? name : name + " " + greetingText);
    keywords.forEach((k, v) -> lines.add(v.isEmpty() ? k : k + " " + v));
    return new Reply(250, null, lines);
  }
}
