package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.traps.Traps;

/** Which verdicts a later try of the sender may still change. */
final class UndecidedTrapsTest {
  private static Sighting at(String label, SightingBuilder seen) {
    return seen.at(Traps.find(label).orElseThrow());
  }

  private static SightingBuilder came() {
    return SightingBuilder.asked().fetches().connected("mx");
  }

  private static SightingBuilder threeTries() {
    return came().later().connected("mx").later().connected("mx").closed();
  }

  private static SenderReport report(Sighting... sightings) {
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, false).report(List.of(sightings));
  }

  private static CheckOutcome outcome(SenderReport report, String label) {
    return report.traps().stream()
        .filter(f -> SenderAssessment.label(f).equals(label))
        .findFirst()
        .orElseThrow()
        .outcome();
  }

  /** Enough tries to judge by at the end; but the mail is in the sender's queue. */
  @Test
  void queuedMailIsUndecidedWhateverTheVerdictWouldBe() {
    SenderReport report =
        report(
            at("b1", came().mail(false, "").delivered("mx", false, false)),
            at("b3", threeTries()),
            at("c8", threeTries()));
    assertEquals(CheckOutcome.PASS, outcome(report, "b3"));
    assertEquals(List.of("c8"), report.stuck());
    assertEquals(List.of("b3", "c8"), report.undecided());
  }

  @Test
  void whatNoTryCanUndoIsDecided() {
    SenderReport report =
        report(
            at("b1", came().mail(false, "").delivered("mx", false, false)),
            at("b3", came().mail(false, "").closed()),
            at("a1", threeTries().bounced("5.7.1")),
            at("e3", SightingBuilder.nothing()));
    assertEquals(List.of("b3"), report.leaks());
    assertEquals(List.of("a1"), report.losses());
    assertEquals(List.of("e3"), report.undecided());
  }
}
