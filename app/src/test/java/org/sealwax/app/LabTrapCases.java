package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.lab.judge.SightingFacts;
import org.sealwax.lab.judge.TrapExpectation;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TestLab;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;

/**
 * Our own sender at every trap of the lab in the groups B to F and H, with a real resolver, policy
 * host, ledger and real TLS: what it does, round by round ({@code lab/rows.txt}), and that the lab
 * saw of it what the standards ask of any sender.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LabTrapCases {
  /** Five minutes of greylisting are half a second, so that real time does not matter. */
  private static final int SCALE = 600;

  /** What RFC 8461 3.3 suggests for a policy host is a minute; the lab's slow one takes two. */
  private static final Duration SHORT_OF_TWO_MINUTES = Duration.ofMinutes(2).dividedBy(2L * SCALE);

  private static final Duration LONG = Duration.ofSeconds(10);
  private static final String SLOW = "f13";
  private static final int TLS_1_2 = 0x0303;
  private static final Pattern LINE = Pattern.compile("(?:([A-Z]+) )?([a-h][0-9]+[a-z]*) +(.+)");
  private static final Path TABLE = Path.of("app/src/test/resources/lab/rows.txt");

  private final TlsEngine engine;
  private Map<String, List<String>> done = Map.of();
  private Map<String, Sighting> observed = Map.of();

  /** With this engine on our side. */
  LabTrapCases(TlsEngine engine) {
    this.engine = engine;
  }

  private static List<Trap.TrapCase> trapCases() {
    return Traps.cases().stream()
        .filter(r -> "BCDEFH".indexOf(r.trap().id().charAt(0)) >= 0)
        .toList();
  }

  @BeforeAll
  void sendToAll(@TempDir Path folder) throws IOException, InterruptedException {
    TlsFactory.prepareJvm();
    Map<String, List<String>> all = new TreeMap<>();
    Map<String, Sighting> sightings = new TreeMap<>();
    try (Lab lab = TestLab.open(SCALE)) {
      for (boolean slow : List.of(false, true)) {
        List<Trap.TrapCase> some =
            trapCases().stream().filter(r -> r.label().equals(SLOW) == slow).toList();
        Path own = Files.createDirectory(folder.resolve(slow ? "slow" : "rows"));
        try (LabToken token = lab.issue(some);
            LabDeliveryAgent sender =
                new LabDeliveryAgent(lab, token, own, slow ? SHORT_OF_TWO_MINUTES : LONG, engine)) {
          all.putAll(sender.sendAll());
          token.sightings().forEach(s -> sightings.put(s.trapCase().label(), s));
        }
      }
    }
    done = all;
    observed = sightings;
  }

  /**
   * The table; what is written with … is the same in every further round, and what begins with the
   * name of an engine is true with that one instead.
   */
  private Map<String, List<String>> table() {
    Map<String, List<String>> out = new TreeMap<>();
    Map<String, List<String>> instead = new TreeMap<>();
    try {
      for (String line : Files.readAllLines(TABLE, StandardCharsets.UTF_8)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          Matcher m = LINE.matcher(line);
          assertTrue(m.matches(), line);
          String only = m.group(1);
          if (only == null) {
            out.put(m.group(2), rounds(m.group(3)));
          } else if (TlsEngine.valueOf(only) == engine) {
            instead.put(m.group(2), rounds(m.group(3)));
          }
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    out.putAll(instead);
    return out;
  }

  private static List<String> rounds(String words) {
    List<String> rounds = new ArrayList<>();
    for (String word : words.split(", ")) {
      boolean on = word.endsWith(" …");
      String output = on ? word.substring(0, word.length() - 2) : word;
      boolean last = output.startsWith("delivered") || output.startsWith("refused");
      do {
        rounds.add(last ? output : "deferred " + output);
      } while (on && rounds.size() < LabDeliveryAgent.ROUNDS.size());
    }
    return rounds;
  }

  static Stream<String> labels() {
    return trapCases().stream().map(Trap.TrapCase::label);
  }

  private SightingFacts facts(String label) {
    Sighting sighting = observed.get(label);
    if (sighting == null) {
      throw new AssertionError("not met: " + label);
    }
    return SightingFacts.of(sighting);
  }

  @Test
  void everyTestCaseOfTheLabIsInTheTableAndNoOther() {
    assertEquals(labels().collect(Collectors.toSet()), table().keySet());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("labels")
  void senderMatchesTheExpectations(String label) {
    assertEquals(table().get(label), done.get(label));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("labels")
  void labRecordsWhatAnySenderMustDo(String label) {
    SightingFacts facts = facts(label);
    String text = facts.text();
    TrapExpectation expectation = TrapExpectation.of(label).orElseThrow();
    switch (expectation.expected()) {
      case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT, DELIVERED_AFTER_CHANGE -> {
        assertTrue(!facts.underTls().isEmpty() && facts.inPlaintext().isEmpty(), text);
      }
      case SECOND_HOST -> {
        assertEquals(Set.of("mx2"), Set.copyOf(facts.underTls()), text);
        assertEquals(List.of(), facts.inPlaintext(), text);
      }
      case REFUSED -> assertFalse(facts.delivered() || facts.envelopesInPlaintext(), text);
      case NEVER_PLAINTEXT -> assertFalse(facts.envelopesInPlaintext(), text);
      case NO_SUCH_TLS -> assertEquals(List.of(), facts.underTls(), text);
      case DECIDED -> assertTrue(facts.delivered(), text + ": nobody demands more here");
      case BOUNCED -> assertTrue(facts.connections() == 0 && !facts.delivered(), text);
      case AS_RFC_8689_DEMANDS, RECORDED -> {}
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("labels")
  void noPlaintextMailUnderAPolicyAndNoOldTls(String label) {
    SightingFacts facts = facts(label);
    String text = facts.text();
    PolicyContext context = Traps.find(label).orElseThrow().context();
    if (context == PolicyContext.ENFORCE || context == PolicyContext.DANE) {
      assertFalse(facts.envelopesInPlaintext(), text);
      assertEquals(List.of(), facts.inPlaintext(), text);
    } else if (facts.envelopesInPlaintext()) {
      String last = done.getOrDefault(label, List.of("")).getLast();
      assertTrue(last.startsWith("delivered may:none"), text + ", and we say " + last);
    }
    assertEquals(List.of(), facts.deceptions(), text);
    assertTrue(facts.handshakes().stream().allMatch(h -> h.version() >= TLS_1_2), text);
    assertTrue(
        facts.connections() <= FallbackLadder.PER_DELIVERY * LabDeliveryAgent.ROUNDS.size(), text);
    assertTrue(facts.deliveries() <= 2, text + ": no storm of duplicates");
  }

  @Test
  void f2StsRecordIsQueriedInEveryRound() {
    Sighting f2 = observed.get("f2");
    assertTrue(f2 != null);
    long asked =
        f2.events().stream()
            .filter(e -> e instanceof TrapEvent.DnsQueried a && a.name().startsWith("_mta-sts."))
            .count();
    assertTrue(asked >= LabDeliveryAgent.ROUNDS.size(), asked + " questions");
  }
}
