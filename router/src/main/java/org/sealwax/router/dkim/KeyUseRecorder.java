package org.sealwax.router.dkim;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.dkim.DkimKeyUse.LastMail;

/** Notes the last mail of each key ({@link DkimKeyUse}). Thread-safe. */
public final class KeyUseRecorder {
  /** After its last mail a key is forgotten: a multiple of the time that its record is needed. */
  static final Duration REMEMBERED = Duration.ofDays(60);

  private final ConcurrentHashMap<Domain, LastMail> keys;

  private KeyUseRecorder(Map<Domain, LastMail> keys) {
    this.keys = new ConcurrentHashMap<>(keys);
  }

  /** A recorder without a past. */
  public static KeyUseRecorder empty() {
    return new KeyUseRecorder(Map.of());
  }

  /**
   * {@return a recorder that goes on where the last run ended}
   *
   * @param state the state folder
   * @throws IOException when the file cannot be read
   */
  public static KeyUseRecorder of(Path state) throws IOException {
    return new KeyUseRecorder(DkimKeyUse.read(state).map(DkimKeyUse::keys).orElse(Map.of()));
  }

  /** A key signs a message at this time. */
  void signs(Domain record, Instant at) {
    keys.compute(
        record,
        (_, last) ->
            last == null || last.signed().isBefore(at) ? new LastMail(at, Optional.empty()) : last);
  }

  /**
   * Writes the file.
   *
   * @param state the state folder
   * @param oldest arrival of the oldest message in the queue; empty: the queue is empty
   * @param now the current time
   * @throws IOException when it cannot be written
   */
  public void save(Path state, Optional<Instant> oldest, Instant now) throws IOException {
    for (Domain record : keys.keySet()) {
      keys.computeIfPresent(
          record,
          (_, last) -> {
            LastMail updated =
                oldest.filter(arrival -> !arrival.isAfter(last.signed())).isPresent()
                    ? new LastMail(last.signed(), Optional.of(now))
                    : last;
            Instant latest = updated.queued().orElse(updated.signed());
            return latest.plus(REMEMBERED).isBefore(now) ? null : updated;
          });
    }
    new DkimKeyUse(now, keys).write(state);
  }
}
