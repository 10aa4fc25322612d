package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.SampleReports;

/** The colour of the seal distinguishes B from C, in light and in dark. */
final class GradeSealTest {
  private static final Pattern RULE = Pattern.compile("\\.([a-z]+) \\.rim ?\\{([^}]*)}");

  @Test
  void lettersOfDifferentConcernDifferInColour() {
    Set<String> tones = new TreeSet<>();
    for (GradeLetter letter : GradeLetter.values()) {
      tones.add(GradeSeal.tone(letter));
    }
    assertEquals(Set.of("good", "fair", "weak", "poor"), tones);
    String page = ReportPage.of(SampleReports.everywhere("x"));
    Map<String, Set<String>> fills = new HashMap<>();
    Matcher rule = RULE.matcher(page);
    while (rule.find()) {
      fills.computeIfAbsent(rule.group(1), t -> new HashSet<>()).add(rule.group(2));
    }
    assertTrue(fills.keySet().containsAll(tones), fills::toString);
    assertEquals(fills.size(), new HashSet<>(fills.values()).size(), fills::toString);
  }
}
