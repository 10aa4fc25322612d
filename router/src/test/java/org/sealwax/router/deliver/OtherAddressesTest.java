package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.NOON;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.route.RecipientProbe.VerificationResult;

/** RFC 5321 5.1: the other addresses of a host, in one round and from round to round. */
@Timeout(120)
final class OtherAddressesTest {
  private FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private void replaceNetwork() {
    net.close();
    net = new FakeInternet();
  }

  /** No reply that we can read. */
  private static final String NONSENSE = "hello there";

  static Stream<Arguments> failuresThatLeaveTheMail() {
    return Stream.of("MAIL", "RCPT", "DATA", "END")
        .flatMap(
            stage ->
                Stream.of(
                        "421 4.3.2 going",
                        "432 4.7.12 a new password is needed",
                        "450 4.2.1 busy",
                        "450-4.2.1 two\r\n450 4.2.1 lines",
                        "450 5.1.1 a status that contradicts",
                        "451 4.3.0 later",
                        "452 4.3.1 no room",
                        "454 4.7.0 no TLS now",
                        "455 4.5.4 no parameters now",
                        "471 4.7.1 a code that no RFC has",
                        "499 nothing else",
                        // Transient for us, too: the mail is not to blame.
                        "500 5.5.2 what",
                        "502 5.5.1 not here",
                        "503 5.5.1 not now",
                        "523 5.7.10 encryption",
                        "530 5.7.0 STARTTLS first",
                        "535 5.7.8 who are you",
                        "538 5.7.11 encryption",
                        "552 5.2.2 full",
                        NONSENSE,
                        FakeHost.CLOSE)
                    .map(reply -> Arguments.of(stage, reply)));
  }

  /** The one host of example.org at these addresses; all of them are the same machine. */
  private FakeHost at(String... addresses) {
    net.dns.mx("example.org", 10, "mx.example.org");
    for (String address : addresses) {
      net.dns.address("mx.example.org", address);
    }
    return net.host(addresses);
  }

