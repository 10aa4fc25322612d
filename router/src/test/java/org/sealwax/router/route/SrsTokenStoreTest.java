package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.route.ForwardSender.NoRoomForSender;

final class SrsTokenStoreTest {
  private static final long TODAY = 20_000;
  static final SrsTokenLimits LIMITS = limits(Map.of("perDay", 5, "perClient", 2));
  private static final SrsTokenLimits WIDE = limits(Map.of());

  private final RecordingMailLog log = new RecordingMailLog();

  @TempDir private Path folder = Path.of("none");

  private static SrsTokenLimits limits(Map<String, Object> others) {
    return new SrsTokenLimits(
        SettingsRecord.with(
            SettingsRecord.defaults(ForwardSettings.StoredSenderLimits.class, Map.of()), others),
        Duration.ofDays(21));
  }

  private Path file() {
    return folder.resolve(SrsTokenStore.FILE);
  }

  private SrsTokenStore open() throws IOException {
    return SrsTokenStore.open(file(), log.log());
  }

  private static SrsToken token(String text, long day) {
    return new SrsToken(text, new Mailbox("Sender \"%" + text, Domain.of("a.example")), day);
  }

  private static @Nullable InetAddress client(String address) {
    return InetAddress.ofLiteral(address);
  }

  @Test
  void aSenderIsThereAfterARestartLetterByLetter() throws IOException {
    SrsToken token =
        new SrsToken("aaaa", new Mailbox("Ünïcode \\ \"q\" %x!y", Domain.of("a.example")), TODAY);
    try (SrsTokenStore store = open()) {
      assertEquals(Optional.empty(), store.find("aaaa"));
      store.put(token, null, LIMITS);
      assertEquals(Optional.of(token.original()), store.find("aaaa"));
    }
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    try (SrsTokenStore store = open()) {
      assertEquals(Optional.of(token.original()), store.find("aaaa"));
    }
    assertEquals(1, log.facts().stream().filter(f -> f.contains("created the store")).count());
  }

  @Test
  void aStrangerWhoFillsTheTableGetsNoMoreAndRemovesNothing() throws IOException {
    try (SrsTokenStore store = open()) {
      store.put(token("old", TODAY - 1), null, LIMITS);
      // Two of one network, whatever address of it.
      store.put(token("a1", TODAY), client("192.0.2.1"), LIMITS);
      store.put(token("a2", TODAY), client("192.0.2.2"), LIMITS);
      SrsToken third = token("a3", TODAY);
      assertThrows(
          NoRoomForSender.class, () -> store.checkRoom(third, client("192.0.2.3"), LIMITS));
      assertThrows(NoRoomForSender.class, () -> store.put(third, client("192.0.2.3"), LIMITS));
      assertEquals(Optional.empty(), store.find("a3"));
      // The same sender again takes nothing, from it or for others.
      store.checkRoom(token("a1", TODAY), client("192.0.2.1"), LIMITS);
      store.put(token("a1", TODAY), client("192.0.2.1"), LIMITS);
      // Other clients, and IPv6 by /48.
      store.put(token("b1", TODAY), client("2001:db8:1:2::1"), LIMITS);
      store.put(token("b2", TODAY), client("2001:db8:1:3::1"), LIMITS);
      assertThrows(
          NoRoomForSender.class,
          () -> store.put(token("b3", TODAY), client("2001:db8:1:4::1"), LIMITS));
      // A trusted client has no share of its own, but the day's limit holds for it.
      store.put(token("c1", TODAY), null, LIMITS);
      assertThrows(NoRoomForSender.class, () -> store.put(token("c2", TODAY), null, LIMITS));
      assertThrows(NoRoomForSender.class, () -> store.checkRoom(token("c2", TODAY), null, LIMITS));
      for (String kept : new String[] {"old", "a1", "a2", "b1", "b2", "c1"}) {
        assertTrue(store.find(kept).isPresent(), kept);
      }
      assertEquals(1, log.facts().stream().filter(f -> f.contains("senders per day")).count());
      // The limits are those of a day.
      store.put(token("d1", TODAY + 1), client("192.0.2.1"), LIMITS);
    }
    // Over a restart, too.
    try (SrsTokenStore store = open()) {
      assertThrows(NoRoomForSender.class, () -> store.put(token("c2", TODAY), null, LIMITS));
    }
  }

  @Test
  void aSenderIsKeptAsLongAsItsAddressIsValidAndNotForEver() throws IOException {
    try (SrsTokenStore store = open()) {
      store.put(token("first", TODAY), null, LIMITS);
      for (int day = 1; day <= 22; day++) {
        store.put(token("day" + day, TODAY + day), null, LIMITS);
        assertTrue(store.find("first").isPresent(), "after " + day + " days");
      }
      store.put(token("late", TODAY + 23), null, LIMITS);
      assertFalse(store.find("first").isPresent());
      assertEquals(23, store.size());
    }
  }

