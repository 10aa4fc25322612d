package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.testkit.dns.FixedResolver;

/** Answers of the DNS, and what they mean for one host (RFC 7672 2.1 to 2.2.3, 3.2.2). */
final class DaneSourceTest {
  private static final HostAddresses.Families BOTH = new HostAddresses.Families(true, true);
  private static final TlsaRecord EE = new TlsaRecord(3, 1, 1, "ab".repeat(32));
  private static final TlsaRecord TA = new TlsaRecord(2, 0, 1, "cd".repeat(32));
  private static final TlsaRecord PKIX = new TlsaRecord(1, 1, 1, "ab".repeat(32));
  private static final String OWNER = "_25._tcp.mx.example.org";

  /** An MX step that DNSSEC vouches for. */
  private static final PolicySubject BY_MX =
      new PolicySubject(Domain.of("example.org"), Domain.of("mx.example.org"), true, 25);

  private static final PolicySubject BY_UNSIGNED_MX =
      new PolicySubject(Domain.of("example.net"), Domain.of("mx.example.org"), false, 25);

  private static FixedResolver.Builder signed() {
    return FixedResolver.builder()
        .secure("example.org")
        .mx("example.org", 10, "mx.example.org")
        .address("mx.example.org", "192.0.2.1");
  }

  private static FixedResolver.Builder unsigned() {
    return FixedResolver.builder()
        .mx("example.org", 10, "mx.example.org")
        .address("mx.example.org", "192.0.2.1");
  }

  private static Evidence.Dane query(FixedResolver.Builder world, PolicySubject subject) {
    return query(world.build(), subject);
  }

  private static Evidence.Dane query(Resolver resolver, PolicySubject subject) {
    DaneSource source = new DaneSource(resolver, BOTH, Clock.system());
    List<Evidence> evidence = source.evidenceFor(subject);
    assertEquals(1, evidence.size());
    Evidence.Dane dane = (Evidence.Dane) evidence.getFirst();
    // What is in memory means the same.
    source
        .ifCached(subject)
        .ifPresent(
            known -> assertEquals(describe(dane), describe((Evidence.Dane) known.getFirst())));
    return dane;
  }

  @Test
  void ifCachedNeedsNoQuery() {
    Resolver memory = signed().tlsa(OWNER, EE).build();
    assertTrue(new DaneSource(memory, BOTH, Clock.system()).ifCached(BY_MX).isPresent());
    // The same answers, each of which must be asked for.
    Resolver forgetful =
        (Resolver)
            Proxy.newProxyInstance(
                Resolver.class.getClassLoader(),
                new Class<?>[] {Resolver.class},
                (proxy, method, values) ->
                    method.getName().equals("cacheOnly")
                        ? unasked(memory)
                        : method.invoke(memory, values));
    DaneSource source = new DaneSource(forgetful, BOTH, Clock.system());
    assertTrue(source.ifCached(BY_MX).isEmpty());
    assertEquals(
        "usable 311 at mx.example.org",
        describe((Evidence.Dane) source.evidenceFor(BY_MX).getFirst()));
  }

  /** All but the TLSA records are in memory. */
  private static Resolver unasked(Resolver memory) {
    return (Resolver)
        Proxy.newProxyInstance(
            Resolver.class.getClassLoader(),
            new Class<?>[] {Resolver.class},
            (proxy, method, values) ->
                method.getName().equals("tlsa")
                    ? DnsAnswer.notCached(Domain.of(OWNER))
                    : method.invoke(memory, values));
  }

  private static String describe(Evidence.Dane dane) {
    return switch (dane.state()) {
          case DaneState.Usable u ->
              "usable "
                  + u.associations().records().stream()
                      .map(a -> a.usage() + "" + a.selector() + a.matching())
                      .sorted()
                      .collect(Collectors.joining(" "));
          case DaneState.Unusable u -> "unusable";
          case DaneState.LookupFailed t -> "trouble";
          case DaneState.Absent a -> "absent";
        }
        + " at "
        + dane.base();
  }

  private static Arguments row(String expected, String what, FixedResolver.Builder world) {
    return Arguments.of(expected, what, world);
  }

