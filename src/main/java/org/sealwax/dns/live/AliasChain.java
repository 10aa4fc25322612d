package org.sealwax.dns.live;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Where the aliases have led, how secure the way was and how long it may be kept. */
final class AliasChain {
  private final Instant now;
  private Name name;
  private int aliases;
  private Security security = Security.SECURE;
  private Duration ttl = Lookup.LONGEST;

  AliasChain(Name start, Instant now) {
    this.name = start;
    this.now = now;
  }

  Name name() {
    return name;
  }

  int aliases() {
    return aliases;
  }

  Security security() {
    return security;
  }

  /** A chain is as secure as its weakest link. */
  void weaken(Security by) {
    if (by.compareTo(security) > 0) {
      security = by;
    }
  }

  void atMost(Duration other) {
    if (other.compareTo(ttl) < 0) {
      ttl = other;
    }
  }

  /** Goes along the CNAMEs of this message, or only the first; false when there are too many. */
  boolean follow(Message message, boolean onlyOne) {
    List<Record> answer = message.getSection(Section.ANSWER);
    boolean moved = true;
    while (moved) {
      moved = false;
      for (Record r : answer) {
        if (r instanceof CNAMERecord cname && cname.getName().equals(name)) {
          if (++aliases > Resolver.MAX_ALIASES) {
            aliases = Resolver.MAX_ALIASES;
            return false;
          }
          keep(answer, name, Type.CNAME);
          name = cname.getTarget();
          moved = !onlyOne;
          break;
        }
      }
    }
    return true;
  }

  List<Record> take(Message message, int type) {
    List<Record> answer = message.getSection(Section.ANSWER);
    List<Record> taken =
        answer.stream().filter(r -> r.getType() == type && r.getName().equals(name)).toList();
    keep(answer, name, type);
    return taken;
  }

  /** RFC 4035 5.3.3: no longer than the set, its signature and the signature's end allow. */
  private void keep(List<Record> answer, Name owner, int type) {
    for (Record r : answer) {
      if (!r.getName().equals(owner)) {
        continue;
      }
      if (r.getType() == type) {
        atMost(Duration.ofSeconds(r.getTTL()));
      } else if (r instanceof RRSIGRecord sig && sig.getTypeCovered() == type) {
        atMost(Duration.ofSeconds(sig.getOrigTTL()));
        atMost(Duration.between(now, sig.getExpire()));
      }
    }
  }

  /** For how long the whole may be kept. */
  Duration kept(Duration atLeast) {
    return ttl.compareTo(atLeast) < 0 ? atLeast : ttl;
  }
}
