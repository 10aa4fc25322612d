package org.sealwax.router.records;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;

/** The records that mail needs, one function for each kind. */
public final class MailRecords {
  /** Time to live: short enough to correct an error in an hour. */
  static final Duration TTL = Duration.ofHours(1);

  private static final String SPF = "v=spf1";

  private MailRecords() {}

  /** {@return the MX record that leads to a host (RFC 5321 section 5.1)} */
  public static ZoneRecord mx(Domain domain, Domain host) {
    return new ZoneRecord(domain, RecordType.MX, TTL, "10 " + host + ".");
  }

  /** {@return the A or AAAA record of a host} */
  public static ZoneRecord address(Domain host, InetAddress address) {
    return ZoneRecord.address(host, TTL, address);
  }

  /** {@return the PTR record that the owner of an address is asked for (RFC 1912 section 2.1)} */
  public static ZoneRecord ptr(InetAddress address, Domain host) {
    return new ZoneRecord(ReverseName.of(address), RecordType.PTR, TTL, host + ".");
  }

  /** {@return an SPF record that permits these addresses and no others (RFC 7208)} */
  public static ZoneRecord spf(Domain domain, List<InetAddress> addresses) {
    return ZoneRecord.txt(domain, TTL, SPF + mechanisms(addresses) + " -all");
  }

  /**
   * {@return a published SPF record with more addresses, before anything can decide against them}
   *
   * @param record begins with {@code v=spf1}
   * @param more addresses that it does not permit
   */
  public static ZoneRecord spf(Domain domain, String record, List<InetAddress> more) {
    String version = record.substring(0, SPF.length());
    return ZoneRecord.txt(
        domain, TTL, version + mechanisms(more) + record.substring(version.length()));
  }

  private static String mechanisms(List<InetAddress> addresses) {
    StringBuilder out = new StringBuilder();
    for (InetAddress address : addresses) {
      out.append(address instanceof Inet4Address ? " ip4:" : " ip6:")
          .append(AddressText.of(address));
    }
    return out.toString();
  }

  /**
   * {@return a first DMARC record: it asks for reports, and for no other treatment (RFC 9989)}
   *
   * @param domain not longer than {@link Domain} allows with {@code _dmarc.} before it
   */
  public static ZoneRecord dmarc(Domain domain) {
    return ZoneRecord.txt(
        Domain.of("_dmarc." + domain), TTL, "v=DMARC1; p=none; rua=mailto:postmaster@" + domain);
  }

  /** {@return the record of a key (RFC 6376 section 3.6.2)} */
  public static ZoneRecord dkim(DkimSigningKey key) {
    return ZoneRecord.txt(key.recordName(), TTL, key.record());
  }

  /** {@return the record of the key of a server (RFC 7672 section 3.1)} */
  static ZoneRecord tlsa(Domain owner, TlsaRecord tlsa) {
    return ZoneRecord.tlsa(owner, TTL, tlsa);
  }

  /**
   * {@return a record that asks for TLS reports (RFC 8460 section 3)}
   *
   * @param rua where reports go: {@code mailto:} or {@code https:}
   */
  static ZoneRecord tlsReports(Domain domain, String rua) {
    return ZoneRecord.txt(Domain.of("_smtp._tls." + domain), TTL, "v=TLSRPTv1; rua=" + rua);
  }

  /**
   * {@return the record that announces an MTA-STS policy (RFC 8461 section 3.1)}
   *
   * @param text with the id
   */
  static ZoneRecord mtaSts(Domain owner, String text) {
    return ZoneRecord.txt(owner, TTL, text);
  }

  /** {@return a record by which only one authority may issue certificates (RFC 8659)} */
  static ZoneRecord caa(Domain name, String issuer) {
    return new ZoneRecord(name, RecordType.CAA, TTL, "0 issue \"" + issuer + "\"");
  }
}
