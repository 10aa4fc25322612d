package org.sealwax.lab.judge;

import java.util.List;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.lab.traps.Traps;

/** Reports about senders, for tests of what is made of them. */
public final class SampleSenderReports {
  private SampleSenderReports() {}

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
    return new SenderReport(
        SenderProfile.OPPORTUNISTIC,
        List.of(finding),
        SampleReports.good().graded().orElseThrow(),
        1,
        leaks,
        List.of(),
        List.of(),
        List.of(),
        "sender 1");
  }
}
