package org.sealwax.router.receipts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Receipts: their content, the chain, and that every change is found. */
final class ReceiptLogTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");

  @TempDir private Path folder;
  private final ManualClock clock = new ManualClock(NOW);
  private final RecordingMailLog log = new RecordingMailLog();
  private final RandomSource random = RandomSource.seeded(1);
  private ReceiptSettings settings = ReceiptSettings.defaults();

  private ReceiptLog open() throws IOException {
    return ReceiptLog.open(folder, settings, clock, random, log.log());
  }

  static Receipt receipt(String recipient, Receipt.@Nullable ReceiptTls tls) {
    return new Receipt(
        NOW,
        "4d2XyZ",
        recipient,
        "example.org",
        "verify",
        List.of("ledger: verify since 2026-01-01T00:00:00Z", "default may \"\\\u0007\u2028"),
        new Receipt.ReceiptHost("mx.example.org", "192.0.2.1"),
        tls,
        false,
        null,
        true,
        false);
  }

  static Receipt.ReceiptTls tls() {
    return new Receipt.ReceiptTls(
        "verified(name mx.example.org)",
        "ab".repeat(32),
        "cd".repeat(32),
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        "X25519MLKEM768");
  }

  private void written(int count) throws IOException {
    try (ReceiptLog receipts = open()) {
      for (int i = 0; i < count; i++) {
        receipts.add(receipt("user" + i + "@Example.org", tls()));
      }
    }
  }

  private ReceiptVerifier.ReceiptReport verify() throws IOException {
    return ReceiptVerifier.verify(folder, null);
  }

  private Path last() throws IOException {
    return ReceiptFiles.all(folder).getLast();
  }

  private List<String> lines() throws IOException {
    return new ArrayList<>(Files.readAllLines(last()));
  }

  private void replace(List<String> lines) throws IOException {
    Files.writeString(last(), String.join("\n", lines) + "\n");
  }

  private List<JsonNode> exported(@Nullable String recipient) throws IOException {
    List<JsonNode> out = new ArrayList<>();
    JsonMapper json = JsonMapper.builder().build();
    ReceiptVerifier.each(folder, recipient, entry -> out.add(json.readTree(entry.json())));
    return out;
  }

  @Test
  void deliveriesAreRecordedInASignedChain() throws IOException {
    written(250);
    ReceiptVerifier.ReceiptReport report = verify();
    assertEquals(List.of(), report.flaws());
    assertEquals(250, report.receipts());
    assertEquals(1, report.heads());
    assertEquals(0, report.unsigned());
    assertFalse(report.torn());
    assertTrue(log.recorded("note", "head 252", report.lastHash()));
  }

  @Test
  void receiptHasTransportFactsAndNoRecipient() throws IOException {
    try (ReceiptLog receiptLog = open()) {
      receiptLog.add(receipt("secret.user@example.org", tls()));
      receiptLog.add(receipt("other@example.org", null));
    }
    List<JsonNode> receipts = exported(null);
    JsonNode first = receipts.getFirst();
    assertEquals("verify", first.path("wanted").asString(""));
    assertEquals("TLSv1.3", first.path("tls").asString(""));
    assertEquals("X25519MLKEM768", first.path("group").asString(""));
    assertEquals("default may \"\\\u0007\u2028", first.path("because").path(1).asString(""));
    assertTrue(first.path("dnssec").asBoolean(false));
    assertTrue(receipts.get(1).path("tls").isNull());
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        assertFalse(Files.readString(file).contains("secret.user"), file.toString());
      }
    }
  }

  @Test
  void oneRecipientsReceiptsAreFoundWhileTheSaltsAreThere() throws IOException {
    written(20);
    assertEquals(1, exported("user7@example.ORG").size());
    assertEquals(0, exported("nobody@example.org").size());
    String a = exported("user7@example.org").getFirst().path("to").asString("");
    written(20);
    List<JsonNode> twice = exported("user7@example.org");
    assertEquals(2, twice.size());
    assertFalse(twice.get(1).path("to").asString("").equals(a), "each receipt has its own salt");

    Files.delete(ReceiptFiles.salts(last()));
    assertEquals(0, exported("user7@example.org").size());
    assertEquals(List.of(), verify().flaws(), "the chain does not hang on the salts");
    assertEquals(40, verify().receipts());
  }

  @Test
  void aRestartGoesOnWhereTheLastRunEnded() throws IOException {
    written(3);
    String before = verify().lastHash();
    written(3);
    assertEquals(List.of(), ReceiptVerifier.verify(folder, before).flaws());
    assertEquals(6, verify().receipts());
    assertEquals(1, verify().keys().size(), "the same key");
    assertEquals(1, verify().files());
  }

  @Test
  void changedRecordIsDetected() throws IOException {
    written(10);
    List<String> lines = lines();
    lines.set(4, lines.get(4).replace("\"wanted\":\"verify\"", "\"wanted\":\"may\""));
    replace(lines);
    assertTrue(verify().flaws().getFirst().contains("number 5 does not follow"));
  }

  @Test
  void removedRecordIsDetected() throws IOException {
    written(10);
    List<String> lines = lines();
    lines.remove(4);
    replace(lines);
    assertFalse(verify().flaws().isEmpty());
  }

  @Test
  void recomputedChainLacksTheSignature() throws IOException {
    written(10);
    List<String> lines = lines();
    String hash = ReceiptLine.ORIGIN;
    List<String> forged = new ArrayList<>();
    for (String line : lines) {
      ReceiptLine old = ReceiptLine.read(line).orElseThrow();
      String payload = old.payload().replace("verify", "may");
      ReceiptLine next =
          new ReceiptLine(ReceiptLine.hash(hash, payload), old.number(), old.kind(), payload);
      hash = next.hash();
      forged.add(next.line().stripTrailing());
    }
    replace(forged);
    List<String> flaws = verify().flaws();
    assertEquals(1, flaws.size(), flaws.toString());
    assertTrue(flaws.getFirst().contains("signature"));
  }

  @Test
  void truncationIsDetectedByTheLoggedHead() throws IOException {
    written(10);
    String head = verify().lastHash();
    List<String> lines = lines();
    replace(lines.subList(0, 6));
    assertEquals(List.of(), verify().flaws(), "by itself a shorter chain is a chain");
    assertEquals(6, verify().unsigned(), "but no signature covers its end");
    assertTrue(ReceiptVerifier.verify(folder, head).flaws().getFirst().contains("truncated"));
  }

  @Test
  void missingFileIsDetected() throws IOException {
    settings = new ReceiptSettings(true, Duration.ofDays(90), 0, 2_000);
    for (int i = 0; i < 3; i++) {
      written(10);
      clock.pass(Duration.ofDays(1));
    }
    written(1);
    List<Path> files = ReceiptFiles.all(folder);
    assertTrue(files.size() >= 3, files.toString());
    assertEquals(List.of(), verify().flaws());
    Files.delete(files.get(1));
    assertTrue(verify().flaws().getFirst().contains("missing"));
  }

  @Test
  void tornLineIsRemovedAndCounted() throws IOException {
    written(5);
    byte[] whole = Files.readAllBytes(last());
    int lastLine =
        new String(whole, StandardCharsets.UTF_8).lastIndexOf('\n', whole.length - 2) + 1;
    for (int end = lastLine + 1; end < whole.length; end += 37) {
      Files.write(last(), java.util.Arrays.copyOf(whole, end));
      assertTrue(verify().torn());
      open().close();
      ReceiptVerifier.ReceiptReport report = verify();
      assertEquals(List.of(), report.flaws(), "cut at " + end);
      assertFalse(report.torn());
      assertTrue(lines().stream().anyMatch(l -> l.contains("\"kind\":\"torn\"")));
    }
    assertTrue(log.recorded("warning", "truncated"));
  }

  @Test
  void damagedFileIsNotContinued() throws IOException {
    written(5);
    List<String> lines = lines();
    lines.set(2, "nonsense");
    replace(lines);
    assertThrows(IOException.class, this::open);
    assertFalse(verify().flaws().isEmpty());
  }

  /** A bug while a file is begun left one without a first line, and the chain went on in it. */
  @Test
  void theChainGoesOnAfterABugWhileAFileIsBegun() throws Exception {
    settings = new ReceiptSettings(true, Duration.ofDays(90), 0, 2_000);
    AtomicBoolean failed = new AtomicBoolean();
    Clock failing =
        new Clock() {
          @Override
          public Instant now() {
            if (ReceiptLogTest.this.files() > 1 && failed.compareAndSet(false, true)) {
              throw new IllegalStateException("injected");
            }
            return clock.now();
          }

          @Override
          public long nanoTime() {
            return clock.nanoTime();
          }
        };
    try (ReceiptLog receipts = ReceiptLog.open(folder, settings, failing, random, log.log())) {
      for (int i = 0; i < 10; i++) {
        receipts.add(receipt("user" + i + "@example.org", tls()));
      }
      await(failed::get);
      receipts.add(receipt("after@example.org", tls()));
    }
    assertEquals(List.of(), verify().flaws());
    assertEquals(11, verify().receipts());
    assertTrue(log.recorded("bug", "receipts"));
  }

  @Test
  void theChainGoesOnAfterACrashBeforeTheFirstLineOfAFile() throws Exception {
    written(3);
    Path begun = ReceiptFiles.file(folder, 6);
    Files.writeString(begun, "ab");
    Files.createFile(ReceiptFiles.salts(begun));
    written(3);
    assertEquals(List.of(), verify().flaws());
    assertEquals(6, verify().receipts());
  }

  private int files() {
    try {
      return ReceiptFiles.all(folder).size();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void theHeadIsSignedEveryHour() throws Exception {
    try (ReceiptLog receipts = open()) {
      receipts.add(receipt("a@example.org", tls()));
      await(() -> verify().receipts() == 1);
      clock.pass(ReceiptLog.SIGN);
      await(() -> verify().heads() == 1);
      receipts.add(receipt("b@example.org", tls()));
      await(() -> verify().receipts() == 2);
    }
    assertEquals(2, verify().heads());
  }

  @Test
  void chainVerifiesAfterExpiredFilesAreRemoved() throws Exception {
    settings = new ReceiptSettings(true, Duration.ofDays(30), 0, 2_000);
    written(10);
    clock.pass(Duration.ofDays(1));
    written(10);
    Path old = ReceiptFiles.all(folder).getFirst();
    Files.setLastModifiedTime(old, FileTime.from(NOW.minus(Duration.ofDays(31))));
    try (ReceiptLog receipts = open()) {
      receipts.add(receipt("c@example.org", tls()));
      clock.pass(ReceiptLog.SIGN);
      await(() -> !Files.exists(old));
    }
    assertFalse(Files.exists(ReceiptFiles.salts(old)));
    assertEquals(List.of(), verify().flaws());
  }

  @Test
  void chainVerifiesAfterOldestFilesAreRemovedForSpace() throws Exception {
    settings = new ReceiptSettings(true, Duration.ZERO, 60_000, 1L << 20);
    for (int i = 0; i < 30; i++) {
      written(10);
    }
    List<Path> files = ReceiptFiles.all(folder);
    long all = 0;
    for (Path file : files) {
      all += Files.size(file) + Files.size(ReceiptFiles.salts(file));
    }
    assertTrue(all < 60_000 + 60_000 / 8 + 20_000, all + " bytes in " + files.size() + " files");
    assertTrue(files.size() > 3, files.toString());
    assertEquals(List.of(), verify().flaws());
  }

  @Test
  void diskFailureDelaysNoMailAndIsCountedInTheChain() throws Exception {
    try (ReceiptLog receipts = open()) {
      for (int i = 0; i < ReceiptLog.MOST_WAITING * 3; i++) {
        receipts.add(receipt("x@example.org", null));
      }
    }
    ReceiptVerifier.ReceiptReport report = verify();
    assertEquals(List.of(), report.flaws());
    assertEquals(ReceiptLog.MOST_WAITING * 3L, report.receipts() + report.lost());
  }

  @Test
  void aLineHasItsLimit() {
    String most =
        "{\"n\":1,\"kind\":\"x\",\"a\":\"" + "a".repeat(ReceiptLine.MAX_LINE - 65 - 25) + "\"}";
    String line = "0".repeat(64) + " " + most;
    assertEquals(ReceiptLine.MAX_LINE, line.length());
    assertTrue(ReceiptLine.read(line).isPresent());
    assertTrue(ReceiptLine.read(line.replace("a\"}", "aa\"}")).isEmpty());
  }

  @Test
  void theLongestReceiptFitsIntoALine() throws IOException {
    String longest = "\u0001".repeat(10_000);
    try (ReceiptLog receipts = open()) {
      receipts.add(
          new Receipt(
              NOW,
              longest,
              longest,
              longest,
              longest,
              java.util.Collections.nCopies(100, longest),
              new Receipt.ReceiptHost(longest, longest),
              new Receipt.ReceiptTls(longest, longest, longest, longest, longest, longest),
              true,
              longest,
              true,
              true));
    }
    assertEquals(List.of(), verify().flaws());
    assertEquals(1, exported(null).size());
  }

  /** The shortest of several: a machine under load lengthens some of them, a wait all. */
  @Test
  void closingDoesNotWaitForReceiptsThatDoNotCome() throws IOException {
    Duration shortest = Duration.ofDays(1);
    for (int i = 0; i < 5; i++) {
      ReceiptLog receipts = open();
      long start = System.nanoTime();
      receipts.close();
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      shortest = took.compareTo(shortest) < 0 ? took : shortest;
    }
    assertTrue(shortest.toMillis() < 400, "closed after " + shortest);
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Condition condition) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < deadline, "it did not come about");
      Thread.sleep(20);
    }
  }
}
