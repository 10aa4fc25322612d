package org.sealwax.router.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.router.dkim.DkimKeyUse.LastMail;
import org.sealwax.router.dkim.KeyRecordCheck.KeyFinding;
import org.sealwax.router.dkim.KeyRecordCheck.KeyVerdict;
import org.sealwax.testkit.dns.FixedResolver;

/** The life of a key: published before it signs, everywhere, and for 7 days after its last mail. */
final class KeyRecordCheckTest {
  private static final Domain DOMAIN = Domain.of("project.example");
  private static final Instant NOW = Instant.parse("2026-12-01T10:00:00Z");

  @TempDir private static Path folder = Path.of("");

  @BeforeAll
  static void makeKeys() throws IOException {
    DkimKeyFile.create(file("old"), DkimAlgorithm.ED25519_SHA256);
    DkimKeyFile.create(file("new"), DkimAlgorithm.ED25519_SHA256);
  }

  private static Path file(String selector) {
    return folder.resolve(selector + ".pem");
  }

  private static Instant days(int offset) {
    return NOW.plus(Duration.ofDays(offset));
  }

  private static DkimRow row(String selector, @Nullable Instant from, @Nullable Instant until) {
    return new DkimRow(
        DOMAIN,
        Domain.of(selector),
        file(selector),
        Optional.ofNullable(from),
        Optional.ofNullable(until));
  }

  private static String record(String selector) throws IOException {
    return DkimKeyFile.read(DOMAIN, Domain.of(selector), file(selector)).record();
  }

  private static String name(String selector) {
    return selector + "._domainkey." + DOMAIN;
  }

  private static FixedResolver published(String... selectors) throws IOException {
    FixedResolver.Builder dns = FixedResolver.builder();
    for (String selector : selectors) {
      dns.txt(name(selector), record(selector));
    }
    return dns.build();
  }

  private static KeyFinding finding(
      FixedResolver dns,
      Map<String, DnsAnswer<String>> servers,
      Optional<DkimKeyUse> use,
      DkimRow... rows)
      throws InterruptedException {
    List<KeyFinding> found =
        new KeyRecordCheck(dns, _ -> servers, () -> use, NOW).of(List.of(rows), DOMAIN::equals);
    assertEquals(rows.length, found.size());
    return found.getFirst();
  }

  private static KeyFinding finding(FixedResolver dns, DkimRow... rows)
      throws InterruptedException {
    return finding(dns, Map.of(), Optional.empty(), rows);
  }

  /** Days from now on which the key begins; what is published; the verdict. */
  @ParameterizedTest
  @CsvSource({
    "-1, true, OK",
    "-1, false, ERROR",
    "3, true, OK",
    "3, false, WARNING",
    "14, false, WARNING",
    "15, false, NOTE",
  })
  void aKeyMustBePublishedBeforeItSigns(int begin, boolean there, KeyVerdict verdict)
      throws Exception {
    FixedResolver dns = there ? published("old") : FixedResolver.builder().build();
    KeyFinding found = finding(dns, row("old", days(begin), null));
    assertEquals(verdict, found.verdict(), found.text());
    assertEquals(
        verdict == KeyVerdict.ERROR || verdict == KeyVerdict.WARNING,
        found.fix().toString().startsWith("[" + name("old") + ". TXT \"v=DKIM1; k=ed25519; p="),
        found.fix().toString());
  }

  private static DnsAnswer<String> answer(String... records) {
    return new DnsAnswer<>(
        List.of(records),
        records.length == 0 ? DnsAnswer.Kind.NO_NAME : DnsAnswer.Kind.FOUND,
        DnssecStatus.INSECURE,
        Domain.of(name("old")),
        0,
        Duration.ZERO,
        "");
  }

  private static DnsAnswer<String> silence() {
    return DnsAnswer.unknown(
        DnssecStatus.FAILED, Domain.of(name("old")), 0, Duration.ZERO, "timeout");
  }

