package org.sealwax.mail.dns.validate;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** Trust anchors, and negative trust anchors of the admin. */
public final class TrustAnchors {
  /**
   * The key signing keys of the root of 2017 and 2024. Source: IANA, Root Zone Trust Anchors,
   * https://data.iana.org/root-anchors/root-anchors.xml (RFC 9718), checked against the root.ds of
   * the distribution's dns-root-data package.
   */
  private static final List<String> ROOT =
      List.of(
          ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
          ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16");

  /**
   * The configured entry of a zone: the deepest entry at or above a name decides about it.
   *
   * @param digests of keys that are known beforehand; empty where nothing is validated
   * @param reason why nothing is validated, in words for logs; else empty
   */
  record Anchor(Name zone, List<DSRecord> digests, String reason) {
    boolean isTrusted() {
      return !digests.isEmpty();
    }
  }

  private final Map<Name, List<DSRecord>> trusted = new HashMap<>();
  private final Map<Name, Instant> negative = new HashMap<>();

  private TrustAnchors() {}

  /** The keys of the root that this release carries. */
  public static TrustAnchors root() {
    return of(ROOT);
  }

  /**
   * Trust anchors.
   *
   * @param lines each a DS or DNSKEY record in master file form with its owner name
   * @throws IllegalArgumentException when a line is anything else
   */
  public static TrustAnchors of(List<String> lines) {
    TrustAnchors anchors = new TrustAnchors();
    for (String line : lines) {
      DSRecord ds = parse(line);
      anchors.trusted.computeIfAbsent(ds.getName(), zone -> new ArrayList<>()).add(ds);
    }
    return anchors;
  }

  private static DSRecord parse(String line) {
    byte[] text = line.getBytes(StandardCharsets.US_ASCII);
    try (Master master = new Master(new ByteArrayInputStream(text), Name.root, 0)) {
      master.disableIncludes(true);
      Record record = master.nextRecord();
      if (record == null || master.nextRecord() != null) {
        throw new IllegalArgumentException("not a single record: " + line);
      }
      return switch (record) {
        case DSRecord ds -> ds;
        case DNSKEYRecord key ->
            new DSRecord(key.getName(), DClass.IN, 0, DNSSEC.Digest.SHA256, key);
        default -> throw new IllegalArgumentException("not a DS or DNSKEY record: " + line);
      };
    } catch (IOException e) {
      throw new IllegalArgumentException("not a DS or DNSKEY record: " + line, e);
    }
  }

  /**
   * The same with a negative trust anchor, which takes the place of a trust anchor for the same
   * name until it ends.
   *
   * @param until when it ends (RFC 7646 section 2)
   */
  public TrustAnchors withNegative(Name zone, Instant until) {
    TrustAnchors more = new TrustAnchors();
    more.trusted.putAll(trusted);
    more.negative.putAll(negative);
    more.negative.put(zone, until);
    return more;
  }

  /** The zones that have a trust anchor, and so are signed. */
  public Set<Name> trusted() {
    return trusted.keySet();
  }

  /** The deepest anchor at or above a name; a negative one that has ended is ignored. */
  Anchor closest(Name name, Instant now) {
    for (Name at = name; ; at = DnsNames.parent(at)) {
      Instant until = negative.get(at);
      if (until != null && now.isBefore(until)) {
        return new Anchor(at, List.of(), "negative trust anchor " + at);
      }
      List<DSRecord> digests = trusted.get(at);
      if (digests != null) {
        return new Anchor(at, digests, "");
      }
      if (at.equals(Name.root)) {
        return new Anchor(at, List.of(), "no trust anchor above " + name);
      }
    }
  }
}
