package org.sealwax.router.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mail of untrusted senders, and busy hosts, do not decide how long unrelated mail to an idle host
 * waits: two seconds in the median, ten at most for 99 of 100.
 */
@Tag("long")
final class SlotFairnessTest {
  private static final Duration MEDIAN = Duration.ofSeconds(2);
  private static final Duration MOST = Duration.ofSeconds(10);
  private static final int TIMED = 120;

  @FunctionalInterface
  private interface FairnessSender {
    void into(BusyRouter router) throws Exception;
  }

  private static void under(
      String what,
      BusyRouter.SimulatedHost others,
      FairnessSender attack,
      FairnessSender everySecond)
      throws Exception {
    Function<String, BusyRouter.SimulatedHost> hosts =
        domain -> domain.startsWith("idle") ? BusyRouter.SimulatedHost.quick() : others;
    try (BusyRouter router = new BusyRouter(what.hashCode(), hosts)) {
      attack.into(router);
      for (int i = 0; i < TIMED; i++) {
        everySecond.into(router);
        // One domain met before, and one never met.
        router.sendTimed("friend@known.example", "r" + i + "@idle.example");
        router.sendTimed("friend@known.example", "r@idle" + i + ".example");
        router.pass(Duration.ofSeconds(1));
      }
      router.pass(MOST);
      List<Duration> waits = router.waits();
      assertTrue(waits.size() >= 2 * TIMED);
      Duration median = waits.get(waits.size() / 2);
      Duration most = waits.get(waits.size() * 99 / 100);
      assertTrue(
          median.compareTo(MEDIAN) <= 0 && most.compareTo(MOST) <= 0,
          what + ": median " + median + ", 99 % " + most + ", most " + waits.getLast());
      assertEquals(List.of(), router.troubles());
    }
  }

  private static final FairnessSender NOTHING = router -> {};

  @Test
  void silentSendersDomainsThatWantNotifications() throws Exception {
    under(
        "25 silent domains",
        BusyRouter.SimulatedHost.silent(),
        router -> {
          for (int i = 0; i < 125; i++) {
            router.send("", "s@silent" + i % 25 + ".example");
          }
        },
        NOTHING);
  }

  @Test
  void silentDomainsThatComeAgainAndAgain() throws Exception {
    int[] number = {0};
    under(
        "silent domains, 20 more each second",
        BusyRouter.SimulatedHost.silent(),
        NOTHING,
        router -> {
          for (int i = 0; i < 20; i++) {
            router.send(i % 2 == 0 ? "" : "s@evil.example", "s@silent" + ++number[0] + ".example");
          }
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 6, 30})
  void backlogsForFiftyDomains(int seconds) throws Exception {
    under(
        "50 domains with 300 messages that last " + seconds + " s each",
        BusyRouter.SimulatedHost.slow(Duration.ofSeconds(seconds)),
        router -> {
          for (int i = 0; i < 15_000; i++) {
            router.send("s" + i % 7 + "@bulk.example", "r" + i + "@busy" + i % 50 + ".example");
          }
        },
        NOTHING);
  }

  @ParameterizedTest
  @CsvSource({"10, 100000", "2, 20000", "300, 20000"})
  void aHundredThousandMessagesForAThousandSlowNextHops(int seconds, int messages)
      throws Exception {
    under(
        messages + " messages for 1,000 next hops that last " + seconds + " s each",
        BusyRouter.SimulatedHost.slow(Duration.ofSeconds(seconds)),
        router -> {
          for (int i = 0; i < messages; i++) {
            router.send("s@bulk.example", "r" + i + "@slow" + i % 1000 + ".example");
            if (i % 1000 == 999) {
              router.sendTimed("friend@known.example", "r@idle-meanwhile" + i + ".example");
              router.pass(Duration.ofMillis(500));
            }
          }
        },
        NOTHING);
  }

  @Test
  void aFloodForMoreNextHopsThanTheWindowHolds() throws Exception {
    under(
        "one message each for 20,000 silent domains",
        BusyRouter.SimulatedHost.silent(),
        router -> {
          for (int i = 0; i < 20_000; i++) {
            router.send("s@bulk.example", "r@many" + i + ".example");
            if (i % 1000 == 999) {
              router.sendTimed("friend@known.example", "r@idle-meanwhile" + i + ".example");
              router.pass(Duration.ofMillis(500));
            }
          }
        },
        NOTHING);
  }

  /** Each greets at once and then takes as long as it may; none is seen twice. */
  @ParameterizedTest
  @ValueSource(ints = {20, 300})
  void hostsThatGreetAndStallOneAfterTheOther(int seconds) throws Exception {
    int[] number = {0};
    under(
        "20 more next hops each second that greet and last " + seconds + " s",
        BusyRouter.SimulatedHost.slow(Duration.ofSeconds(seconds)),
        NOTHING,
        router -> {
          for (int i = 0; i < 20; i++) {
            int n = ++number[0];
            router.send(n % 2 == 0 ? "" : "s@evil.example", "r@stall" + n + ".example");
          }
        });
  }

  /** The attacker answers the banner late, just within what is waited for it. */
  @ParameterizedTest
  @ValueSource(ints = {5, 25, 60})
  void hostsThatGreetLate(int seconds) throws Exception {
    int[] number = {0};
    Duration late = Duration.ofSeconds(seconds);
    under(
        "20 more next hops each second that greet after " + seconds + " s",
        new BusyRouter.SimulatedHost(late, late),
        NOTHING,
        router -> {
          for (int i = 0; i < 20; i++) {
            int n = ++number[0];
            router.send(n % 2 == 0 ? "" : "s@evil.example", "r@late" + n + ".example");
          }
        });
  }

  /** The backlog is that of many senders, so that turns of senders alone do not help. */
  @ParameterizedTest
  @CsvSource({"50, 5, 15000", "50, 20, 15000", "1000, 10, 20000", "1000, 300, 20000"})
  void backlogsOfManySenders(int nextHops, int seconds, int messages) throws Exception {
    under(
        messages + " messages of as many senders for " + nextHops + " next hops: " + seconds + " s",
        BusyRouter.SimulatedHost.slow(Duration.ofSeconds(seconds)),
        router -> {
          for (int i = 0; i < messages; i++) {
            router.send("s@bulk" + i + ".example", "r@slow" + i % nextHops + ".example");
            if (i % 1000 == 999) {
              router.pass(Duration.ofMillis(500));
            }
          }
        },
        NOTHING);
  }
}
