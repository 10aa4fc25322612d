package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.TlsSuite;

/** The replayed ClientHellos are ClientHellos, and those that were caught are what was caught. */
final class ClientSimulationsTest {
  private static ClientHello read(ClientSimulations.SimulatedClient sender) {
    byte[] bytes = sender.records(RandomSource.seeded(1), "mx.example.org");
    ClientHello.ClientHelloParse reading = ClientHello.read(bytes, 0, bytes.length);
    return assertInstanceOf(ClientHello.ClientHelloParse.Whole.class, reading, sender.name())
        .hello();
  }

  private static ClientSimulations.SimulatedClient named(String router) {
    return ClientSimulations.all().stream()
        .filter(s -> s.name().startsWith(router))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyRowIsOneCompleteClientHelloWithItsRoutersOffers() {
    assertEquals(7, ClientSimulations.all().size());
    for (ClientSimulations.SimulatedClient sender : ClientSimulations.all()) {
      ClientHello hello = read(sender);
      assertTrue(hello.suites().contains(0xc02f), sender.name());
      assertEquals(!sender.legacy(), hello.offersTls13(), sender.name());
    }
  }

  @Test
  void capturedClientHellosMatchTheirRouters() {
    for (String name : List.of("Postfix", "Exim", "OpenSMTPD")) {
      // None of them sends a server name unless asked to.
      assertNull(read(named(name)).serverName(), name);
    }
    // Opportunistic Postfix offers suites without a certificate (RFC 7672 8.2), OpenSMTPD does not.
    assertTrue(anonymous(read(named("Postfix"))));
    assertTrue(!anonymous(read(named("OpenSMTPD"))));
    // GnuTLS brings two shares, P-256 first.
    assertEquals(List.of(23, 29), read(named("Exim")).shares());
  }

  private static boolean anonymous(ClientHello hello) {
    return hello.suites().stream()
        .map(TlsSuite::of)
        .anyMatch(
            s -> s.isPresent() && s.get().authentication() == TlsSuite.Authentication.ANONYMOUS);
  }

  @Test
  void onlyTheRandomChangesOnReplay() {
    ClientSimulations.SimulatedClient postfix = named("Postfix");
    byte[] one = postfix.records(RandomSource.seeded(1), "");
    byte[] other = postfix.records(RandomSource.seeded(2), "");
    int different = 0;
    for (int i = 0; i < one.length; i++) {
      if (one[i] != other[i]) {
        different++;
        assertTrue(i >= 11 && i < 43, "byte " + i);
      }
    }
    assertNotEquals(0, different);
  }
}
