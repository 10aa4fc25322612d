package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.router.hosting.DomainAssessor.DomainGrade;

/** Which grades count for the promotion of an MTA-STS policy. */
final class HostedAssessorTest {
  @ParameterizedTest
  @CsvSource({
    "A_PLUS, '', A+, true",
    "A, '', A, true",
    "A, the banner, A?, false",
    "A_MINUS, '', A-, false",
    "B, '', B, false",
    "F, '', F, false",
  })
  void onlyAnAWithoutADoubtIsGood(GradeLetter letter, String doubt, String text, boolean isGood) {
    Grade grade =
        new Grade(
            letter,
            letter,
            doubt.isEmpty() ? List.of() : List.of(doubt),
            90,
            0,
            List.of(),
            List.of(),
            List.of());
    assertEquals(new DomainGrade(text, isGood), HostedAssessor.grade(grade));
  }
}
