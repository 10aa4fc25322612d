package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimKeyUse;
import org.sealwax.router.dkim.DkimKeyUse.LastMail;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.testkit.net.ManualClock;

/** A running router writes down the last mail of its keys: signed, and seen in the queue. */
@Timeout(30)
final class DkimKeyUseTest {
  private static final Instant START = Instant.parse("2026-12-01T10:00:00Z");
  private static final Domain DOMAIN = Domain.of("project.example");
  private static final Domain RECORD = Domain.of("s1._domainkey.project.example");

  @TempDir private Path folder = Path.of("");

  private RouterSettings settings() throws Exception {
    DkimKeyFile.create(folder.resolve("s1.pem"), DkimAlgorithm.ED25519_SHA256);
    Configuration read =
        Configuration.parse(
            "[[dkim]]\ndomain = \"project.example\"\nselector = \"s1\"\nkey = \"s1.pem\"\n",
            folder,
            "sealwax.toml",
            new MachineDefaults(Domain.of("mx.project.example"), folder));
    return assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report()).settings();
  }

  private LastMail written() throws Exception {
    return DkimKeyUse.read(folder).orElseThrow().keys().getOrDefault(RECORD, NEVER);
  }

  private static final LastMail NEVER = new LastMail(Instant.EPOCH, Optional.empty());

  private static BatchKey stored(SqliteSpool spool) throws Exception {
    try (Draft draft = spool.draft()) {
      draft.content().write(1);
      BatchKey key = new BatchKey(draft.id(), 0);
      spool.accept(
          new NewMessage(
              draft,
              START,
              new byte[] {1},
              List.of(
                  new RecipientBatch(key, BatchState.FRESH, null, "h", "s", "", new byte[] {1}))));
      return key;
    }
  }

  @Test
  void mailOfTheKeyIsSeenUntilItHasLeft() throws Exception {
    ManualClock clock = new ManualClock(START);
    Duration step = Duration.ofMinutes(6);
    try (SqliteSpool spool =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 10),
            clock,
            RandomSource.secure(),
            new RecordingMailLog().log(),
            () -> {})) {
      DkimSigning signing = new DkimSigning(folder, spool, clock, new RecordingMailLog().log());
      RouterSettings settings = settings();
      var policy = signing.policy(settings);
      signing.keepUse();
      assertEquals(Map.of(), DkimKeyUse.read(folder).orElseThrow().keys());

      BatchKey message = stored(spool);
      clock.pass(Duration.ofSeconds(1));
      assertEquals(1, policy.ownKeys(DOMAIN, clock.now()).size());
      Instant signed = clock.now();
      signing.keepUse(); // too early
      assertEquals(NEVER, written());
      clock.pass(step);
      signing.keepUse();
      assertEquals(new LastMail(signed, Optional.of(clock.now())), written());

      Instant seen = clock.now();
      CountDownLatch gone = new CountDownLatch(1);
      spool.change(
          new SpoolChange(List.of(message), List.of(), List.of(), List.of(), List.of()),
          _ -> gone.countDown());
      clock.pass(step);
      stored(spool); // later mail of other keys; the change is committed with it
      gone.await();
      signing.keepUse();
      assertEquals(new LastMail(signed, Optional.of(seen)), written());

      // A new run goes on with it.
      signing.close();
      DkimSigning next = new DkimSigning(folder, spool, clock, new RecordingMailLog().log());
      next.policy(settings);
      next.close();
      assertEquals(new LastMail(signed, Optional.of(seen)), written());
    }
  }
}
