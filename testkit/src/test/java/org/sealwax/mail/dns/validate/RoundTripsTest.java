package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.dns.validate.SignedZones.ValidationOutcome;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** What an answer costs in messages and round trips, as docs/dns.md states. */
final class RoundTripsTest {
  private static final String DATA =
      "@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 " + "ab".repeat(32) + "\n";
  private static final SignedZones ZONES = start();

  private final Map<Name, ZoneStatus> known = new HashMap<>();

  private static SignedZones start() {
    try {
      return new SignedZones(
          Zone.of("org", "").signed(ZoneSigning.NSEC3_OPT_OUT),
          Zone.of("secure.org", DATA).signed(),
          Zone.of("plain.org", DATA),
          Zone.of("uk", "").signed(),
          Zone.of("co.uk", "").signed(),
          Zone.of("secure.co.uk", DATA).signed(ZoneSigning.NSEC3),
          Zone.of("plain.co.uk", DATA));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterAll
  static void stop() throws IOException {
    ZONES.close();
  }

  /** A network where each message takes one unit of time. */
  private static final class UnitDelayNetwork implements MessageSource {
    private final Map<DnsQuery, Integer> arrives = new HashMap<>();
    private int now;

    @Override
    public Message fetch(DnsQuery query) {
      now = Math.max(now, arrives.computeIfAbsent(query, q -> now + 1));
      return ZONES.query(query);
    }

    @Override
    public void prefetch(List<DnsQuery> queries) {
      queries.forEach(query -> arrives.putIfAbsent(query, now + 1));
    }
  }

  /** {@code "3 trips: . DNSKEY, …"}, without the question itself. */
  private String cost(String name, int type) {
    UnitDelayNetwork network = new UnitDelayNetwork();
    ValidationOutcome outcome = ZONES.judge(SignedZones.name(name), type, network, known);
    TreeSet<String> others = new TreeSet<>();
    network.arrives.keySet().forEach(query -> others.add(SignedZones.text(query)));
    others.remove(name + ". " + Type.string(type));
    return outcome.security() + " after " + network.now + ": " + String.join(", ", others);
  }

  @Test
  void aSignedAnswerTakesOneMoreRoundTripForAllKeys() {
    assertEquals(
        "SECURE after 2: . DNSKEY, org. DNSKEY, org. DS, secure.org. DNSKEY, secure.org. DS",
        cost("_25._tcp.mx.secure.org", Type.TLSA));
    assertEquals("SECURE after 1: ", cost("mx.secure.org", Type.A));
    assertEquals("SECURE after 1: ", cost("_26._tcp.mx.secure.org", Type.TLSA));
    assertEquals(
        "SECURE after 2: co.uk. DNSKEY, co.uk. DS, secure.co.uk. DNSKEY, secure.co.uk. DS,"
            + " uk. DNSKEY, uk. DS",
        cost("_25._tcp.mx.secure.co.uk", Type.TLSA));
  }

  @Test
  void anUnsignedAnswerTakesOneMoreRoundTripUnlessTheCutIsDeep() {
    assertEquals(
        "INSECURE after 2: . DNSKEY, org. DNSKEY, org. DS, plain.org. DS",
        cost("_25._tcp.mx.plain.org", Type.TLSA));
    assertEquals("INSECURE after 1: ", cost("mx.plain.org", Type.A));
    known.clear();
    assertEquals(
        "INSECURE after 3: . DNSKEY, co.uk. DNSKEY, co.uk. DS, plain.co.uk. DS, uk. DNSKEY, uk. DS",
        cost("mx.plain.co.uk", Type.A));
    // With the zones above known: the label that is the cut.
    known.remove(SignedZones.name("plain.co.uk"));
    assertEquals("INSECURE after 2: plain.co.uk. DS", cost("mx.plain.co.uk", Type.A));
  }
}
