package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.traps.Traps;

/**
 * What a sender did not do shows nothing about it: a row counts once its trap was reached, and once
 * the sender's next try cannot change it.
 */
final class TrapNotReachedTest {
  private static final int TLS_1_3 = 0x0304;
  private static final byte[] HELLO = TestClientHellos.modern();

  /** A sender that delivers to a good host, so that its refusals count. */
  private final Map<String, Sighting> sightings = new LinkedHashMap<>();

  TrapNotReachedTest() {
    put("a1", tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
  }

  private void put(String label, SightingBuilder conduct) {
    sightings.put(label, conduct.at(Traps.find(label).orElseThrow()));
  }

  private SenderReport report() {
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(sightings.values());
  }

  private static SightingBuilder tls(SightingBuilder came) {
    return came.hello(HELLO).secured(TLS_1_3);
  }

  private static SightingBuilder refused(SightingBuilder came) {
    return came.hello(HELLO).unsecured();
  }

  private Finding finding(String id) {
    return report().findings().stream()
        .filter(f -> f.check().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private String word(String id) {
    Finding found = finding(id);
    return found.outcome().label() + (found.aspect().isEmpty() ? "" : " " + found.aspect());
  }

  private String row(String label) {
    return word("lab." + label);
  }

  // E29

  @Test
  void e29FailsASenderThatDeliversBeforeTheRecordMatches() {
    put(
        "e29",
        tls(SightingBuilder.connectedAndGreeted("mx"))
            .delivered("mx", true, false)
            .closed()
            .siteChanged());
    assertEquals("fail leak", row("e29"));
  }

  @Test
  void e29IsNotTestedByASenderThatNeverAsksForTlsa() {
    SightingBuilder again =
        refused(SightingBuilder.connectedAndGreeted("mx")).later().siteChanged().connected("mx");
    put("e29", tls(again).delivered("mx", true, false));
    assertEquals("not tested", row("e29"));
  }

  @Test
  void e29PassesASenderThatRefusesFirstAndDeliversOnceTheRecordMatches() {
    SightingBuilder again =
        tls(SightingBuilder.asked().asksTlsa().connected("mx"))
            .later()
            .siteChanged()
            .connected("mx");
    put("e29", tls(again).delivered("mx", true, false));
    assertEquals("pass", row("e29"));
  }

  // H12

  @Test
  void h12IsALossWhenUnacknowledgedMailIsGivenUp() {
    put("h12", tls(SightingBuilder.connectedAndGreeted("mx")).dropped("mx", true).bounced("5.4.7"));
    assertEquals("fail loss", row("h12"));
  }

  @Test
  void h12IsNotTestedWhileMailIsQueuedAndPassesWhenItIsAcknowledged() {
    put("h12", tls(SightingBuilder.connectedAndGreeted("mx")).dropped("mx", true));
    assertEquals("not tested", row("h12"));
    assertEquals(List.of("h12"), report().waiting());
    SightingBuilder again =
        tls(SightingBuilder.connectedAndGreeted("mx")).dropped("mx", true).later().connected("mx");
    put("h12", tls(again).delivered("mx", true, false));
    assertEquals("pass", row("h12"));
  }

  // finished, broken-tls

  @Test
  void aSenderWithoutTlsPassesNothingAboutHandshakes() {
    for (String label : List.of("c22an", "c22bn", "c4n", "c5n", "c10", "c12", "c13", "c17a")) {
      put(
          label,
          SightingBuilder.connectedAndGreeted("mx").mail(false, "").delivered("mx", false, false));
    }
    for (String label : List.of("c22an", "c22bn", "c4n", "c5n", "c10", "c12", "c13", "c17a")) {
      assertEquals("not tested", row(label), label);
    }
    for (String id : List.of("finished", "broken-tls", "old-tls")) {
      assertEquals("not tested", word("sender." + id), id);
    }
  }

  @Test
  void finishedIsTestedOnlyIfTheServersHandshakeWasReceived() {
    put("c22an", SightingBuilder.connectedAndGreeted("mx").hello(HELLO).bounced("5.7.5"));
    assertEquals("not tested", word("sender.finished"));
    put("c22an", refused(SightingBuilder.connectedAndGreeted("mx")).bounced("5.7.5"));
    assertEquals("pass", word("sender.finished"));
    put("c22bn", tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
    assertEquals("fail", word("sender.finished"));
  }

  // policy, dane, sts

  private static SightingBuilder sts() {
    return SightingBuilder.asked().fetches();
  }

  private void stsIsEnforced() {
    put("f3", sts().bounced("5.7.5"));
    put("f1", tls(sts().connected("mx")).delivered("mx", true, false));
  }

  @Test
  void policyIsNotBothWhenDaneWasNotTested() {
    stsIsEnforced();
    assertEquals("pass", word("sender.sts"));
    assertEquals("not tested", word("sender.dane"));
    assertEquals("not tested", word("sender.policy"));
    assertEquals("DANE not tested, MTA-STS enforced", finding("sender.policy").observed());
  }

  @Test
  void policyIsOneWhenEveryAttackOnMtaStsSucceeded() {
    daneIsEnforced();
    for (String label :
        List.of("f3", "f5", "f15a", "f15b", "f2", "d1s", "d2s", "d3s", "d4s", "d5s")) {
      put(label, tls(sts().connected("mx")).delivered("mx", true, false));
    }
    put(
        "b3",
        SightingBuilder.connectedAndGreeted("mx").mail(false, "").delivered("mx", false, false));
    assertEquals("fail none", word("sender.sts"));
    assertTrue(finding("sender.sts").observed().startsWith("11 of 11 attacks successful"));
    assertEquals("warn one", word("sender.policy"));
    assertEquals("DANE enforced, MTA-STS not enforced", finding("sender.policy").observed());
  }

  private void daneIsEnforced() {
    put("e3", refused(SightingBuilder.asked().asksTlsa().connected("mx")).bounced("5.7.5"));
    put("e1", tls(SightingBuilder.asked().asksTlsa().connected("mx")).delivered("mx", true, false));
  }

  @Test
  void daneIsNotEnforcedByRefusalsWithoutALookup() {
    put("e3", refused(SightingBuilder.connectedAndGreeted("mx")).bounced("5.7.5"));
    put("b2", SightingBuilder.connectedAndGreeted("mx").bounced("5.7.5"));
    put("c1d", refused(SightingBuilder.connectedAndGreeted("mx")).bounced("5.7.5"));
    assertEquals("not tested", row("e3"));
    assertEquals("not tested", word("sender.dane"));
    daneIsEnforced();
    assertEquals("pass", row("e3"));
    assertEquals("pass", word("sender.dane"));
  }

  @Test
  void daneIsNotConcludedFromAttacksThatAnySenderWithStrictTlsRefuses() {
    put("b2", SightingBuilder.asked().asksTlsa().connected("mx").bounced("5.7.5"));
    put("e1", tls(SightingBuilder.asked().asksTlsa().connected("mx")).delivered("mx", true, false));
    assertEquals("not tested", word("sender.dane"));
  }

  @Test
  void e18AndE19ProveNothingAboutDane() {
    put("e18", SightingBuilder.asked().bounced("4.4.3"));
    put("e19", SightingBuilder.asked().bounced("4.4.3"));
    assertEquals("pass", row("e18"));
    assertEquals("not tested", word("sender.dane"));
    put("e3", tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
    assertEquals("1 of 1 attacks successful: e3", finding("sender.dane").observed());
  }

  // F17, F8d, C29: what changes after the first try

  @ParameterizedTest
  @ValueSource(strings = {"f17", "f8d"})
  void theAttackOnACachedPolicyIsNotTestedBeforeTheSenderReturns(String label) {
    SightingBuilder first = tls(sts().connected("mx")).serverLine(true, "451 4.3.2 not now");
    put(label, first.closed().siteChanged());
    assertEquals("not tested", row(label), "it never came back");
    assertTrue(report().waiting().contains(label));
    // A second connection that was there before the first one had ended.
    SightingBuilder early = tls(sts().connected("mx")).connected("mx").closed().siteChanged();
    put(label, early);
    assertEquals("not tested", row(label), "it came back too early");
  }

  @ParameterizedTest
  @ValueSource(strings = {"f17", "f8d"})
  void theAttackOnACachedPolicyFailsAgainstASenderThatHasIt(String label) {
    SightingBuilder back = tls(sts().connected("mx")).later().siteChanged().connected("mx");
    put(label, back.closed());
    assertEquals("not tested", row(label), "once");
    put(
        label,
        tls(sts().connected("mx")).later().siteChanged().connected("mx").later().connected("mx"));
    assertEquals("pass", row(label));
    put(
        label,
        tls(SightingBuilder.connectedAndGreeted("mx"))
            .later()
            .siteChanged()
            .connected("mx")
            .later()
            .connected("mx"));
    assertEquals("not tested", row(label), "it has no policy to keep");
  }

  @Test
  void c29IsNotTestedBeforeTheSenderHasTheNewPolicy() {
    SightingBuilder back = tls(sts().connected("mx")).later().siteChanged().connected("mx");
    put("c29", tls(back).later().connected("mx").hello(HELLO));
    assertEquals("not tested", row("c29"));
    SightingBuilder renewed =
        tls(sts().connected("mx")).later().siteChanged().fetches().connected("mx");
    put("c29", tls(renewed).later().connected("mx").hello(HELLO));
    assertEquals("pass", row("c29"));
    SightingBuilder fooled =
        tls(sts().connected("mx")).later().siteChanged().fetches().connected("mx");
    put("c29", tls(fooled).delivered("mx", true, false));
    assertEquals("fail leak", row("c29"));
  }

  // sni, tls13 and other habits

  @Test
  void oneHandshakeProvesNoSenderProperty() {
    for (String id : List.of("sni", "tls13", "pq", "client-certificate")) {
      assertEquals("not tested", word("sender." + id), id);
    }
    put("a2", tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
    put("a3", tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
    assertEquals("pass", word("sender.sni"));
    assertEquals("pass", word("sender.tls13"));
    put(
        "a4",
        SightingBuilder.connectedAndGreeted("mx")
            .hello(TestClientHellos.old())
            .secured(0x0303)
            .delivered("mx", true, false));
    assertEquals("warn", word("sender.sni"));
    assertEquals("warn", word("sender.tls13"));
    assertEquals("3 of 4 first ClientHellos offer TLS 1.3", finding("sender.tls13").observed());
  }

  // What may still change

  @Test
  void aRefusalCountsOnceTheNextAttemptCannotChangeIt() {
    put("b3", SightingBuilder.connectedAndGreeted("mx"));
    assertEquals("not tested", row("b3"));
    assertEquals(List.of("b3"), report().waiting());
    put("b3", SightingBuilder.connectedAndGreeted("mx").later().connected("mx"));
    assertEquals("pass", row("b3"));
    put(
        "b3",
        SightingBuilder.connectedAndGreeted("mx")
            .later()
            .connected("mx")
            .mail(false, "")
            .delivered("mx", false, false));
    assertEquals("fail leak", row("b3"));
    put("b3", SightingBuilder.connectedAndGreeted("mx").bounced("5.7.5"));
    assertEquals("pass", row("b3"));
  }

  @Test
  void theNextAddressOfAHostIsNoNewAttempt() {
    SightingBuilder slow = SightingBuilder.asked().connected("mx", "2001:db8::25").closed().pause();
    put("b3", slow.connected("mx", "192.0.2.25").closed());
    assertEquals("not tested", row("b3"));
    put("b3", slow.pause().connected("mx", "2001:db8::25"));
    assertEquals("pass", row("b3"));
  }

  @Test
  void theSendersFallbackSetsTheNumberOfAttemptsFollowed() {
    SightingBuilder third =
        SightingBuilder.connectedAndGreeted("mx").hello(HELLO).later().connected("mx").later();
    put("c5n", third.connected("mx").mail(false, "").delivered("mx", false, false));
    put("b3", SightingBuilder.connectedAndGreeted("mx").later().connected("mx"));
    assertEquals("not tested", row("b3"), "it gives TLS up at the third try");
    put(
        "b3",
        SightingBuilder.connectedAndGreeted("mx").later().connected("mx").later().connected("mx"));
    assertEquals("pass", row("b3"));
  }

  @Test
  void aTrapWithAPolicyWaitsForTheTrapWithoutIt() {
    put("b1", SightingBuilder.connectedAndGreeted("mx").later().connected("mx"));
    put("b3", SightingBuilder.connectedAndGreeted("mx").later().connected("mx"));
    assertEquals("not tested", row("b3"), "without a policy it refuses as well, so far");
    put(
        "b1",
        SightingBuilder.connectedAndGreeted("mx").mail(false, "").delivered("mx", false, false));
    assertEquals("pass", row("b3"));
  }

  @Test
  void queuedMailIsNotLostAndUndeliverableMailIsStuck() {
    put("d3n", refused(SightingBuilder.connectedAndGreeted("mx")));
    assertEquals("not tested", row("d3n"));
    assertEquals(List.of(), report().losses());
    put("d3n", refused(refused(SightingBuilder.connectedAndGreeted("mx")).later().connected("mx")));
    assertEquals("fail stuck", row("d3n"));
    assertEquals(List.of(), report().losses());
    assertEquals(List.of("d3n"), report().stuck());
    put("d3n", refused(SightingBuilder.connectedAndGreeted("mx")).bounced("5.7.5"));
    assertEquals("fail loss", row("d3n"));
    assertEquals(List.of("d3n"), report().losses());
  }

  @Test
  void mailDeferredByTheHostIsNotStuck() {
    SightingBuilder once =
        tls(SightingBuilder.connectedAndGreeted("mx"))
            .serverLine(true, "451 4.7.1 greylisted")
            .later();
    put("h6", tls(once.connected("mx")).serverLine(true, "451 4.7.1 greylisted"));
    assertEquals("not tested", row("h6"));
  }

  // Losses, and grades over few traps

  private void allRows(java.util.function.Function<String, SightingBuilder> conduct) {
    Traps.cases().forEach(r -> put(r.label(), conduct.apply(r.label())));
    for (String good : List.of("a1", "a2", "a3", "a4")) {
      put(good, tls(SightingBuilder.connectedAndGreeted("mx")).delivered("mx", true, false));
    }
  }

  @Test
  void fourTrapsOnlyGiveFewPointsAndAnUncertainGrade() {
    allRows(label -> SightingBuilder.nothing());
    SenderReport report = report();
    assertEquals(4, report.tested());
    assertEquals(Traps.cases().size(), report.trapCount());
    assertTrue(report.grade().text().endsWith("?"), report.grade().text());
    assertTrue(report.grade().score() < 5, "" + report.grade().score());
    for (String id : List.of("dane", "sts", "policy", "finished", "broken-tls", "requiretls")) {
      assertEquals("not tested", word("sender." + id), id);
    }
    assertEquals(
        4,
        report.findings().stream()
            .filter(f -> f.check().id().startsWith("lab.") && f.outcome().known())
            .count());
  }

  @Test
  void refusingAllMailEarnsNoMoreThanPlaintextDelivery() {
    allRows(
        label ->
            SightingBuilder.connectedAndGreeted("mx")
                .mail(false, "")
                .delivered("mx", false, false));
    int plaintext = report().grade().score();
    allRows(
        label ->
            refused(SightingBuilder.asked().asksTlsa().fetches().connected("mx"))
                .later()
                .siteChanged()
                .fetches()
                .connected("mx")
                .hello(HELLO)
                .unsecured()
                .bounced("5.7.5"));
    SenderReport refusing = report();
    assertTrue(
        refusing.grade().score() < plaintext, refusing.grade().score() + " after " + plaintext);
    assertEquals(GradeLetter.F, refusing.grade().atBest(), refusing.grade().caps().toString());
    assertFalse(word("sender.dane").equals("pass"), "nothing was let through");
  }

  /** What a synthetic sender does in each row, and the best grade that it may have. */
  enum Synthetic {
    ASKS_ONLY(GradeLetter.F) {
      @Override
      SightingBuilder conduct() {
        return SightingBuilder.asked().asksTlsa().fetches().later().asksTlsa().later();
      }
    },
    GREETS_ONLY(GradeLetter.F) {
      @Override
      SightingBuilder conduct() {
        return SightingBuilder.asked()
            .asksTlsa()
            .fetches()
            .connected("mx")
            .later()
            .connected("mx")
            .later()
            .connected("mx");
      }
    },
    BOUNCES_UNSEEN(GradeLetter.F) {
      @Override
      SightingBuilder conduct() {
        return SightingBuilder.nothing().bounced("5.4.4");
      }
    },
    ASKS_AND_BOUNCES(GradeLetter.F) {
      @Override
      SightingBuilder conduct() {
        return SightingBuilder.asked().asksTlsa().fetches().bounced("5.7.5");
      }
    },
    ASKS_AND_SENDS_IN_PLAINTEXT(GradeLetter.F) {
      @Override
      SightingBuilder conduct() {
        return SightingBuilder.asked()
            .asksTlsa()
            .fetches()
            .connected("mx")
            .mail(false, "")
            .delivered("mx", false, false);
      }
    },
    ASKS_AND_SENDS_BY_ANY_TLS(GradeLetter.D) {
      @Override
      SightingBuilder conduct() {
        return tls(SightingBuilder.asked().asksTlsa().fetches().connected("mx"))
            .delivered("mx", true, false);
      }
    };

    private final GradeLetter atBest;

    Synthetic(GradeLetter atBest) {
      this.atBest = atBest;
    }

    abstract SightingBuilder conduct();
  }

  /** A look-up is not a delivery, and mail that is not delivered earns nothing. */
  @ParameterizedTest
  @EnumSource(Synthetic.class)
  void aSenderThatActsOnNothingIsCreditedWithNothing(Synthetic sender) {
    sightings.clear();
    Traps.cases().forEach(r -> put(r.label(), sender.conduct()));
    SenderReport report = report();
    for (String id : List.of("dane", "sts", "policy", "finished", "broken-tls")) {
      assertFalse(word("sender." + id).equals("pass"), id);
    }
    if (report.findings().stream().noneMatch(f -> f.code().equals("sender.delivers"))) {
      assertEquals(
          List.of(),
          report.findings().stream()
              .filter(f -> f.check().id().startsWith("lab.") && f.outcome() == CheckOutcome.PASS)
              .toList());
      assertEquals(0, report.grade().score());
    }
    assertTrue(report.grade().atBest().compareTo(sender.atBest) >= 0, report.grade().text());
  }

  @Test
  void lossesBoundTheGradeByTheirShare() {
    Traps.cases().stream()
        .filter(r -> TrapJudge.expected(r.label()).legal(SenderProfile.OPPORTUNISTIC))
        .forEach(
            r ->
                put(
                    r.label(),
                    tls(SightingBuilder.connectedAndGreeted("mx2")).delivered("mx2", true, false)));
    List<String> legal = List.copyOf(sightings.keySet());
    assertEquals("pass", word("sender.delivers"));
    String[] aspects = {"few", "some", "many", "most"};
    int[] lost = {1, 5, 20, 40};
    for (int i = 0; i < lost.length; i++) {
      for (String label : legal.subList(4, 4 + lost[i])) {
        put(label, SightingBuilder.connectedAndGreeted("mx").bounced("5.7.5"));
      }
      assertEquals("fail " + aspects[i], word("sender.delivers"), lost[i] + " of " + legal.size());
      assertTrue(
          report().grade().caps().stream()
              .anyMatch(c -> c.finding().check().id().equals("sender.delivers")),
          aspects[i]);
    }
  }
}
