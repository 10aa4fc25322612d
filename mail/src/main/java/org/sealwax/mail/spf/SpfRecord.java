package org.sealwax.mail.spf;

import java.util.List;
import java.util.Optional;

/**
 * A record as published (RFC 7208 4.5, 4.6.1).
 *
 * @param directives in their order; the first that matches decides
 * @param redirect the domain whose record decides when none matches (RFC 7208 6.1)
 */
public record SpfRecord(List<SpfDirective> directives, Optional<SpfMacroString> redirect) {
  private static final String VERSION = "v=spf1";

  /** Copies. */
  public SpfRecord {
    directives = List.copyOf(directives);
  }

  /**
   * A mechanism with its result.
   *
   * @param result PASS, FAIL, SOFTFAIL or NEUTRAL
   * @param mechanism what it matches
   * @param text as published
   */
  public record SpfDirective(SpfResult result, SpfMechanism mechanism, String text) {}

  /** {@return whether every host of the internet passes by {@code +all}} */
  public boolean permitsAll() {
    return directives.stream()
        .filter(d -> d.mechanism() instanceof SpfMechanism.All)
        .findFirst()
        .filter(d -> d.result() == SpfResult.PASS)
        .isPresent();
  }

  /** What one text is. */
  public sealed interface Reading {
    /**
     * A record.
     *
     * @param record the record
     */
    record Valid(SpfRecord record) implements Reading {}

    /**
     * A record that breaks the grammar.
     *
     * @param why in words for logs
     */
    record Malformed(String why) implements Reading {}
  }

  /**
   * {@return whether a TXT record is an SPF record: {@code v=spf1}, then a space or the end}
   *
   * @param text the record with its strings joined, as ISO 8859-1
   */
  public static boolean isVersion1(String text) {
    return text.regionMatches(true, 0, VERSION, 0, VERSION.length())
        && (text.length() == VERSION.length() || text.charAt(VERSION.length()) == ' ');
  }

  /**
   * {@return a record with every term read (RFC 7208 4.6: errors anywhere are found)}
   *
   * @param text an SPF record by {@link #isVersion1}
   */
  public static Reading of(String text) {
    try {
      return new Reading.Valid(new SpfRecordParser().parse(text.substring(VERSION.length())));
    } catch (SpfException e) {
      return new Reading.Malformed(e.reason());
    }
  }
}
