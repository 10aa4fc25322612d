package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.certs.LoadDecision.JudgedPair;
import org.sealwax.router.certs.PairDefect.NoTlsaMatch;
import org.sealwax.router.certs.PairDefect.NotTrusted;
import org.sealwax.router.certs.PairDefect.OtherName;
import org.sealwax.router.certs.PairDefect.OutsideValidity;

/** The decision over every set of defects of both pairs, and every time that is left. */
final class LoadDecisionTest {
  private static final Instant NOW = Instant.parse("2027-03-01T12:00:00Z");

  private static final Domain MX = Domain.of("mx.example.org");
  private static final PairDefect DANE_HERE = new NoTlsaMatch(MX, "ns1");
  private static final PairDefect DANE_THERE = new NoTlsaMatch(MX, "ns2");
  private static final PairDefect CHAIN = new NotTrusted("untrusted");
  private static final PairDefect DATES = new OutsideValidity("expired");
  private static final PairDefect NAME = new OtherName(MX);
  private static final List<PairDefect> ALL = List.of(DANE_HERE, DANE_THERE, CHAIN, DATES, NAME);

  private static final List<Duration> LEFT =
      List.of(
          Duration.ofDays(60),
          Duration.ofDays(3).plusSeconds(1),
          Duration.ofDays(3),
          Duration.ofHours(1),
          Duration.ZERO,
          Duration.ofDays(-3));

  private static List<Set<PairDefect>> subsets() {
    List<Set<PairDefect>> all = new ArrayList<>();
    for (int bits = 0; bits < 1 << ALL.size(); bits++) {
      Set<PairDefect> one = new HashSet<>();
      for (int i = 0; i < ALL.size(); i++) {
        if ((bits >> i & 1) == 1) {
          one.add(ALL.get(i));
        }
      }
      all.add(one);
    }
    return all;
  }

  private static JudgedPair pair(Duration left, Set<PairDefect> defects) {
    Set<PairDefect> atEnd = new HashSet<>(defects);
    atEnd.remove(CHAIN); // an expired leaf ends the check
    atEnd.add(DATES);
    return new JudgedPair(NOW.plus(left), defects, atEnd);
  }

  private static long dane(Set<PairDefect> defects) {
    return defects.stream().filter(d -> d instanceof NoTlsaMatch).count();
  }

  /** Each sentence of the rule is checked by itself, in 6,144 cases. */
  @Test
  void rulesHoldInTheWholeSpace() {
    int cases = 0;
    for (Duration left : LEFT) {
      for (Set<PairDefect> old : subsets()) {
        for (Set<PairDefect> fresh : subsets()) {
          JudgedPair former = pair(left, old);
          LoadDecision decision = LoadDecision.of(former, pair(Duration.ofDays(60), fresh), NOW);
          String where = left + " left, former " + old + ", new " + fresh;
          cases++;
          if (old.containsAll(fresh)) {
            assertTrue(decision.isLoaded(), "no defect is new: " + where);
            assertFalse(decision.isAlarm(), where);
          } else if (left.compareTo(Duration.ofDays(3)) > 0) {
            assertFalse(decision.isLoaded(), "a defect is new: " + where);
            assertFalse(decision.isAlarm(), where);
          } else {
            assertTrue(decision.isAlarm(), "whatever is loaded does harm: " + where);
            Set<PairDefect> end = former.atEnd();
            boolean less =
                dane(fresh) < dane(end) || (dane(fresh) == dane(end) && fresh.size() < end.size());
            assertEquals(less, decision.isLoaded(), "the less harmful one loads: " + where);
          }
          Set<PairDefect> more = new HashSet<>(fresh);
          more.removeAll(old);
          assertEquals(more, decision.because(), where);
        }
      }
    }
    assertEquals(6_144, cases);
  }

  @Test
  void withoutAFormerPairAnythingLoads() {
    for (Set<PairDefect> fresh : subsets()) {
      LoadDecision decision = LoadDecision.of(null, pair(Duration.ofDays(1), fresh), NOW);
      assertTrue(decision.isLoaded());
      assertFalse(decision.isAlarm());
    }
  }

  @Test
  void sameDefectWithAnotherReasonIsNotNew() {
    JudgedPair former = pair(Duration.ofDays(9), Set.of(new NotTrusted("self-signed")));
    assertTrue(LoadDecision.of(former, pair(Duration.ofDays(9), Set.of(CHAIN)), NOW).isLoaded());
  }

  @Test
  void mismatchAtOneServerIsADefectOfItsOwn() {
    JudgedPair former = pair(Duration.ofDays(9), Set.of(DANE_HERE));
    assertFalse(
        LoadDecision.of(former, pair(Duration.ofDays(9), Set.of(DANE_THERE)), NOW).isLoaded());
  }

  @Test
  void reasonsAreLimited() {
    Set<PairDefect> many = new HashSet<>();
    for (int i = 0; i < 9; i++) {
      many.add(new NotTrusted("reason " + i));
    }
    assertEquals(
        "reason 0; reason 1; reason 2; reason 3; and 5 more",
        new LoadDecision(LoadDecision.Choice.KEEP, many).reasons());
  }
}
