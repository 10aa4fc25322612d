package org.sealwax.router.ledger;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.StringReader;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
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
            DomainRecordCodecTest.rows().stream().map(DomainRecordCodec::write).toList(),
            input -> {
              Optional<DomainRecord> row = DomainRecordCodec.read(DomainTimeline.DOMAIN, input);
              if (row.isPresent()) {
                Optional<DomainRecord> again =
                    DomainRecordCodec.read(
                        DomainTimeline.DOMAIN, DomainRecordCodec.write(row.get()));
                holds(again.equals(row), row + " changes");
                // The rules take whatever could be read.
                new DomainTimeline().rules.timePassed(row.get(), ClockReading.of(Instant.EPOCH));
                new DomainTimeline()
                    .rules.classOf(row.get(), ClockReading.of(DomainTimeline.BEGIN));
              }
            }),
        new FuzzTarget(
            "ledger-rung",
            List.of(HostMemoryCodec.write(memory), HostMemoryCodec.write(HostMemory.nothing())),
            input -> {
              Optional<HostMemory> read = HostMemoryCodec.read(input);
              if (read.isPresent()) {
                holds(
                    HostMemoryCodec.read(HostMemoryCodec.write(read.get())).equals(read),
                    "changes");
              }
            }),
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
}
