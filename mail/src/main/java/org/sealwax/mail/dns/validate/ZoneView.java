package org.sealwax.mail.dns.validate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * A message as one zone sees it: the sets with an owner in the zone, and the signatures that name
 * the zone as signer. Nothing else in the message is visible, wherever it stands and in whatever
 * order. Sets are verified on first use, once each.
 */
final class ZoneView {
  private static final int[] SECTIONS = {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL};

  private record Key(Name owner, int type) {}

  /**
   * A set whose signature holds.
   *
   * @param labels of the RRSIG (RFC 4034 3.1.3); fewer than the owner's for an expanded wildcard
   * @param ttl RFC 4035 5.3.3
   */
  record VerifiedRrset(List<Record> records, int labels, Duration ttl) {
    Name owner() {
      return record().getName();
    }

    Record record() {
      return records.getFirst();
    }

    boolean isExpanded() {
      return labels != ZoneView.labels(owner());
    }
  }

  private final Name zone;
  private final List<DNSKEYRecord> keys;
  private final Verifier verifier;
  private final Map<Key, RRset> sets = new LinkedHashMap<>();
  private final Map<Key, @Nullable VerifiedRrset> verified = new HashMap<>();
  private String reason = "";

  /**
   * @param keys that count; the zone's validated ones, or those that its DS records name
   */
  ZoneView(Message message, Name zone, List<DNSKEYRecord> keys, Verifier verifier) {
    this.zone = zone;
    this.keys = keys;
    this.verifier = verifier;
    Map<Key, Integer> counts = new HashMap<>();
    for (int section : SECTIONS) {
      for (Record r : message.getSection(section)) {
        boolean inZone = r.getDClass() == DClass.IN && r.getName().subdomain(zone);
        if (!inZone || (r instanceof RRSIGRecord sig && !sig.getSigner().equals(zone))) {
          continue;
        }
        Key key = new Key(r.getName(), r.getRRsetType());
        Verifier.records(counts.merge(key, 1, Integer::sum));
        sets.computeIfAbsent(key, k -> new RRset()).addRR(r);
      }
    }
  }

  /** Labels as an RRSIG counts them: without the root and a leading asterisk (RFC 4034 3.1.3). */
  static int labels(Name name) {
    return name.labels() - (name.isWild() ? 2 : 1);
  }

  Name zone() {
    return zone;
  }

  Verifier verifier() {
    return verifier;
  }

  /** Why the last set that was used did not verify; empty when none failed. */
  String reason() {
    return reason;
  }

  /** The set when it is there and its signature holds. */
  @Nullable VerifiedRrset find(Name owner, int type) {
    Key key = new Key(owner, type);
    RRset set = sets.get(key);
    if (set == null || set.isEmpty()) {
      return null;
    }
    if (!verified.containsKey(key)) {
      verified.put(key, verify(set));
    }
    return verified.get(key);
  }

  /** The sets of a type that have one record, as the zone has it: not made from a wildcard. */
  List<VerifiedRrset> singles(int type) {
    List<VerifiedRrset> singles = new ArrayList<>();
    sets.forEach(
        (key, set) -> {
          VerifiedRrset found =
              key.type() == type && set.size() == 1 ? find(key.owner(), type) : null;
          if (found != null && !found.isExpanded()) {
            singles.add(found);
          }
        });
    return singles;
  }

  /** RFC 4035 5.3.1 to 5.3.3; one valid signature suffices (RFC 6840 5.4, 5.11). */
  private @Nullable VerifiedRrset verify(RRset set) {
    String what = DnsNames.text(set.getName(), set.getType());
    String why = what + " is not signed by " + zone;
    int labels = labels(set.getName());
    long now = verifier.now().getEpochSecond();
    for (RRSIGRecord sig : set.sigs()) {
      // Serial numbers (RFC 4034 3.1.5): the low 32 bits of seconds, compared by serial number
      // arithmetic.
      int left = (int) (sig.getExpire().getEpochSecond() - now);
      int since = (int) (now - sig.getTimeSigned().getEpochSecond());
      if (sig.getLabels() > labels) {
        why = "the signature of " + what + " has a larger label count than its owner name";
      } else if (left < 0) {
        why = "the signature of " + what + " expired at " + sig.getExpire();
      } else if (since < 0) {
        why = "the signature of " + what + " is not valid before " + sig.getTimeSigned();
      } else if (verifier.verifies(keys, set, sig)) {
        long seconds = Math.min(Math.min(set.getTTL(), sig.getOrigTTL()), left);
        return new VerifiedRrset(set.rrs(false), sig.getLabels(), Duration.ofSeconds(seconds));
      } else {
        why = "no key of " + zone + " verifies " + what;
      }
    }
    reason = why;
    return null;
  }
}
