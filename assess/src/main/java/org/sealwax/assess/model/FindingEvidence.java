package org.sealwax.assess.model;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Domain;

/**
 * Evidence for a finding, so that the reader can verify it.
 *
 * @param kind what it is
 * @param text a transcript, a record, or bytes in hex; at most {@link #MAX_TEXT} characters
 */
public record FindingEvidence(Kind kind, String text) {
  /** A report holds some hundred of these; the longest normal one is a chain of certificates. */
  public static final int MAX_TEXT = 16_384;

  /** What it is. */
  public enum Kind {
    /** Lines of SMTP, {@code C:} and {@code S:}. */
    TRANSCRIPT,
    /** Bytes of the TLS wire, in hex. */
    OCTETS,
    /** A certificate or chain, DER in hex. */
    CERTIFICATE,
    /** DNS records or the failure in their place. */
    DNS,
    /** An HTTPS exchange or a policy text. */
    HTTPS,
    /** Anything else, as text. */
    NOTE;

    /** Stable, for JSON. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Cuts what is too long, and marks the cut. */
  public FindingEvidence {
    if (text.length() > MAX_TEXT) {
      String mark = "… (cut)";
      text = text.substring(0, MAX_TEXT - mark.length()) + mark;
    }
  }

  /** Bytes seen on the wire. */
  public static FindingEvidence bytes(byte[] seen) {
    return new FindingEvidence(Kind.OCTETS, HexFormat.of().formatHex(seen));
  }

  /** Lines of a dialogue. */
  public static FindingEvidence transcript(String lines) {
    return new FindingEvidence(Kind.TRANSCRIPT, lines);
  }

  /** DNS records, or the failure in their place. */
  public static FindingEvidence dns(String records) {
    return new FindingEvidence(Kind.DNS, records);
  }

  /** TXT records, one a line, or that there are none. */
  public static FindingEvidence txt(Domain owner, List<String> records) {
    return dns(
        records.isEmpty()
            ? owner + ": no such TXT record"
            : records.stream()
                .map(record -> owner + ". IN TXT \"" + record + "\"")
                .collect(Collectors.joining("\n")));
  }

  /** An HTTPS exchange or a policy text. */
  public static FindingEvidence https(String text) {
    return new FindingEvidence(Kind.HTTPS, text);
  }

  /** Anything in words. */
  public static FindingEvidence note(String words) {
    return new FindingEvidence(Kind.NOTE, words);
  }
}
