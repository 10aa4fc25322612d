package org.sealwax.router.ledger;

import static org.sealwax.mail.fuzz.Target.holds;

import java.io.StringReader;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Rung;

/** Damaged rows of the ledger: a row or none, never half a row; and lists of public suffixes. */
public final class LedgerTargets {
  private LedgerTargets() {}

  /** All of them. */
  public static List<Target> all() {
    HostMemory memory =
        new HostMemory(
            Rung.FULL,
            Story.BEGIN,
            Map.of(Rung.FULL, Story.BEGIN.plusMillis(5)),
            Story.BEGIN,
            Story.BEGIN.plusSeconds(600),
            null,
            Story.BEGIN,
            Story.BEGIN.plusSeconds(600));
    return List.of(
        new Target(
            "ledger-row",
            RowFormTest.rows().stream().map(RowForm::write).toList(),
            input -> {
              Optional<DomainRow> row = RowForm.read(Story.DOMAIN, input);
              if (row.isPresent()) {
                Optional<DomainRow> again = RowForm.read(Story.DOMAIN, RowForm.write(row.get()));
                holds(again.equals(row), row + " changes");
                // The rules take whatever could be read.
                new Story().rules.settles(row.get(), Moment.of(Instant.EPOCH));
                new Story().rules.classOf(row.get(), Moment.of(Story.BEGIN));
              }
            }),
        new Target(
            "ledger-rung",
            List.of(MemoryForm.write(memory), MemoryForm.write(HostMemory.nothing())),
            input -> {
              Optional<HostMemory> read = MemoryForm.read(input);
              if (read.isPresent()) {
                holds(MemoryForm.read(MemoryForm.write(read.get())).equals(read), "changes");
              }
            }),
        Target.ofTexts(
            "public-suffixes",
            input -> {
              PublicSuffixes list = PublicSuffixes.read(new StringReader(Target.text(input)));
              Domain name = Domain.of("a.b.c.example.co.uk");
              list.registrable(name)
                  .ifPresent(r -> holds(name.equals(r) || name.isBelow(r), "not above: " + r));
            },
            "// c\ncom\n*.uk\n!b.uk\n\u00e9.com\n",
            "*.\n!\n.\n..com\n"));
  }
}
