package org.sealwax.router.certs.rollover;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.certs.acme.IssuedPair;
import org.sealwax.router.certs.rollover.RolloverSettings.ServerAddresses;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.SmallDisk;
import org.sealwax.testkit.tls.TestCa;

/** Files of a rollover, and what is done around the decisions. */
final class KeyRolloverTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");

  @TempDir private Path state;

  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();
  private Map<String, DnsAnswer<TlsaRecord>> published = Map.of();

  private RolloverKeys keys() {
    return new RolloverKeys(state.resolve("rollover"), HOST, RandomSource.secure());
  }

  private KeyRollover rollover(Optional<KeyRollover.Authority> authority, boolean files)
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
        (_, _) -> published,
        SteadyClock.startingWith(Clock.system()),
        RandomSource.secure(),
        new MailLog() {
          @Override
          public void note(String service, String text) {
            notes.add(text);
          }

          @Override
          public void bug(String where, Throwable cause) {
            notes.add(where + ": bug " + cause);
          }
        });
  }

  /** Waits for a line of the log. */
  private String noted(String beginning) throws InterruptedException {
    for (; ; ) {
      String line = notes.poll(30, TimeUnit.SECONDS);
      assertNotNull(line, "nothing begins with " + beginning);
      if (line.startsWith(beginning)) {
        return line;
      }
    }
  }

  /** One server that has records of these keys, with a time to live of nothing. */
  private void publish(KeyDigest... of) {
    Domain owner = Domain.of("_25._tcp." + HOST.name());
    List<TlsaRecord> records = Stream.of(of).map(KeyDigest::tlsa).toList();
    published =
        Map.of(
            "ns1",
            new DnsAnswer<>(
                records, DnsAnswer.Kind.FOUND, DnssecStatus.INSECURE, owner, 0, Duration.ZERO, ""));
  }

  private static final class AuthorityThatFails implements KeyRollover.CertificateOrder {
    final BlockingQueue<KeyPair> keys = new LinkedBlockingQueue<>();

    @Override
    public Identity order(KeyPair key) throws IOException {
      keys.add(key);
      throw new IOException("the authority refuses: rateLimited");
    }
  }

  @Test
  void anOrderThatFailsKeepsThePhaseWithItsReason() throws Exception {
    KeyDigest first = keys().create(NOW);
    KeyDigest next = keys().create(NOW);
    Instant now = Clock.system().now();
    RolloverState idle = RolloverState.initial(now).idle(now, Optional.of(first), now);
    RolloverFile.write(state.resolve("rollover"), idle.begun(next, now));
    publish(first, next);
    AuthorityThatFails refusing = new AuthorityThatFails();
    try (KeyRollover rollover = rollover(authority(refusing), false)) {
      rollover.start(() -> Optional.of(first));
      String why = noted("CERTIFY: ");
      assertEquals(
          "CERTIFY: no certificate for the key "
              + next.hex()
              + ": the authority refuses: rateLimited",
          why);
      assertEquals(next, KeyDigest.of(refusing.keys.take().getPublic()));
      assertEquals(RolloverState.Phase.CERTIFY, rollover.status().state().phase());
      assertTrue(why.endsWith(rollover.status().waiting()), rollover.status().waiting());
      // What is renewed meanwhile is the key in force.
      assertEquals(keys().issued(first), rollover.renewed().orElseThrow().file());
      assertEquals(
          first,
          KeyDigest.of(rollover.renewed().orElseThrow().key().read().orElseThrow().getPublic()));
    }

    // After a restart the authority is well: the certificate is in hand, and the pair is offered.
    BlockingQueue<KeyPair> ordered = new LinkedBlockingQueue<>();
    try (KeyRollover rollover =
        rollover(
            authority(
                key -> {
                  ordered.add(key);
                  return keys().read(KeyDigest.of(key.getPublic()), Clock.system().now());
                }),
            false)) {
      PairSource source = first(rollover, false);
      rollover.start(() -> Optional.of(first));
      assertEquals("CERTIFY to LOAD", noted("CERTIFY to LOAD"));
      assertEquals(next, KeyDigest.of(ordered.take().getPublic()));
      assertEquals(next, KeyDigest.of(source.read().leaf().getPublicKey()));
      assertEquals(0, ordered.size(), "one order");
    }
  }

  @Test
  void theFirstPairOfTheAuthorityIsOrderedAgainForAnAbortAndDestroyedAtTheEnd() throws Exception {
    Path first = state.resolve("first.pem");
    // An old pair of ACME, which was not renewed while the next key was in force.
    Instant longAgo = Clock.system().now().minus(Duration.ofDays(3_640));
    KeyDigest old = keys().create(longAgo);
    new IssuedPair(first).store(keys().read(old, longAgo));
    keys().destroy(old);
    KeyDigest next = keys().create(NOW);
    Instant now = Clock.system().now();
    RolloverState draining =
        RolloverState.initial(now)
            .idle(now, Optional.of(old), now)
            .begun(next, now)
            .swapped(RolloverState.Phase.DRAIN, now);
    publish(old, next);

    RolloverFile.write(
        state.resolve("rollover"), draining.abortedIn(RolloverState.Phase.LOAD, now));
    AuthorityThatFails refusing = new AuthorityThatFails();
    try (KeyRollover rollover = rollover(authority(refusing), false)) {
      rollover.start(() -> Optional.of(next));
      assertEquals(old, KeyDigest.of(refusing.keys.poll(30, TimeUnit.SECONDS).getPublic()));
    }

    publish(next);
    RolloverFile.write(state.resolve("rollover"), draining);
    try (KeyRollover rollover = rollover(authority(refusing), false)) {
      rollover.start(() -> Optional.of(next));
      assertEquals("destroyed the key " + old.hex(), noted("destroyed"));
      assertFalse(Files.exists(first));
      assertEquals("EXPIRE to IDLE", noted("EXPIRE to IDLE"));
    }
  }

  private Optional<KeyRollover.Authority> authority(KeyRollover.CertificateOrder order) {
    return Optional.of(new KeyRollover.Authority(order, state.resolve("first.pem")));
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
    PairSource issued = first(rollover(authority(_ -> keys().read(key, NOW)), false), false);
    assertEquals(PairSource.NONE, issued.stamp());
    new IssuedPair(keys().issued(key)).store(keys().read(key, NOW));
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
  @Tag("process")
  void aFullDiskStartsNothing(@TempDir Path temporary) throws Exception {
    try (SmallDisk disk = new SmallDisk(temporary)) {
      state = disk.path();
      KeyDigest key = keys().create(NOW);
      Path file = state.resolve("rollover").resolve(RolloverFile.NAME);
      RolloverFile.write(
          state.resolve("rollover"), RolloverState.initial(NOW).idle(NOW, Optional.of(key), NOW));
      byte[] before = Files.readAllBytes(file);
      publish(key);
      disk.fill();
      KeyRollover rollover = rollover(Optional.empty(), false);
      IOException e = assertThrows(IOException.class, rollover::begin);
      assertTrue(FailureText.of(e).contains("full"), FailureText.of(e));
      assertEquals(RolloverState.Phase.IDLE, rollover.status().state().phase());
      assertArrayEquals(before, Files.readAllBytes(file));
      assertEquals(key, KeyDigest.of(keys().read(key, NOW).leaf().getPublicKey()));

      disk.free();
      rollover.begin();
      assertEquals(RolloverState.Phase.PUBLISH, rollover.status().state().phase());
      assertEquals(rollover.status().state(), RolloverFile.read(state.resolve("rollover")).get());
    }
  }

  /** The first key is the admin's: whatever type it has, its digest is that of its TLSA record. */
  @Test
  void aRolloverLeadsAwayFromAKeyOfAnyType() throws Exception {
    for (String curve : List.of("secp521r1", "secp384r1")) {
      Identity first = TestCa.root("Root").leaf(HOST.name()).curve(curve).identity();
      KeyDigest digest = KeyDigest.of(first.leaf().getPublicKey());
      assertEquals(first.pin().hex(), digest.hex());
      Files.deleteIfExists(state.resolve("rollover").resolve(RolloverFile.NAME));
      publish(digest);
      try (KeyRollover rollover = rollover(Optional.empty(), false)) {
        rollover.start(() -> Optional.of(digest));
        rollover.begin();
        assertEquals(Optional.of(digest), rollover.status().state().current());
        assertEquals(RolloverState.Phase.PUBLISH, rollover.status().state().phase());
      }
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
