package org.sealwax.mail.dane;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.tls.verdict.TlsaAssociation;

/**
 * A TLSA record set read for SMTP: the usability of each record, and the usable part of the set.
 *
 * @param records each record once, in an order of its own: equal sets read equal
 */
public record TlsaSet(List<CheckedTlsa> records) {
  /**
   * Usable associations that are kept. Published sets have one to four; each costs a comparison
   * with every certificate of a chain, and its text stands in pool keys. What is dropped can only
   * make a match fail, never succeed.
   */
  public static final int MAX_USABLE = 64;

  /**
   * Bytes of record data that are kept: a record may hold a whole certificate. No normal record is
   * larger than a large chain.
   */
  public static final int MAX_DATA = 16 * 1024;

  /** The usability of one record. */
  public enum TlsaUsability {
    /** It can identify the peer. */
    USABLE(""),
    /** RFC 7672 3.1.3: PKIX-TA(0) and PKIX-EE(1) are not for SMTP between MTAs. */
    PKIX_USAGE("usages 0 and 1 do not apply to SMTP"),
    /** The usage is not known. */
    UNKNOWN_USAGE("unknown usage"),
    /** The selector is not known. */
    UNKNOWN_SELECTOR("unknown selector"),
    /** The matching type is not known. */
    UNKNOWN_MATCHING("unknown matching type"),
    /** Not the length of its digest, or empty (RFC 6698 2.1.3). */
    MALFORMED("the data does not fit the matching type"),
    /** Longer than {@link #MAX_DATA}. */
    TOO_LONG("over " + MAX_DATA + " bytes"),
    /** RFC 7671 9: the same usage and selector also has a stronger digest. */
    WEAKER_DIGEST("a stronger digest exists for the same certificate"),
    /** Beyond {@link #MAX_USABLE}. */
    TOO_MANY("more than " + MAX_USABLE + " records");

    private final String text;

    TlsaUsability(String words) {
      this.text = words;
    }

    /** {@return why it is unusable, in words; empty when it is usable} */
    public String text() {
      return text;
    }
  }

  /**
   * One record and its usability.
   *
   * @param record the record as published
   * @param usability whether it counts, and why not
   */
  public record CheckedTlsa(TlsaRecord record, TlsaUsability usability) {}

  /** Copies. */
  public TlsaSet {
    records = List.copyOf(records);
  }

  private static final int FULL = 0;

  private record UsageAndSelector(int usage, int selector) {}

  /**
   * Reads a set.
   *
   * @param published the records of one answer
   * @return the records with their usability
   */
  public static TlsaSet of(List<TlsaRecord> published) {
    // Usage 3 first: it requires least of the certificate, so it is the last to be cut off.
    List<TlsaRecord> sorted =
        new LinkedHashSet<>(published)
            .stream()
                .sorted(
                    Comparator.comparingInt(TlsaRecord::usage)
                        .reversed()
                        .thenComparingInt(TlsaRecord::selector)
                        .thenComparingInt(TlsaRecord::matching)
                        .thenComparing(TlsaRecord::data))
                .toList();
    Map<UsageAndSelector, Integer> strongest = new HashMap<>();
    for (TlsaRecord record : sorted) {
      if (usabilityOf(record) == TlsaUsability.USABLE) {
        strongest.merge(group(record), record.matching(), Math::max);
      }
    }
    List<CheckedTlsa> readings = new ArrayList<>();
    int usable = 0;
    for (TlsaRecord record : sorted) {
      TlsaUsability usability = usabilityOf(record);
      if (usability == TlsaUsability.USABLE
          && record.matching() != FULL
          && record.matching() < strongest.getOrDefault(group(record), FULL)) {
        usability = TlsaUsability.WEAKER_DIGEST;
      }
      if (usability == TlsaUsability.USABLE && ++usable > MAX_USABLE) {
        usability = TlsaUsability.TOO_MANY;
      }
      readings.add(new CheckedTlsa(record, usability));
    }
    return new TlsaSet(readings);
  }

  /** RFC 7671 9: digests compete within one usage and selector; SHA-512 (2) before SHA-256 (1). */
  private static UsageAndSelector group(TlsaRecord record) {
    return new UsageAndSelector(record.usage(), record.selector());
  }

  private static TlsaUsability usabilityOf(TlsaRecord record) {
    if (record.usage() == 0 || record.usage() == 1) {
      return TlsaUsability.PKIX_USAGE;
    }
    if (record.usage() != 2 && record.usage() != 3) {
      return TlsaUsability.UNKNOWN_USAGE;
    }
    if (record.selector() != 0 && record.selector() != 1) {
      return TlsaUsability.UNKNOWN_SELECTOR;
    }
    if (record.matching() < 0 || record.matching() > 2) {
      return TlsaUsability.UNKNOWN_MATCHING;
    }
    if (record.data().length() > 2 * MAX_DATA) {
      return TlsaUsability.TOO_LONG;
    }
    return TlsaAssociation.isUsable(
            record.usage(), record.selector(), record.matching(), record.data())
        ? TlsaUsability.USABLE
        : TlsaUsability.MALFORMED;
  }

  /** {@return what can identify the peer; empty: TLS without identity (RFC 7672 2.2)} */
  public Set<TlsaAssociation> usable() {
    return records.stream()
        .filter(r -> r.usability() == TlsaUsability.USABLE)
        .map(CheckedTlsa::record)
        .map(r -> new TlsaAssociation(r.usage(), r.selector(), r.matching(), r.data()))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** {@return why what is not usable is not, each reason once, in words; empty when all is} */
  public String why() {
    return records.stream()
        .map(r -> r.usability().text())
        .filter(words -> !words.isEmpty())
        .distinct()
        .collect(Collectors.joining(", "));
  }
}
