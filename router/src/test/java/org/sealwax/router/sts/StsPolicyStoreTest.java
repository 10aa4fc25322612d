package org.sealwax.router.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsStep;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.store.UpgradeFixture;
import org.sqlite.JDBC;

/** What lies on disk. */
final class StsPolicyStoreTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");

  @TempDir private Path folder = Path.of("");

  private static StsMemory memory(String mode, String filler) {
    String text =
        "version: STSv1\nmode: " + mode + "\nmx: mx.test\nmax_age: 86400\nx: y" + filler + "\n";
    return StsStep.fetched("a", policy(text), NOON, 0).memory();
  }

  private static StsPolicy policy(String text) {
    return assertInstanceOf(
            StsPolicy.ParsedStsPolicy.ValidStsPolicy.class,
            StsPolicy.read(text.getBytes(StandardCharsets.UTF_8)))
        .policy();
  }

  private static Domain domain(int i) {
    return Domain.of("d" + i + ".example");
  }

  private StsPolicyStore open(int max, long text) throws IOException {
    return StsPolicyStore.open(folder.resolve("sts.db"), max, text, new RecordingMailLog().log());
  }

  @Test
  void readsBackStoredPolicies() throws IOException {
    StsMemory kept = memory("enforce", "");
    StsMemory failed =
        StsStep.failed(StsMemory.EMPTY, "status 404", FirstContactWait.defaults(), NOON).memory();
    StsMemory both = StsStep.failed(kept, "status 404", FirstContactWait.defaults(), NOON).memory();
    try (StsPolicyStore store = open(10, 1_000)) {
      store.write(domain(1), kept, NOON);
      store.write(domain(2), failed, NOON);
      store.write(domain(3), both, NOON);
      store.write(domain(4), kept, NOON);
      store.write(domain(4), StsMemory.EMPTY, NOON);
    }
    try (StsPolicyStore store = open(10, 1_000)) {
      assertEquals(kept, store.read(domain(1)));
      assertEquals(failed, store.read(domain(2)));
      assertEquals(both, store.read(domain(3)));
      assertEquals(StsMemory.EMPTY, store.read(domain(4)));
      assertEquals(3, store.size());
    }
  }

  @Test
  void readsTheStoreOfTheVersionBefore() throws IOException {
    Instant then = Instant.parse("2026-11-30T21:00:00Z");
    Path file = UpgradeFixture.unpack(folder.resolve("before")).resolve("sts.db");
    List<String> modes = List.of("enforce", "testing", "none");
    try (StsPolicyStore store = StsPolicyStore.open(file, 100, new RecordingMailLog().log())) {
      assertEquals(13, store.size());
      for (int i = 0; i < 12; i++) {
        String text =
            "version: STSv1\nmode: "
                + modes.get(i % 3)
                + "\nmx: mx"
                + i
                + ".test\nmx: *.mx.test\nmax_age: "
                + 86_400 * (i + 1)
                + "\n";
        StsMemory memory = StsStep.fetched("id" + i, policy(text), then, 0).memory();
        StsMemory read = store.read(Domain.of("sts" + i + ".test"));
        if (i % 4 == 3) {
          assertEquals(memory.fetched(), read.fetched());
          assertEquals(2, read.failures());
          assertEquals(then.plusSeconds(60), read.fetchSince());
          assertEquals("127.0.0.1:4053 is not there", read.failure());
        } else {
          assertEquals(memory, read);
        }
      }
      assertEquals(
          StsStep.failed(StsMemory.EMPTY, "timeout", FirstContactWait.defaults(), then).memory(),
          store.read(Domain.of("failed.test")));
    }
  }

  @Test
  void evictsFailuresThenUnenforcedThenLeastUsed() throws IOException {
    try (StsPolicyStore store = open(4, 100_000)) {
      store.write(domain(1), memory("enforce", ""), NOON);
      store.write(domain(2), memory("enforce", ""), NOON.plusSeconds(9));
      store.write(domain(3), memory("testing", ""), NOON.plusSeconds(99));
      store.write(
          domain(4),
          StsStep.failed(StsMemory.EMPTY, "x", FirstContactWait.defaults(), NOON).memory(),
          NOON.plusSeconds(99));
      assertEquals(4, store.size());
      store.write(domain(5), memory("enforce", ""), NOON.plusSeconds(5));
      assertEquals(4, store.size());
      assertTrue(store.read(domain(4)).isEmpty());
      store.write(domain(6), memory("enforce", ""), NOON.plusSeconds(5));
      assertTrue(store.read(domain(3)).isEmpty());
      store.touch(Map.of(domain(1), NOON.plusSeconds(50)));
      store.write(domain(7), memory("enforce", ""), NOON.plusSeconds(60));
      assertTrue(store.read(domain(5)).isEmpty() || store.read(domain(6)).isEmpty());
      assertTrue(!store.read(domain(1)).isEmpty() && !store.read(domain(2)).isEmpty());
    }
  }

  @Test
  void theTextsInAllAreBounded() throws IOException {
    StsMemory large = memory("enforce", "z".repeat(1_000));
    int size = java.util.Objects.requireNonNull(large.fetched()).policy().text().length();
    try (StsPolicyStore store = open(100, 3L * size)) {
      for (int i = 0; i < 3; i++) {
        store.write(domain(i), large, NOON.plusSeconds(i));
      }
      // The same domain again counts once.
      store.write(domain(2), large, NOON);
      assertEquals(3, store.size());
      store.write(domain(3), large, NOON.plusSeconds(3));
      assertTrue(store.size() <= 3);
      assertTrue(store.read(domain(0)).isEmpty());
    }
  }

  @Test
  void aRowThatIsNoPolicyAnyMoreIsNotThere() throws Exception {
    try (StsPolicyStore store = open(10, 10_000)) {
      store.write(domain(1), memory("enforce", ""), NOON);
      store.write(domain(2), memory("enforce", ""), NOON);
    }
    try (var connection =
            JDBC.createConnection(
                JDBC.PREFIX + folder.resolve("sts.db"), new java.util.Properties());
        var statement = connection.createStatement()) {
      statement.execute("UPDATE policy SET body = x'00ff' WHERE domain = 'd1.example'");
      statement.execute("UPDATE policy SET id = 'not an id; v=1' WHERE domain = 'd2.example'");
    }
    try (StsPolicyStore store = open(10, 10_000)) {
      assertTrue(store.read(domain(1)).isEmpty());
      assertTrue(store.read(domain(2)).isEmpty());
    }
  }

  @Test
  void forgetsOldFailuresAndUnusedExpiredPolicies() throws IOException {
    try (StsPolicyStore store = open(10, 10_000)) {
      store.write(domain(1), memory("enforce", ""), NOON);
      store.write(
          domain(2),
          StsStep.failed(StsMemory.EMPTY, "x", FirstContactWait.defaults(), NOON).memory(),
          NOON);
      Instant later = NOON.plus(Duration.ofDays(3));
      store.forget(later, later.minus(Duration.ofDays(7)), later.minus(Duration.ofDays(180)));
      assertEquals(2, store.size());
      store.forget(later, later.minus(Duration.ofDays(2)), later.minus(Duration.ofDays(180)));
      assertTrue(store.read(domain(2)).isEmpty());
      store.forget(later, later, later);
      assertEquals(0, store.size());
    }
  }

  @Test
  void aTouchThatFailsIsGivenBackAsAWhole() throws Exception {
    StsMemory kept = memory("enforce", "");
    String url = "jdbc:sqlite:" + folder.resolve("sts.db");
    try (StsPolicyStore store = open(10, 1_000_000);
        java.sql.Connection other = JDBC.createConnection(url, new java.util.Properties());
        java.sql.Statement s = other.createStatement()) {
      store.write(domain(1), kept, NOON);
      store.write(domain(2), kept, NOON);
      s.execute(
          "CREATE TRIGGER t BEFORE UPDATE OF used ON policy WHEN new.domain = 'd2.example'"
              + " BEGIN SELECT RAISE(FAIL, 'injected'); END");
      Map<Domain, Instant> used = new java.util.LinkedHashMap<>();
      used.put(domain(1), NOON.plusSeconds(1));
      used.put(domain(2), NOON.plusSeconds(1));
      assertThrows(IOException.class, () -> store.touch(used));
      s.execute("DROP TRIGGER t");
      store.write(domain(3), kept, NOON);
      try (java.sql.ResultSet r = s.executeQuery("SELECT count(*), max(used) FROM policy")) {
        assertTrue(r.next());
        assertEquals(3, r.getInt(1), "what is written later is on the disk");
        assertEquals(NOON.toEpochMilli(), r.getLong(2), "nothing of it was kept");
      }
      store.touch(used);
    }
  }

  /** With a slow disk every delivery waited for the write of another domain's policy. */
  @Test
  void aReadWaitsForNoWrite() throws Exception {
    StsMemory kept = memory("enforce", "");
    try (StsPolicyStore store = open(10, 1_000_000)) {
      store.write(domain(1), kept, NOON);
      Thread writer;
      try (java.sql.Connection other =
              org.sqlite.JDBC.createConnection(
                  "jdbc:sqlite:" + folder.resolve("sts.db"), new java.util.Properties());
          java.sql.Statement s = other.createStatement()) {
        s.execute("BEGIN IMMEDIATE");
        writer =
            Thread.startVirtualThread(
                () -> {
                  try {
                    store.write(domain(2), kept, NOON);
                  } catch (IOException e) {
                    throw new IllegalStateException(e);
                  }
                });
        for (int i = 0; i < 100; i++) {
          assertEquals(kept, store.read(domain(1)));
        }
        assertTrue(writer.isAlive(), "it waits for the other transaction");
        assertEquals(StsMemory.EMPTY, store.read(domain(2)));
        s.execute("COMMIT");
      }
      writer.join();
      assertEquals(kept, store.read(domain(2)));
    }
  }
}