  @Test
  void aNameServerThatLagsIsNamed() throws Exception {
    Map<String, DnsAnswer<String>> servers = new LinkedHashMap<>();
    servers.put("ns1.example", answer(record("old")));
    DkimRow row = row("old", days(-1), null);
    assertEquals(
        KeyVerdict.OK, finding(published("old"), servers, Optional.empty(), row).verdict());
    servers.put("ns2.example", answer());
    KeyFinding lag = finding(published("old"), servers, Optional.empty(), row);
    assertEquals(KeyVerdict.WARNING, lag.verdict());
    assertTrue(lag.text().endsWith("ns2.example: no key record"), lag.text());
    servers.put("ns2.example", answer(record("new")));
    assertTrue(
        finding(published("old"), servers, Optional.empty(), row)
            .text()
            .endsWith("ns2.example: the record has another key"));
    servers.put("ns2.example", silence());
    assertEquals(
        KeyVerdict.UNKNOWN, finding(published("old"), servers, Optional.empty(), row).verdict());
    // A network that lets no question out shows nothing about one of the servers.
    servers.put("ns1.example", silence());
    assertEquals(
        KeyVerdict.OK, finding(published("old"), servers, Optional.empty(), row).verdict());
  }

  private static Optional<DkimKeyUse> use(Instant asOf, Instant signed, @Nullable Instant queued) {
    return Optional.of(
        new DkimKeyUse(
            asOf,
            Map.of(Domain.of(name("old")), new LastMail(signed, Optional.ofNullable(queued)))));
  }

  /** A key that ended so many days ago, whose mail was last queued so many days ago. */
  @ParameterizedTest
  @CsvSource({
    "-3, -3, true, OK, keep publishing until 2026-12-06 at least",
    "-3, -1, true, OK, keep publishing until 2026-12-08 at least",
    "-20, 0, true, OK, keep publishing until 2026-12-09 at least",
    "-3, -3, false, ERROR, keep publishing until 2026-12-06 at least",
    "-20, -6, false, ERROR, keep publishing until 2026-12-03 at least",
    "-20, -8, true, NOTE, the record of old can be withdrawn",
    "-20, -8, false, OK, the record is withdrawn",
  })
  void anOldRecordStaysForSevenDaysAfterTheLastMail(
      int ended, int queued, boolean there, KeyVerdict verdict, String text) throws Exception {
    FixedResolver dns = there ? published("old", "new") : published("new");
    Instant end = days(ended);
    // Ended at the begin of a day in one row, and by a newer key in the other.
    for (DkimRow[] rows :
        new DkimRow[][] {
          {row("old", null, end)}, {row("old", null, null), row("new", end, null)}
        }) {
      KeyFinding found = finding(dns, Map.of(), use(NOW, end.minusSeconds(60), days(queued)), rows);
      assertEquals(verdict, found.verdict(), found.text());
      assertTrue(found.text().contains(text), found.text());
    }
  }

  /** An end that was set to an earlier day does not make the last signature earlier. */
  @Test
  void theLastSignatureCountsWhereItIsLaterThanTheRow() throws Exception {
    KeyFinding found =
        finding(published("old"), Map.of(), use(NOW, days(-1), null), row("old", null, days(-100)));
    assertTrue(found.text().contains("keep publishing until 2026-12-08"), found.text());
  }

  @Test
  void aRouterThatDoesNotRunKnowsNothingOfItsQueue() throws Exception {
    DkimRow row = row("old", null, days(-30));
    for (Optional<DkimKeyUse> use :
        List.of(Optional.<DkimKeyUse>empty(), use(days(-9), days(-30), days(-20)))) {
      KeyFinding found = finding(published("old"), Map.of(), use, row);
      assertEquals(KeyVerdict.UNKNOWN, found.verdict(), found.text());
      assertTrue(found.text().contains("keep publishing"), found.text());
    }
    KeyFinding damaged =
        new KeyRecordCheck(
                published("old"),
                _ -> Map.of(),
                () -> {
                  throw new IOException("dkim-keys.json is damaged");
                },
                NOW)
            .of(List.of(row), DOMAIN::equals)
            .getFirst();
    assertEquals(KeyVerdict.UNKNOWN, damaged.verdict());
    assertTrue(damaged.text().endsWith("dkim-keys.json is damaged"), damaged.text());
  }

  @Test
  void onlyTheWantedDomainIsAsked() throws Exception {
    assertEquals(
        List.of(),
        new KeyRecordCheck(FixedResolver.builder().build(), _ -> Map.of(), Optional::empty, NOW)
            .of(List.of(row("old", null, null), row("gone", null, null)), _ -> false));
  }
}