  @Test
  void askingLeavesNothingBehind() throws IOException {
    try (SrsTokenStore store = open()) {
      for (int i = 0; i < 20; i++) {
        store.checkRoom(token("t" + i, TODAY), client("192.0.2.1"), LIMITS);
      }
      assertEquals(0, store.size());
      store.put(token("t0", TODAY), client("192.0.2.1"), LIMITS);
    }
  }

  @Test
  void theLimitHoldsForSessionsAtTheSameTime() throws Exception {
    AtomicInteger stored = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    try (SrsTokenStore store = open();
        Scope scope = new Scope("senders")) {
      for (int i = 0; i < 40; i++) {
        SrsToken one = token("t" + i, TODAY);
        scope.fork(
            () -> {
              try {
                store.put(one, null, LIMITS);
                stored.incrementAndGet();
              } catch (NoRoomForSender e) {
                refused.incrementAndGet();
              }
              return one;
            });
      }
      scope.join();
      assertEquals(LIMITS.stored().perDay(), stored.get());
      assertEquals(40 - LIMITS.stored().perDay(), refused.get());
      assertEquals(LIMITS.stored().perDay(), store.size());
    }
  }

  @Test
  void anotherSenderNeverTakesAToken() throws IOException {
    try (SrsTokenStore store = open()) {
      store.put(token("same", TODAY), null, LIMITS);
      SrsToken other = new SrsToken("same", new Mailbox("eve", Domain.of("b.example")), TODAY);
      IOException refused = assertThrows(IOException.class, () -> store.put(other, null, LIMITS));
      assertFalse(refused instanceof NoRoomForSender, "trouble of the store: 451");
      assertEquals(Optional.of(token("same", TODAY).original()), store.find("same"));
    }
  }

  @Test
  void aLostFileIsMadeAgainAndADamagedOneIsMovedAside() throws IOException {
    try (SrsTokenStore store = open()) {
      store.put(token("a", TODAY), null, WIDE);
    }
    Files.delete(file());
    try (SrsTokenStore store = open()) {
      assertEquals(Optional.empty(), store.find("a"));
      store.put(token("a", TODAY), null, WIDE);
    }
    Files.writeString(file(), "no database at all, and long enough to be read as one".repeat(100));
    try (SrsTokenStore store = open()) {
      assertEquals(Optional.empty(), store.find("a"));
      store.put(token("a", TODAY), null, WIDE);
    }
    assertTrue(Files.exists(folder.resolve("srs.db.damaged")));
    assertTrue(
        log.facts().stream()
            .anyMatch(f -> f.contains("is damaged") && f.contains("srs.db.damaged")),
        log.facts().toString());
  }

  @Test
  void aStoreOfANewerVersionIsAnError() throws Exception {
    open().close();
    try (Connection c = DriverManager.getConnection("jdbc:sqlite:" + file());
        Statement s = c.createStatement()) {
      s.execute("PRAGMA user_version = 99");
    }
    IOException newer = assertThrows(IOException.class, this::open);
    assertTrue(String.valueOf(newer.getMessage()).contains("newer version"), newer.getMessage());
  }

  @Test
  void aCopyOfARunningStoreHasAllOfIt() throws IOException {
    Path copy = folder.resolve("copy.db");
    try (SrsTokenStore store = open()) {
      for (int i = 0; i < 50; i++) {
        store.put(token("t" + i, TODAY), null, WIDE);
      }
      store.copyTo(copy);
      store.put(token("later", TODAY), null, WIDE);
      assertThrows(IOException.class, () -> store.copyTo(copy), "never over another file");
    }
    try (SrsTokenStore restored = SrsTokenStore.open(copy, log.log())) {
      assertEquals(50, restored.size());
      assertEquals(Optional.of(token("t7", TODAY).original()), restored.find("t7"));
      // Made since the backup: not known, and made again when the sender writes again.
      assertEquals(Optional.empty(), restored.find("later"));
      restored.put(token("later", TODAY), null, WIDE);
      assertTrue(restored.find("later").isPresent());
    }
  }

  @Test
  void aClosedStoreIsTroubleAndNoUnknownSender() throws IOException {
    SrsTokenStore store = open();
    store.put(token("a", TODAY), null, WIDE);
    store.close();
    assertThrows(IOException.class, () -> store.find("a"));
    IOException put =
        assertThrows(IOException.class, () -> store.put(token("b", TODAY), null, WIDE));
    assertFalse(put instanceof NoRoomForSender);
  }
}
