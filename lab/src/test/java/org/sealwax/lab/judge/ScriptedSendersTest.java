package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.site.ScriptedSender;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.tls.TlsFactory;

/**
 * Every trap met by senders whose habits are known: the good one passes all, and in each row one of
 * the bad ones is detected.
 */
@Tag("slow")
final class ScriptedSendersTest {
  /**
   * What no engine of the bad senders does: take a wrong Finished for a right one, agree to what is
   * older than TLS 1.2, or hang at a HelloRequest; and what minutes do not show: that mail to a
   * host without TLS is never bounced. The same rows under a policy find most of them out, since
   * they continue in plaintext; the deeds themselves are in {@code SenderEveryTrapTest}.
   */
  private static final Set<String> NO_BAD_SENDER =
      new TreeSet<>(
          Set.of(
              "c4n", "c5n", "c6n", "c7n", "c10", "c12", "c13", "c17a", "c17d", "c20a", "c20b",
              "c22an", "c22bn", "c23a", "c23b", "c23c", "c24b", "c24c", "c27n", "b1", "b4", "b7an",
              "b7bn", "b7cn", "b10n", "b14n", "b15n", "c1n"));

  private static final Map<ScriptedSender.Kind, SenderReport> REPORTS =
      new EnumMap<>(ScriptedSender.Kind.class);

  @BeforeAll
  static void send(@TempDir Path folder) throws IOException, InterruptedException {
    TlsFactory.prepareJvm();
    for (ScriptedSender.Kind kind : ScriptedSender.Kind.values()) {
      REPORTS.put(kind, ScriptedRun.of(kind, Traps.cases(), folder));
    }
  }

  private static SenderReport of(ScriptedSender.Kind kind) {
    SenderReport report = REPORTS.get(kind);
    if (report == null) {
      throw new IllegalStateException("no report of " + kind);
    }
    return report;
  }

  private static Map<String, Finding> findings(ScriptedSender.Kind kind) {
    Map<String, Finding> out = new TreeMap<>();
    for (Finding finding : of(kind).findings()) {
      if (finding.check().id().startsWith("lab.")) {
        out.put(finding.check().id().substring(4), finding);
      }
    }
    return out;
  }

  private static boolean wrong(@Nullable Finding finding) {
    return finding != null && finding.outcome().known() && !good(finding);
  }

  private static boolean good(Finding finding) {
    return finding.outcome() == CheckOutcome.PASS || finding.outcome() == CheckOutcome.INFO;
  }

  @Test
  void theGoodSenderPassesEveryTrap() {
    List<String> wrong = new ArrayList<>();
    findings(ScriptedSender.Kind.GOOD)
        .forEach(
            (label, f) -> {
              if (!good(f)) {
                wrong.add(label + " " + f.outcome() + " " + f.aspect() + ": " + f.observed());
              }
            });
    assertTrue(wrong.isEmpty(), String.join("\n", wrong));
    assertEquals(List.of(), of(ScriptedSender.Kind.GOOD).leaks());
    assertEquals(List.of(), of(ScriptedSender.Kind.GOOD).losses());
  }

  @Test
  void everyTrapReportsAFaultySender() {
    Set<String> notFound = new TreeSet<>();
    List<Map<String, Finding>> bad =
        Stream.of(ScriptedSender.Kind.values())
            .filter(kind -> kind != ScriptedSender.Kind.GOOD)
            .map(ScriptedSendersTest::findings)
            .toList();
    for (TrapExpectation each : TrapExpectation.all()) {
      boolean recorded =
          each.expected() == ExpectedOutcome.RECORDED && !Set.of("b11").contains(each.label());
      if (!recorded
          && bad.stream()
              .map(findings -> findings.get(each.label()))
              .noneMatch(ScriptedSendersTest::wrong)) {
        notFound.add(each.label());
      }
    }
    assertEquals(NO_BAD_SENDER, notFound);
  }

  @Test
  void gradesDifferBetweenSenders() {
    GradeLetter good = of(ScriptedSender.Kind.GOOD).grade().letter();
    assertTrue(good.compareTo(GradeLetter.A_MINUS) <= 0, good.text());
    assertEquals(GradeLetter.F, of(ScriptedSender.Kind.CARELESS).grade().letter());
    assertEquals(GradeLetter.F, of(ScriptedSender.Kind.CLEAR).grade().letter());
    assertTrue(of(ScriptedSender.Kind.CARELESS).leaks().size() > 40);
    assertTrue(of(ScriptedSender.Kind.TIMID).stuck().size() > 25);
    assertTrue(of(ScriptedSender.Kind.TIMID).grade().letter().compareTo(GradeLetter.C) >= 0);
  }
}
