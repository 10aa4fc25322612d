package org.sealwax.router.ledger;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.router.ledger.LedgerStore.StoredDomain;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Damaged rows of the ledger: a row or none, never half a row; and lists of public suffixes. */
public final class LedgerFuzzTargets {
  private LedgerFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    HostMemory memory =
        new HostMemory(
            FallbackStep.FULL,
            DomainTimeline.BEGIN,
            Map.of(FallbackStep.FULL, DomainTimeline.BEGIN.plusMillis(5)),
            DomainTimeline.BEGIN,
            DomainTimeline.BEGIN.plusSeconds(600),
            null,
            DomainTimeline.BEGIN,
            DomainTimeline.BEGIN.plusSeconds(600));
    return List.of(
        new FuzzTarget(
            "ledger-row",
            StoredDomainTest.rows().stream()
                .map(row -> StoredDomain.of(row, Map.of()))
                .map(LedgerFuzzTargets::bytes)
                .toList(),
            input -> stored(input).read().ifPresent(LedgerFuzzTargets::isWhole)),
        new FuzzTarget(
            "ledger-binary-row",
            LedgerUpgradeTest.binaryRows(),
            input ->
                BinaryLedgerRows.domain(DomainTimeline.DOMAIN, input)
                    .ifPresent(LedgerFuzzTargets::isWhole)),
        new FuzzTarget(
            "ledger-fallback",
            List.of(
                bytes(List.of(LedgerStore.FALLBACK.write(memory, "mx"))),
                bytes(List.of(LedgerStore.FALLBACK.write(HostMemory.nothing(), "mx")))),
            input ->
                LedgerStore.memory(stored(input).domain()).ifPresent(LedgerFuzzTargets::isWhole)),
        new FuzzTarget(
            "ledger-rung",
            LedgerUpgradeTest.binaryMemories(),
            input -> BinaryLedgerRows.memory(input).ifPresent(LedgerFuzzTargets::isWhole)),
        FuzzTarget.ofTexts(
            "public-suffixes",
            input -> {
              PublicSuffixList list =
                  PublicSuffixList.read(new StringReader(FuzzTarget.text(input)));
              Domain name = Domain.of("a.b.c.example.co.uk");
              list.registrable(name)
                  .ifPresent(r -> holds(name.equals(r) || name.isBelow(r), "not above: " + r));
            },
            "// c\ncom\n*.uk\n!b.uk\n\u00e9.com\n",
            "*.\n!\n.\n..com\n"));
  }

  /** It is written and read as the same, and the rules take it. */
  private static void isWhole(DomainRecord row) {
    StoredDomain stored = StoredDomain.of(row, Map.of());
    Optional<DomainRecord> again = stored.read();
    holds(again.isPresent(), row + " is lost");
    // Half seconds and half lists are not written: what was read is what would be read again.
    holds(again.equals(StoredDomain.of(again.get(), Map.of()).read()), "changes");
    holds(again.get().equals(row), row + " changes");
    new DomainTimeline().rules.step(row, ClockReading.of(Instant.EPOCH)).timePassed();
    new DomainTimeline().rules.classOf(row, ClockReading.of(DomainTimeline.BEGIN));
    new DomainTimeline().rules.hostsToProbe(row, ClockReading.of(DomainTimeline.BEGIN));
  }

  private static void isWhole(HostMemory memory) {
    Optional<HostMemory> again = LedgerStore.memory(LedgerStore.FALLBACK.write(memory, "mx"));
    holds(again.equals(Optional.of(memory)), memory + " changes");
  }

  // Tables as bytes: what a damaged file may hold.

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(StoredDomain stored) {
    return (text(List.of(stored.domain())) + "\f" + text(stored.hosts()))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(List<List<@Nullable String>> table) {
    return text(table).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String text(List<List<@Nullable String>> table) {
    return table.stream()
        .map(
            row ->
                row.stream()
                    .map(value -> value == null ? "NULL" : value)
                    .collect(Collectors.joining("\t")))
        .collect(Collectors.joining("\n"));
  }

  private static StoredDomain stored(byte[] input) {
    String[] tables = text(input).split("\f", -1);
    List<List<@Nullable String>> domain = table(tables[0]);
    return new StoredDomain(
        domain.isEmpty() ? List.of() : domain.getFirst(),
        table(tables.length > 1 ? tables[1] : ""));
  }

  private static List<List<@Nullable String>> table(String text) {
    List<List<@Nullable String>> rows = new ArrayList<>();
    if (!text.isEmpty()) {
      for (String line : text.split("\n", -1)) {
        List<@Nullable String> row = new ArrayList<>();
        for (String value : line.split("\t", -1)) {
          row.add(value.equals("NULL") ? null : value);
        }
        rows.add(row);
      }
    }
    return rows;
  }
}
