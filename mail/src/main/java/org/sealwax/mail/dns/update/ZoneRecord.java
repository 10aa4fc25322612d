package org.sealwax.mail.dns.update;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * One record of a zone, in presentation form (RFC 1035 section 5.1).
 *
 * @param owner its name
 * @param type its type
 * @param ttl its time to live, in whole seconds; at most {@link #MAX_TTL}
 * @param data as in a zone file; names in it are absolute
 */
public record ZoneRecord(Domain owner, RecordType type, Duration ttl, String data) {
  /** RFC 2181 section 8: 31 bits. */
  public static final Duration MAX_TTL = Duration.ofSeconds(Integer.MAX_VALUE);

  /** Maximum length of {@link #data}: a DKIM key of 4,096 bits has 800 characters. */
  public static final int MAX_DATA = 4_000;

  /** Bytes of one character-string (RFC 1035 section 3.3). */
  private static final int MAX_STRING = 255;

  /** The types that mail needs. */
  public enum RecordType {
    /** IPv4 address. */
    A,
    /** IPv6 address (RFC 3596). */
    AAAA,
    /** Alias. */
    CNAME,
    /** Mail exchange. */
    MX,
    /** Text. */
    TXT,
    /** Key or certificate of a TLS server (RFC 6698). */
    TLSA,
    /** Authorities that may issue certificates (RFC 8659). */
    CAA;

    int number() {
      return Type.value(name());
    }
  }

  /** Checks the time to live and the syntax of the data. */
  public ZoneRecord {
    if (ttl.isNegative()
        || ttl.compareTo(MAX_TTL) > 0
        || !ttl.equals(ttl.truncatedTo(ChronoUnit.SECONDS))) {
      throw new IllegalArgumentException("time to live of " + ttl);
    }
    if (data.length() > MAX_DATA || data.chars().anyMatch(c -> c < ' ' || c > '~')) {
      throw new IllegalArgumentException("data of " + owner + " " + type);
    }
    var _ = parsed(owner, type, ttl, data);
  }

  /**
   * {@return a TLSA record}
   *
   * @param owner with port and protocol ({@code _25._tcp.mx.example.org})
   * @param ttl time to live, in whole seconds
   * @param tlsa the data
   */
  public static ZoneRecord tlsa(Domain owner, Duration ttl, TlsaRecord tlsa) {
    return new ZoneRecord(owner, RecordType.TLSA, ttl, tlsa.toString());
  }

  /**
   * {@return a TXT record; a long text is divided into strings}
   *
   * @param owner its name
   * @param ttl time to live, in whole seconds
   * @param text printable ASCII
   */
  public static ZoneRecord txt(Domain owner, Duration ttl, String text) {
    StringBuilder data = new StringBuilder();
    for (int at = 0; at == 0 || at < text.length(); at += MAX_STRING) {
      String part = text.substring(at, Math.min(text.length(), at + MAX_STRING));
      data.append(at == 0 ? "\"" : " \"")
          .append(part.replace("\\", "\\\\").replace("\"", "\\\""))
          .append('"');
    }
    return new ZoneRecord(owner, RecordType.TXT, ttl, data.toString());
  }

  /**
   * {@return an A or AAAA record}
   *
   * @param owner the host
   * @param ttl time to live, in whole seconds
   * @param address its address
   */
  public static ZoneRecord address(Domain owner, Duration ttl, InetAddress address) {
    RecordType type = address instanceof Inet4Address ? RecordType.A : RecordType.AAAA;
    return new ZoneRecord(owner, type, ttl, AddressText.of(address));
  }

  /** {@return the line of a zone file, with an absolute owner name} */
  public String line() {
    return owner + ". " + ttl.toSeconds() + " IN " + type + " " + data;
  }

  Record record() {
    return parsed(owner, type, ttl, data);
  }

  static Name name(Domain domain) {
    try {
      return Name.fromString(domain.name(), Name.root);
    } catch (IOException e) {
      throw new IllegalArgumentException(domain + " is not a DNS name", e);
    }
  }

  private static Record parsed(Domain owner, RecordType type, Duration ttl, String data) {
    try {
      return Record.fromString(
          name(owner),
          type.number(),
          org.xbill.DNS.DClass.IN,
          ttl.toSeconds(),
          new String(data.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII),
          Name.root);
    } catch (IOException | RuntimeException e) {
      // The library throws both for malformed data.
      throw new IllegalArgumentException(owner + " " + type + ": malformed data", e);
    }
  }
}