  static Stream<Arguments> table() {
    String found = "usable 311 at mx.example.org";
    String problem = "trouble at mx.example.org";
    String absent = "absent at mx.example.org";
    return Stream.of(
        row(found, "secure records", signed().tlsa(OWNER, EE)),
        row(found, "an IPv6 address only", only6(signed()).tlsa(OWNER, EE)),
        row(
            found,
            "A secure, AAAA unanswered: either is enough",
            signed().fails("mx.example.org", FixedResolver.Type.AAAA).tlsa(OWNER, EE)),
        row(
            found,
            "AAAA secure, A unanswered: either is enough",
            only6(signed()).fails("mx.example.org", FixedResolver.Type.A).tlsa(OWNER, EE)),
        row(absent, "secure denial, no such name", signed()),
        row(absent, "secure denial, no such type", signed().exists(OWNER)),
        row(
            "unusable at mx.example.org",
            "E9: PKIX usages only: TLS, and no identity",
            signed().tlsa(OWNER, PKIX)),
        row(
            "unusable at mx.example.org",
            "E13: a digest of the wrong length",
            signed().tlsa(OWNER, new TlsaRecord(3, 1, 1, "abcd"))),
        row(found, "one usable beside unusable ones", signed().tlsa(OWNER, PKIX).tlsa(OWNER, EE)),
        row(problem, "E17: TLSA question fails", signed().fails(OWNER, FixedResolver.Type.TLSA)),
        row(
            problem,
            "E14: TLSA records do not validate",
            signed().bogus(OWNER, FixedResolver.Type.TLSA)),
        row(problem, "E18: addresses do not validate", signed().bogus("mx.example.org")),
        row(problem, "addresses fail", signed().fails("mx.example.org")),
        row(
            problem,
            "no A record and AAAA unanswered",
            FixedResolver.builder()
                .secure("example.org")
                .exists("mx.example.org")
                .fails("mx.example.org", FixedResolver.Type.AAAA)
                .tlsa(OWNER, EE)),
        row(absent, "E20: an unsigned zone with records in it", unsigned().tlsa(OWNER, EE)),
        row(
            absent,
            "an unsigned zone whose servers choke on TLSA questions",
            unsigned().fails(OWNER, FixedResolver.Type.TLSA)),
        row(
            absent,
            "a name that does not exist",
            FixedResolver.builder().secure("example.org").mx("example.org", 10, "mx.example.org")));
  }

  private static FixedResolver.Builder only6(FixedResolver.Builder world) {
    return world.without("mx.example.org").address("mx.example.org", "2001:db8::1");
  }

  @ParameterizedTest(name = "{1}: {0}")
  @MethodSource("table")
  void answersAndTheirMeaning(String expected, String what, FixedResolver.Builder world) {
    assertEquals(expected, describe(query(world, BY_MX)), what);
  }

  // RFC 7672 §2.2.2: a host that is an alias.

  private static FixedResolver.Builder aliased() {
    return FixedResolver.builder()
        .secure("example.org")
        .secure("provider.example")
        .mx("example.org", 10, "mx.example.org")
        .cname("mx.example.org", "host.provider.example")
        .address("host.provider.example", "192.0.2.1");
  }

  private static final String PROVIDERS = "_25._tcp.host.provider.example";

  @Test
  void e23TheEndOfASecureAliasIsTheBase() {
    assertEquals(
        "usable 311 at host.provider.example",
        describe(query(aliased().tlsa(PROVIDERS, EE), BY_MX)));
  }

  @Test
  void theEndIsPreferredToTheBeginning() {
    assertEquals(
        "usable 311 at host.provider.example",
        describe(query(aliased().tlsa(PROVIDERS, EE).tlsa(OWNER, TA), BY_MX)));
  }

  @Test
  void aliasNameIsUsedWhenTheTargetHasNoTlsa() {
    assertEquals("usable 311 at mx.example.org", describe(query(aliased().tlsa(OWNER, EE), BY_MX)));
    assertEquals("absent at mx.example.org", describe(query(aliased(), BY_MX)));
  }

  @Test
  void failureAtTheAliasTargetIsNotIgnored() {
    assertEquals(
        "trouble at host.provider.example",
        describe(
            query(aliased().fails(PROVIDERS, FixedResolver.Type.TLSA).tlsa(OWNER, EE), BY_MX)));
  }

  @Test
  void failureAtTheFirstNameIsAFailure() {
    assertEquals(
        "trouble at mx.example.org",
        describe(query(aliased().bogus(OWNER, FixedResolver.Type.TLSA), BY_MX)));
  }

  private static FixedResolver.Builder intoTheUnsigned() {
    return FixedResolver.builder()
        .secure("example.org")
        .mx("example.org", 10, "mx.example.org")
        .cname("mx.example.org", "host.unsigned.example")
        .address("host.unsigned.example", "192.0.2.1");
  }

  @Test
  void aSignedAliasIntoAnUnsignedZoneKeepsItsOwnName() {
    assertEquals(
        "usable 311 at mx.example.org", describe(query(intoTheUnsigned().tlsa(OWNER, EE), BY_MX)));
    assertEquals("absent at mx.example.org", describe(query(intoTheUnsigned(), BY_MX)));
    assertEquals(
        "trouble at mx.example.org",
        describe(
            query(
                intoTheUnsigned().fails("mx.example.org", FixedResolver.Type.CNAME).tlsa(OWNER, EE),
                BY_MX)));
  }

  @Test
  void anUnsignedAliasHasNoDane() {
    assertEquals(
        "absent at mx.example.org",
        describe(
            query(
                FixedResolver.builder()
                    .secure("provider.example")
                    .cname("mx.example.org", "host.provider.example")
                    .address("host.provider.example", "192.0.2.1")
                    .tlsa(PROVIDERS, EE)
                    .tlsa(OWNER, EE),
                BY_MX)));
  }

