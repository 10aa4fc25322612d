package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;

/**
 * A ledger with binary rows becomes one with columns at the first start. {@code
 * ledger/format-1.sql} was written by the last version with binary rows, {@code
 * ledger/format-1.txt} is what that version read from it.
 */
final class LedgerUpgradeTest {
  @TempDir private Path folder;
  private Path file;

  private static String resource(String name) {
    try (var in = LedgerUpgradeTest.class.getResourceAsStream("/ledger/" + name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<byte[]> blobs(String table) {
    List<byte[]> out = new ArrayList<>();
    Matcher m =
        Pattern.compile("INSERT INTO " + table + " VALUES\\(.*x'([0-9a-f]+)'\\)")
            .matcher(resource("format-1.sql"));
    while (m.find()) {
      out.add(HexFormat.of().parseHex(m.group(1)));
    }
    return out;
  }

  /** Rows of a version before. */
  static List<byte[]> binaryRows() {
    return blobs("domain");
  }

  /** Memories of hosts of a version before. */
  static List<byte[]> binaryMemories() {
    return blobs("rung");
  }

  private Connection connection() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file);
  }

  private void execute(String... sql) throws SQLException {
    try (Connection connection = connection();
        Statement s = connection.createStatement()) {
      for (String one : sql) {
        s.execute(one);
      }
    }
  }

  private List<String> select(String sql) throws SQLException {
    List<String> out = new ArrayList<>();
    try (Connection connection = connection();
        Statement s = connection.createStatement();
        ResultSet r = s.executeQuery(sql)) {
      while (r.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
          row.add(String.valueOf(r.getString(i)));
        }
        out.add(String.join("|", row));
      }
    }
    return out;
  }

  @BeforeEach
  void former() throws SQLException {
    file = folder.resolve("ledger.db");
    execute(("PRAGMA journal_mode = WAL;\n" + resource("format-1.sql")).strip().split(";\n"));
  }

  private static List<String> lines(LedgerStore store) throws IOException {
    List<String> out = new ArrayList<>();
    for (DomainRecord row : store.page(PersistentLedger.DomainFilter.ALL, "", 1_000)) {
      out.addAll(LedgerLines.of(row));
    }
    new TreeMap<>(store.hostMemories())
        .forEach((host, memory) -> out.add("memory " + host + " " + LedgerLines.of(memory)));
    return out;
  }

  @Test
  void everyRecordIsTheSameAfterwards() throws Exception {
    assertUpgraded();
  }

  private void assertUpgraded() throws Exception {
    for (int start = 0; start < 2; start++) {
      try (LedgerStore store = LedgerStore.open(file)) {
        assertEquals(resource("format-1.txt").lines().toList(), lines(store));
        assertEquals(
            "{clock=1768435200, greeting-day=20424, greetings=7, steady=1767571200}",
            new TreeMap<>(store.meta()).toString());
        assertEquals(binaryRows().size(), store.count("1"));
      }
    }
    assertEquals(List.of("2"), select("PRAGMA user_version"));
    assertEquals(
        List.of("domain", "fallback", "host", "meta"),
        select("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"));
    assertEquals(List.of("ok"), select("PRAGMA integrity_check"));
  }

  @Test
  void aPersonCanReadTheTables() throws Exception {
    LedgerStore.open(file).close();
    assertEquals(
        List.of(
            "d04.example|verify|mx.evil.example, mx2.provider.example|2026-01-13T00:00:00Z|"
                + "mx.evil.example ipv4 verified 0 2026-01-13T08:00:00Z,"
                + " mx.evil.example ipv6 verified 0 2026-01-13T08:00:00Z,"
                + " mx2.provider.example ipv4 verified 1 2026-01-13T08:00:00Z,"
                + " mx2.provider.example ipv6 verified 1 2026-01-13T08:00:00Z"),
        select(
            "SELECT domain, standing_level, mx, violation_since, violation_paths FROM domain"
                + " WHERE violation_since > '2026-01' AND domain < 'd05'"
                + " AND standing_level = 'verify'"));
    assertEquals(
        List.of(
            "d07.example|mx1.provider.example|2026-01-05T00:00:00Z|2026-01-05T00:00:00Z"
                + "|encrypted 1 1 2026-01-05, verified 1 1 2026-01-05|1|2026-01-05|0|null|1|0||"
                + "2026-01-05T00:00:00Z ipv4 verified full mail 0 - -,"
                + " 0 ipv4 encrypted full mail 1 - -"),
        select(
            "SELECT * FROM host"
                + " WHERE of_domain = 'd07.example' AND name = 'mx1.provider.example'"));
  }

