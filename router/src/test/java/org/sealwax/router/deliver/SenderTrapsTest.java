package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.queue.Outcome;
import org.sealwax.testkit.tls.TestCa;

/**
 * The lab's traps of groups B, C, D, E, F and H that test a sender, by their names, in the contexts
 * n (no policy), s (MTA-STS enforce), t (MTA-STS testing) and d (DANE): real TLS, a DNS by table.
 */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(600)
final class SenderTrapsTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final String MX = "mx.example.org";

  /** Which policy the domain has. */
  enum DomainPolicy {
    N,
    S,
    T,
    D;

    boolean demandsTls() {
      return this == S || this == D;
    }

    String row(String id) {
      return id + " " + name().toLowerCase(Locale.ROOT);
    }
  }

  private static TlsaRecord tlsa(int usage, Identity identity) {
    return new TlsaRecord(usage, 1, 1, Pins.of(identity.chain().getFirst()).hex());
  }

  private static Evidence.Sts enforce(String id, String... patterns) {
    return new Evidence.Sts(DOMAIN, new Evidence.StsState.Enforce(id, patterns(patterns)), null);
  }

  private static List<MxPattern> patterns(String... patterns) {
    return Stream.of(patterns).map(p -> MxPattern.parse(p).orElseThrow()).toList();
  }

  /** example.org with one MX host that shows {@code identity}, under a policy. */
  private static FakeHost site(FakeInternet net, DomainPolicy context, Identity identity) {
    switch (context) {
      case N -> {}
      case S -> net.sources.add(subject -> List.of(enforce("1", MX)));
      case T ->
          net.sources.add(
              subject ->
                  List.of(
                      new Evidence.Sts(
                          DOMAIN, new Evidence.StsState.Testing("1", patterns(MX)), null)));
      case D -> {
        net.dane = true;
        net.dns.secure("example.org").tlsa("_25._tcp." + MX, tlsa(3, identity));
      }
    }
    return net.simple().tls(FakeInternet.server(identity));
  }

  private static void neverSawMail(FakeHost host, String row) {
    assertFalse(host.commands().toString().contains("MAIL"), row + host.commands());
  }

  /** Two rounds, the second after every hold. */
  private static List<String> twice(FakeInternet net) throws InterruptedException {
    String first = reason(net.mail().one());
    if (first.startsWith("delivered")) {
      return List.of(first);
    }
    net.clock.pass(Duration.ofHours(3));
    return List.of(first, reason(net.mail().again(FakeInternet.NOON).one()));
  }

  /** One way in which TLS is taken away or broken, and what a sender without policy does. */
  record Breakage(String id, Consumer<FakeHost> how, String first, String second) {
    /** Only such a host is worth a short limit: one that answers must not be late under load. */
    boolean silent() {
      return id.endsWith("silence");
    }

    @Override
    public String toString() {
      return id;
    }
  }

  private static final String DOWN = "delivered may:none!downgrade";

  static Stream<Breakage> breakages() {
    return Stream.of(
        new Breakage("B1-B3 stripped", h -> h.on("EHLO", "250 fake"), "delivered may:none", ""),
        new Breakage(
            "B15 overwritten",
            h -> h.on("EHLO", "250-fake\r\n250 XXXXXXXA"),
            "delivered may:none",
            ""),
        new Breakage(
            "B4-B6 454",
            h -> h.on("STARTTLS", "454 4.7.0 not now"),
            "deferred tls-refused",
            "delivered may:none"),
        new Breakage(
            "B7 501",
            h -> h.on("STARTTLS", "501 no"),
            "deferred tls-refused",
            "delivered may:none"),
        new Breakage(
            "B7 502",
            h -> h.on("STARTTLS", "502 no"),
            "deferred tls-refused",
            "delivered may:none"),
        new Breakage(
            "B7 550",
            h -> h.on("STARTTLS", "550 no"),
            "deferred tls-refused",
            "delivered may:none"),
        new Breakage(
            "B8 close", h -> h.on("STARTTLS", FakeHost.CLOSE), "deferred tls-broken", DOWN),
        new Breakage(
            "B9 silence", h -> h.on("STARTTLS", FakeHost.SILENCE), "deferred tls-broken", DOWN),
        new Breakage("B14 HELO only", h -> h.on("EHLO", "502 no EHLO"), "delivered may:none", ""),
        new Breakage(
            "C1 alert", h -> h.breaksOn(clientHello -> true), "deferred tls-broken", DOWN));
  }

  /** Each in a row of its own: most of their time is waits, which pass at the same time. */
  static Stream<Arguments> breakagesInContexts() {
    return breakages()
        .flatMap(b -> Stream.of(DomainPolicy.values()).map(context -> Arguments.of(b, context)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("breakagesInContexts")
  void withoutPolicyRetriesAreBoundedAndWithPolicyNeverPlaintext(
      Breakage breakage, DomainPolicy context) throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      if (breakage.silent()) {
        net.times = SmtpTimeouts.defaults().atMost(Duration.ofSeconds(1));
      }
      FakeHost host = site(net, context, FakeInternet.ca().identity(MX));
      breakage.how().accept(host);
      String row = context.row(breakage.id());
      List<String> rounds = twice(net);
      if (context.demandsTls()) {
        assertEquals(2, rounds.size(), row);
        assertTrue(rounds.stream().allMatch(r -> r.startsWith("deferred tls-")), row + rounds);
        neverSawMail(host, row);
      } else {
        List<String> expected = new ArrayList<>(List.of(breakage.first()));
        if (!breakage.second().isEmpty()) {
          expected.add(breakage.second());
        }
        assertEquals(expected, rounds, row);
      }
      assertTrue(host.sessions().size() <= 2 * FallbackLadder.PER_DELIVERY, row);
    }
  }

  @Test
  void b10PlaintextAfter220IsNeverTls() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host = site(net, context, FakeInternet.ca().identity(MX));
        // The ClientHello is answered with a line of SMTP.
        host.on("STARTTLS", "220 go\r\n250 what");
        for (String round : twice(net)) {
          assertEquals("deferred tls-injection", round, context.row("B10"));
        }
        neverSawMail(host, context.row("B10"));
      }
    }
  }

  @Test
  void b11InjectedRepliesAreNeverUsed() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host =
            site(net, context, FakeInternet.ca().identity(MX))
                .on("STARTTLS", "220 go\r\n250-evil\r\n250 SIZE 1");
        for (String round : twice(net)) {
          assertEquals("deferred tls-injection", round, context.row("B11"));
        }
        neverSawMail(host, context.row("B11"));
      }
    }
  }

  private static String verified(DomainPolicy context) {
    return switch (context) {
      case N, T -> "delivered may:trusted";
      case S -> "delivered sts:verified";
      case D -> "delivered dane:verified";
    };
  }

  @Test
  void b12B13TheSecondListCountsAndTheKeywordInAnyForm() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      for (String keyword : List.of("STARTTLS REQUIRED", "starttls")) {
        try (FakeInternet net = new FakeInternet()) {
          FakeHost host = site(net, context, FakeInternet.ca().identity(MX));
          host.on("EHLO", "250-fake\r\n250-SIZE 1\r\n250 " + keyword, "250 fake");
          assertEquals(verified(context), reason(net.mail().one()), context.row("B13 " + keyword));
          assertFalse(host.commands().toString().contains("SIZE="), context.row("B12"));
        }
      }
    }
  }

  @Test
  void c8C9OneVersionIsEnough() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      for (TlsVersion only : List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)) {
        try (FakeInternet net = new FakeInternet()) {
          Identity identity = FakeInternet.ca().identity(MX);
          FakeHost host = site(net, context, identity);
          host.tls(
              only == TlsVersion.TLS_1_2
                  ? FakeInternet.old(identity)
                  : FakeInternet.server(
                      ListenerTlsSettings.defaults("new").withFloor(new TlsFloor(only)), identity));
          assertEquals(verified(context), reason(net.mail().one()), context.row("C8/C9 " + only));
          assertTrue(net.log.recorded("tlsToHost", only.label()), context.row("C8/C9 " + only));
        }
      }
    }
  }

  @Test
  void c26LongChainsAreAccepted() throws Exception {
    for (int bytes : List.of(20_000, 60_000)) {
      for (DomainPolicy context : DomainPolicy.values()) {
        try (FakeInternet net = new FakeInternet()) {
          site(net, context, FakeInternet.ca().leaf(MX).padded(bytes).identity());
          assertEquals(verified(context), reason(net.mail().one()), context.row("C26 " + bytes));
        }
      }
    }
  }

  @Test
  void c27HostThatFailsOnLargeClientHelloGetsASmallerOne() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host = site(net, context, FakeInternet.ca().identity(MX));
        assertEquals(verified(context), reason(net.mail().one()));
        host.breaksOn(clientHello -> clientHello.length > 1_000);
        String row = context.row("C27");
        String then = reason(net.mail().one());
        if (context.demandsTls()) {
          // It has shown the full offer: lower only after two failures some minutes apart.
          assertEquals("deferred tls-broken", then, row);
          net.clock.pass(FallbackLadder.FULL_FAILURES_APART.plusSeconds(1));
          then = reason(net.mail().again(FakeInternet.NOON).one());
        }
        assertEquals(verified(context) + "!downgrade", then, row);
      }
    }
  }

  @Test
  void c29NoSessionOrConnectionIsUsedAgainUnderAStrongerRequirement() throws Exception {
    for (DomainPolicy context : List.of(DomainPolicy.S, DomainPolicy.D)) {
      for (TlsEngine engine : TlsEngine.values()) {
        try (FakeInternet net = new FakeInternet()) {
          net.engine = engine;
          net.pool = ConnectionPoolSettings.defaults();
          Identity good = FakeInternet.ca().identity(MX);
          // The policy comes into force between two messages.
          AtomicReference<List<Evidence>> now = new AtomicReference<>(List.of());
          net.sources.add(subject -> now.get());
          FakeHost host = net.simple().tls(FakeInternet.server(good));
          assertEquals("delivered may:trusted", reason(net.mail().one()));
          assertEquals("delivered may:trusted", reason(net.mail().one()));
          assertEquals(1, host.sessions().size(), "the same requirement: the same connection");
          now.set(
              List.of(
                  context == DomainPolicy.S
                      ? enforce("1", MX)
                      : new Evidence.Dane(
                          Domain.of(MX),
                          new Evidence.DaneState.Usable(FakeInternet.associations(good)),
                          true,
                          FakeInternet.NOON.plusSeconds(3_600))));
          assertEquals(verified(context), reason(net.mail().one()), context.row("C29"));
          assertEquals(2, host.sessions().size(), context.row("C29"));
          List<String> handshakes =
              net.log.facts().stream().filter(f -> f.startsWith("tlsToHost ")).toList();
          assertEquals(2, handshakes.size());
          assertTrue(
              handshakes.stream().noneMatch(f -> f.contains("resumed=true")),
              handshakes.toString());
        }
      }
    }
  }

  @Test
  void c29TrustIsNotResumedWithASession() throws Exception {
    for (TlsEngine engine : TlsEngine.values()) {
      try (FakeInternet net = new FakeInternet()) {
        net.engine = engine;
        AtomicReference<List<Evidence>> now = new AtomicReference<>(List.of());
        net.sources.add(subject -> now.get());
        FakeHost host = net.simple().tls(FakeInternet.server(TestCa.selfSigned(MX)));
        assertEquals("delivered may:untrusted", reason(net.mail().one()));
        assertEquals("delivered may:untrusted", reason(net.mail().one()));
        assertTrue(
            net.log.facts().stream().anyMatch(f -> f.contains("resumed=true")),
            "the same requirement resumes");
        now.set(List.of(enforce("1", MX)));
        assertEquals("deferred tls-identity", reason(net.mail().one()));
        assertEquals(2, host.bodies().size());
      }
    }
  }

  /** A certificate that MTA-STS must not accept, or must. */
  record Certificate(String id, Supplier<Identity> made, boolean holds, String without) {
    @Override
    public String toString() {
      return id;
    }
  }

  static Stream<Certificate> certificates() {
    TestCa ca = FakeInternet.ca();
    String untrusted = "untrusted";
    return Stream.of(
        new Certificate("D1 expired", () -> ca.leaf(MX).expired().identity(), false, untrusted),
        new Certificate(
            "D2 not yet valid", () -> ca.leaf(MX).notYetValid().identity(), false, untrusted),
        new Certificate("D3 self-signed", () -> TestCa.selfSigned(MX), false, untrusted),
        new Certificate(
            "D4 unknown CA", () -> TestCa.root("nobody").identity(MX), false, untrusted),
        new Certificate("D5 wrong name", () -> ca.identity("mx.other.example"), false, "trusted"),
        new Certificate(
            "D6 common name only", () -> ca.leaf(MX).commonNameOnly().identity(), false, "trusted"),
        new Certificate("D7 wildcard", () -> ca.identity("*.example.org"), true, "trusted"),
        new Certificate("D8 *.* ", () -> ca.identity("*.*.org"), false, "trusted"),
        new Certificate("D8 partial", () -> ca.identity("m*.example.org"), false, "trusted"),
        new Certificate("D12 weak key", () -> ca.leaf(MX).rsa(1_024).identity(), false, untrusted),
        new Certificate(
            "D13 missing intermediate",
            () -> ca.intermediate("between").leaf(MX).alone().identity(),
            false,
            untrusted),
        new Certificate(
            "D14 clients only", () -> ca.leaf(MX).clientAuthOnly().identity(), false, untrusted),
        new Certificate("D16 leaf as CA", () -> ca.leafAsAuthority(MX), false, untrusted));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("certificates")
  void certificateCountsUnderStsAndNotUnderTlsa(Certificate certificate) throws Exception {
    for (TlsEngine engine : TlsEngine.values()) {
      for (DomainPolicy context : DomainPolicy.values()) {
        theCertificateDecides(certificate, context, engine);
      }
    }
  }

  private static void theCertificateDecides(
      Certificate certificate, DomainPolicy context, TlsEngine engine) throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      net.engine = engine;
      FakeHost host = site(net, context, certificate.made().get());
      String row = context.row(certificate.id()) + " " + engine;
      Outcome outcome = net.mail().one();
      switch (context) {
        case N, T -> assertEquals("delivered may:" + certificate.without(), reason(outcome), row);
        case S -> {
          assertEquals(
              certificate.holds() ? "delivered sts:verified" : "deferred tls-identity",
              reason(outcome),
              row);
          if (!certificate.holds()) {
            neverSawMail(host, row);
            assertEquals(1, host.sessions().size(), row + ": a verdict leads to no other rung");
          }
        }
        // RFC 7672 §3.1.1: DANE-EE looks at the key alone.
        case D -> assertEquals("delivered dane:verified", reason(outcome), row);
      }
    }
  }

  @Test
  void d19SniIsTheMxHostOrTheBaseDomain() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      try (FakeInternet net = new FakeInternet()) {
        Identity right = FakeInternet.ca().identity(MX);
        site(net, context, right)
            .tls(FakeInternet.named(FakeInternet.ca().identity("default.example"), MX, right));
        assertEquals(verified(context), reason(net.mail().one()), context.row("D19"));
      }
    }
  }

  @Test
  void e3E27AMismatchIsNotRescuedByMtaSts() throws Exception {
    for (boolean sts : List.of(false, true)) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host = site(net, DomainPolicy.D, FakeInternet.ca().identity(MX));
        if (sts) {
          net.sources.add(subject -> List.of(enforce("1", MX)));
        }
        host.tls(FakeInternet.server(FakeInternet.ca().identity(MX)));
        assertEquals(List.of("deferred tls-identity", "deferred tls-identity"), twice(net));
        neverSawMail(host, sts ? "E27" : "E3");
      }
    }
  }

  @Test
  void e28TheSecondHostIsUsedWhenTheFirstFailsDane() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      FakeHost bad = site(net, DomainPolicy.D, FakeInternet.ca().identity(MX));
      bad.tls(FakeInternet.server(FakeInternet.ca().identity(MX)));
      Identity second = TestCa.selfSigned("whatever.example");
      net.dns
          .mx("example.org", 20, "mx2.example.org")
          .a("mx2.example.org", "192.0.2.2")
          .tlsa("_25._tcp.mx2.example.org", tlsa(3, second));
      FakeHost good = net.host("192.0.2.2").tls(FakeInternet.server(second));
      assertEquals("delivered dane:verified", reason(net.mail().one()));
      neverSawMail(bad, "E28");
      assertEquals(1, good.bodies().size());
    }
  }

  @Test
  void e30BothDemandsHoldWhereBothAreMade() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      FakeHost host = site(net, DomainPolicy.D, TestCa.selfSigned(MX));
      net.sources.add(subject -> List.of(enforce("1", MX)));
      assertEquals("deferred tls-identity", reason(net.mail().one()));
      neverSawMail(host, "E30");
    }
    try (FakeInternet net = new FakeInternet()) {
      site(net, DomainPolicy.D, FakeInternet.ca().identity(MX));
      net.sources.add(subject -> List.of(enforce("1", MX)));
      assertEquals("delivered dane:verified", reason(net.mail().one()));
    }
  }

  @Test
  void e21HalfDaneIsEnforcedAndNeverCalledVerified() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      Identity identity = TestCa.selfSigned("whatever.example");
      net.dane = true;
      net.dns
          .secure("mx.provider.example")
          .mx("example.org", 10, "mx.provider.example")
          .a("mx.provider.example", "192.0.2.1")
          .tlsa("_25._tcp.mx.provider.example", tlsa(3, identity));
      FakeHost host = net.host("192.0.2.1").tls(FakeInternet.server(identity));
      assertEquals("delivered dane:trusted", reason(net.mail().one()));
      host.tls(FakeInternet.server(FakeInternet.ca().identity("mx.provider.example")));
      assertEquals("deferred tls-identity", reason(net.mail().one()));
      assertEquals(1, host.bodies().size());
    }
  }

  @Test
  void e17TlsaLookupFailureSkipsTheHostAndSendsNoPlaintext() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      FakeHost host = site(net, DomainPolicy.D, FakeInternet.ca().identity(MX));
      net.dns.fails("_25._tcp." + MX);
      assertEquals(List.of("deferred dane-lookup", "deferred dane-lookup"), twice(net));
      assertEquals(0, host.sessions().size(), "E17: not even connected");
    }
  }

  @Test
  void f3F4F5OnlyListedHostsAreUsed() throws Exception {
    record Row(String id, String host, String pattern, boolean listed) {}
    for (Row row :
        List.of(
            new Row("F1", "mx.example.org", "mx.example.org", true),
            new Row("F3", "mx.example.org", "mx.other.example", false),
            new Row("F5 one label", "b.mx.test", "*.mx.test", true),
            new Row("F5 two labels", "a.b.mx.test", "*.mx.test", false))) {
      try (FakeInternet net = new FakeInternet()) {
        net.sources.add(subject -> List.of(enforce("1", row.pattern())));
        net.dns.mx("example.org", 10, row.host()).a(row.host(), "192.0.2.1");
        FakeHost host = net.host("192.0.2.1").tls(FakeInternet.server(row.host()));
        assertEquals(
            row.listed() ? "delivered sts:verified" : "deferred sts-mx",
            reason(net.mail().one()),
            row.id());
        assertEquals(row.listed() ? 1 : 0, host.sessions().size(), row.id());
      }
    }
    try (FakeInternet net = new FakeInternet()) {
      net.sources.add(subject -> List.of(enforce("1", "mx2.example.org")));
      FakeHost unlisted = net.simple().tls(FakeInternet.server(MX));
      net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
      FakeHost listed = net.host("192.0.2.2").tls(FakeInternet.server("mx2.example.org"));
      assertEquals("delivered sts:verified", reason(net.mail().one()), "F4");
      assertEquals(0, unlisted.sessions().size());
      assertEquals(1, listed.bodies().size());
    }
  }

  @Test
  void f2F18PolicyIsRecheckedBeforeDeferring() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      AtomicReference<Evidence.Sts> policy = new AtomicReference<>(enforce("1", "old.example.org"));
      List<Domain> rechecked = new ArrayList<>();
      net.sources.add(subject -> List.of(policy.get()));
      net.rechecks =
          domain -> {
            rechecked.add(domain);
            policy.set(enforce("2", MX));
            return Optional.of(policy.get());
          };
      net.simple().tls(FakeInternet.server(MX));
      assertEquals("delivered sts:verified", reason(net.mail().one()), "F18");
      assertEquals(List.of(DOMAIN), rechecked);
      assertEquals("delivered sts:verified", reason(net.mail().one()));
      assertEquals(1, rechecked.size(), "asked only when something failed");
    }
    try (FakeInternet net = new FakeInternet()) {
      List<Domain> rechecked = new ArrayList<>();
      net.sources.add(subject -> List.of(enforce("1", MX)));
      net.rechecks =
          domain -> {
            rechecked.add(domain);
            return Optional.of(enforce("1", MX));
          };
      FakeHost host = net.simple().tls(FakeInternet.server(TestCa.selfSigned(MX)));
      assertEquals("deferred tls-identity", reason(net.mail().one()), "F2");
      assertEquals(List.of(DOMAIN), rechecked);
      assertEquals(1, host.sessions().size(), "nothing new: not tried again in this round");
    }
  }

  @Test
  void f19APolicyThatIsAnnouncedAndNotFetchedYetMakesMailWait() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      AtomicReference<Evidence.StsState> state =
          new AtomicReference<>(
              new Evidence.StsState.Pending(
                  "the policy could not be fetched", FakeInternet.NOON.plusSeconds(1_800)));
      net.sources.add(subject -> List.of(new Evidence.Sts(DOMAIN, state.get(), null)));
      FakeHost host = net.simple();
      assertEquals("deferred sts-pending", reason(net.mail().one()));
      assertEquals(0, host.sessions().size());
      state.set(new Evidence.StsState.Absent("not fetched in time"));
      assertEquals("delivered may:none", reason(net.mail().again(FakeInternet.NOON).one()));
    }
  }

  @Test
  void h1ANullMxBouncesAtOnce() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      net.dns.mx("example.org", 0, ".");
      Outcome outcome = net.mail().one();
      assertEquals("refused null-mx", reason(outcome));
      assertEquals("5.1.10", ((Outcome.Refused) outcome).cause().status().toString());
    }
  }

  @Test
  void h2H3H4H10TheNextHostOrFamilyIsUsed() throws Exception {
    for (DomainPolicy context : DomainPolicy.values()) {
      for (String row : List.of("H2", "H3", "H4", "H10")) {
        try (FakeInternet net = new FakeInternet()) {
          Identity identity = FakeInternet.ca().identity(MX);
          site(net, context, identity);
          net.dns.mx("example.org", 5, "mx0.example.org");
          switch (row) {
            case "H2" -> net.dns.a("mx0.example.org", "192.0.2.99");
            case "H3" -> {
              net.dns.a("mx0.example.org", "192.0.2.5");
              net.host("192.0.2.5").banner("421 4.3.2 closing");
            }
            case "H4" -> {
              net.dns.a("mx0.example.org", "192.0.2.5");
              net.host("192.0.2.5").banner("554 5.7.1 go away");
            }
            default -> {
              net.dns.a("mx0.example.org", "192.0.2.99").aaaa(MX, "2001:db8::99");
              net.blackHole("2001:db8::99");
            }
          }
          if (context == DomainPolicy.S) {
            net.sources.clear();
            net.sources.add(subject -> List.of(enforce("1", "*.example.org")));
          }
          assertEquals(verified(context), reason(net.mail().one()), context.row(row));
        }
      }
    }
  }

  @Test
  void h5TlsAtTheSecondHostComesBeforePlaintextAtTheFirst() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      FakeHost broken = net.simple().tls(FakeInternet.server(MX)).breaksOn(clientHello -> true);
      net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
      net.host("192.0.2.2").tls(FakeInternet.server("mx2.example.org"));
      net.clock.pass(Duration.ofHours(3));
      assertEquals("delivered may:trusted", reason(net.mail().again(FakeInternet.NOON).one()));
      neverSawMail(broken, "H5");
    }
  }

  @Test
  void h7TwentyHostsAreBounded() throws Exception {
    for (DomainPolicy context : List.of(DomainPolicy.N, DomainPolicy.D)) {
      try (FakeInternet net = new FakeInternet()) {
        net.dane = context == DomainPolicy.D;
        net.dns.secure("example.org");
        for (int i = 1; i <= 20; i++) {
          net.dns
              .mx("example.org", i, "m" + i + ".example.org")
              .a("m" + i + ".example.org", "192.0.2." + i);
          net.host("192.0.2." + i)
              .tls(FakeInternet.server("m" + i + ".example.org"))
              .breaksOn(h -> true);
        }
        assertEquals("deferred tls-broken", reason(net.mail().one()), context.row("H7"));
        assertTrue(net.dialled().size() <= FallbackLadder.PER_DELIVERY, context.row("H7"));
      }
    }
  }

  @Test
  void oneReceiptPerDeliveredRecipient() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      Identity identity = FakeInternet.ca().identity(MX);
      FakeHost host =
          site(net, DomainPolicy.D, identity).on("RCPT TO:<no", "550 5.1.1 no such user");
      assertEquals(2, net.mail().to("bob", "no").deliver().size());
      assertEquals(1, host.bodies().size());
      assertEquals(1, net.receipts.size());
      var receipt = net.receipts.getFirst();
      assertEquals("bob@example.org", receipt.recipient());
      assertEquals("dane", receipt.wanted());
      assertTrue(
          receipt.because().getFirst().startsWith("dane: TLSA records at "), receipt.toString());
      assertTrue(receipt.dnssec());
      var tls = receipt.tls();
      assertTrue(tls != null && tls.verdict().startsWith("verified(tlsa"), receipt.toString());
      assertEquals(Pins.of(identity.chain().getFirst()).hex(), tls == null ? "" : tls.key());
      assertTrue(net.log.recorded("demanded", MX, "dane"));
    }
  }
}
