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
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.dns.Tlsa;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.Subject;
import org.sealwax.testkit.dns.FixedResolver;

/**
 * Every combination of what the DNS may say to the five questions of DANE, also those that no
 * honest DNS would give, and what must hold of each (RFC 7672 2.1.1, 2.2, 2.2.2).
 */
final class DaneSpaceTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Domain END = Domain.of("host.provider.example");
  private static final Subject SUBJECT = new Subject(Domain.of("example.org"), HOST, true);
  private static final Duration TTL = Duration.ofMinutes(5);

  /** One way to answer. */
  private record Way(Answer.Kind kind, Security security) {
    boolean isUnknown() {
      return kind == Answer.Kind.UNKNOWN;
    }

    boolean isFound(Security how) {
      return kind == Answer.Kind.FOUND && security == how;
    }

    <T> Answer<T> answer(T record, Domain name, int aliases) {
      return isUnknown()
          ? Answer.unknown(security, name, aliases, TTL, "said so")
          : new Answer<>(
              kind == Answer.Kind.FOUND ? List.of(record) : List.of(),
              kind,
              security,
              name,
              aliases,
              TTL,
              "");
    }
  }

  private static final List<Way> WAYS = ways();

  private static List<Way> ways() {
    List<Way> ways = new ArrayList<>();
    for (Answer.Kind kind : Answer.Kind.values()) {
      for (Security security : Security.values()) {
        boolean unknown = security == Security.BOGUS || security == Security.FAILED;
        if (unknown == (kind == Answer.Kind.UNKNOWN)) {
          ways.add(new Way(kind, security));
        }
      }
    }
    return List.copyOf(ways);
  }

  /** A DNS of one's choice that notes what it was asked. */
  private record Odd(
      boolean aliased, Way four, Way six, Way alias, Way atEnd, Way atHost, Map<String, Way> asked)
      implements Resolver {
    private static final Resolver NOTHING = FixedResolver.builder().build();
    private static final Tlsa RECORD = new Tlsa(3, 1, 1, "ab".repeat(32));

    @Override
    public Answer<InetAddress> addresses(Domain host, Family family) {
      Way way = family == Family.IPV4 ? four : six;
      asked.put(family.name(), way);
      InetAddress address =
          InetAddress.ofLiteral(family == Family.IPV4 ? "192.0.2.1" : "2001:db8::1");
      return way.answer(address, aliased ? END : HOST, aliased ? 1 : 0);
    }

    @Override
    public Answer<Domain> alias(Domain name) {
      asked.put("CNAME", alias);
      return alias.answer(END, name, 0);
    }

    @Override
    public Answer<Tlsa> tlsa(Domain owner) {
      boolean end = owner.isBelow(END);
      asked.put(end ? "TLSA end" : "TLSA host", end ? atEnd : atHost);
      return (end ? atEnd : atHost).answer(RECORD, owner, 0);
    }

    @Override
    public Answer<org.sealwax.mail.dns.Mx> mx(Domain domain) {
      return NOTHING.mx(domain);
    }

    @Override
    public Answer<String> txt(Domain name) {
      return NOTHING.txt(name);
    }

    @Override
    public Answer<Domain> reverse(InetAddress address) {
      return NOTHING.reverse(address);
    }
  }

  private static DaneState ask(Odd dns) {
    // One family: threads for a million questions would be all that this test does.
    HostAddresses.Families families = new HostAddresses.Families(true, false);
    return ((Evidence.Dane) new DaneSource(dns, families, Clock.system()).about(SUBJECT).getFirst())
        .state();
  }

  @Test
  void whatIsNotKnownIsNeverNothing() {
    int seen = 0;
    for (boolean aliased : new boolean[] {false, true}) {
      for (Way four : WAYS) {
        for (Way alias : WAYS) {
          for (Way atEnd : WAYS) {
            for (Way atHost : WAYS) {
              Odd dns =
                  new Odd(
                      aliased,
                      four,
                      new Way(Answer.Kind.NO_DATA, Security.INSECURE),
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

  private static void check(Odd dns, DaneState state) {
    String told = dns + " -> " + state;
    boolean unknown = dns.asked().values().stream().anyMatch(Way::isUnknown);
    boolean secureRecords =
        dns.asked().entrySet().stream()
            .anyMatch(e -> e.getKey().startsWith("TLSA") && e.getValue().isFound(Security.SECURE));
    switch (state) {
      case DaneState.Trouble t -> assertTrue(unknown, told);
      case DaneState.Absent a -> assertTrue(!unknown && !secureRecords, told);
      case DaneState.Usable u -> assertTrue(secureRecords, told);
      case DaneState.Unusable u -> throw new AssertionError(told);
    }
    boolean askedForRecords =
        dns.asked().containsKey("TLSA end") || dns.asked().containsKey("TLSA host");
    if (askedForRecords) {
      assertTrue(
          dns.four().isFound(Security.SECURE)
              || (dns.aliased() && dns.alias().security() == Security.SECURE),
          "asked below unsigned addresses: " + told);
    }
    if (dns.asked().containsKey("TLSA end") && dns.asked().containsKey("TLSA host")) {
      assertTrue(!dns.atEnd().isUnknown(), "passed over trouble at the end: " + told);
    }
  }

  @Test
  void eitherFamilyIsEnoughAndTroubleWithBothIsTrouble() {
    Way records = new Way(Answer.Kind.FOUND, Security.SECURE);
    for (Way four : WAYS) {
      for (Way six : WAYS) {
        Odd dns = new Odd(false, four, six, records, records, records, new ConcurrentHashMap<>());
        DaneState state =
            ((Evidence.Dane)
                    new DaneSource(dns, new HostAddresses.Families(true, true), Clock.system())
                        .about(SUBJECT)
                        .getFirst())
                .state();
        String told = four + " " + six + " -> " + state;
        if (four.isFound(Security.SECURE) || six.isFound(Security.SECURE)) {
          assertTrue(state instanceof DaneState.Usable, told);
        } else if (four.isFound(Security.INSECURE) || six.isFound(Security.INSECURE)) {
          assertTrue(state instanceof DaneState.Absent, told);
        } else if (four.isUnknown() || six.isUnknown()) {
          assertTrue(state instanceof DaneState.Trouble, told);
        } else {
          assertTrue(state instanceof DaneState.Absent, told);
        }
      }
    }
  }
}
