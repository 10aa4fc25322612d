package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.route.RecipientProbe;

/** From a next hop to a host: MX, addresses, and what it means when there are none. */
@Timeout(120)
final class RouteTest {
  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private static String status(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Refused r -> r.cause().status().toString();
      case Outcome.Deferred d -> d.cause().status().toString();
      case Outcome.Delivered d -> "2";
      case Outcome.Held h -> "held";
    };
  }

  @Test
  void aNullMxRefusesAtOnce() throws Exception {
    net.dns.mx("example.org", 0, ".");
    Outcome outcome = net.mail().one();
    assertEquals("refused null-mx", reason(outcome));
    assertEquals("5.1.10", status(outcome));
  }

  @Test
  void aDomainThatDoesNotExistRefuses() throws Exception {
    assertEquals("refused no-such-domain", reason(net.mail().one()));
  }

  @Test
  void dnsFailureDefers() throws Exception {
    net.dns.fails("example.org");
    assertEquals("deferred dns", reason(net.mail().one()));
  }

  @Test
  void dnsFailureForHostAddressDefers() throws Exception {
    net.dns.mx("example.org", 10, "mx.example.org").fails("mx.example.org");
    assertEquals("deferred dns", reason(net.mail().one()));
  }

  @Test
  void withoutMxTheDomainItselfIsTheHost() throws Exception {
    net.dns.a("example.org", "192.0.2.1");
    net.host("192.0.2.1");
    assertEquals("delivered may:none", reason(net.mail().one()));
  }

  @Test
  void withoutMxAndAddressItRefuses() throws Exception {
    net.dns.txt("example.org", "only text here");
    assertEquals("refused no-host", reason(net.mail().one()));
  }

  @Test
  void ownNameAtTheTopIsALoop() throws Exception {
    net.dns.mx("example.org", 10, "router.example").mx("example.org", 20, "mx.example.org");
    Outcome outcome = net.mail().one();
    assertEquals("refused mail-loop", reason(outcome));
    assertEquals("5.4.6", status(outcome));
  }

  @Test
  void ownAddressCutsTheList() throws Exception {
    net.own = Set.of(new InetSocketAddress(InetAddress.ofLiteral("192.0.2.2"), 25));
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .mx("example.org", 20, "mx2.example.org")
        .mx("example.org", 30, "mx3.example.org")
        .a("mx1.example.org", "192.0.2.1")
        .a("mx2.example.org", "192.0.2.2")
        .a("mx3.example.org", "192.0.2.3");
    net.host("192.0.2.3");
    assertEquals("deferred connect", reason(net.mail().one()));
    assertEquals(List.of("192.0.2.1"), net.dialled());
  }

  @Test
  void ownAddressAtTheTopIsALoop() throws Exception {
    net.own = Set.of(new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 25));
    net.simple();
    assertEquals("refused mail-loop", reason(net.mail().one()));
  }

  private FakeHost second(FakeInternet net) {
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    return net.host("192.0.2.2");
  }

  @Test
  void triesTheNextHostWhenTheFirstIsNotThere() throws Exception {
    net.dns.mx("example.org", 10, "mx.example.org").a("mx.example.org", "192.0.2.1");
    second(net);
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(List.of("192.0.2.1", "192.0.2.2"), net.dialled());
  }

  @Test
  void triesTheNextHostWhenTheFirstIsUnwilling() throws Exception {
    for (String banner : List.of("421 busy", "554 no", "HTTP/1.1 400 what")) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost first = net.simple().banner(banner);
        FakeHost other = second(net);
        assertEquals("delivered may:none", reason(net.mail().one()), banner);
        assertFalse(first.commands().toString().contains("MAIL"));
        assertEquals(1, other.bodies().size());
      }
    }
  }

  @Test
  void aLoneUnwillingHostDefers() throws Exception {
    net.simple().banner("554 5.7.1 no");
    Outcome outcome = net.mail().one();
    assertEquals("deferred greeting", reason(outcome));
    assertEquals("4.3.2", status(outcome));
  }

  @Test
  void aHostThatGoesAwayDuringTheEnvelopeIsLeftForTheNext() throws Exception {
    FakeHost first = net.simple().on("RCPT", "421 4.3.2 going down");
    FakeHost other = second(net);
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertTrue(first.bodies().isEmpty());
    assertEquals(1, other.bodies().size());
  }

  @Test
  void deferredRecipientIsTriedAtTheNextHostInTheSameRound() throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
      for (String putOff :
          List.of("451 4.7.1 Greylisted", "450 4.2.1 busy", "452 4.2.2 full", "552 5.2.2 full")) {
        try (FakeInternet net = new FakeInternet()) {
          FakeHost first = net.simple().offers(offers).on("RCPT TO:<grey", putOff);
          FakeHost other = second(net).offers(offers);
          var outcomes = net.mail().to("bob", "grey").deliver();
          assertEquals("delivered may:none", reason(outcomes.get(1L)), putOff);
          assertEquals("delivered may:none", reason(outcomes.get(2L)), putOff);
          // An empty one takes back a 354 that came too soon.
          assertEquals(1, first.bodies().stream().filter(b -> !b.isEmpty()).count());
          assertEquals(1, other.bodies().size());
          assertFalse(other.commands().contains("RCPT TO:<bob@example.org>"));
        }
      }
    }
  }

  @Test
  void outcomeKeepsTheFirstHostsRecipientReply() throws Exception {
    // What the second host does, and the result.
    record Case(java.util.function.Consumer<FakeInternet> second, String expected) {}
    for (Case c :
        List.of(
            new Case(net -> second(net).on("RCPT", "450 4.2.1 no"), "deferred greylisted"),
            new Case(net -> second(net).banner("554 no"), "deferred greylisted"),
            new Case(net -> second(net).on("MAIL", "421 bye"), "deferred greylisted"),
            new Case(
                net -> net.dns.mx("example.org", 20, "mx2.example.org"), "deferred greylisted"),
            new Case(net -> second(net).offers("SIZE 1"), "deferred greylisted"),
            new Case(net -> second(net).on("RCPT", "550 5.1.1 no"), "deferred greylisted"),
            new Case(net -> second(net).on("END", "451 no"), "deferred greylisted"))) {
      try (FakeInternet net = new FakeInternet()) {
        net.simple().on("RCPT", "451 4.7.1 Greylisted");
        c.second().accept(net);
        assertEquals(c.expected(), reason(net.mail().one()));
      }
    }
  }

  @Test
  void puttingOffIsBoundedByTheHostsOfOneDelivery() throws Exception {
    for (int i = 1; i <= 12; i++) {
      net.dns
          .mx("example.org", i, "mx" + i + ".example.org")
          .a("mx" + i + ".example.org", "192.0.2." + i);
      net.host("192.0.2." + i).on("RCPT", "451 4.7.1 Greylisted");
    }
    assertEquals("deferred greylisted", reason(net.mail().one()));
    assertEquals(org.sealwax.mail.policy.FallbackLadder.HOSTS, net.dialled().size());
  }

  @Test
  void connectionIsReusedAfterADeferredRecipient() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    FakeHost first = net.simple().on("RCPT TO:<grey", "451 4.7.1 Greylisted");
    FakeHost other = second(net);
    for (int i = 0; i < 2; i++) {
      var outcomes = net.mail().to("bob", "grey").deliver();
      assertEquals("delivered may:none", reason(outcomes.get(2L)));
    }
    assertEquals(1, first.sessions().size());
    assertEquals(1, other.sessions().size());
  }

  @Test
  void aHostThatEndsTheConversationBetweenTransactionsGetsAnother() throws Exception {
    for (String end : List.of("421 4.7.0 too many messages", FakeHost.CLOSE)) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host =
            net.simple().offers("LIMITS RCPTMAX=1").on("MAIL", "250 ok", end, "250 ok", "250 ok");
        assertEquals(2, net.mail().to("a", "b").deliver().size());
        assertEquals(2, host.bodies().size(), end);
        assertEquals(2, host.sessions().size(), end);
      }
    }
  }

  @Test
  void afterTheFinalDotNoOtherHostIsTried() throws Exception {
    net.simple().on("END", FakeHost.CLOSE);
    FakeHost other = second(net);
    assertEquals("deferred lost-connection", reason(net.mail().one()));
    assertTrue(other.sessions().isEmpty());
  }

  @Test
  void aDeadIpv6PathCostsAMomentOnly() throws Exception {
    net.dns.mx("example.org", 10, "mx.example.org");
    net.dns.aaaa("mx.example.org", "2001:db8::1").a("mx.example.org", "192.0.2.1");
    net.blackHole("2001:db8::1");
    net.host("192.0.2.1");
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(List.of("2001:db8:0:0:0:0:0:1", "192.0.2.1"), net.dialled());
  }

  @Test
  void theNumberOfHostsAndAddressesIsBounded() throws Exception {
    for (int i = 1; i <= 20; i++) {
      net.dns.mx("example.org", i, "mx" + i + ".example.org");
      for (int j = 1; j <= 9; j++) {
        net.dns.a("mx" + i + ".example.org", "198.51." + i + "." + j);
      }
    }
    assertEquals("deferred connect", reason(net.mail().one()));
    assertEquals(7 * Attempt.ADDRESSES, net.dialled().size());
  }

  @Test
  void aFixedHopIsDialledWithoutMxAndMayBeALiteral() throws Exception {
    FakeHost host = net.host("192.0.2.9");
    NextHop hop =
        new NextHop.Fixed(
            new org.sealwax.mail.address.AddressLiteral(InetAddress.ofLiteral("192.0.2.9")),
            2525,
            "relay");
    assertEquals("delivered may:none", reason(net.mail().by(hop).to("x").one()));
    assertEquals("RCPT TO:<x@relay.example>", host.commands().get(2));
  }

  @Test
  void specialUseAddressesAreNotConnectedTo() throws Exception {
    net.dns.mx("example.org", 10, "mx.example.org").a("mx.example.org", "127.0.0.1");
    Dialer guarded =
        org.sealwax.mail.net.SystemDialer.guarded(org.sealwax.mail.net.DialerSettings.defaults());
    try (SmtpDeliveryAgent agent =
        net.agent(net.dns.build(), new Dialers(guarded, net), net.roots)) {
      Outcome outcome =
          agent.deliver(net.mail().to("bob").consignment()).values().iterator().next();
      assertEquals("deferred connect", reason(outcome));
      assertTrue(outcome.toString().contains("special-use"));
    }
  }

  @Test
  void recipientVerificationSendsNoMail() throws Exception {
    FakeHost host = net.simple().on("RCPT TO:<gone", "550 5.1.1 no").on("RCPT TO:<grey", "451 no");
    RecipientProbe probe = net.agent().recipientVerifier();
    NextHop hop = new NextHop.ByMx(Domain.of("example.org"));
    assertInstanceOf(
        RecipientProbe.VerificationResult.Exists.class,
        probe.probe(new Mailbox("bob", Domain.of("example.org")), hop));
    assertInstanceOf(
        RecipientProbe.VerificationResult.Refused.class,
        probe.probe(new Mailbox("gone", Domain.of("example.org")), hop));
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        probe.probe(new Mailbox("grey", Domain.of("example.org")), hop));
    assertEquals("MAIL FROM:<>", host.commands().get(1));
    assertFalse(host.commands().contains("DATA"));
    assertFalse(Thread.currentThread().isInterrupted());
  }

  @Test
  void recipientVerificationKeepsThePolicy() throws Exception {
    net.level = org.sealwax.mail.policy.TlsLevel.ENCRYPT;
    FakeHost host = net.simple();
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        net.agent()
            .recipientVerifier()
            .probe(
                new Mailbox("bob", Domain.of("example.org")),
                new NextHop.ByMx(Domain.of("example.org"))));
    assertFalse(host.commands().toString().contains("MAIL"));
    TlsServer server = FakeInternet.server("mx.example.org");
    host.tls(server);
    assertInstanceOf(
        RecipientProbe.VerificationResult.Exists.class,
        net.agent()
            .recipientVerifier()
            .probe(
                new Mailbox("bob", Domain.of("example.org")),
                new NextHop.ByMx(Domain.of("example.org"))));
  }
}