  @ParameterizedTest
  @MethodSource("failuresThatLeaveTheMail")
  void anotherAddressTakesTheMail(String stage, String reply) throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}}) {
      if (offers.length > 1 && stage.equals("DATA")) {
        continue;
      }
      replaceNetwork();
      at("192.0.2.1", "192.0.2.2").offers(offers).on(stage, reply);
      FakeHost good = net.host("192.0.2.2").offers(offers);
      String body = "Subject: x\r\n\r\n" + "x\r\n".repeat(offers.length > 1 ? 100_000 : 1);
      Outcome outcome = net.mail().body(body).one();
      if (stage.equals("END") && List.of(NONSENSE, FakeHost.CLOSE).contains(reply)) {
        // The first may have taken it: not twice in one round, and not first in the next.
        assertEquals("deferred lost-connection", reason(outcome));
        assertTrue(good.sessions().isEmpty());
        outcome = net.mail().body(body).again(NOON).one();
      }
      assertEquals("delivered may:none", reason(outcome));
      assertEquals(1, good.bodies().size());
      assertEquals(offers.length > 1, good.commands().toString().contains("BDAT"));
      assertEquals(List.of("192.0.2.1", "192.0.2.2"), net.dialled());
    }
  }

  @Test
  void aSmartHostsOtherAddressTakesTheMailToo() throws Exception {
    net.dns.a("relay.example", "192.0.2.1").a("relay.example", "192.0.2.2");
    net.host("192.0.2.1").on("RCPT", "451 4.3.0 later");
    FakeHost good = net.host("192.0.2.2");
    NextHop hop = new NextHop.Fixed(Domain.of("relay.example"), 2525, "relay");
    assertEquals("delivered may:none", reason(net.mail().by(hop).to("x").one()));
    assertEquals(1, good.bodies().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "421 4.3.2 going",
        "432 4.7.12 a new password is needed",
        "454 4.7.0 cannot ask for passwords",
        "535 5.7.8 the passwords of this one are old",
        "CLOSE"
      })
  void aSmartHostsOtherAddressAuthenticates(String reply) throws Exception {
    net.routes.put(
        "relay",
        new RouteSettings(
            "relay",
            Domain.of("relay.example"),
            587,
            false,
            new Credentials("user", "pencil"),
            null));
    net.dns.a("relay.example", "192.0.2.1").a("relay.example", "192.0.2.2");
    TlsServer tls = FakeInternet.server("relay.example");
    net.host("192.0.2.1").tls(tls).offersInTls("AUTH PLAIN").on("AUTH", reply);
    FakeHost good = net.host("192.0.2.2").tls(tls).offersInTls("AUTH PLAIN");
    good.on("AUTH", "235 2.7.0 welcome");
    NextHop hop = new NextHop.Fixed(Domain.of("relay.example"), 587, "relay");
    assertEquals("delivered secure:verified", reason(net.mail().by(hop).to("x").one()));
    assertEquals(1, good.bodies().size());
  }

  @Test
  void recipientsAcceptedAtOneAddressAreNotSentToAnother() throws Exception {
    FakeHost first = at("192.0.2.1", "192.0.2.2").on("RCPT TO:<grey", "450 4.2.1 later");
    FakeHost good = net.host("192.0.2.2");
    var outcomes = net.mail().to("bob", "grey").deliver();
    assertEquals("delivered may:none", reason(outcomes.get(1L)));
    assertEquals("delivered may:none", reason(outcomes.get(2L)));
    assertEquals(1, first.bodies().size());
    assertEquals(
        List.of("RCPT TO:<grey@example.org>"),
        good.commands().stream().filter(c -> c.startsWith("RCPT")).toList());
  }

  @Test
  void anIdleConnectionThatPutsOffIsFollowedByAnotherAddress() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    at("192.0.2.1", "192.0.2.2").on("RCPT", "250 fine", "450 4.2.1 no");
    FakeHost good = net.host("192.0.2.2");
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(1, good.bodies().size());
  }

  @Test
  void oneHostGetsThreeConnectionsAndTheNextRoundBeginsAtTheFourthAddress() throws Exception {
    at("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5").on("MAIL", "421 no");
    assertEquals("deferred service-closing", reason(net.mail().one()));
    assertEquals(FallbackLadder.PER_HOST, net.dialled().size());
    FakeHost good = net.host("192.0.2.5");
    assertEquals("delivered may:none", reason(net.mail().again(NOON).one()));
    assertEquals(List.of("192.0.2.4", "192.0.2.5"), net.dialled().subList(3, 5));
    assertEquals(1, good.bodies().size());
  }

  @Test
  void addressesBeyondThoseOfOneRoundAreDialledInTheNext() throws Exception {
    String[] dead = new String[Attempt.ADDRESSES];
    for (int i = 0; i < dead.length; i++) {
      dead[i] = "192.0.2." + (i + 1);
      net.dns.address("mx.example.org", dead[i]);
    }
    net.dns.mx("example.org", 10, "mx.example.org").address("mx.example.org", "192.0.2.99");
    FakeHost good = net.host("192.0.2.99");
    assertEquals("deferred connect", reason(net.mail().one()));
    assertEquals("delivered may:none", reason(net.mail().again(NOON).one()));
    assertEquals(1, good.bodies().size());
  }

  @Test
  void everyAddressHasItsTurnHoweverOftenTheConnectionBreaksAtTheEnd() throws Exception {
    at("192.0.2.1", "192.0.2.2", "192.0.2.3").on("END", FakeHost.CLOSE);
    for (int round = 0; round < 6; round++) {
      assertEquals("deferred lost-connection", reason(net.mail().again(NOON).one()));
    }
    List<String> once = List.of("192.0.2.1", "192.0.2.2", "192.0.2.3");
    List<String> twice = new ArrayList<>(once);
    twice.addAll(once);
    assertEquals(twice, net.dialled());
  }

  @Test
  void triedHostsAreForgottenAfterDelivery() throws Exception {
    FakeHost first = at("192.0.2.1", "192.0.2.2").on("END", FakeHost.CLOSE, "250 fine");
    assertEquals("deferred lost-connection", reason(net.mail().one()));
    assertEquals("delivered may:none", reason(net.mail().again(NOON).one()));
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(List.of("192.0.2.1", "192.0.2.2", "192.0.2.1"), net.dialled());
    assertEquals(3, first.sessions().size());
  }

  @Test
  void everyHostHasItsTurnBeforeTheSecondAddressOfOne() throws Exception {
    for (int i = 1; i <= 7; i++) {
      String host = "mx" + i + ".example.org";
      net.dns.mx("example.org", i, host).a(host, "192.0.2." + i).a(host, "198.51.100." + i);
      net.host("192.0.2." + i, "198.51.100." + i).on("MAIL", "451 later");
    }
    assertEquals("deferred sender-deferred", reason(net.mail().one()));
    assertEquals(7, net.dialled().size());
    assertTrue(net.dialled().stream().allMatch(a -> a.startsWith("192.0.2.")));
    assertEquals("deferred sender-deferred", reason(net.mail().again(NOON).one()));
    assertTrue(net.dialled().subList(7, 14).stream().allMatch(a -> a.startsWith("198.51.100.")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"banner", "EHLO", "MAIL", "RCPT", "DATA", "END"})
  void aRefusalOfOurIpv6AddressIsTriedOverIpv4(String stage) throws Exception {
    for (String reply :
        List.of(
            "550 5.7.25 no reverse DNS",
            "550 5.7.1 Our system has detected that this IPv6 address has no PTR record",
            "550-5.7.1 [2001:db8:0:1:2:3:4:5      19] This message does not meet\r\n"
                + "550 5.7.1 sending guidelines",
            "550 5.7.1 Service unavailable, client host [2001:db8::5] blocked",
            "554 5.7.1 ipv6 not welcome")) {
      replaceNetwork();
      FakeHost six = at("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2");
      if (stage.equals("banner")) {
        six.banner(reply);
      } else {
        // A host that does not know EHLO is asked with HELO, on the same connection.
        six.on(stage, reply).on("HELO", reply);
      }
      FakeHost four = net.host("192.0.2.1");
      assertEquals("delivered may:none", reason(net.mail().one()), reply);
      assertEquals(List.of("2001:db8:0:0:0:0:0:1", "192.0.2.1"), net.dialled());
      assertEquals(1, four.bodies().size());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"MAIL", "RCPT", "DATA", "END"})
  void theRefusalOverIpv4IsTheLastWord(String stage) throws Exception {
    at("2001:db8::1", "192.0.2.1").on(stage, "550 5.7.25 no reverse DNS");
    assertTrue(net.mail().one() instanceof Outcome.Refused);
    assertEquals(2, net.dialled().size());
  }

  @Test
  void otherRefusalsOverIpv6AndThoseOfHostsWithoutIpv4AreFinal() throws Exception {
    for (String reply :
        List.of(
            "550 5.7.1 spam",
            "550 5.7.1 refused at 12:34:56",
            "550 5.7.1 host 198.51.100.7::reason:12 (c0de:ab)",
            "550 5.7.0 IPv6",
            "550 5.1.1 no IPv6 here")) {
      replaceNetwork();
      at("2001:db8::1", "192.0.2.1").on("RCPT", reply);
      assertEquals("refused recipient-refused", reason(net.mail().one()), reply);
      assertEquals(1, net.dialled().size());
    }
    replaceNetwork();
    at("2001:db8::1", "2001:db8::2").on("RCPT", "550 5.7.25 no reverse DNS");
    assertEquals("refused recipient-refused", reason(net.mail().one()));
    assertEquals(1, net.dialled().size());
    replaceNetwork();
    at("192.0.2.1", "2001:db8::1").on("RCPT", "550 5.7.25 no reverse DNS");
    net.blackHole("2001:db8::1");
    assertEquals("refused recipient-refused", reason(net.mail().one()), "over IPv4 it is final");
  }

  @Test
  void whereIpv4DoesNotAnswerTheRefusalIsNotYetFinal() throws Exception {
    net.dns.mx("example.org", 10, "mx.example.org").aaaa("mx.example.org", "2001:db8::1");
    net.dns.a("mx.example.org", "192.0.2.1");
    net.host("2001:db8::1").on("RCPT", "550 5.7.25 no reverse DNS");
    Outcome.Deferred deferred = (Outcome.Deferred) net.mail().one();
    assertEquals("4.7.25", deferred.cause().status().toString());
  }

  @Test
  void probeOverIpv6IsRepeatedOverIpv4() throws Exception {
    at("2001:db8::1", "192.0.2.1").on("RCPT", "550 5.7.25 no reverse DNS");
    net.host("192.0.2.1");
    VerificationResult result =
        net.agent()
            .recipientVerifier()
            .probe(
                new Mailbox("bob", Domain.of("example.org")),
                new NextHop.ByMx(Domain.of("example.org")));
    assertTrue(result instanceof VerificationResult.Exists, result.toString());
  }
}
