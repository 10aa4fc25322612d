package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.site.ScriptedSender.Kind;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.tls.TlsFactory;

/**
 * Every trap met by four senders, none of which has DANE or MTA-STS: one that never delivers, one
 * without TLS, one with TLS that verifies nothing, one that verifies every certificate and refuses
 * what does not hold. What each of them gets in each row is written down ({@code lab/senders.txt},
 * written again with {@code -Dsealwax.bless=true}); docs/lab.md has the reasons.
 */
@Tag("long")
@Timeout(600)
final class SendersWithoutPoliciesTest {
  private static final Path TABLE = Path.of("lab/src/test/resources/lab/senders.txt");

  /** In the order in which they are better. */
  private static final List<Kind> KINDS =
      List.of(Kind.NEVER, Kind.CLEAR, Kind.UNVERIFIED, Kind.WEBPKI);

  private static final Map<Kind, SenderReport> REPORTS = new EnumMap<>(Kind.class);

  @BeforeAll
  static void send(@TempDir Path folder) throws IOException, InterruptedException {
    TlsFactory.prepareJvm();
    try (Scope scope = new Scope("senders")) {
      for (Kind kind : KINDS) {
        scope.fork(
            () -> {
              SenderReport report = ScriptedRun.of(kind, Traps.cases(), folder);
              synchronized (REPORTS) {
                REPORTS.put(kind, report);
              }
              return kind;
            });
      }
      scope.join();
    }
  }

  private static SenderReport of(Kind kind) {
    SenderReport report = REPORTS.get(kind);
    if (report == null) {
      throw new IllegalStateException("no report of " + kind);
    }
    return report;
  }

  private static Map<String, Finding> findings(Kind kind) {
    Map<String, Finding> out = new TreeMap<>();
    of(kind).findings().forEach(f -> out.put(f.check().id(), f));
    return out;
  }

  private static Finding finding(Kind kind, String id) {
    Finding found = findings(kind).get(id);
    if (found == null) {
      throw new IllegalStateException("no " + id);
    }
    return found;
  }

  private static String word(Finding finding) {
    return finding.outcome().label().replace(' ', '-')
        + (finding.aspect().isEmpty() ? "" : ":" + finding.aspect());
  }

  private static String line(String label, List<String> words) {
    StringBuilder out = new StringBuilder(String.format(Locale.ROOT, "%-20s", label));
    words.forEach(w -> out.append(String.format(Locale.ROOT, " %-18s", w)));
    return out.toString().stripTrailing();
  }

  private static List<String> table() {
    List<String> out = new ArrayList<>();
    out.add(
        "# What four senders without DANE and MTA-STS get in each test case of the lab"
            + " (SendersWithoutPoliciesTest).");
    out.add(line("# row", KINDS.stream().map(k -> k.name().toLowerCase(Locale.ROOT)).toList()));
    for (Trap.TrapCase trapCase : Traps.cases()) {
      out.add(
          line(
              trapCase.label(),
              KINDS.stream().map(k -> word(finding(k, "lab." + trapCase.label()))).toList()));
    }
    for (Finding each : of(Kind.NEVER).findings()) {
      String id = each.check().id();
      if (id.startsWith("sender.") && each.outcome() != CheckOutcome.INFO) {
        out.add(line(id, KINDS.stream().map(k -> word(finding(k, id))).toList()));
      }
    }
    out.add(line("leaks", KINDS.stream().map(k -> "" + of(k).leaks().size()).toList()));
    out.add(
        line(
            "lost-or-stuck",
            KINDS.stream().map(k -> "" + (of(k).losses().size() + of(k).stuck().size())).toList()));
    out.add(line("tested", KINDS.stream().map(k -> "" + of(k).tested()).toList()));
    out.add(line("points", KINDS.stream().map(k -> "" + of(k).grade().score()).toList()));
    out.add(
        line("grade", KINDS.stream().map(k -> of(k).grade().text().replace(' ', '-')).toList()));
    return out;
  }

  @Test
  void eachTrapHasItsRecordedVerdict() throws IOException {
    List<String> now = table();
    if (Boolean.getBoolean("sealwax.bless")) {
      Files.writeString(TABLE, String.join("\n", now) + "\n", StandardCharsets.UTF_8);
    }
    List<String> written = Files.readAllLines(TABLE, StandardCharsets.UTF_8);
    assertEquals(lines(written, now), lines(now, written));
  }

  /** Those lines that the other has not. */
  private static String lines(List<String> of, List<String> but) {
    return String.join("\n", of.stream().filter(l -> !but.contains(l)).toList());
  }

  @Test
  void eachSenderIsGradedBetterThanTheOneBefore() {
    for (int i = 1; i < KINDS.size(); i++) {
      GradeLetter worse = of(KINDS.get(i - 1)).grade().letter();
      GradeLetter better = of(KINDS.get(i)).grade().letter();
      assertTrue(better.compareTo(worse) <= 0, KINDS.get(i) + " " + better + " after " + worse);
      assertTrue(
          of(KINDS.get(i)).grade().score() > of(KINDS.get(i - 1)).grade().score(),
          KINDS.get(i).toString());
    }
    assertEquals(GradeLetter.F, of(Kind.NEVER).grade().atBest());
    assertEquals(GradeLetter.F, of(Kind.CLEAR).grade().atBest());
    assertEquals(GradeLetter.D, of(Kind.UNVERIFIED).grade().atBest());
    assertEquals(GradeLetter.D, of(Kind.WEBPKI).grade().letter());
  }

  @Test
  void noSenderIsCreditedWithDaneOrMtaSts() {
    for (Kind kind : KINDS) {
      for (String id : List.of("sender.dane", "sender.sts", "sender.policy")) {
        assertFalse(finding(kind, id).outcome() == CheckOutcome.PASS, kind + " " + id);
      }
    }
  }
}
