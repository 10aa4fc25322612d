package org.sealwax.router.route;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.store.StateFiles;

/**
 * Cache of next hops' replies about recipients, kept over reloads and, for recipients that exist,
 * over restarts. The first session that asks does the asking, in its own thread; others that ask
 * for the same recipient meanwhile wait for that answer. A recipient that is asked for in the
 * second half of its time is verified again in the background, so that mail for known recipients is
 * not deferred while a next hop is down for a short time. Thread-safe.
 */
public final class VerificationCache {
  /** Recipients remembered: some ten megabytes when full. */
  static final int MAX_ENTRIES = 50_000;

  /**
   * Probes in progress at a time: a dictionary attack on us must not become one on the next hop.
   */
  static final int MAX_PROBES = 20;

  /** A mailbox that exists today will exist tomorrow. */
  static final Duration EXISTS = Duration.ofDays(7);

  /** Age from which a recipient that is asked for is verified again. */
  static final Duration REFRESH = EXISTS.dividedBy(2);

  /** A new mailbox must not wait long for its first mail. */
  static final Duration REFUSED = Duration.ofMinutes(30);

  /** A next hop that fails is not probed again for a short time. */
  static final Duration NOT_KNOWN = Duration.ofMinutes(1);

  /** Bytes of the file. */
  private static final int MAX_FILE = 32 << 20;

  /**
   * An answer.
   *
   * @param hop key of the next hop that gave it: another one may know other recipients
   * @param at when, on the monotonic clock
   * @param tried when it was asked for again at last, on the same clock
   */
  private record CachedVerification(
      RecipientProbe.VerificationResult result, String hop, long at, long tried) {
    static CachedVerification fresh(
        RecipientProbe.VerificationResult result, NextHop nextHop, long now) {
      return new CachedVerification(result, nextHop.key(), now, now);
    }
  }

  private final @Nullable Path file;
  private final Clock clock;
  private final MailLog log;
  private final Limit probes = Limit.of(MAX_PROBES);
  private final Set<Mailbox> refreshing = ConcurrentHashMap.newKeySet();
  private final AsyncCache<Mailbox, CachedVerification> known;
  private boolean loaded;
  private volatile boolean changed;

  /**
   * Empty until it is first asked; then what {@link #save} kept is read.
   *
   * @param file where verified recipients are kept over restarts, or null for nowhere
   */
  public VerificationCache(@Nullable Path file, Clock clock, MailLog log) {
    this.file = file;
    this.clock = clock;
    this.log = log;
    this.known =
        Caffeine.newBuilder()
            .maximumSize(MAX_ENTRIES)
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .expireAfter(Expiry.<Mailbox, CachedVerification>writing((m, k) -> left(k)))
            .buildAsync();
  }

  private Duration left(CachedVerification known) {
    Duration left = lifetime(known.result()).minusNanos(Math.max(0, clock.nanoTime() - known.at()));
    return left.isNegative() ? Duration.ZERO : left;
  }

  private static Duration lifetime(RecipientProbe.VerificationResult result) {
    return switch (result) {
      case RecipientProbe.VerificationResult.Exists e -> EXISTS;
      case RecipientProbe.VerificationResult.Refused r -> REFUSED;
      case RecipientProbe.VerificationResult.NotKnown n -> NOT_KNOWN;
    };
  }

  /** The reply of {@code nextHop}, from the cache or by {@code probe}. */
  RecipientProbe.VerificationResult verify(
      Mailbox recipient, NextHop nextHop, RecipientProbe probe) {
    load();
    CompletableFuture<CachedVerification> mine = new CompletableFuture<>();
    CompletableFuture<CachedVerification> others = known.asMap().putIfAbsent(recipient, mine);
    if (others != null && isOfAnotherHop(others, nextHop)) {
      others = known.asMap().replace(recipient, others, mine) ? null : others;
    }
    if (others != null) {
      CachedVerification answer = await(others);
      if (isDue(answer, nextHop)) {
        refresh(recipient, nextHop, probe, answer);
      }
      return answer.result();
    }
    if (!probes.tryTake()) {
      return answer(recipient, mine, null, nextHop, "too many recipients are being verified");
    }
    RecipientProbe.VerificationResult result = null;
    try {
      result = probe.probe(recipient, nextHop);
    } finally {
      probes.give();
      if (result == null) {
        // A bug in the probe: other sessions must not wait without end, and nothing is cached.
        answer(recipient, mine, null, nextHop, "verification was interrupted");
      }
    }
    return answer(recipient, mine, result, nextHop, "");
  }

  private static boolean isOfAnotherHop(
      CompletableFuture<CachedVerification> there, NextHop nextHop) {
    CachedVerification known = there.getNow(null);
    return known != null && !known.hop().equals(nextHop.key());
  }

