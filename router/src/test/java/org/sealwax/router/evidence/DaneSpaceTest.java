package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.testkit.dns.FixedResolver;

/**
 * Every combination of what the DNS may say to the five questions of DANE, also those that no
 * honest DNS would give, and what must hold of each (RFC 7672 2.1.1, 2.2, 2.2.2).
 */
final class DaneSpaceTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Domain END = Domain.of("host.provider.example");
  private static final PolicySubject SUBJECT =
      new PolicySubject(Domain.of("example.org"), HOST, true);
  private static final Duration TTL = Duration.ofMinutes(5);

  /** One way to answer. */
  private record DnsAnswerKind(DnsAnswer.Kind kind, DnssecStatus security) {
    boolean isUnknown() {
      return kind == DnsAnswer.Kind.UNKNOWN;
    }

    boolean isFound(DnssecStatus how) {
      return kind == DnsAnswer.Kind.FOUND && security == how;
    }

    <T> DnsAnswer<T> answer(T record, Domain name, int aliases) {
      return isUnknown()
          ? DnsAnswer.unknown(security, name, aliases, TTL, "said so")
          : new DnsAnswer<>(
              kind == DnsAnswer.Kind.FOUND ? List.of(record) : List.of(),
              kind,
              security,
              name,
              aliases,
              TTL,
              "");
    }
  }

  private static final List<DnsAnswerKind> WAYS = ways();

  private static List<DnsAnswerKind> ways() {
    List<DnsAnswerKind> ways = new ArrayList<>();
    for (DnsAnswer.Kind kind : DnsAnswer.Kind.values()) {
      for (DnssecStatus security : DnssecStatus.values()) {
        boolean unknown = security == DnssecStatus.BOGUS || security == DnssecStatus.FAILED;
        if (unknown == (kind == DnsAnswer.Kind.UNKNOWN)) {
          ways.add(new DnsAnswerKind(kind, security));
        }
      }
    }
    return List.copyOf(ways);
  }

  /** A DNS of one's choice that notes what it was asked. */
  private record ScriptedDns(
      boolean aliased,
      DnsAnswerKind four,
      DnsAnswerKind six,
      DnsAnswerKind alias,
      DnsAnswerKind atEnd,
      DnsAnswerKind atHost,
      Map<String, DnsAnswerKind> queries)
      implements Resolver {
    private static final Resolver NOTHING = FixedResolver.builder().build();
    private static final TlsaRecord RECORD = new TlsaRecord(3, 1, 1, "ab".repeat(32));

    @Override
    public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
      DnsAnswerKind way = family == AddressFamily.IPV4 ? four : six;
      queries.put(family.name(), way);
      InetAddress address =
          InetAddress.ofLiteral(family == AddressFamily.IPV4 ? "192.0.2.1" : "2001:db8::1");
      return way.answer(address, aliased ? END : HOST, aliased ? 1 : 0);
    }

    @Override
    public DnsAnswer<Domain> alias(Domain name) {
      queries.put("CNAME", alias);
      return alias.answer(END, name, 0);
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
      boolean end = owner.isBelow(END);
      queries.put(end ? "TLSA end" : "TLSA host", end ? atEnd : atHost);
      return (end ? atEnd : atHost).answer(RECORD, owner, 0);
    }

    @Override
    public DnsAnswer<org.sealwax.mail.dns.MxRecord> mx(Domain domain) {
      return NOTHING.mx(domain);
    }

    @Override
    public DnsAnswer<String> txt(Domain name) {
      return NOTHING.txt(name);
    }

    @Override
    public DnsAnswer<Domain> reverse(InetAddress address) {
      return NOTHING.reverse(address);
    }
  }

  private static DaneState ask(ScriptedDns dns) {
    // One family: threads for a million questions would be all that this test does.
    HostAddresses.Families families = new HostAddresses.Families(true, false);
    return ((Evidence.Dane)
            new DaneSource(dns, families, Clock.system()).evidenceFor(SUBJECT).getFirst())
        .state();
  }

  @Test
  void unknownIsNeverNoDane() {
    int seen = 0;
    for (boolean aliased : new boolean[] {false, true}) {
      for (DnsAnswerKind four : WAYS) {
        for (DnsAnswerKind alias : WAYS) {
          for (DnsAnswerKind atEnd : WAYS) {
            for (DnsAnswerKind atHost : WAYS) {
              ScriptedDns dns =
                  new ScriptedDns(
                      aliased,
                      four,
                      new DnsAnswerKind(DnsAnswer.Kind.NO_DATA, DnssecStatus.INSECURE),
                      alias,
                      atEnd,
                      atHost,
                      new ConcurrentHashMap<>());
              check(dns, ask(dns));
              seen++;
            }
          }
        }
      }
    }
    assertEquals(2 * 8 * 8 * 8 * 8, seen);
  }

  private static void check(ScriptedDns dns, DaneState state) {
    String text = dns + " -> " + state;
    boolean unknown = dns.queries().values().stream().anyMatch(DnsAnswerKind::isUnknown);
    boolean secureRecords =
        dns.queries().entrySet().stream()
            .anyMatch(
                e -> e.getKey().startsWith("TLSA") && e.getValue().isFound(DnssecStatus.SECURE));
    switch (state) {
      case DaneState.LookupFailed t -> assertTrue(unknown, text);
      case DaneState.Absent a -> assertTrue(!unknown && !secureRecords, text);
      case DaneState.Usable u -> assertTrue(secureRecords, text);
      case DaneState.Unusable u -> throw new AssertionError(text);
    }
    boolean askedForRecords =
        dns.queries().containsKey("TLSA end") || dns.queries().containsKey("TLSA host");
    if (askedForRecords) {
      assertTrue(
          dns.four().isFound(DnssecStatus.SECURE)
              || (dns.aliased() && dns.alias().security() == DnssecStatus.SECURE),
          "asked below unsigned addresses: " + text);
    }
    if (dns.queries().containsKey("TLSA end") && dns.queries().containsKey("TLSA host")) {
      assertTrue(!dns.atEnd().isUnknown(), "passed over trouble at the end: " + text);
    }
  }

  @Test
  void oneFamilyIsEnoughAndFailureOfBothIsAFailure() {
    DnsAnswerKind records = new DnsAnswerKind(DnsAnswer.Kind.FOUND, DnssecStatus.SECURE);
    for (DnsAnswerKind four : WAYS) {
      for (DnsAnswerKind six : WAYS) {
        ScriptedDns dns =
            new ScriptedDns(false, four, six, records, records, records, new ConcurrentHashMap<>());
        DaneState state =
            ((Evidence.Dane)
                    new DaneSource(dns, new HostAddresses.Families(true, true), Clock.system())
                        .evidenceFor(SUBJECT)
                        .getFirst())
                .state();
        String text = four + " " + six + " -> " + state;
        if (four.isFound(DnssecStatus.SECURE) || six.isFound(DnssecStatus.SECURE)) {
          assertTrue(state instanceof DaneState.Usable, text);
        } else if (four.isFound(DnssecStatus.INSECURE) || six.isFound(DnssecStatus.INSECURE)) {
          assertTrue(state instanceof DaneState.Absent, text);
        } else if (four.isUnknown() || six.isUnknown()) {
          assertTrue(state instanceof DaneState.LookupFailed, text);
        } else {
          assertTrue(state instanceof DaneState.Absent, text);
        }
      }
    }
  }
}
