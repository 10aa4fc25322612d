package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.NOON;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.route.RecipientProbe.VerificationResult;

/**
 * Which MX hosts have their turn in which round, and which replies of a lesser one count for a
 * better.
 */
@Timeout(120)
final class HostOrderTest {
  private FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private void replaceNetwork() {
    net.close();
    net = new FakeInternet();
  }

  private FakeHost mx(int preference) {
    String name = "mx" + preference + ".example.org";
    net.dns.mx("example.org", preference, name).a(name, "192.0.2." + preference);
    return net.host("192.0.2." + preference);
  }

  private static EvidenceSource filter(String by, String good) {
    return subject -> {
      Domain host = (Domain) subject.host();
      return switch (by) {
        case "MTA-STS" ->
            List.of(
                new Evidence.Sts(
                    Domain.of("example.org"),
                    new Evidence.StsState.Enforce(
                        "1", List.of(MxPattern.parse(good).orElseThrow())),
                    null));
        case "ledger" ->
            List.of(
                new Evidence.LedgerLevel(
                    TlsLevel.VERIFY,
                    new MxFilter.LedgerKnown(Set.of(Domain.of(good)), Set.of()),
                    NOON,
                    NOON.plusSeconds(60)));
        default ->
            List.of(
                new Evidence.Dane(
                    host,
                    host.name().equals(good)
                        ? new Evidence.DaneState.Absent("no record")
                        : new Evidence.DaneState.LookupFailed("SERVFAIL"),
                    true,
                    NOON.plusSeconds(60)));
      };
    };
  }

  @ParameterizedTest
  @CsvSource({"MTA-STS, 8", "MTA-STS, 32", "ledger, 8", "ledger, 32", "DANE, 8", "DANE, 32"})
  void hostsThatMayNotBeUsedTakeNoPlace(String by, int place) throws Exception {
    for (int i = 1; i < place; i++) {
      mx(i);
    }
    String good = "mx" + place + ".example.org";
    FakeHost host = mx(place).tls(FakeInternet.server(good));
    net.sources.add(filter(by, good));
    String outcome = reason(net.mail().one());
    assertTrue(outcome.startsWith("delivered"), outcome);
    assertEquals(1, host.bodies().size());
    if (!by.equals("ledger")) {
      // The ledger has to see one of the hosts that it does not know, and gives it no mail.
      assertEquals(List.of("192.0.2." + place), net.dialled());
    }
  }

  @Test
  void remainingHostsAreTriedInTheNextRound() throws Exception {
    for (int i = 1; i <= 70; i++) {
      String name = "mx" + i + ".example.org";
      net.dns.mx("example.org", i, name).a(name, "192.0.2." + i);
    }
    FakeHost host = net.host("192.0.2.70").tls(FakeInternet.server("mx70.example.org"));
    net.sources.add(filter("MTA-STS", "mx70.example.org"));
    assertEquals("deferred sts-mx", reason(net.mail().one()));
    assertEquals("deferred sts-mx", reason(net.mail().again(NOON).one()));
    assertEquals("delivered sts:verified", reason(net.mail().again(NOON).one()));
    assertEquals(1, host.bodies().size());
  }

