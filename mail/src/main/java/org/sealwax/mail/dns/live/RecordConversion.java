package org.sealwax.mail.dns.live;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CAARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.TLSARecord;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** Converts records of the library to our types. */
final class RecordConversion {
  private RecordConversion() {}

  /**
   * The record data; empty for unusable records and for types that we do not support.
   *
   * @param shared gives one object for equal hosts of mail: thousands of domains have the same
   */
  static Optional<Object> of(Record r, UnaryOperator<Domain> shared) {
    return switch (r) {
      case MXRecord mx ->
          mx.getTarget().equals(Name.root)
              ? Optional.of(new MxRecord(mx.getPriority(), Optional.empty()))
              : domain(mx.getTarget())
                  .map(host -> new MxRecord(mx.getPriority(), Optional.of(shared.apply(host))));
      case ARecord a -> address(a.getAddress());
      case AAAARecord aaaa -> address(aaaa.getAddress());
      case TXTRecord txt -> Optional.of(joined(txt));
      case TLSARecord tlsa ->
          Optional.of(
              new TlsaRecord(
                  tlsa.getCertificateUsage(),
                  tlsa.getSelector(),
                  tlsa.getMatchingType(),
                  HexFormat.of().formatHex(tlsa.getCertificateAssociationData())));
      case CAARecord caa ->
          Optional.of(
              new CaaRecord(caa.getFlags(), caa.getTag().toLowerCase(Locale.ROOT), caa.getValue()));
      case NSEC3PARAMRecord param ->
          Optional.of(
              new Nsec3ParamRecord(
                  param.getIterations(), param.getSalt() == null ? 0 : param.getSalt().length));
      case CNAMERecord cname -> domain(cname.getTarget()).map(d -> d);
      case PTRRecord ptr -> domain(ptr.getTarget()).map(d -> d);
      default -> Optional.empty();
    };
  }

  /**
   * A record in presentation form.
   *
   * @throws IllegalArgumentException when it is longer than such a record may be
   */
  static ZoneRecord zoneRecord(Record r) {
    Domain owner =
        domain(r.getName()).orElseThrow(() -> new IllegalArgumentException("not a domain name"));
    Duration ttl = Duration.ofSeconds(r.getTTL());
    if (r instanceof TXTRecord txt) {
      List<String> strings = new ArrayList<>();
      for (byte[] string : txt.getStringsAsByteArrays()) {
        strings.add(new String(string, StandardCharsets.ISO_8859_1));
      }
      return ZoneRecord.txt(owner, ttl, strings);
    }
    ZoneRecord.RecordType type = ZoneRecord.RecordType.valueOf(Type.string(r.getType()));
    return new ZoneRecord(owner, type, ttl, r.rdataToString());
  }

  /** Without the host name that the library adds to it. */
  private static Optional<Object> address(@Nullable InetAddress address) {
    try {
      return address == null
          ? Optional.empty()
          : Optional.of(InetAddress.getByAddress(address.getAddress()));
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  private static String joined(TXTRecord txt) {
    StringBuilder text = new StringBuilder();
    for (byte[] part : txt.getStringsAsByteArrays()) {
      text.append(new String(part, StandardCharsets.ISO_8859_1));
    }
    return text.toString();
  }

  /** A name of the DNS as a domain; empty when it is none. */
  static Optional<Domain> domain(Name name) {
    return Domain.ofDns(name.toString(true));
  }
}
