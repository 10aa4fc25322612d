package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeNet.reason;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.policy.Level;
import org.sealwax.router.evidence.LedgerSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.queue.NextHop;
import org.sealwax.testkit.dns.FixedResolver;

/** MX hosts that no delivery needs, with real TLS under a real ledger. */
@Timeout(120)
final class UnseenHostsTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain SECOND = Domain.of("mx2.example.org");

  @TempDir private Path folder;
  private final FakeNet net = new FakeNet();
  private LiveLedger ledger;
  private UnseenHosts unseen;

  @BeforeEach
  void open() throws IOException {
    ledger =
        LiveLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            new LiveLedger.World(net.clock, net.heard.log(), (domain, host) -> false));
    net.ledger = ledger;
    net.sources.add(new LedgerSource(ledger));
    unseen =
        new UnseenHosts(
            new UnseenHosts.World(
                () -> ledger, net::courier, net.clock, Chance.seeded(1), net.heard.log()));
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .a("mx1.example.org", "192.0.2.1")
        .mx("example.org", 20, SECOND.name())
        .a(SECOND.name(), "192.0.2.2");
    net.host("192.0.2.1").tls(FakeNet.server("mx1.example.org"));
  }

  @AfterEach
  void closeAll() throws IOException {
    unseen.close();
    net.close();
    ledger.close();
  }

  /** A day of mail, four messages, and what the greeter does meanwhile. */
  private void day() throws Exception {
    for (int i = 0; i < 4; i++) {
      assertTrue(reason(net.mail().one()).startsWith("delivered "));
      unseen.hearing(receipt -> {}).give(net.receipts.getLast());
      net.clock.pass(Duration.ofHours(6));
      unseen.greetDue();
    }
  }

  @Test
  void aDomainWhoseSecondHostIsNeverNeededReachesItsLevel() throws Exception {
    FakeHost second = net.host("192.0.2.2").tls(FakeNet.server(SECOND.name()));
    for (int i = 0; i < 5; i++) {
      day();
      assertEquals(Optional.empty(), ledger.about(DOMAIN));
    }
    day();
    assertEquals(Level.VERIFY, ledger.about(DOMAIN).orElseThrow().level());
    assertEquals(2, second.sessions().size(), "one greeting on each of two days");
    for (FakeHost.Session session : second.sessions()) {
      assertEquals(
          List.of("EHLO router.example", "STARTTLS", "EHLO router.example", "QUIT"),
          session.commands);
    }
    assertEquals(24, net.results.size(), "a greeting is no session of a TLS report");
    day();
    assertEquals(2, second.sessions().size(), "and none once it is known");
  }

  @Test
  void aHostThatRefusesIsLeftAlone() throws Exception {
    FakeHost second = net.host("192.0.2.2").banner("554 go away");
    for (int i = 0; i < 12; i++) {
      day();
    }
    assertEquals(1, second.sessions().size());
    assertEquals(Optional.empty(), ledger.about(DOMAIN));
  }

  @Test
  void aSecondHostWithoutAnAddressIsLookedForAndNoObstacle() throws Exception {
    net.dns = FixedResolver.builder();
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .a("mx1.example.org", "192.0.2.1")
        .mx("example.org", 20, SECOND.name());
    net.changed();
    for (int i = 0; i < 7; i++) {
      day();
    }
    assertEquals(Level.VERIFY, ledger.about(DOMAIN).orElseThrow().level());
    assertFalse(net.dialled().contains("192.0.2.2"));
  }

  @Test
  void aHundredADayAreEnoughOverRestarts() throws Exception {
    for (int i = 0; i < 60; i++) {
      assertTrue(ledger.takeGreeting());
    }
    ledger.close();
    open();
    int taken = 0;
    while (ledger.takeGreeting()) {
      taken++;
    }
    assertEquals(40, taken);
    net.clock.pass(Duration.ofDays(1));
    assertTrue(ledger.takeGreeting());
  }

  @Test
  void routesAreNoDomains() throws Exception {
    net.routes.put("smart", RouteSettings.plain("smart", Domain.of("mx1.example.org"), 25));
    FakeNet.Mail mail = net.mail().by(new NextHop.Fixed(Domain.of("mx1.example.org"), 25, "smart"));
    assertTrue(reason(mail.one()).startsWith("delivered "));
    unseen.hearing(receipt -> {}).give(net.receipts.getLast());
    net.clock.pass(Duration.ofHours(6));
    unseen.greetDue();
    assertNull(ledger.show(Domain.of("mx1.example.org")).orElse(null));
  }
}
