package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * The record of one host of one domain.
 *
 * @param first seen
 * @param last seen
 * @param counts by what was shown
 * @param encrypted days on which it was greeted with TLS since the domain last showed none, by mail
 *     that counts or to know it
 * @param verified days on which it was verified so since the domain last showed less
 * @param ipv4 whether it has addresses of this family, as far as known
 * @param ipv6 likewise
 * @param keys of its certificates, the latest last
 * @param history the last observations, the latest last
 */
public record HostRecord(
    Instant first,
    Instant last,
    Map<ProvenLevel, Count> counts,
    Days encrypted,
    Days verified,
    boolean ipv4,
    boolean ipv6,
    List<KeySpan> keys,
    List<RememberedSample> history) {
  /** Observations kept for {@code explain --what-if}. */
  public static final int MAX_RECENT = 32;

  /** Keys kept: a host with several certificates shows them by turns. */
  public static final int MAX_KEYS = 8;

  /**
   * The number of times that a level was seen.
   *
   * @param sessions in all
   * @param days on which it was
   */
  public record Count(int sessions, Days days) {
    static final Count NONE = new Count(0, Days.NONE);

    Count again(Instant at) {
      return sessions >= LevelProgress.ENOUGH ? this : new Count(sessions + 1, days.on(at));
    }
  }

  /**
   * Distinct days (UTC).
   *
   * @param count how many
   * @param last the last of them, counted from 1970-01-01
   */
  public record Days(int count, long last) {
    static final Days NONE = new Days(0, Long.MIN_VALUE);

    Days on(Instant at) {
      long day = LevelProgress.day(at);
      return day == last || count >= LevelProgress.ENOUGH ? this : new Days(count + 1, day);
    }
  }

  /** A key, and when it was seen first and last. */
  public record KeySpan(Pin key, Instant first, Instant last) {}

  /** Copies and checks bounds. */
  public HostRecord {
    counts = Map.copyOf(counts);
    keys = List.copyOf(keys);
    history = List.copyOf(history);
    if (keys.size() > MAX_KEYS || history.size() > MAX_RECENT) {
      throw new IllegalArgumentException("too much for one host");
    }
    if (keys.stream().map(KeySpan::key).distinct().count() < keys.size()) {
      throw new IllegalArgumentException("two answers to when a key was seen first");
    }
  }

  static HostRecord fresh(Instant now) {
    return new HostRecord(
        now, now, Map.of(), Days.NONE, Days.NONE, false, false, List.of(), List.of());
  }

  HostRecord with(RememberedSample sample) {
    Map<ProvenLevel, Count> more = new EnumMap<>(ProvenLevel.class);
    more.putAll(counts);
    more.merge(sample.level(), Count.NONE.again(sample.at()), (old, one) -> old.again(sample.at()));
    // What it has in common with the one before is one object: records are held by the thousand.
    RememberedSample again = history.isEmpty() ? sample : history.getLast().again(sample.at());
    return new HostRecord(
        first,
        sample.at(),
        more,
        encrypted,
        verified,
        ipv4 || sample.family() == HostPath.PathFamily.IPV4,
        ipv6 || sample.family() == HostPath.PathFamily.IPV6,
        keysWith(sample),
        latest(MAX_RECENT, history, sample.equals(again) ? again : sample));
  }

  private List<KeySpan> keysWith(RememberedSample sample) {
    Pin key = sample.key();
    if (key == null) {
      return keys;
    }
    List<KeySpan> others = new ArrayList<>(keys);
    Instant since = sample.at();
    for (KeySpan span : keys) {
      if (span.key().equals(key)) {
        since = span.first();
        others.remove(span);
      }
    }
    return latest(MAX_KEYS, others, new KeySpan(key, since, sample.at()));
  }

  /** The last ones of these and of one more. */
  private static <T> List<T> latest(int most, List<T> before, T more) {
    List<T> all = new ArrayList<>(before);
    all.add(more);
    return all.subList(Math.max(0, all.size() - most), all.size());
  }

  HostRecord withDays(Days newEncrypted, Days newVerified) {
    return new HostRecord(
        first, last, counts, newEncrypted, newVerified, ipv4, ipv6, keys, history);
  }

  /** Whether it was looked for and has no address: it cannot be greeted, and takes no mail. */
  boolean isWithoutAddress() {
    return !ipv4 && !ipv6;
  }

  HostRecord withAddresses(boolean four, boolean six) {
    return new HostRecord(first, last, counts, encrypted, verified, four, six, keys, history);
  }
}
