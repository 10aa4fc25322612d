package org.sealwax.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.world.Clock;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Answers about keys (DNSKEY, DS) as they came, kept because the validator begins at the trust
 * anchor for each zone that is new to it and would ask for the root and every zone on the way each
 * time. Nothing here is believed: the validator checks what it gets, from here as from the wire.
 * Thread-safe.
 */
final class KeyMessages {
  /** Zones between the root and the domains of a large queue, with room. */
  static final int MAX_KEPT = 2_000;

  /** As long as the validator keeps keys: a zone that changes its keys is followed soon enough. */
  static final Duration LONGEST = Duration.ofMinutes(15);

  private record Asked(Name name, int type) {}

  private final Cache<Asked, Message> kept;

  KeyMessages(Clock clock) {
    this.kept =
        Caffeine.newBuilder()
            .maximumSize(MAX_KEPT)
            .expireAfter(Expiry.creating((Asked asked, Message message) -> ttl(message)))
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .build();
  }

  private static Duration ttl(Message message) {
    long seconds = LONGEST.toSeconds();
    for (Record r : message.getSection(Section.ANSWER)) {
      seconds = Math.min(seconds, r.getTTL());
    }
    return Duration.ofSeconds(seconds);
  }

  private static boolean isAboutKeys(int type) {
    return type == Type.DNSKEY || type == Type.DS;
  }

  /** A copy of what is kept, or null. */
  @Nullable Message find(Record question) {
    if (!isAboutKeys(question.getType())) {
      return null;
    }
    Message found = kept.getIfPresent(new Asked(question.getName(), question.getType()));
    return found == null ? null : found.clone();
  }

  /** Keeps an answer that has what was asked for, signed; everything else is asked for again. */
  void keep(Record question, Message answer) {
    if (!isAboutKeys(question.getType()) || answer.getRcode() != Rcode.NOERROR) {
      return;
    }
    List<Record> records = answer.getSection(Section.ANSWER);
    boolean whole =
        records.stream().anyMatch(r -> r.getType() == question.getType())
            && records.stream().anyMatch(RRSIGRecord.class::isInstance)
            && records.stream().allMatch(r -> r.getName().equals(question.getName()));
    if (whole && ttl(answer).isPositive()) {
      kept.put(new Asked(question.getName(), question.getType()), answer.clone());
    }
  }

  /** Something did not validate: perhaps because of what is kept. */
  void forget() {
    kept.invalidateAll();
  }
}
