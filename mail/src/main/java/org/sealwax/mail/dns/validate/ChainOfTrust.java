package org.sealwax.mail.dns.validate;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.MessageSource.DnsQuery;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * The walk down from the trust anchor to a name. For each label it establishes a signed DS, a
 * proven absence of DS, or a failure.
 */
final class ChainOfTrust {
  /** Labels of the walk that are queried in parallel below an anchor that is new. */
  private static final int AHEAD = 2;

  /** The same toward a signer, and for names with more labels (reverse names). */
  private static final int FAR_AHEAD = 8;

  /** DNSKEY flags (RFC 4034 2.1.1, RFC 5011 section 7) and protocol (RFC 4034 2.1.2). */
  private static final int ZONE_KEY = 0x100;

  private static final int REVOKED = 0x80;
  private static final int DNSSEC_PROTOCOL = 3;

  private final TrustAnchors anchors;
  private final Map<Name, ZoneStatus> known;
  private final MessageSource source;
  private final Verifier verifier;
  private final Map<Name, ZoneStatus> walked = new HashMap<>();
  private boolean usedKnown;

  ChainOfTrust(
      TrustAnchors anchors, Map<Name, ZoneStatus> known, MessageSource source, Verifier verifier) {
    this.anchors = anchors;
    this.known = known;
    this.source = source;
    this.verifier = verifier;
  }

  /** Whether a result of another look-up was used. */
  boolean usedKnown() {
    return usedKnown;
  }

  /**
   * The zone that a name is in, as far as the zone cuts above it and at it show.
   *
   * @param isSigner whether the name is known as a zone with keys: then its keys are asked for
   *     early
   */
  ZoneStatus zoneOf(Name target, boolean isSigner) throws IOException {
    TrustAnchors.Anchor anchor = anchors.closest(target, verifier.now());
    if (!anchor.isTrusted()) {
      return new ZoneStatus.Unsigned(anchor.reason(), verifier.now());
    }
    Name at = target;
    ZoneStatus status = established(at);
    while (status == null && !at.equals(anchor.zone())) {
      at = DnsNames.parent(at);
      status = established(at);
    }
    expect(target, at, status, isSigner);
    if (status == null) {
      status = keep(at, keys(at, anchor.digests(), DnssecValidator.LONGEST));
    }
    while (status instanceof ZoneStatus.Signed zone && !at.equals(target)) {
      at = DnsNames.ancestor(target, at.labels() + 1);
      status = keep(at, cut(at, DnsNames.ancestor(target, at.labels() + 1), zone));
      expect(target, at, status, isSigner);
    }
    return status;
  }

  private @Nullable ZoneStatus established(Name name) {
    ZoneStatus there = walked.get(name);
    ZoneStatus before = known.get(name);
    if (there == null && before != null && verifier.now().isBefore(before.until())) {
      usedKnown = true;
      there = before;
      walked.put(name, there);
    }
    return there;
  }

  private ZoneStatus keep(Name name, ZoneStatus status) {
    walked.put(name, status);
    if (status instanceof ZoneStatus.Unsigned
        || (status instanceof ZoneStatus.Signed cut && cut.zone().equals(name))) {
      known.put(name, status);
    }
    return status;
  }

  /** Keys and DS records that the rest of the walk is going to need. */
  private void expect(Name target, Name at, @Nullable ZoneStatus status, boolean isSigner) {
    if (status != null && !(status instanceof ZoneStatus.Signed)) {
      return;
    }
    List<DnsQuery> queries = new ArrayList<>();
    if (status == null) {
      queries.add(new DnsQuery(at, Type.DNSKEY));
    }
    int left = target.labels() - at.labels();
    // Below an anchor the second label is usually the cut, below a known zone the first one is.
    int likely = status == null ? AHEAD : 1;
    int ahead = Math.min(left, isSigner || left > FAR_AHEAD ? FAR_AHEAD : likely);
    for (int i = 1; i <= ahead; i++) {
      Name below = DnsNames.ancestor(target, at.labels() + i);
      queries.add(new DnsQuery(below, Type.DS));
      // The name next to a new anchor is nearly always a signed zone.
      if (isSigner || (i == 1 && status == null && left > 1)) {
        queries.add(new DnsQuery(below, Type.DNSKEY));
      }
    }
    if (queries.size() > 1) {
      source.prefetch(queries);
    }
  }

