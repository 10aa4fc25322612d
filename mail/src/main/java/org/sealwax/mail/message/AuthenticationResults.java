package org.sealwax.mail.message;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes an Authentication-Results field (RFC 8601 section 2.2): what the checks of one receiver
 * found about a message. Values that came from outside are cut and quoted, so that they cannot end
 * the field or add a result. Not thread-safe.
 */
public final class AuthenticationResults {
  /** The name of the field. */
  public static final String NAME = "Authentication-Results";

  /** Characters of one value: a domain fits. */
  static final int MAX_VALUE = 255;

  /** Results of one field: eight signatures, and each other method. */
  static final int MAX_RESULTS = 16;

  /** A method (RFC 8601 section 2.7). */
  public enum Method {
    /** DKIM signatures. */
    DKIM("dkim"),
    /** Permission of the client. */
    SPF("spf"),
    /** Alignment with From. */
    DMARC("dmarc");

    private final String word;

    Method(String word) {
      this.word = word;
    }
  }

  /** What a result is about (RFC 8601 section 2.7; RFC 6008 for {@code header.b}). */
  public enum Property {
    /** The sender of MAIL FROM, or its domain. */
    SMTP_MAILFROM("smtp.mailfrom"),
    /** The EHLO name. */
    SMTP_HELO("smtp.helo"),
    /** The domain of a signature. */
    HEADER_D("header.d"),
    /** The selector of a signature. */
    HEADER_S("header.s"),
    /** The algorithm of a signature. */
    HEADER_A("header.a"),
    /** The beginning of a signature. */
    HEADER_B("header.b"),
    /** The domain in From. */
    HEADER_FROM("header.from"),
    /** The policy of the domain in From. */
    POLICY_DMARC("policy.dmarc");

    private final String word;

    Property(String word) {
      this.word = word;
    }
  }

  private final String id;
  private final List<StringBuilder> results = new ArrayList<>();

  /**
   * A field without results.
   *
   * @param id our authserv-id: usually the host name
   */
  public AuthenticationResults(String id) {
    this.id = quotedIfNeeded(id);
  }

  /**
   * Adds a result; those over {@link #MAX_RESULTS} are left out.
   *
   * @param method what was checked
   * @param word the result, a word of RFC 8601
   * @return this
   */
  public AuthenticationResults add(Method method, String word) {
    results.add(new StringBuilder(method.word).append('=').append(quotedIfNeeded(word)));
    return this;
  }

  /**
   * Gives the last result a property.
   *
   * @param property what the result is about
   * @param value its value; an empty one is left out
   * @return this
   * @throws IllegalStateException when there is no result
   */
  public AuthenticationResults with(Property property, String value) {
    if (results.isEmpty()) {
      throw new IllegalStateException("no result");
    }
    if (!value.isEmpty()) {
      results.getLast().append(' ').append(property.word).append('=').append(quotedIfNeeded(value));
    }
    return this;
  }

  /** {@return the field with its line end, folded between results} */
  public String field() {
    Folding field = new Folding(NAME).word(id + ";");
    if (results.isEmpty()) {
      return field.word("none").end();
    }
    int last = Math.min(results.size(), MAX_RESULTS) - 1;
    for (int i = 0; i <= last; i++) {
      field.newLine().words(results.get(i) + (i < last ? ";" : ""));
    }
    return field.end();
  }

  /** A token of RFC 2045 section 5.1 (without the slash) as it is; anything else in quotes. */
  private static String quotedIfNeeded(String value) {
    String cut = value.length() > MAX_VALUE ? value.substring(0, MAX_VALUE) : value;
    boolean token = !cut.isEmpty();
    StringBuilder quoted = new StringBuilder(cut.length() + 2).append('"');
    for (int i = 0; i < cut.length(); i++) {
      char c = cut.charAt(i);
      token &= c > ' ' && c <= '~' && "()<>@,;:\\\"/[]?=".indexOf(c) < 0;
      if (c == '"' || c == '\\') {
        quoted.append('\\');
      }
      // A blank would be a place to fold, and runs of blanks would shrink.
      quoted.append(c > ' ' && c <= '~' ? c : '?');
    }
    return token ? cut : quoted.append('"').toString();
  }
}
