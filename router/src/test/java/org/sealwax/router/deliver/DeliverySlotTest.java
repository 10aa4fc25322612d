package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;

/** What a delivery asks its slot and reports to it, and how far its failures reach. */
@Timeout(120)
final class DeliverySlotTest {
  private final FakeInternet net = new FakeInternet();
  private final List<String> reported = new ArrayList<>();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private final class RecordingSlot implements DeliverySlot {
    private final Set<String> busy;
    private final Duration patience;

    RecordingSlot(Duration patience, String... busy) {
      this.busy = Set.of(busy);
      this.patience = patience;
    }

    @Override
    public List<InetAddress> free(List<InetAddress> addresses) {
      return addresses.stream().filter(a -> !busy.contains(a.getHostAddress())).toList();
    }

    @Override
    public void connected(InetAddress address) {
      reported.add("connected " + address.getHostAddress());
    }

    @Override
    public void greeted() {
      reported.add("greeted");
    }

    @Override
    public Duration patience(Duration usual) {
      return patience;
    }
  }

  private FakeInternet.FakeMail mail(Duration patience, String... busy) {
    FakeInternet.FakeMail mail = net.mail();
    mail.slot = new RecordingSlot(patience, busy);
    return mail;
  }

  private FakeInternet.FakeMail mail(String... busy) {
    return mail(Duration.ofMinutes(5), busy);
  }

  private static FailureCause cause(Outcome outcome) {
    return assertInstanceOf(Outcome.Deferred.class, outcome).cause();
  }

  @Test
  void reportsConnectedAddressAndGreeting() throws Exception {
    net.simple();
    assertEquals("delivered may:none", reason(mail().one()));
    assertEquals(List.of("connected 192.0.2.1", "greeted"), reported);
  }

  @Test
  void aHostThatRefusesUsInItsBannerHasNotGreetedUs() throws Exception {
    net.simple().banner("421 too many");
    assertEquals("deferred greeting", reason(mail().one()));
    assertEquals(List.of("connected 192.0.2.1"), reported);
  }

  @Test
  void goesToTheNextHostWhenTheAddressIsBusy() throws Exception {
    net.simple();
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    net.host("192.0.2.2");
    assertEquals("delivered may:none", reason(mail("192.0.2.1").one()));
    assertEquals(List.of("192.0.2.2"), net.dialled());
  }

  @Test
  void withEveryAddressBusyNothingIsDialledAndNoRoundTookPlace() throws Exception {
    net.simple();
    assertTrue(cause(mail("192.0.2.1").one()).isBusy());
    assertEquals(List.of(), net.dialled());
  }

  @Test
  void deadHostNextToABusyOneDoesNotPauseTheNextHop() throws Exception {
    net.simple();
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    assertTrue(cause(mail("192.0.2.1").one()).isBusy());
  }

  @Test
  void anIdleConnectionCountsToo() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    net.simple();
    assertEquals("delivered may:none", reason(mail().one()));
    assertTrue(cause(mail("192.0.2.1").one()).isBusy());
    assertEquals("delivered may:none", reason(mail().one()));
    assertEquals(1, net.dialled().size(), "the idle connection was kept");
  }

  @Test
  void silentHostTimesOutAtTheSlotsPatience() throws Exception {
    net.simple().dribblesAt("EHLO");
    FailureCause cause = cause(mail(Duration.ofMillis(50)).one());
    assertEquals("lost-connection", cause.reason());
    assertEquals(FailureCause.Extent.NEXT_HOP, cause.scope());
  }

  @ParameterizedTest
  @CsvSource({
    "MAIL, 421 bye, TRANSACTION",
    "MAIL, 530 5.7.0 STARTTLS first, TRANSACTION",
    "RCPT, 421 bye, TRANSACTION",
    "DATA, 421 4.7.28 unusual rate, SENDER",
    "DATA, 530 authenticate, TRANSACTION",
    "END, 421 4.7.28 unusual rate, SENDER",
    "END, 421 bye, TRANSACTION",
    "END, 530 authenticate, TRANSACTION",
    "END, 451 later, MESSAGE",
    "MAIL, CLOSE, TRANSACTION",
    "RCPT, CLOSE, TRANSACTION",
    "DATA, CLOSE, TRANSACTION",
    "END, CLOSE, TRANSACTION",
    "EHLO, CLOSE, NEXT_HOP",
    "EHLO, 421 bye, NEXT_HOP"
  })
  void aFailureAfterMailReachesNoFurtherThanTheMessageAndItsSender(
      String at, String reply, FailureCause.Extent extent) throws Exception {
    net.simple().on(at, reply);
    assertEquals(extent, cause(mail().one()).scope());
  }
}