  @Test
  void theOnlyUsableHostOfManyMayUseItsOtherAddresses() throws Exception {
    for (int i = 1; i <= 20; i++) {
      mx(i).tls(FakeInternet.server("mx" + i + ".example.org")).on("MAIL", "421 busy");
    }
    net.dns.a("mx3.example.org", "198.51.100.3");
    FakeHost good = net.host("198.51.100.3").tls(FakeInternet.server("mx3.example.org"));
    net.sources.add(filter("MTA-STS", "mx3.example.org"));
    assertEquals("delivered sts:verified", reason(net.mail().one()));
    assertEquals(1, good.bodies().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"banner", "MAIL", "RCPT", "END", "dead"})
  void nineteenHostsDoNotHideTheTwentieth(String where) throws Exception {
    for (int i = 1; i <= 20; i++) {
      FakeHost host = mx(i);
      if (i < 20) {
        switch (where) {
          case "banner" -> host.banner("421 busy");
          case "dead" -> host.close();
          default -> host.on(where, "451 busy");
        }
      }
    }
    assertTrue(net.mail().one() instanceof Outcome.Deferred);
    assertTrue(net.mail().again(NOON).one() instanceof Outcome.Deferred);
    assertEquals("delivered may:none", reason(net.mail().again(NOON).one()));
    List<String> all = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      all.add("192.0.2." + i);
    }
    assertEquals(all, net.dialled(), "each once, by preference");
  }

  @Test
  void whenAllHaveHadTheirTurnTheBestIsFirstAgain() throws Exception {
    for (int i = 1; i <= 9; i++) {
      mx(i).on("MAIL", "451 busy");
    }
    net.mail().one();
    net.mail().again(NOON).one();
    assertEquals(
        List.of("192.0.2.8", "192.0.2.9", "192.0.2.1"),
        net.dialled().subList(FallbackLadder.HOSTS, FallbackLadder.HOSTS + 3));
    net.mail().again(NOON).one();
    assertEquals("192.0.2.1", net.dialled().get(2 * FallbackLadder.HOSTS));
  }

  @Test
  void nextMessageContinuesAtTheNextUntriedHost() throws Exception {
    for (int i = 1; i <= 9; i++) {
      FakeHost host = mx(i);
      if (i < 9) {
        host.close();
      }
    }
    assertTrue(net.mail().one() instanceof Outcome.Deferred);
    FakeInternet.FakeMail other = net.mail();
    other.deliveredTo = "alias@example.com";
    assertEquals("delivered may:none", reason(other.one()));
    assertEquals("192.0.2.8", net.dialled().get(FallbackLadder.HOSTS));
  }

  @Test
  void oneMailThatIsPutOffMovesNoOther() throws Exception {
    mx(1).on("END", FakeHost.CLOSE, "250 fine");
    mx(2);
    assertEquals("deferred lost-connection", reason(net.mail().one()));
    FakeInternet.FakeMail other = net.mail();
    other.deliveredTo = "alias@example.com";
    assertEquals("delivered may:none", reason(other.one()));
    assertEquals(List.of("192.0.2.1", "192.0.2.1"), net.dialled());
  }

  @Test
  void ourOwnAddressCutsTheListInEveryRound() throws Exception {
    mx(1).on("END", FakeHost.CLOSE);
    mx(2);
    mx(3);
    net.own = Set.of(new InetSocketAddress("192.0.2.2", 25));
    for (int round = 1; round <= 4; round++) {
      assertEquals("deferred lost-connection", reason(net.mail().again(NOON).one()));
    }
    assertEquals(Set.of("192.0.2.1"), Set.copyOf(net.dialled()));
    assertEquals(4, net.dialled().size());
  }

  @ParameterizedTest
  @CsvSource({
    "MAIL, MAIL", "MAIL, RCPT", "MAIL, DATA", "MAIL, END",
    "RCPT, MAIL", "RCPT, RCPT", "RCPT, DATA", "RCPT, END",
    "DATA, MAIL", "DATA, RCPT", "DATA, DATA", "DATA, END",
    "END, MAIL", "END, RCPT", "END, DATA", "END, END",
  })
  void lessPreferredHostDoesNotBounceADeferredRecipient(String better, String lesser)
      throws Exception {
    for (String putOff :
        List.of(
            "450 4.2.1 busy",
            "421 4.7.0 later",
            "455 4.5.4 not with these",
            "503 5.5.1 not now",
            "530 5.7.0 STARTTLS first",
            "552 5.2.2 full")) {
      for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
        replaceNetwork();
        mx(1).offers(offers).on(better, putOff);
        mx(2).offers(offers).on(lesser, "554 5.7.1 no");
        Outcome outcome = net.mail().one();
        assertTrue(outcome instanceof Outcome.Deferred, putOff + ": " + outcome);
        assertEquals(2, net.dialled().size());
      }
    }
  }

  @Test
  void aLesserHostDoesNotBounceInALaterRoundEither() throws Exception {
    for (int i = 1; i <= 7; i++) {
      mx(i).on("RCPT", "450 4.2.1 busy");
    }
    mx(8).on("RCPT", "550 5.1.1 unknown");
    assertEquals("deferred recipient-deferred", reason(net.mail().one()));
    Outcome.Deferred deferred = (Outcome.Deferred) net.mail().again(NOON).one();
    assertEquals("192.0.2.8", net.dialled().get(FallbackLadder.HOSTS));
    assertEquals(4, deferred.cause().status().kind());
  }

  @Test
  void lessPreferredHostDecidesWhenBetterHostIsUnreachable() throws Exception {
    mx(1).close();
    mx(2).on("RCPT", "550 5.1.1 unknown");
    assertEquals("refused recipient-refused", reason(net.mail().one()));
    replaceNetwork();
    mx(1).on("RCPT", FakeHost.CLOSE);
    mx(2).on("RCPT", "550 5.1.1 unknown");
    assertEquals("refused recipient-refused", reason(net.mail().one()), "silence puts nobody off");
  }

  /** RFC 8689 4.2.1: what seven hosts cannot do, the ten others may. */
  @ParameterizedTest
  @ValueSource(ints = {8, 10, 17})
  void requireTlsMailIsNotRefusedBeforeEveryHostWasTried(int place) throws Exception {
    net.dns.secure("example.org");
    for (int i = 1; i <= place; i++) {
      FakeHost host = mx(i).tls(FakeInternet.server("mx" + i + ".example.org"));
      if (i == place) {
        host.offersInTls("REQUIRETLS");
      }
    }
    int rounds = 1;
    String outcome = reason(net.mail().tls(MailOptions.TlsOption.REQUIRED).one());
    while (outcome.startsWith("deferred") && rounds++ < 5) {
      outcome = reason(net.mail().tls(MailOptions.TlsOption.REQUIRED).again(NOON).one());
    }
    assertTrue(outcome.startsWith("delivered"), outcome);
    assertEquals((place + FallbackLadder.HOSTS - 1) / FallbackLadder.HOSTS, rounds);
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 8, 17})
  void requireTlsMailIsRefusedWhenEveryHostWasTried(int hosts) throws Exception {
    net.dns.secure("example.org");
    for (int i = 1; i <= hosts; i++) {
      mx(i).tls(FakeInternet.server("mx" + i + ".example.org"));
    }
    String outcome = reason(net.mail().tls(MailOptions.TlsOption.REQUIRED).one());
    for (int round = 0; outcome.startsWith("deferred") && round < 5; round++) {
      outcome = reason(net.mail().tls(MailOptions.TlsOption.REQUIRED).again(NOON).one());
    }
    assertEquals("refused requiretls-missing", outcome);
    assertEquals(hosts, Set.copyOf(net.dialled()).size());
  }

  /** Better TLS at a host that had no turn yet than plaintext at one whose TLS is broken. */
  @ParameterizedTest
  @ValueSource(ints = {8, 10, 17})
  void plaintextWaitsUntilEveryHostWasTried(int place) throws Exception {
    List<FakeHost> hosts = new ArrayList<>();
    for (int i = 1; i <= place; i++) {
      FakeHost host = mx(i).tls(FakeInternet.server("mx" + i + ".example.org"));
      hosts.add(i < place ? host.breaksOn(hello -> true) : host);
    }
    // Time between the rounds, and what was broken is known: the hold of every such host is over.
    for (int message = 0; message < 8; message++) {
      String outcome = "";
      for (int round = 0; round < 9 && !outcome.startsWith("delivered"); round++) {
        FakeInternet.FakeMail mail = net.mail();
        outcome = reason(round == 0 ? mail.one() : mail.again(NOON).one());
        net.clock.pass(Duration.ofMinutes(31));
      }
      assertEquals("delivered may:trusted", outcome, "message " + message);
    }
    for (FakeHost host : hosts.subList(0, place - 1)) {
      assertFalse(host.commands().toString().contains("MAIL"), "plaintext to a broken host");
    }
  }

  @Test
  void aBetterHostsRefusalIsFinal() throws Exception {
    mx(1).on("RCPT", "550 5.1.1 unknown");
    FakeHost lesser = mx(2);
    assertEquals("refused recipient-refused", reason(net.mail().one()));
    assertTrue(lesser.sessions().isEmpty());
  }

  @Test
  void aProbeDoesNotTakeALesserHostsWordForABetterOnes() throws Exception {
    mx(1).on("MAIL", "451 busy");
    mx(2).on("RCPT", "550 5.1.1 unknown");
    VerificationResult result =
        net.agent()
            .recipientVerifier()
            .probe(
                new Mailbox("bob", Domain.of("example.org")),
                new NextHop.ByMx(Domain.of("example.org")));
    assertTrue(result instanceof VerificationResult.NotKnown, result.toString());
  }
}
