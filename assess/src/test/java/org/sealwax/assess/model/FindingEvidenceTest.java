package org.sealwax.assess.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;

/** Evidence as a person reads it. */
final class FindingEvidenceTest {
  @Test
  void recordsAreLinesOfAZone() {
    Domain owner = Domain.of("_mta-sts.example.org");
    assertEquals(
        "_mta-sts.example.org. IN TXT \"v=STSv1; id=1\"\n_mta-sts.example.org. IN TXT \"x\"",
        FindingEvidence.txt(owner, List.of("v=STSv1; id=1", "x")).text());
    assertEquals(
        "_mta-sts.example.org: no such TXT record", FindingEvidence.txt(owner, List.of()).text());
  }
}
