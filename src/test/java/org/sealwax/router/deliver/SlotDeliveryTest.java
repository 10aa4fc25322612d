package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeNet.reason;

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
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Slot;

/** What a delivery asks its slot and tells it, and how far its failures reach. */
@Timeout(30)
final class SlotDeliveryTest {
  private final FakeNet net = new FakeNet();
  private final List<String> told = new ArrayList<>();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private final class Told implements Slot {
    private final Set<String> busy;
    private final Duration patience;

    Told(Duration patience, String... busy) {
      this.busy = Set.of(busy);
      this.patience = patience;
    }

    @Override
    public List<InetAddress> free(List<InetAddress> addresses) {
      return addresses.stream().filter(a -> !busy.contains(a.getHostAddress())).toList();
    }

    @Override
    public void connected(InetAddress address) {
      told.add("connected " + address.getHostAddress());
    }

    @Override
    public void greeted() {
      told.add("greeted");
    }

    @Override
    public Duration patience(Duration usual) {
      return patience;
    }
  }

  private FakeNet.Mail mail(Duration patience, String... busy) {
    FakeNet.Mail mail = net.mail();
    mail.slot = new Told(patience, busy);
    return mail;
  }

  private FakeNet.Mail mail(String... busy) {
    return mail(Duration.ofMinutes(5), busy);
  }

  private static Cause cause(Outcome outcome) {
    return assertInstanceOf(Outcome.Deferred.class, outcome).cause();
  }

  @Test
  void tellsWhichAddressItIsConnectedToAndThatItWasGreeted() throws Exception {
    net.simple();
    assertEquals("delivered may:none", reason(mail().one()));
    assertEquals(List.of("connected 192.0.2.1", "greeted"), told);
  }

  @Test
  void aHostThatRefusesUsInItsBannerHasNotGreetedUs() throws Exception {
    net.simple().banner("421 too many");
    assertEquals("deferred greeting", reason(mail().one()));
    assertEquals(List.of("connected 192.0.2.1"), told);
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
  void aDeadHostBesideABusyOneSpeaksForNobody() throws Exception {
    net.simple();
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    assertTrue(cause(mail("192.0.2.1").one()).isBusy());
  }

  @Test
  void anIdleConnectionCountsToo() throws Exception {
    net.pool = PoolSettings.defaults();
    net.simple();
    assertEquals("delivered may:none", reason(mail().one()));
    assertTrue(cause(mail("192.0.2.1").one()).isBusy());
    assertEquals("delivered may:none", reason(mail().one()));
    assertEquals(1, net.dialled().size(), "the idle connection was kept");
  }

  @Test
  void aSilentHostIsWaitedForAsLongAsTheSlotAllows() throws Exception {
    net.simple().dribblesAt("EHLO");
    Cause cause = cause(mail(Duration.ofMillis(50)).one());
    assertEquals("lost-connection", cause.reason());
    assertEquals(Cause.Extent.NEXT_HOP, cause.scope());
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
      String at, String reply, Cause.Extent extent) throws Exception {
    net.simple().on(at, reply);
    assertEquals(extent, cause(mail().one()).scope());
  }
}
