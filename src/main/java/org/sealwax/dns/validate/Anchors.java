package org.sealwax.dns.validate;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
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

/** Where trust begins, and where the operator says that it ends. */
public final class Anchors {
  /**
   * What is configured about a zone: the deepest entry at or above a name decides about it.
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

  private Anchors() {}

  /** The keys of the root that this release carries. */
  public static Anchors root() {
    try (InputStream in = Anchors.class.getResourceAsStream("root-anchors.txt")) {
      if (in == null) {
        throw new IllegalStateException("this build has no root anchors");
      }
      return of(
          new String(in.readAllBytes(), StandardCharsets.US_ASCII)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith(";"))
              .toList());
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the root anchors", e);
    }
  }

  /**
   * Trust anchors.
   *
   * @param lines each a DS or DNSKEY record in master file form with its owner name
   * @throws IllegalArgumentException when a line is anything else
   */
  public static Anchors of(List<String> lines) {
    Anchors anchors = new Anchors();
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
        throw new IllegalArgumentException("not one record: " + line);
      }
      return switch (record) {
        case DSRecord ds -> ds;
        case DNSKEYRecord key ->
            new DSRecord(key.getName(), DClass.IN, 0, DNSSEC.Digest.SHA256, key);
        default -> throw new IllegalArgumentException("not a DS or DNSKEY record: " + line);
      };
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "not a DS or DNSKEY record: " + line + ": " + e.getMessage(), e);
    }
  }

  /**
   * The same with a negative trust anchor, which takes the place of a trust anchor for the same
   * name until it ends.
   *
   * @param until when it ends (RFC 7646 section 2)
   */
  public Anchors withNegative(Name zone, Instant until) {
    Anchors more = new Anchors();
    more.trusted.putAll(trusted);
    more.negative.putAll(negative);
    more.negative.put(zone, until);
    return more;
  }

  /** The zones that have a trust anchor, and so are signed. */
  public Set<Name> trusted() {
    return trusted.keySet();
  }

  /** The deepest anchor at or above a name; a negative one that has ended is not there. */
  Anchor closest(Name name, Instant now) {
    for (Name at = name; ; at = Names.parent(at)) {
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
