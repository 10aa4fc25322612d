package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/** Reports about senders, for tests of pages and texts. */
public final class SampleSenderReports {
  private SampleSenderReports() {}

  /** A sender with DANE and without MTA-STS in all traps: Postfix, say. */
  public static SenderReport withoutMtaSts() {
    return without(Set.of(ProtectionMechanism.STS));
  }

  /** A sender with neither in all traps: Postfix at its defaults, say. */
  public static SenderReport withoutPolicies() {
    return without(
        Set.of(ProtectionMechanism.STS, ProtectionMechanism.DANE, ProtectionMechanism.DNSSEC));
  }

  private static SenderReport without(Set<ProtectionMechanism> mechanisms) {
    List<Sighting> sightings = new ArrayList<>();
    for (Trap.TrapCase trapCase : Traps.cases()) {
      TrapExpectation expectation = TrapExpectation.of(trapCase.label()).orElseThrow();
      boolean leaks =
          mechanisms.contains(expectation.mechanism())
              && (expectation.expected() == ExpectedOutcome.REFUSED
                  || expectation.expected() == ExpectedOutcome.NEVER_PLAINTEXT);
      SightingBuilder came =
          SightingBuilder.connectedAndGreeted("mx").hello(TestClientHellos.modern());
      sightings.add(
          leaks
              ? came.unsecured().mail(false, "").deliveredBy("Postfix", false).at(trapCase)
              : SenderEveryTrapTest.good(trapCase));
    }
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(sightings);
  }

  /** Everything that a sender can send is this text. */
  public static SenderReport everywhere(String text) {
    List<Sighting> sightings =
        Traps.quick().stream()
            .map(
                trapCase ->
                    SightingBuilder.asked()
                        .asks("A", text)
                        .connected("mx")
                        .clientLine(false, "EHLO " + text)
                        .mail(false, text)
                        .deliveredBy("", false)
                        .bounced(text)
                        .at(trapCase))
            .toList();
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(sightings);
  }

  /** One trap that failed, with these texts of the sender. */
  public static SenderReport failed(String seen, String transcript, List<String> leaks) {
    Finding finding =
        Finding.of(
                SenderChecks.of(
                    Traps.find("e3").orElseThrow(), SenderProfile.OPPORTUNISTIC, "leak"),
                CheckOutcome.FAIL,
                FindingLocation.domain(),
                seen)
            .as("leak")
            .with(FindingEvidence.transcript(transcript));
    Grade good = SampleReports.good().graded().orElseThrow();
    return new SenderReport(
        SenderProfile.OPPORTUNISTIC,
        List.of(finding),
        good,
        1,
        leaks,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        new SenderFirstSteps(List.of(), good),
        "",
        "sender 1");
  }
}
