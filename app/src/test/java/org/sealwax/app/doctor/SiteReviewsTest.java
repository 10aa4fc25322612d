package org.sealwax.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.KeyRecordCheck;
import org.sealwax.router.dkim.SenderRow;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.testkit.dns.FixedResolver;

/**
 * A site that is in order has no fault; each record that is broken is named, with what fixes it.
 */
final class SiteReviewsTest {
  private static final MailSite SITE = site("mx.project.example", "192.0.2.25", "2001:db8::25");

  private static MailSite site(String hostname, String... sources) {
    return new MailSite(
        Domain.of(hostname),
        List.of(sources).stream().map(InetAddress::ofLiteral).toList(),
        List.of(Domain.of("mx.project.example"), Domain.of("project.example")),
        List.of(Domain.of("project.example")),
        Optional.empty());
  }

  private static final String RSA_NAME = "rsa._domainkey.project.example";
  private static final String ED_NAME = "ed._domainkey.project.example";

  @TempDir private static Path folder = Path.of("");

  @BeforeAll
  static void makeKeys() throws Exception {
    writeKey("RSA", 2048, "rsa");
    writeKey("Ed25519", 255, "ed");
    writeKey("Ed25519", 255, "other");
  }

  private static void writeKey(String algorithm, int bits, String selector) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(bits);
    Files.writeString(
        file(selector),
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder()
                .encodeToString(generator.generateKeyPair().getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
  }

  private static Path file(String selector) {
    return folder.resolve(selector + ".pem");
  }

  private static String record(String selector) {
    try {
      return DkimKeyFile.read(Domain.of("project.example"), Domain.of(selector), file(selector))
          .record();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DkimRow row(String selector, Optional<Instant> from, Optional<Instant> until) {
    return new DkimRow(
        Domain.of("project.example"), Domain.of(selector), file(selector), from, until);
  }

  private static DkimRow row(String selector) {
    return row(selector, Optional.empty(), Optional.empty());
  }

  private static List<SiteFinding> ofKeys(Resolver resolver, DkimRow... rows)
      throws InterruptedException {
    KeyRecordCheck check =
        new KeyRecordCheck(resolver, _ -> Map.of(), Optional::empty, Clock.system().civilTime());
    return new DkimReview(List.of(List.of(rows)), _ -> true, check).findings();
  }

  /** A user who may send for the domain, and a host below it. */
  private static AlignmentReview alignment(Resolver resolver, DkimRow... rows) {
    SenderRow users =
        new SenderRow(
            List.of("ann"),
            List.of(),
            List.of(),
            false,
            List.of(
                new DomainPattern.Exact(Domain.of("project.example")),
                new DomainPattern.Below(Domain.of("project.example"))));
    return new AlignmentReview(
        SITE, List.of(users), List.of(rows), InboundSettings.Mode.REPORT, resolver, Clock.system());
  }

  @Test
  void mailWithoutAKeyInForceIsAWarning() {
    Optional<Instant> later = Optional.of(Clock.system().civilTime().plus(Duration.ofDays(9)));
    for (AlignmentReview review :
        List.of(
            alignment(inOrder().build()),
            alignment(inOrder().build(), row("ed", later, Optional.empty())))) {
      List<SiteFinding> found = review.findings();
      assertEquals(2, found.size());
      for (SiteFinding finding : found) {
        assertEquals(SiteVerdict.WARNING, finding.verdict());
        assertTrue(finding.fix().getFirst().startsWith("sealwax dkim new "), finding.toString());
      }
    }
  }

  private static Broken brokenKey(String what, String record) {
    return new Broken(
        what, b -> b.without(ED_NAME).txt(ED_NAME, record), SiteVerdict.ERROR, "dkim", ED_NAME);
  }

  private static Broken brokenMx(
      String what, UnaryOperator<FixedResolver.Builder> change, SiteVerdict verdict) {
    return new Broken(
        what, change, verdict, "mx", "project.example. 3600 IN MX 10 mx.project.example.");
  }

  /** SPF passes for what we forward; where that counts for DMARC, anyone can forge our domain. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "srs.project.example; p=reject;         mx.project.example project.example",
        "srs.project.example; p=reject, aspf=s; ''",
        "project.example;     p=reject;         mx.project.example project.example",
        "project.example;     p=reject, aspf=s; project.example",
        "forwards.example;    p=reject;         ''"
      })
  void theDomainOfRewrittenSendersIsNotAligned(String rewriting, String tags, String warned) {
    MailSite site =
        new MailSite(
            SITE.hostname(),
            SITE.sources(),
            SITE.senderDomains(),
            List.of(),
            Optional.of(Domain.of(rewriting)));
    FixedResolver.Builder dns =
        inOrder()
            .without("_dmarc.project.example")
            .txt("_dmarc.project.example", "v=DMARC1; " + tags.replace(',', ';'));
    assertEquals(
        warned,
        new AlignmentReview(
                site,
                List.of(),
                List.of(row("rsa")),
                InboundSettings.Mode.OFF,
                dns.build(),
                Clock.system())
            .findings().stream()
                .filter(f -> f.verdict() == SiteVerdict.WARNING)
                .peek(f -> assertTrue(f.fix().getFirst().contains("aspf=s"), f.toString()))
                .map(SiteFinding::subject)
                .collect(Collectors.joining(" ")));
  }

  /** Bounces of forwarded mail must come back; other mail may come by way of another host. */
  @Test
  void theDomainOfRewrittenSendersLeadsHere() {
    Domain domain = Domain.of("srs.project.example");
    MailSite site =
        new MailSite(
            SITE.hostname(), SITE.sources(), List.of(), List.of(domain), Optional.of(domain));
    FixedResolver.Builder elsewhere =
        inOrder().mx(domain.name(), 10, "mx.other.example").a("mx.other.example", "192.0.2.99");
    SiteFinding wrong =
        new MxReview(site, elsewhere.build(), RandomSource.seeded(1)).findings().getFirst();
    assertEquals(SiteVerdict.ERROR, wrong.verdict());
    assertEquals(List.of("srs.project.example. 3600 IN MX 10 mx.project.example."), wrong.fix());
    // One of several hosts is enough, whatever its name.
    elsewhere.mx(domain.name(), 20, "backup.example").a("backup.example", "192.0.2.25");
    assertEquals(
        SiteVerdict.OK,
        new MxReview(site, elsewhere.build(), RandomSource.seeded(1))
            .findings()
            .getFirst()
            .verdict());
  }

  @Test
  void keysThatDoNotSignNowAreNoError() throws Exception {
    Instant now = Clock.system().civilTime();
    Resolver none = FixedResolver.builder().build();
    Optional<Instant> later = Optional.of(now.plus(Duration.ofDays(9)));
    Optional<Instant> earlier = Optional.of(now.minus(Duration.ofDays(9)));
    assertEquals(
        SiteVerdict.OK, ofKeys(none, row("ed", Optional.empty(), earlier)).getFirst().verdict());
    assertEquals(
        SiteVerdict.WARNING, ofKeys(none, row("ed", later, Optional.empty())).getFirst().verdict());
    assertEquals(SiteVerdict.ERROR, ofKeys(none, row("ed", earlier, later)).getFirst().verdict());
  }

  @Test
  void aKeyThatLargeReceiversDoNotVerifyIsNotEnough() {
    Optional<Instant> earlier = Optional.of(Clock.system().civilTime().minus(Duration.ofDays(9)));
    for (AlignmentReview review :
        List.of(
            alignment(inOrder().build(), row("ed")),
            alignment(inOrder().build(), row("ed"), row("rsa", Optional.empty(), earlier)))) {
      SiteFinding found = review.findings().getLast();
      assertEquals(SiteVerdict.WARNING, found.verdict());
      assertEquals(List.of("sealwax dkim new project.example"), found.fix());
    }
    assertEquals(
        SiteVerdict.OK,
        alignment(inOrder().build(), row("ed"), row("rsa")).findings().getLast().verdict());
  }

  @Test
  void aKeyThatCannotBeUsedIsAnError() throws Exception {
    SiteFinding gone = ofKeys(inOrder().build(), row("gone")).getFirst();
    assertEquals(SiteVerdict.ERROR, gone.verdict());
    assertTrue(gone.text().contains("gone.pem"), gone.text());
  }

  @Test
  void aLongRecordIsPrintedAsStringsOfAZoneFile() throws Exception {
    SiteFinding missing = ofKeys(FixedResolver.builder().build(), row("rsa")).getFirst();
    assertEquals(
        RSA_NAME + ". TXT \"" + record("rsa") + "\"",
        missing.fix().getFirst().replace("\" \"", ""));
    for (String part : missing.fix().getFirst().split("\"")) {
      assertTrue(part.length() <= 255, part);
    }
  }

  private static FixedResolver.Builder inOrder() {
    return FixedResolver.builder()
        .txt(RSA_NAME, record("rsa"))
        .txt(ED_NAME, record("ed"))
        .a("mx.project.example", "192.0.2.25")
        .aaaa("mx.project.example", "2001:db8::25")
        .txt("mx.project.example", "v=spf1 a -all")
        .txt("_dmarc.project.example", "v=DMARC1; p=quarantine")
        .txt("project.example", "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all")
        .mx("project.example", 10, "mx.project.example")
        .ptr(reverse("192.0.2.25"), "mx.project.example")
        .ptr(reverse("2001:db8::25"), "mx.project.example");
  }

  private static String reverse(String address) {
    return ReverseName.of(InetAddress.ofLiteral(address)).name();
  }

  private static List<SiteFinding> findings(MailSite site, Resolver resolver)
      throws InterruptedException {
    List<SiteFinding> found = new java.util.ArrayList<>();
    found.addAll(new EhloNameReview(site, resolver).findings());
    found.addAll(new SourceAddressReview(site, resolver).findings());
    found.addAll(new SpfReview(site, resolver).findings());
    found.addAll(new DmarcReview(site, resolver).findings());
    found.addAll(ofKeys(resolver, row("rsa"), row("ed")));
    found.addAll(alignment(resolver, row("rsa"), row("ed")).findings());
    found.addAll(new MxReview(site, resolver, RandomSource.seeded(1)).findings());
    return found;
  }

  @Test
  void aSiteInOrderHasNoFault() throws Exception {
    DoctorReport report = new DoctorReport(SITE.hostname(), findings(SITE, inOrder().build()));
    assertEquals(SiteVerdict.OK, report.worst(), report.text(false));
    assertEquals(0, report.exit());
  }

  /** A record that is broken, the verdict, the check, and a part of the advice. */
  record Broken(
      String what,
      UnaryOperator<FixedResolver.Builder> change,
      SiteVerdict verdict,
      String check,
      String fix) {
    @Override
    public String toString() {
      return what;
    }
  }

  static List<Broken> broken() {
    return List.of(
        new Broken(
            "no dkim record",
            b -> b.without(RSA_NAME),
            SiteVerdict.ERROR,
            "dkim",
            RSA_NAME + ". TXT \"v=DKIM1; k=rsa; p="),
        brokenKey("another dkim key", record("other")),
        brokenKey("a dkim key of another algorithm", record("rsa")),
        brokenKey("a revoked dkim key", "v=DKIM1; k=ed25519; p="),
        brokenKey("a dkim record in error", "v=DKIM1; k=ed25519; p=%"),
        brokenKey("a dkim key that is not for mail", record("ed") + "; s=other"),
        new Broken(
            "a dkim key for tests",
            b -> b.without(ED_NAME).txt(ED_NAME, record("ed") + "; t=y"),
            SiteVerdict.WARNING,
            "dkim",
            ED_NAME + ". TXT \"v=DKIM1; k=ed25519; p="),
        new Broken(
            "two dkim records",
            b -> b.txt(ED_NAME, record("other")),
            SiteVerdict.ERROR,
            "dkim",
            ED_NAME),
        new Broken("dkim look-up fails", b -> b.fails(ED_NAME), SiteVerdict.UNKNOWN, "dkim", ""),
        new Broken(
            "no dmarc record",
            b -> b.without("_dmarc.project.example"),
            SiteVerdict.WARNING,
            "dmarc",
            "_dmarc.project.example. 3600 IN TXT \"v=DMARC1; p=none"),
        new Broken(
            "two dmarc records",
            b ->
                b.without("_dmarc.project.example")
                    .txt("_dmarc.project.example", "v=DMARC1; p=none")
                    .txt("_dmarc.project.example", "v=DMARC1; p=reject"),
            SiteVerdict.ERROR,
            "dmarc",
            "keep one"),
        new Broken(
            "a dmarc record in error",
            b ->
                b.without("_dmarc.project.example")
                    .txt("_dmarc.project.example", "v=DMARC1 p=reject"),
            SiteVerdict.ERROR,
            "dmarc",
            "_dmarc.project.example. 3600 IN TXT"),
        new Broken(
            "dmarc look-up fails",
            b -> b.fails("_dmarc.project.example"),
            SiteVerdict.UNKNOWN,
            "dmarc",
            ""),
        new Broken(
            "a signature that is not aligned",
            b ->
                b.without("_dmarc.project.example")
                    .txt("_dmarc.project.example", "v=DMARC1; p=reject; adkim=s"),
            SiteVerdict.ERROR,
            "alignment",
            "sealwax dkim new mx.project.example"),
        new Broken(
            "alignment look-up fails",
            b -> b.fails("_dmarc.mx.project.example"),
            SiteVerdict.UNKNOWN,
            "alignment",
            ""),
        brokenMx("no mx record", b -> b.without("project.example"), SiteVerdict.ERROR),
        brokenMx(
            "a null mx record",
            b -> b.without("project.example").mx("project.example", 0, "."),
            SiteVerdict.ERROR),
        brokenMx(
            "mx of another host",
            b ->
                b.without("project.example")
                    .mx("project.example", 10, "mx.other.example")
                    .a("mx.other.example", "192.0.2.99"),
            SiteVerdict.WARNING),
        new Broken(
            "mx look-up fails",
            b -> b.without("project.example").fails("project.example", FixedResolver.Type.MX),
            SiteVerdict.UNKNOWN,
            "mx",
            ""),
        new Broken(
            "no spf record",
            b -> b.without("project.example"),
            SiteVerdict.ERROR,
            "spf",
            "project.example. 3600 IN TXT \"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all\""),
        new Broken(
            "two spf records",
            b ->
                b.without("project.example")
                    .txt("project.example", "v=spf1 mx -all")
                    .txt("project.example", "v=spf1 a -all"),
            SiteVerdict.ERROR,
            "spf",
            "keep one"),
        new Broken(
            "an address is missing in spf",
            b -> b.without("project.example").txt("project.example", "v=spf1 ip4:192.0.2.25 -all"),
            SiteVerdict.ERROR,
            "spf",
            "\"v=spf1 ip6:2001:db8::25 ip4:192.0.2.25 -all\""),
        new Broken(
            "an address is only softly refused",
            b -> b.without("project.example").txt("project.example", "v=spf1 ip4:192.0.2.25 ~all"),
            SiteVerdict.ERROR,
            "spf",
            "\"v=spf1 ip6:2001:db8::25 ip4:192.0.2.25 ~all\""),
        new Broken(
            "spf says nothing",
            b -> b.without("project.example").txt("project.example", "v=spf1"),
            SiteVerdict.ERROR,
            "spf",
            "\"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25\""),
        new Broken(
            "spf with an error",
            b -> b.without("project.example").txt("project.example", "v=spf1 ipv4:192.0.2.25 -all"),
            SiteVerdict.ERROR,
            "spf",
            "-all"),
        new Broken(
            "spf permits everybody",
            b ->
                b.without("project.example").txt("project.example", "v=spf1 ip4:192.0.2.0/24 +all"),
            SiteVerdict.WARNING,
            "spf",
            "-all"),
        new Broken(
            "spf look-up fails",
            b -> b.without("project.example").fails("project.example"),
            SiteVerdict.UNKNOWN,
            "spf",
            ""),
        new Broken(
            "an included record is missing",
            b ->
                b.without("project.example")
                    .txt("project.example", "v=spf1 include:gone.example -all"),
            SiteVerdict.ERROR,
            "spf",
            "-all"),
        new Broken(
            "no spf for the ehlo name",
            b ->
                b.without("mx.project.example")
                    .a("mx.project.example", "192.0.2.25")
                    .aaaa("mx.project.example", "2001:db8::25"),
            SiteVerdict.ERROR,
            "spf",
            "mx.project.example. 3600 IN TXT"),
        new Broken(
            "no ptr",
            b -> b.without("25.2.0.192.in-addr.arpa"),
            SiteVerdict.ERROR,
            "ptr",
            "25.2.0.192.in-addr.arpa. 3600 IN PTR mx.project.example."),
        new Broken(
            "ptr of another host",
            b ->
                b.without("25.2.0.192.in-addr.arpa")
                    .ptr(reverse("192.0.2.25"), "other.example")
                    .a("other.example", "192.0.2.25"),
            SiteVerdict.WARNING,
            "ptr",
            "[server] hostname = \"other.example\""),
        new Broken(
            "ptr not confirmed",
            b ->
                b.without("25.2.0.192.in-addr.arpa")
                    .ptr(reverse("192.0.2.25"), "other.example")
                    .a("other.example", "192.0.2.26"),
            SiteVerdict.ERROR,
            "ptr",
            "other.example. 3600 IN A 192.0.2.25"),
        new Broken(
            "ptr lookup fails",
            b -> b.fails("25.2.0.192.in-addr.arpa"),
            SiteVerdict.UNKNOWN,
            "ptr",
            ""),
        new Broken(
            "forward lookup fails",
            b -> b.fails("mx.project.example"),
            SiteVerdict.UNKNOWN,
            "ptr",
            ""),
        new Broken(
            "no address",
            b -> b.without("mx.project.example"),
            SiteVerdict.ERROR,
            "ehlo",
            "mx.project.example. 3600 IN A 192.0.2.25"),
        new Broken(
            "no ipv6 address",
            b -> b.without("mx.project.example").a("mx.project.example", "192.0.2.25"),
            SiteVerdict.WARNING,
            "ehlo",
            "mx.project.example. 3600 IN AAAA 2001:db8::25"),
        new Broken(
            "alias",
            b ->
                b.without("mx.project.example")
                    .cname("mx.project.example", "host.project.example")
                    .a("host.project.example", "192.0.2.25")
                    .aaaa("host.project.example", "2001:db8::25"),
            SiteVerdict.WARNING,
            "ehlo",
            "A and AAAA"));
  }

  @ParameterizedTest
  @MethodSource("broken")
  void aBrokenRecordIsNamedWithWhatFixesIt(Broken broken) throws Exception {
    DoctorReport report =
        new DoctorReport(SITE.hostname(), findings(SITE, broken.change().apply(inOrder()).build()));
    assertTrue(
        report.findings().stream()
            .anyMatch(
                f ->
                    f.check().equals(broken.check())
                        && f.verdict() == broken.verdict()
                        && (broken.fix().isEmpty()
                            ? f.fix().isEmpty()
                            : f.fix().stream().anyMatch(line -> line.contains(broken.fix())))),
        report.text(false));
    assertEquals(report.worst() == SiteVerdict.ERROR ? 2 : 1, report.exit());
  }

  @Test
  void aNameThatExistsInNoPublicDnsIsAnError() {
    for (String name :
        List.of("mailhost", "mx.corp.local", "localhost.localdomain", "mx.office.lan")) {
      List<SiteFinding> found =
          new EhloNameReview(site(name, "192.0.2.25"), inOrder().build()).findings();
      assertEquals(SiteVerdict.ERROR, found.getFirst().verdict(), name);
    }
  }

  @Test
  void aNameMadeOfTheAddressIsAWarning() {
    for (String name :
        List.of(
            "host-192-0-2-25.provider.example",
            "25.2.0.192.dyn.provider.example",
            "ip192.000.002.025.provider.example")) {
      Resolver resolver =
          FixedResolver.builder().a(name, "192.0.2.25").ptr(reverse("192.0.2.25"), name).build();
      List<SiteFinding> found =
          new SourceAddressReview(site(name, "192.0.2.25"), resolver).findings();
      assertEquals(SiteVerdict.WARNING, found.getFirst().verdict(), name);
    }
    Resolver resolver =
        FixedResolver.builder()
            .a("mx25.example", "192.0.2.25")
            .ptr(reverse("192.0.2.25"), "mx25.example")
            .build();
    assertEquals(
        SiteVerdict.OK,
        new SourceAddressReview(site("mx25.example", "192.0.2.25"), resolver)
            .findings()
            .getFirst()
            .verdict());
  }

  @Test
  void theClockIsJudgedByWhatTheKernelSays() {
    assertEquals(
        SiteVerdict.WARNING,
        new ClockReview(() -> OptionalLong.of(16_000_000)).findings().getFirst().verdict());
    assertEquals(
        SiteVerdict.OK,
        new ClockReview(() -> OptionalLong.of(500_000)).findings().getFirst().verdict());
    assertEquals(
        SiteVerdict.UNKNOWN, new ClockReview(OptionalLong::empty).findings().getFirst().verdict());
    // The real kernel's answer, whatever it is on this machine, is one of the two.
    assertTrue(new ClockReview().findings().getFirst().verdict() != SiteVerdict.UNKNOWN);
  }
}
