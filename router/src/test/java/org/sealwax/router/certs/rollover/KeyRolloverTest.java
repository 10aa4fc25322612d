package org.sealwax.router.certs.rollover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.certs.rollover.RolloverSettings.ServerAddresses;
import org.sealwax.router.log.MailLog;

/** Files of a rollover, and what is done around the decisions. */
final class KeyRolloverTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");

  @TempDir private Path state;

  private RolloverKeys keys() {
    return new RolloverKeys(state.resolve("rollover"), HOST, RandomSource.secure());
  }

  private KeyRollover rollover(Optional<KeyRollover.CertificateOrder> authority, boolean files)
      throws IOException {
    Path pem = state.resolve("admin.pem");
    return new KeyRollover(
        new RolloverSettings(true, List.of(), Duration.ZERO, Optional.empty(), ServerAddresses.ALL),
        List.of(),
        new IdentitySettings(
            files ? new IdentitySettings.CertificatePair(pem, pem) : null,
            List.of(),
            state.resolve("tls"),
            HOST),
        authority,
        state,
        (_, _) -> Map.of(),
        SteadyClock.startingWith(Clock.system()),
        RandomSource.secure(),
        new MailLog() {});
  }

  private static PairSource first(KeyRollover rollover, boolean files) {
    PairSource other =
        new PairSource() {
          @Override
          public String name() {
            return "other";
          }

          @Override
          public String stamp() {
            return "1";
          }

          @Override
          public Identity read() {
            throw new IllegalStateException(files + " is not read here");
          }
        };
    return rollover
        .in(List.of(new CertificateSlot(List.of(), List.of(other))))
        .getFirst()
        .sources()
        .getFirst();
  }

  @Test
  void aKeyIsThereAsAWholeAndForOurUserAlone() throws Exception {
    KeyDigest key = keys().create(NOW);
    KeyDigest second = keys().create(NOW);
    assertNotEquals(key, second);
    IdentitySettings.CertificatePair files = keys().files(key);
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(files.key())));
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(state.resolve("rollover"))));
    assertEquals(key, KeyDigest.of(keys().read(key, NOW).leaf().getPublicKey()));
    // Near its end the certificate is made again, for the same key; status shows the former one.
    Identity former = keys().readIfMade(key).orElseThrow();
    assertTrue(former.expires().isBefore(NOW.plus(Duration.ofDays(4_000))));
    Identity later = keys().read(key, NOW.plus(Duration.ofDays(3_640)));
    assertEquals(key, KeyDigest.of(later.leaf().getPublicKey()));
    assertTrue(later.expires().isAfter(NOW.plus(Duration.ofDays(4_000))));
    keys().destroy(key);
    assertFalse(keys().has(key));
    assertTrue(keys().has(second));
    assertThrows(IOException.class, () -> keys().read(key, NOW), "not made again as another key");
  }

  @Test
  void aKeyThatCannotBeWrittenLeavesNothing() throws Exception {
    // What a crash left is deleted; a folder in the way is an error.
    Path folder = state.resolve("rollover");
    Files.createDirectories(folder.resolve("new"));
    Files.writeString(folder.resolve("new").resolve("self-signed.key"), "half");
    KeyDigest key = keys().create(NOW);
    assertEquals(key, KeyDigest.of(keys().read(key, NOW).leaf().getPublicKey()));
    assertFalse(Files.exists(folder.resolve("new")));
    Files.createDirectories(folder.resolve("new").resolve("in-the-way"));
    Files.writeString(folder.resolve("new").resolve("in-the-way").resolve("file"), "");
    assertThrows(IOException.class, () -> keys().create(NOW));
  }

  @Test
  void thePairOfTheStateComesFirst() throws Exception {
    KeyDigest key = keys().create(NOW);
    RolloverFile.write(
        state.resolve("rollover"), RolloverState.initial(NOW).idle(NOW, Optional.of(key), NOW));
    PairSource selfSigned = first(rollover(Optional.empty(), false), false);
    assertNotEquals(PairSource.NONE, selfSigned.stamp());
    assertEquals(key, KeyDigest.of(selfSigned.read().leaf().getPublicKey()));
    assertEquals(key, KeyDigest.of(selfSigned.readIfMade().orElseThrow().leaf().getPublicKey()));
    // The admin's files have their own pair, and are the only source.
    assertEquals("other", first(rollover(Optional.empty(), true), true).name());
    // By an authority: none before the certificate is issued.
    PairSource issued = first(rollover(Optional.of(_ -> keys().read(key, NOW)), false), false);
    assertEquals(PairSource.NONE, issued.stamp());
    keys().store(key, keys().read(key, NOW));
    assertNotEquals(PairSource.NONE, issued.stamp());
    assertEquals(key, KeyDigest.of(issued.read().leaf().getPublicKey()));
  }

  @Test
  void aPhaseThatLastsIsInTheDailySummary() throws Exception {
    KeyDigest key = keys().create(NOW);
    KeyDigest next = keys().create(NOW);
    Instant today = Clock.system().now();
    assertEquals(List.of(), rollover(Optional.empty(), false).summary());
    for (Duration age : List.of(Duration.ofHours(23), Duration.ofHours(25))) {
      RolloverState idle = RolloverState.initial(NOW).idle(NOW, Optional.of(key), NOW);
      RolloverFile.write(state.resolve("rollover"), idle.begun(next, today.minus(age)));
      List<String> lines = rollover(Optional.empty(), false).summary();
      assertEquals(age.toHours() > 24 ? 1 : 0, lines.size(), lines.toString());
      assertTrue(lines.isEmpty() || lines.getFirst().contains("in phase publish since"));
    }
  }

  @Test
  void aDamagedStateIsAnErrorAtTheStart() throws Exception {
    Files.createDirectories(state.resolve("rollover"));
    Files.writeString(state.resolve("rollover").resolve(RolloverFile.NAME), "{\"phase\":\"LOST\"}");
    assertThrows(IOException.class, () -> rollover(Optional.empty(), false));
  }

  @Test
  void nothingStartsWhereNoServerIsFound() throws Exception {
    KeyRollover rollover = rollover(Optional.empty(), false);
    assertThrows(RolloverMachine.RolloverRefusal.class, rollover::begin);
    assertEquals(RolloverState.Phase.IDLE, rollover.status().state().phase());
    assertThrows(RolloverMachine.RolloverRefusal.class, rollover::abort);
  }
}