  /** Columns and words come from records and enums: a new name there is a new format. */
  @Test
  void theFormatIsThatOfThisVersion() throws Exception {
    LedgerStore.open(file).close();
    assertEquals(
        resource("format-2.txt").lines().toList(),
        select("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"));
    assertEquals(
        "[silent, injected, clear, refused, broken, encrypted, verified]"
            + " [ipv4, ipv6] [full, classical, bare, tls12, compatible, clear]"
            + " [mail, greeting, other] [tls_1_0, tls_1_1, tls_1_2, tls_1_3]",
        Stream.<Enum<?>[]>of(
                ProvenLevel.values(),
                HostPath.PathFamily.values(),
                FallbackStep.values(),
                RememberedSample.SampleOrigin.values(),
                TlsVersion.values())
            .map(words -> Arrays.toString(words).toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(" ")));
  }

  @Test
  void aRowThatCannotBeReadDefersItsDomainAndNoOther() throws Exception {
    execute("UPDATE domain SET row = x'0203' WHERE name = 'd02.example'");
    try (PersistentLedger ledger = opened()) {
      assertThrows(UncheckedIOException.class, () -> ledger.evidenceFor(Domain.of("d02.example")));
      assertTrue(ledger.evidenceFor(Domain.of("d04.example")).isPresent());
      assertEquals(binaryRows().size(), ledger.figures().domains());
    }
    assertEquals(
        List.of("d02.example|verify|2026-01-12T18:00:00Z|0203"),
        select(
            "SELECT domain, standing_level, last, hex(unreadable) FROM domain"
                + " WHERE unreadable IS NOT NULL"));
  }

  private PersistentLedger opened() throws IOException {
    return PersistentLedger.open(
        file,
        LedgerSettings.defaults(),
        new ManualClock(DomainTimeline.BEGIN.plusSeconds(86_400 * 10)),
        new RecordingMailLog().log(),
        (domain, host) -> false);
  }

  @Test
  void aFailureInTheMiddleLeavesTheFormerLedger() throws Exception {
    List<String> before = select("SELECT name, hex(row) FROM domain");
    execute("CREATE TABLE fallback(a)");
    assertThrows(IOException.class, () -> LedgerStore.open(file));
    assertEquals(List.of("1"), select("PRAGMA user_version"));
    assertEquals(before, select("SELECT name, hex(row) FROM domain"));
    execute("DROP TABLE fallback");
    assertUpgraded();
  }

  @Test
  void aCrashInTheMiddleLeavesTheFormerLedger() throws Exception {
    Path crashed = Files.createDirectory(folder.resolve("crashed"));
    try (Connection connection = connection();
        Statement s = connection.createStatement()) {
      // Pages go to the write-ahead log before the commit.
      s.execute("PRAGMA cache_size = 1");
      s.execute("BEGIN IMMEDIATE");
      BinaryLedgerRows.toColumns(s);
      for (String name : List.of("ledger.db", "ledger.db-wal")) {
        Files.copy(folder.resolve(name), crashed.resolve(name));
      }
      assertTrue(Files.size(crashed.resolve("ledger.db-wal")) > 0, "something was written");
      s.execute("ROLLBACK");
    }
    file = crashed.resolve("ledger.db");
    assertEquals(List.of("1"), select("PRAGMA user_version"));
    assertUpgraded();
  }

  @Test
  void aLedgerOfANewerVersionIsLeftAlone() throws Exception {
    LedgerStore.open(file).close();
    execute("PRAGMA user_version = 3");
    assertThrows(IOException.class, () -> LedgerStore.open(file));
    assertEquals(List.of("3"), select("PRAGMA user_version"));
  }

  @Test
  void nothingIsKnownOfADomainThatWasNeverMet() throws Exception {
    try (LedgerStore store = LedgerStore.open(file)) {
      assertNull(store.row(Domain.of("never.example")));
    }
  }
}