  private RecipientProbe.VerificationResult answer(
      Mailbox recipient,
      CompletableFuture<CachedVerification> mine,
      RecipientProbe.@Nullable VerificationResult result,
      NextHop nextHop,
      String problem) {
    long now = clock.nanoTime();
    if (result == null) {
      // No result for this recipient: the next session probes again.
      known.asMap().remove(recipient, mine);
      RecipientProbe.VerificationResult busy =
          new RecipientProbe.VerificationResult.NotKnown(problem);
      mine.complete(CachedVerification.fresh(busy, nextHop, now));
      return busy;
    }
    mine.complete(CachedVerification.fresh(result, nextHop, now));
    changed |= result instanceof RecipientProbe.VerificationResult.Exists;
    return result;
  }

  private CachedVerification await(CompletableFuture<CachedVerification> others) {
    String why;
    try {
      return others.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      why = "shutting down";
    } catch (ExecutionException e) {
      why = "verification was interrupted";
    }
    return new CachedVerification(
        new RecipientProbe.VerificationResult.NotKnown(why), "", clock.nanoTime(), 0);
  }

  private boolean isDue(CachedVerification answer, NextHop nextHop) {
    long now = clock.nanoTime();
    return answer.result() instanceof RecipientProbe.VerificationResult.Exists
        && answer.hop().equals(nextHop.key())
        && now - answer.at() >= REFRESH.toNanos()
        && now - answer.tried() >= NOT_KNOWN.toNanos();
  }

  /** Verifies again in the background; a probe without a result changes nothing. */
  private void refresh(
      Mailbox recipient, NextHop nextHop, RecipientProbe probe, CachedVerification before) {
    if (!refreshing.add(recipient)) {
      return;
    }
    if (!probes.tryTake()) {
      refreshing.remove(recipient);
      return;
    }
    Threads.start(
        "recipient-refresh",
        () -> {
          try {
            RecipientProbe.VerificationResult result = probe.probe(recipient, nextHop);
            long now = clock.nanoTime();
            boolean answer = !(result instanceof RecipientProbe.VerificationResult.NotKnown);
            put(
                recipient,
                answer
                    ? CachedVerification.fresh(result, nextHop, now)
                    : new CachedVerification(before.result(), before.hop(), before.at(), now));
          } catch (RuntimeException e) {
            log.bug("recipient refresh", e);
          } finally {
            probes.give();
            refreshing.remove(recipient);
          }
        });
  }

  /** Whether a recipient is being verified again in the background. */
  boolean isRefreshing() {
    return !refreshing.isEmpty();
  }

  private void put(Mailbox recipient, CachedVerification answer) {
    known.put(recipient, CompletableFuture.completedFuture(answer));
    changed = true;
  }

  /** Reads what was kept, once. A file that is lost or damaged costs probes, and no mail. */
  private synchronized void load() {
    if (loaded) {
      return;
    }
    loaded = true;
    if (file == null) {
      return;
    }
    try {
      RegularFile.lines(file, StandardCharsets.UTF_8, MAX_FILE).forEach(this::load);
    } catch (NoSuchFileException e) {
      // The first start.
    } catch (IOException e) {
      log.warning("forward", "cannot read verified recipients: " + FailureText.of(e));
    }
  }

  /** One line: when (seconds since 1970), next hop, mailbox. */
  private void load(String line) {
    String[] parts = line.split("\t", 3);
    if (parts.length < 3) {
      return;
    }
    try {
      Duration age = Duration.between(Instant.ofEpochSecond(Long.parseLong(parts[0])), clock.now());
      if (age.isNegative() || age.compareTo(EXISTS) >= 0) {
        return;
      }
      long now = clock.nanoTime();
      MailboxParser.parse(parts[2])
          .ifPresent(
              m ->
                  known.put(
                      m,
                      CompletableFuture.completedFuture(
                          new CachedVerification(
                              new RecipientProbe.VerificationResult.Exists(),
                              parts[1],
                              now - age.toNanos(),
                              now - NOT_KNOWN.toNanos()))));
    } catch (NumberFormatException | java.time.DateTimeException | ArithmeticException e) {
      // A damaged line; the recipient is verified again.
    }
  }

  /**
   * Keeps the recipients that exist, when something changed since the last time. Call it now and
   * then, and at the end.
   */
  public synchronized void save() {
    if (file == null || !changed) {
      return;
    }
    changed = false;
    long nanos = clock.nanoTime();
    Instant now = clock.now();
    try {
      StateFiles.replace(
          file,
          out -> {
            for (Map.Entry<Mailbox, CachedVerification> entry :
                known.synchronous().asMap().entrySet()) {
              CachedVerification answer = entry.getValue();
              String line = answer.hop() + "\t" + entry.getKey();
              if (answer.result() instanceof RecipientProbe.VerificationResult.Exists
                  && line.chars().noneMatch(c -> c != '\t' && Character.isISOControl(c))) {
                long at = now.minusNanos(nanos - answer.at()).getEpochSecond();
                out.write((at + "\t" + line + "\n").getBytes(StandardCharsets.UTF_8));
              }
            }
          });
    } catch (IOException e) {
      changed = true;
      log.warning("forward", "cannot write verified recipients: " + FailureText.of(e));
    }
  }
}
