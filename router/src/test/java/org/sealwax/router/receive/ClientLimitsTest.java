package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Cidr;

final class ClientLimitsTest {
  private final StoppedClock clock = new StoppedClock();

  private static InetAddress ip(String text) {
    return InetAddress.ofLiteral(text);
  }

  private ClientLimits limits(int each, int clients) {
    return new ClientLimits(
        new ClientLimits.ClientLimitSettings(
            each, each, each, each, each, each, List.of(Cidr.parse("127.0.0.0/8").orElseThrow())),
        clock,
        clients);
  }

  @ParameterizedTest
  @EnumSource(ClientLimits.ClientRate.class)
  void ratesHoldAtTheLimitAndExpireAfterAMinute(ClientLimits.ClientRate rate) {
    ClientLimits limits = limits(3, 10);
    for (int i = 0; i < 3; i++) {
      assertTrue(limits.count(ip("192.0.2.1"), rate));
    }
    assertFalse(limits.count(ip("192.0.2.1"), rate));
    assertTrue(limits.count(ip("192.0.2.2"), rate), "another client");
    clock.pass(Duration.ofMinutes(1));
    assertTrue(limits.count(ip("192.0.2.1"), rate));
  }

  @Test
  void sessionsAreGivenBack() {
    ClientLimits limits =
        new ClientLimits(new ClientLimits.ClientLimitSettings(2, 0, 0, 0, 0, 0, List.of()), clock);
    assertEquals("", limits.enter(ip("192.0.2.1")));
    assertEquals("", limits.enter(ip("192.0.2.1")));
    assertEquals("sessions at a time", limits.enter(ip("192.0.2.1")));
    limits.leave(ip("192.0.2.1"));
    assertEquals("", limits.enter(ip("192.0.2.1")));
  }

  @Test
  void tooManyErrorsKeepTheNextConnectionOut() {
    ClientLimits limits = limits(2, 10);
    limits.count(ip("192.0.2.1"), ClientLimits.ClientRate.ERRORS);
    assertEquals("", limits.enter(ip("192.0.2.1")));
    limits.count(ip("192.0.2.1"), ClientLimits.ClientRate.ERRORS);
    assertEquals("errors per minute", limits.enter(ip("192.0.2.1")));
  }

  @Test
  void oneNetworkOfIpv6IsOneClient() {
    ClientLimits limits = limits(1, 10);
    assertTrue(limits.count(ip("2001:db8::1"), ClientLimits.ClientRate.MESSAGES));
    assertFalse(limits.count(ip("2001:db8::ffff:1"), ClientLimits.ClientRate.MESSAGES));
    assertTrue(limits.count(ip("2001:db8:0:1::1"), ClientLimits.ClientRate.MESSAGES));
  }

  @Test
  void manyNetworksOfOneSiteAreCountedTogether() {
    ClientLimits limits =
        new ClientLimits(new ClientLimits.ClientLimitSettings(2, 0, 0, 0, 0, 0, List.of()), clock);
    int entered = 0;
    for (int i = 0; i < 100; i++) {
      entered += limits.enter(ip("2001:db8:0:" + Integer.toHexString(i) + "::1")).isEmpty() ? 1 : 0;
    }
    assertEquals(4, entered, "a /56 has twice the sessions");
    for (int i = 0; i < 100; i++) {
      String address = "2001:db8:0:" + Integer.toHexString(i << 8) + "::1";
      entered += limits.enter(ip(address)).isEmpty() ? 1 : 0;
    }
    assertEquals(8, entered, "a /48 has four times the sessions");
    assertEquals("", limits.enter(ip("2001:db8:1::1")), "another site");
    for (int i = 0; i < 100; i++) {
      limits.leave(ip("2001:db8:0:" + Integer.toHexString(i) + "::1"));
    }
    assertEquals("", limits.enter(ip("2001:db8:0:1::1")), "sessions are given back");
  }

  @Test
  void mailUnderWayIsCountedByTheBytesOfAllSessionsOfAClient() {
    ClientLimits limits = limits(1, 10);
    assertTrue(limits.tryTakeDraft(ip("192.0.2.1"), 60, 100));
    assertFalse(limits.tryTakeDraft(ip("192.0.2.1"), 60, 100));
    assertTrue(limits.tryTakeDraft(ip("192.0.2.1"), 40, 100));
    assertTrue(limits.tryTakeDraft(ip("192.0.2.2"), 100, 100), "another client");
    assertTrue(limits.tryTakeDraft(ip("127.0.0.1"), 1_000, 100), "exempt");
    limits.giveDraft(ip("192.0.2.1"), 60);
    assertTrue(limits.tryTakeDraft(ip("192.0.2.1"), 60, 100));
    assertTrue(limits.tryTakeDraft(ip("2001:db8::1"), 100, 100));
    assertTrue(limits.tryTakeDraft(ip("2001:db8:0:1::1"), 100, 100));
    assertFalse(limits.tryTakeDraft(ip("2001:db8:0:2::1"), 1, 100), "their /56 has twice as much");
  }

  @Test
  void exemptNetworksAreNotCounted() {
    ClientLimits limits = limits(1, 10);
    for (int i = 0; i < 5; i++) {
      assertEquals("", limits.enter(ip("127.0.0.1")));
    }
    assertEquals(0, limits.size());
  }

  @Test
  void tableIsBoundedAndKeepsActiveClients() {
    ClientLimits limits = limits(1, 4);
    assertEquals("", limits.enter(ip("192.0.2.1")));
    for (int i = 2; i < 100; i++) {
      limits.count(ip("192.0.2." + i), ClientLimits.ClientRate.MESSAGES);
      assertTrue(limits.size() <= 4);
    }
    limits.leave(ip("192.0.2.1"));
    clock.pass(Duration.ofMinutes(2));
    assertEquals("", limits.enter(ip("192.0.2.1")), "its session was given back");
  }
}
