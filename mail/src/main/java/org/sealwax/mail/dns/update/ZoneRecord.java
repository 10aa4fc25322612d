package org.sealwax.mail.dns.update;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.TlsaRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TXTRecord;
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
    /** Name of an address. */
    PTR,
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
   * @param text each character one byte (ISO 8859-1)
   */
  public static ZoneRecord txt(Domain owner, Duration ttl, String text) {
    List<String> strings = new ArrayList<>();
    for (int at = 0; at == 0 || at < text.length(); at += MAX_STRING) {
      strings.add(text.substring(at, Math.min(text.length(), at + MAX_STRING)));
    }
    return txt(owner, ttl, strings);
  }

  /**
   * {@return a TXT record of these strings}
   *
   * @param owner its name
   * @param ttl time to live, in whole seconds
   * @param strings each of at most 255 characters, each character one byte (ISO 8859-1)
   */
  public static ZoneRecord txt(Domain owner, Duration ttl, List<String> strings) {
    return new ZoneRecord(
        owner,
        RecordType.TXT,
        ttl,
        strings.stream().map(ZoneRecord::quoted).collect(Collectors.joining(" ")));
  }

  /** RFC 1035 section 5.1. */
  private static String escaped(int c) {
    if (c == '"' || c == '\\') {
      return "\\" + (char) c;
    }
    return c < ' ' || c > '~' ? "\\%03d".formatted(c) : String.valueOf((char) c);
  }

  /** {@return the strings of a TXT record, joined, as ISO 8859-1; empty for other types} */
  public Optional<String> text() {
    if (!(record() instanceof TXTRecord txt)) {
      return Optional.empty();
    }
    StringBuilder joined = new StringBuilder();
    for (byte[] part : txt.getStringsAsByteArrays()) {
      joined.append(new String(part, StandardCharsets.ISO_8859_1));
    }
    return Optional.of(joined.toString());
  }

  /**
   * {@return whether another record has the same name, type and data, whatever its time to live and
   * however it is written}
   *
   * @param other the other record
   */
  public boolean isSame(ZoneRecord other) {
    return record().equals(other.record());
  }

  /**
   * {@return the same data with another time to live}
   *
   * @param other time to live, in whole seconds
   */
  public ZoneRecord withTtl(Duration other) {
    return new ZoneRecord(owner, type, other, data);
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

  /**
   * {@return a record with the data of an answer}
   *
   * @param owner its name
   * @param type its type
   * @param ttl time to live; a part of a second is left out
   * @param data as {@link org.sealwax.mail.dns.Resolver} returns it for the type
   */
  public static ZoneRecord of(Domain owner, RecordType type, Duration ttl, Object data) {
    Duration whole = ttl.truncatedTo(ChronoUnit.SECONDS);
    return switch (data) {
      case InetAddress address -> address(owner, whole, address);
      case MxRecord mx ->
          new ZoneRecord(
              owner,
              type,
              whole,
              mx.preference() + " " + mx.exchange().map(Domain::name).orElse("") + ".");
      case Domain name -> new ZoneRecord(owner, type, whole, name + ".");
      case TlsaRecord tlsa -> tlsa(owner, whole, tlsa);
      case CaaRecord caa ->
          new ZoneRecord(
              owner, type, whole, caa.flags() + " " + caa.tag() + " " + quoted(caa.value()));
      case String text -> txt(owner, whole, text);
      default -> throw new IllegalArgumentException(owner + " " + type);
    };
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars().forEach(c -> out.append(escaped(c)));
    return out.append('"').toString();
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
