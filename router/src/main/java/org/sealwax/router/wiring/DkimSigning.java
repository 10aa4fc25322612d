package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tls.RsaKey;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.KeyUseRecorder;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dkim.SigningPool;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;

/** What signing by DKIM needs besides its keys: the pool, and the file about the use of keys. */
public final class DkimSigning implements Closeable {
  /** What a crash loses of the use of keys: little of the days that a record is kept. */
  private static final Duration EVERY = Duration.ofMinutes(5);

  private final Path state;
  private final Spool spool;
  private final Clock measured;
  private final MailLog log;
  private final SigningPool pool =
      SigningPool.ofProcessors(Runtime.getRuntime().availableProcessors());
  private final KeyUseRecorder use;
  private volatile boolean hasKeys;
  private @Nullable Instant saved;
  private boolean failing;

  /**
   * Signing with this store.
   *
   * @param state the state folder
   * @param measured the clock of queue ids
   */
  public DkimSigning(Path state, Spool spool, Clock measured, MailLog log) {
    this.state = state;
    this.spool = spool;
    this.measured = measured;
    this.log = log;
    KeyUseRecorder past;
    try {
      past = KeyUseRecorder.of(state);
    } catch (IOException e) {
      log.warning("dkim", FailureText.of(e) + "; when each key signed last is not known");
      past = KeyUseRecorder.empty();
    }
    this.use = past;
  }

  /** {@return who signs what by a configuration; reads the keys} */
  public SigningPolicy policy(RouterSettings settings) throws IOException {
    SigningPolicy policy = SigningPolicy.read(settings.dkim(), settings.senders(), pool, use);
    if (!hasKeys && !settings.dkim().isEmpty() && !RsaKey.isQuick()) {
      log.note(
          "dkim",
          "an RSA signature takes about 8 ms of processor time, because libcrypto.so.3 (OpenSSL 3)"
              + " cannot be loaded");
    }
    hasKeys = !settings.dkim().isEmpty();
    return policy;
  }

  /** Writes down the use of the keys, when it is time. */
  public synchronized void keepUse() {
    Instant last = saved;
    Instant now = measured.now();
    if (hasKeys && (last == null || !now.isBefore(last.plus(EVERY)))) {
      saved = now;
      save();
    }
  }

  private void save() {
    Instant civil = measured.civilTime();
    Duration ahead = Duration.between(measured.now(), civil);
    try {
      use.save(state, oldest().map(arrival -> arrival.plus(ahead)), civil);
      failing = false;
    } catch (IOException e) {
      if (!failing) {
        failing = true;
        log.warning("dkim", "the use of the keys cannot be written: " + FailureText.of(e));
      }
    }
  }

  /** The arrival of the oldest message in the queue, by the measured clock. */
  private Optional<Instant> oldest() throws IOException {
    QueueId[] found = new QueueId[1];
    List<RecipientBatch> first =
        spool.list(BatchFilter.ALL, null, 1, damaged -> found[0] = damaged.message());
    for (RecipientBatch batch : first) {
      QueueId id = batch.key().message();
      found[0] = found[0] == null || id.compareTo(found[0]) < 0 ? id : found[0];
    }
    return Optional.ofNullable(found[0]).map(QueueId::time);
  }

  @Override
  public synchronized void close() {
    pool.close();
    if (hasKeys) {
      save();
    }
  }
}