  @Test
  void e22RecordsBehindAnAliasAreFollowedAndTheBaseStays() {
    assertEquals(
        "usable 311 at mx.example.org",
        describe(
            query(signed().cname(OWNER, "tlsa.example.org").tlsa("tlsa.example.org", EE), BY_MX)));
    assertEquals(
        "absent at mx.example.org",
        describe(
            query(
                signed().cname(OWNER, "tlsa.unsigned.example").tlsa("tlsa.unsigned.example", EE),
                BY_MX)),
        "an alias into an unsigned zone");
  }

  // Which questions are asked at all.

  @Test
  void noTlsaQueryBelowUnsignedAddresses() {
    Set<String> asked = ConcurrentHashMap.newKeySet();
    FixedResolver resolver = unsigned().tlsa(OWNER, EE).build();
    Resolver watched =
        (Resolver)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Resolver.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("cacheOnly")) {
                    return proxy;
                  }
                  asked.add(method.getName());
                  return method.invoke(resolver, args);
                });
    query(watched, BY_MX);
    assertEquals(Set.of("addresses"), asked);
  }

  @Test
  void theRealPortIsInTheOwnerName() {
    PolicySubject submission = PolicySubject.fixed(Domain.of("mx.example.org"), 587);
    assertEquals("absent at mx.example.org", describe(query(signed().tlsa(OWNER, EE), submission)));
    assertEquals(
        "usable 311 at mx.example.org",
        describe(query(signed().tlsa("_587._tcp.mx.example.org", EE), submission)));
  }

  @Test
  void anOwnerNameThatNoZoneCanHoldHasNoRecords() {
    String label = "a".repeat(60) + ".";
    Domain longest = Domain.of(label.repeat(3) + "a".repeat(58) + ".example.org");
    assertEquals(253, longest.name().length());
    PolicySubject subject = new PolicySubject(Domain.of("example.org"), longest, true, 25);
    Evidence.Dane dane =
        query(
            FixedResolver.builder().secure("example.org").address(longest.name(), "192.0.2.1"),
            subject);
    assertEquals("absent at " + longest, describe(dane));
  }

  @Test
  void anAddressLiteralHasNone() {
    PolicySubject literal =
        PolicySubject.fixed(new AddressLiteral(java.net.InetAddress.ofLiteral("192.0.2.1")), 25);
    assertEquals(
        List.of(), new DaneSource(signed().build(), BOTH, Clock.system()).evidenceFor(literal));
  }

  // Who vouches for what (RFC 7672 §2.2.1, §3.2.2).

  private static List<Domain> names(FixedResolver.Builder world, PolicySubject subject) {
    return query(world, subject).state() instanceof DaneState.Usable usable
        ? usable.associations().names()
        : List.of();
  }

  @Test
  void namesBelowAnAnchorAreBaseNextHopAndItsExpandedForm() {
    assertEquals(
        List.of(Domain.of("mx.example.org"), Domain.of("example.org")),
        names(signed().tlsa(OWNER, TA), BY_MX));
    PolicySubject byAlias =
        new PolicySubject(Domain.of("www.example.org"), Domain.of("mx.example.org"), true);
    assertEquals(
        List.of(
            Domain.of("mx.example.org"), Domain.of("www.example.org"), Domain.of("example.org")),
        names(signed().cname("www.example.org", "example.org").tlsa(OWNER, TA), byAlias));
    assertEquals(
        List.of(Domain.of("host.provider.example"), Domain.of("example.org")),
        names(aliased().tlsa(PROVIDERS, TA), BY_MX));
  }

  @Test
  void ofAHostBehindAnUnsignedMxOnlyTheBaseCounts() {
    assertEquals(
        List.of(Domain.of("mx.example.org")), names(signed().tlsa(OWNER, TA), BY_UNSIGNED_MX));
  }

  @Test
  void configuredHostMayHaveItsOwnNameOrItsAliasTarget() {
    assertEquals(
        List.of(Domain.of("host.provider.example"), Domain.of("mx.example.org")),
        names(aliased().tlsa(PROVIDERS, TA), PolicySubject.fixed(Domain.of("mx.example.org"), 25)));
  }

  @Test
  void e21AHostBehindAnUnsignedMxIsHalfDane() {
    assertFalse(query(signed().tlsa(OWNER, EE), BY_UNSIGNED_MX).secureMx());
    assertTrue(query(signed().tlsa(OWNER, EE), BY_MX).secureMx());
  }

  @Test
  void e24ADomainThatIsItsOwnHostIsWholeDane() {
    Evidence.Dane dane =
        query(
            FixedResolver.builder()
                .secure("example.org")
                .address("example.org", "192.0.2.1")
                .tlsa("_25._tcp.example.org", EE),
            new PolicySubject(Domain.of("example.org"), Domain.of("example.org"), false));
    assertEquals("usable 311 at example.org", describe(dane));
    assertTrue(dane.secureMx());
  }
}
