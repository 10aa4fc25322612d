package org.sealwax.router.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.dkim.DkimKeyUse.LastMail;

/** What the router remembers of the last mail of each key, over restarts. */
final class KeyUseRecorderTest {
  private static final Domain OLD = Domain.of("old._domainkey.project.example");
  private static final Domain NEW = Domain.of("new._domainkey.project.example");
  private static final Instant NOW = Instant.parse("2026-12-01T10:00:00Z");

  @TempDir private Path state = Path.of("");

  private static Instant minutes(int offset) {
    return NOW.plus(Duration.ofMinutes(offset));
  }

  private Map<Domain, LastMail> keys() throws IOException {
    return DkimKeyUse.read(state).orElseThrow().keys();
  }

  @Test
  void mailInTheQueueKeepsTheKeysThatMayHaveSignedIt() throws Exception {
    assertEquals(Optional.empty(), DkimKeyUse.read(state));
    KeyUseRecorder first = KeyUseRecorder.of(state);
    first.signs(OLD, NOW);
    first.signs(OLD, minutes(-5)); // another thread was earlier
    first.signs(NEW, minutes(10));
    first.save(state, Optional.of(minutes(5)), minutes(20));
    assertEquals(
        Map.of(
            OLD, new LastMail(NOW, Optional.empty()),
            NEW, new LastMail(minutes(10), Optional.of(minutes(20)))),
        keys());
    KeyUseRecorder second = KeyUseRecorder.of(state);
    second.save(state, Optional.of(NOW), minutes(40));
    assertEquals(Optional.of(minutes(40)), queued());
    second.save(state, Optional.empty(), minutes(60));
    assertEquals(Optional.of(minutes(40)), queued());
    second.signs(OLD, minutes(70));
    second.save(state, Optional.empty(), minutes(80));
    assertEquals(new LastMail(minutes(70), Optional.empty()), keys().get(OLD));
  }

  private Optional<Instant> queued() throws Exception {
    return Objects.requireNonNull(keys().get(OLD)).queued();
  }

  @Test
  void aKeyIsForgottenLongAfterItsLastMail() throws Exception {
    KeyUseRecorder recorder = KeyUseRecorder.of(state);
    recorder.signs(OLD, NOW);
    recorder.save(state, Optional.empty(), NOW.plus(KeyUseRecorder.REMEMBERED));
    assertEquals(1, keys().size());
    recorder.save(state, Optional.empty(), NOW.plus(KeyUseRecorder.REMEMBERED).plusSeconds(1));
    assertEquals(Map.of(), keys());
  }

  @Test
  void aDamagedFileIsAnError() throws Exception {
    for (String text : new String[] {"", "{}", "[", "{\"as_of\":\"x\"}"}) {
      Files.writeString(state.resolve(DkimKeyUse.FILE), text);
      assertThrows(IOException.class, () -> DkimKeyUse.read(state), text);
    }
  }
}
