package org.sealwax.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
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
  private final Map<Asked, CompletableFuture<Message>> flights = new ConcurrentHashMap<>();

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

  static boolean isAboutKeys(Record question) {
    return question.getType() == Type.DNSKEY || question.getType() == Type.DS;
  }

  /**
   * The answer to a question about keys that is not kept: asked now, or the one that another
   * inquiry has asked for and that comes within the time of this one. The questions about one
   * domain begin side by side and go up the same chain of zones.
   *
   * @param asking asks the resolvers
   */
  Message once(Record question, Inquiry inquiry, Supplier<Message> asking) {
    Asked asked = new Asked(question.getName(), question.getType());
    CompletableFuture<Message> mine = new CompletableFuture<>();
    CompletableFuture<Message> there = flights.putIfAbsent(asked, mine);
    if (there != null) {
      Message shared = landed(there, inquiry);
      // Trouble of another inquiry, which may have had less time left, is not ours; what it got is
      // judged by ours as if it had just come.
      return shared == null ? asking.get() : shared;
    }
    try {
      Message answer = asking.get();
      keep(question, answer);
      int rcode = answer.getRcode();
      if (rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN) {
        mine.complete(answer.clone());
      }
      return answer;
    } finally {
      flights.remove(asked, mine);
      mine.cancel(false);
    }
  }

  private static @Nullable Message landed(CompletableFuture<Message> flight, Inquiry inquiry) {
    try {
      Message answer = flight.get(inquiry.left().toNanos(), TimeUnit.NANOSECONDS);
      inquiry.usedKept();
      return answer.clone();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (CancellationException | ExecutionException | TimeoutException e) {
      return null;
    }
  }

  /** A copy of what is kept, or null. */
  @Nullable Message find(Record question) {
    if (!isAboutKeys(question)) {
      return null;
    }
    Message found = kept.getIfPresent(new Asked(question.getName(), question.getType()));
    return found == null ? null : found.clone();
  }

  /** Keeps an answer that has what was asked for, signed; everything else is asked for again. */
  void keep(Record question, Message answer) {
    if (!isAboutKeys(question) || answer.getRcode() != Rcode.NOERROR) {
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
