package org.sealwax.dns.live;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Tells the one denial that the validator rightly calls INSECURE without a reason, a wildcard's
 * NODATA under NSEC3 opt-out (RFC 5155 8.7 and 9.2), from one where it stumbled over a set it could
 * not check: here every set of the proof is checked once more, and opt-out must be in it.
 */
final class OptOut {
  /** Signature checks spent on one denial (CVE-2023-50387, KeyTrap: many keys with one tag). */
  static final int MAX_CHECKS = 16;

  private final Message denial;
  private final Instant now;
  private int checks;

  OptOut(Message denial, Instant now) {
    this.denial = denial;
    this.now = now;
  }

  /** The zone that signed the NSEC3 records; null when there are none or several zones. */
  @Nullable Name zone() {
    Name zone = null;
    for (RRset set : denial.getSectionRRsets(Section.AUTHORITY)) {
      for (RRSIGRecord sig : set.sigs()) {
        if (zone != null && !zone.equals(sig.getSigner())) {
          return null;
        }
        zone = sig.getSigner();
      }
    }
    Record question = denial.getQuestion();
    return zone != null && question != null && question.getName().subdomain(zone) ? zone : null;
  }

  /**
   * Whether the proof holds with these keys.
   *
   * @param keys the answer of the validator to the zone's DNSKEY question
   */
  boolean holds(Name zone, Message keys) {
    if (keys.getRcode() != Rcode.NOERROR || !keys.getHeader().getFlag(Flags.AD)) {
      return false;
    }
    List<DNSKEYRecord> usable = new ArrayList<>();
    for (Record r : keys.getSection(Section.ANSWER)) {
      if (r instanceof DNSKEYRecord key && key.getName().equals(zone)) {
        usable.add(key);
      }
    }
    boolean optsOut = false;
    for (RRset set : denial.getSectionRRsets(Section.AUTHORITY)) {
      if (set.getDClass() != DClass.IN
          || !set.getName().subdomain(zone)
          || !isSigned(set, usable)) {
        return false;
      }
      optsOut |=
          set.getType() == Type.NSEC3
              && set.first() instanceof NSEC3Record nsec3
              && (nsec3.getFlags() & NSEC3Record.Flags.OPT_OUT) != 0;
    }
    return optsOut;
  }

  private boolean isSigned(RRset set, List<DNSKEYRecord> keys) {
    for (RRSIGRecord sig : set.sigs()) {
      for (DNSKEYRecord key : keys) {
        if (key.getFootprint() != sig.getFootprint() || key.getAlgorithm() != sig.getAlgorithm()) {
          continue;
        }
        if (++checks > MAX_CHECKS) {
          return false;
        }
        try {
          DNSSEC.verify(set, sig, key, now);
          return true;
        } catch (DNSSEC.DNSSECException e) {
          // Another key or signature may do.
        }
      }
    }
    return false;
  }
}
