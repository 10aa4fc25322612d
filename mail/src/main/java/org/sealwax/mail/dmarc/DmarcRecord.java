package org.sealwax.mail.dmarc;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A policy record (RFC 9989 section 4.7).
 *
 * @param policies what is wanted for mail that fails; empty when a policy of the record is invalid
 *     and the owner requests no reports, so that DMARC does not apply (section 4.10.1)
 * @param spf how closely an SPF identity must match
 * @param dkim how closely the domain of a signature must match
 * @param psd whether the domain states that it is a public suffix
 * @param testing whether policies apply one level lower
 */
public record DmarcRecord(
    Optional<Policies> policies, Alignment spf, Alignment dkim, Psd psd, boolean testing) {
  /** Characters of a record that is read: usual records have a hundred. */
  public static final int MAX_LENGTH = 4_096;

  private static final String VERSION = "DMARC1";

  private static final Pattern TAG = Pattern.compile("([A-Za-z]+)[ \t]*=[ \t]*([ -~]+)");

  /** RFC 3986: a scheme, then something; without the characters that a list of URIs reserves. */
  private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:[!-+\\--~]+");

  /**
   * Policies by kind of domain.
   *
   * @param domain of the domain itself (tag {@code p})
   * @param subdomains of domains below it (tag {@code sp})
   * @param nonexistent of domains below it that do not exist (tag {@code np})
   */
  public record Policies(DmarcPolicy domain, DmarcPolicy subdomains, DmarcPolicy nonexistent) {}

  /** How closely two domains must match (RFC 9989 section 4.4). */
  public enum Alignment {
    /** They have the same organizational domain. */
    RELAXED,
    /** They are the same. */
    STRICT
  }

  /** The tag {@code psd}. */
  public enum Psd {
    /** A public suffix: organizations are below it. */
    YES,
    /** The organizational domain of itself and all below. */
    NO,
    /** Not said. */
    UNSAID
  }

  /**
   * {@return the record in a text; empty when the text is none: then it counts as absent} Unknown
   * tags are ignored; a tag with an invalid value, or given twice, has its default.
   *
   * @param text a TXT record with its strings joined, as ISO 8859-1
   */
  public static Optional<DmarcRecord> of(String text) {
    if (text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    List<String> parts = List.of(text.split(";", -1));
    if (!isVersion(parts.getFirst())) {
      return Optional.empty();
    }
    Map<String, String> tags = new HashMap<>();
    for (String part : parts.subList(1, parts.size())) {
      var tag = TAG.matcher(part.strip());
      if (tag.matches()) {
        // RFC 6376 3.2: a name twice is an error; an invalid value does not count, as required.
        tags.merge(tag.group(1), tag.group(2), (first, second) -> "");
      }
    }
    return Optional.of(
        new DmarcRecord(
            policies(tags),
            alignment(tags.get("aspf")),
            alignment(tags.get("adkim")),
            psd(tags.get("psd")),
            "y".equalsIgnoreCase(tags.get("t"))));
  }

  /** RFC 9989 4.8: the first tag, its value case-sensitive; no blank before it. */
  private static boolean isVersion(String part) {
    var tag = TAG.matcher(part.stripTrailing());
    return tag.matches() && tag.group(1).equalsIgnoreCase("v") && tag.group(2).equals(VERSION);
  }

  private static Optional<Policies> policies(Map<String, String> tags) {
    String p = tags.getOrDefault("p", DmarcPolicy.NONE.text());
    String sp = tags.getOrDefault("sp", p);
    Optional<DmarcPolicy> domain = DmarcPolicy.of(p);
    Optional<DmarcPolicy> subdomains = DmarcPolicy.of(sp);
    Optional<DmarcPolicy> nonexistent = DmarcPolicy.of(tags.getOrDefault("np", sp));
    if (domain.isPresent() && subdomains.isPresent() && nonexistent.isPresent()) {
      return Optional.of(new Policies(domain.get(), subdomains.get(), nonexistent.get()));
    }
    return wantsReports(tags.get("rua"))
        ? Optional.of(new Policies(DmarcPolicy.NONE, DmarcPolicy.NONE, DmarcPolicy.NONE))
        : Optional.empty();
  }

  private static boolean wantsReports(@Nullable String uris) {
    return uris != null
        && List.of(uris.split(",", -1)).stream().anyMatch(u -> URI.matcher(u.strip()).matches());
  }

  private static Alignment alignment(@Nullable String word) {
    return "s".equalsIgnoreCase(word) ? Alignment.STRICT : Alignment.RELAXED;
  }

  private static Psd psd(@Nullable String word) {
    return "y".equalsIgnoreCase(word) ? Psd.YES : "n".equalsIgnoreCase(word) ? Psd.NO : Psd.UNSAID;
  }
}