  /**
   * What is at one name below a signed zone: the same zone, a signed one, an unsigned one.
   *
   * @param below the next name of the walk; the same name at its end
   */
  private ZoneStatus cut(Name name, Name below, ZoneStatus.Signed parent) throws IOException {
    Message message = source.fetch(new DnsQuery(name, Type.DS));
    ZoneView view = view(message, parent);
    ZoneView.VerifiedRrset found = view.find(name, Type.DS);
    if (found != null && !found.isExpanded()) {
      if (!below.equals(name)) {
        source.prefetch(List.of(new DnsQuery(name, Type.DNSKEY), new DnsQuery(below, Type.DS)));
      }
      return keys(name, records(found.records(), DSRecord.class), found.ttl());
    }
    ZoneProof answer = new ZoneProof(message, view);
    ValidatedAnswer alias = answer.alias(name);
    if (alias.security() == DnssecStatus.SECURE) {
      // No delegation at an alias (RFC 2181 10.1), nor below a DNAME (RFC 6672 2.4).
      return parent;
    }
    if (alias.reason().equals(ZoneProof.OPT_OUT)) {
      return new ZoneStatus.Unsigned(ZoneProof.OPT_OUT, until(alias.ttl()));
    }
    ZoneProof.TimedProof absence = answer.noDs(name);
    return switch (absence.proof()) {
      case PROVEN ->
          answer.isUnsigned(name)
              ? new ZoneStatus.Unsigned(name + " has no DS", until(absence.ttl()))
              : parent;
      case INSECURE, COSTLY ->
          new ZoneStatus.Unsigned(
              name + " may be unsigned: NSEC3 opt-out or too many iterations",
              until(absence.ttl()));
      case NONE ->
          new ZoneStatus.Broken(
              answer.because("no DS record and no proof of its absence for " + name));
    };
  }

  /** The keys of a zone by the DS records of its parent or an anchor (RFC 4035 5.2). */
  private ZoneStatus keys(Name zone, List<DSRecord> digests, Duration ttl) throws IOException {
    List<DSRecord> usable = usable(digests);
    if (usable.isEmpty()) {
      return new ZoneStatus.Unsigned(
          zone + " is signed with unsupported algorithms or digests only", until(ttl));
    }
    Message message = source.fetch(new DnsQuery(zone, Type.DNSKEY));
    List<DNSKEYRecord> claimed = records(message.getSection(Section.ANSWER), DNSKEYRecord.class);
    Verifier.records(claimed.size());
    List<DNSKEYRecord> entries =
        claimed.stream()
            .filter(key -> isZoneKey(key, zone))
            .filter(key -> usable.stream().anyMatch(ds -> verifier.matches(ds, key)))
            .toList();
    ZoneView view = new ZoneView(message, zone, entries, verifier);
    ZoneView.VerifiedRrset set = view.find(zone, Type.DNSKEY);
    if (set == null) {
      String why = entries.isEmpty() ? "no key of " + zone + " matches its DS set" : view.reason();
      return new ZoneStatus.Broken(why);
    }
    // Those of the verified set and no others that the message has.
    List<DNSKEYRecord> keys =
        records(set.records(), DNSKEYRecord.class).stream()
            .filter(key -> isZoneKey(key, zone))
            .toList();
    return new ZoneStatus.Signed(zone, keys, until(set.ttl().compareTo(ttl) < 0 ? set.ttl() : ttl));
  }

  private static <T extends Record> List<T> records(List<Record> records, Class<T> type) {
    return records.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** RFC 4509 section 3: no SHA-1 digests where there are SHA-256 digests that we can use. */
  private List<DSRecord> usable(List<DSRecord> digests) {
    List<DSRecord> usable = digests.stream().filter(verifier::isSupported).toList();
    boolean sha256 = usable.stream().anyMatch(ds -> ds.getDigestID() == DNSSEC.Digest.SHA256);
    return sha256
        ? usable.stream().filter(ds -> ds.getDigestID() != DNSSEC.Digest.SHA1).toList()
        : usable;
  }

  private boolean isZoneKey(DNSKEYRecord key, Name zone) {
    return key.getName().equals(zone)
        && key.getDClass() == DClass.IN
        && (key.getFlags() & ZONE_KEY) != 0
        && (key.getFlags() & REVOKED) == 0
        && key.getProtocol() == DNSSEC_PROTOCOL
        && verifier.isSupported(key);
  }

  private Instant until(Duration ttl) {
    return verifier
        .now()
        .plus(ttl.compareTo(DnssecValidator.LONGEST) < 0 ? ttl : DnssecValidator.LONGEST);
  }

  /** A message as a zone sees it. */
  ZoneView view(Message message, ZoneStatus.Signed zone) {
    return new ZoneView(message, zone.zone(), zone.keys(), verifier);
  }
}
