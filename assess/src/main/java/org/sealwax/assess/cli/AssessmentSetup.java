package org.sealwax.assess.cli;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.AddressVisits;
import org.sealwax.assess.Assessor;
import org.sealwax.assess.Probe;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetLookup;
import org.sealwax.assess.VisitLimiter;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.receiver.OpenRelayProbe;
import org.sealwax.assess.receiver.ReceiverScan;
import org.sealwax.assess.receiver.SmugglingProbe;
import org.sealwax.assess.review.CertificateReview;
import org.sealwax.assess.review.DaneReview;
import org.sealwax.assess.review.KeyReuseReview;
import org.sealwax.assess.review.MxReview;
import org.sealwax.assess.review.ReviewList;
import org.sealwax.assess.review.StsReview;
import org.sealwax.assess.review.TlsRptReview;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * Everything that assessments of one run share, made from the command line.
 *
 * @param assessor makes the assessments
 * @param resolver answers all its questions to the DNS
 */
public record AssessmentSetup(Assessor assessor, CachingResolver resolver) {
  /** The options that are read here, for the pages of commands. */
  static final String OPTIONS =
      """

      --deadline TIME     end an assessment after this time: 90s, 5m
      --dns ADDRESS       ask this resolver, ADDRESS or ADDRESS:PORT
      --trust-anchor FILE  DS or DNSKEY records to validate by
      --no-dnssec         do not validate; nothing counts as signed
      --roots FILE        certificate authorities to trust, in PEM
      --ehlo NAME         EHLO name (this machine's)
      --port PORT         port of the MX hosts, for a lab
      --policy-port PORT  port of the MTA-STS host, for a lab
      --allow-private     connect to private addresses, for a lab
      """;

  private static final int DNS = 53;
  private static final int HTTPS = 443;
  private static final int PORTS = 65_535;

  /** For one fetch of a policy: RFC 8461 3.3 lets senders give up after a minute. */
  private static final Duration POLICY_TIME = Duration.ofSeconds(20);

  /** Services named by {@code --also}: each costs a connection and up to ten seconds. */
  private static final int MAX_ALSO = 16;

  /** Answers kept: what is above the domains of a survey is asked for again, they are not. */
  private static final int ANSWERS = 4_000;

  /**
   * Reason why DNSSEC cannot be assessed here, as text for the user; empty when a resolver lets us
   * validate. Checked when answers did not validate, before the failure is attributed to a domain.
   */
  Optional<String> resolverProblem() throws InterruptedException {
    List<ResolverCheck> checks = resolver.checkResolvers();
    return checks.isEmpty() || !checks.stream().allMatch(ResolverCheck::preventsJudgement)
        ? Optional.empty()
        : Optional.of(
            String.join("; ", checks.stream().map(ResolverCheck::toString).toList())
                + ". Use a validating resolver such as unbound (--dns ADDRESS), or disable DNSSEC"
                + " (--no-dnssec)");
  }

  /** Lines of a file of trust anchors: the root has two keys, a lab a few. */
  private static final int MAX_ANCHORS = 64;

  /** Bytes of the file with them. */
  private static final int MAX_ANCHOR_FILE = 256 << 10;

  /**
   * Reads options and files.
   *
   * @throws IOException which file is wrong
   * @throws Arguments.UsageError which option is wrong
   */
  public static AssessmentSetup of(
      Arguments arguments, ProcessEnvironment around, AssessmentTarget target) throws IOException {
    // A target that the user gives as an address may be anywhere; one from the DNS must be public.
    boolean named =
        target instanceof AssessmentTarget.HostTarget host && !host.addresses().isEmpty();
    return of(arguments, around, named, VisitLimiter.open());
  }

  /** For many targets, through a limiter. */
  static AssessmentSetup of(
      Arguments arguments, ProcessEnvironment around, boolean anywhere, VisitLimiter limiter)
      throws IOException {
    boolean inner = anywhere || arguments.has("--allow-private");
    Dialer dialer =
        inner ? SystemDialer.trusted() : SystemDialer.guarded(DialerSettings.defaults());
    return of(arguments, around, new TargetReach(dialer, inner, limiter));
  }

  /** For a service, whose dialer decides where it connects. */
  static AssessmentSetup through(
      Dialer dialer, Arguments arguments, ProcessEnvironment around, VisitLimiter limiter)
      throws IOException {
    return of(arguments, around, new TargetReach(dialer, false, limiter));
  }

  /**
   * Where connections go.
   *
   * @param dialer opens them
   * @param inner private addresses are among the targets
   * @param limiter passed before each address
   */
  private record TargetReach(Dialer dialer, boolean inner, VisitLimiter limiter) {}

  private static AssessmentSetup of(
      Arguments arguments, ProcessEnvironment around, TargetReach reach) throws IOException {
    DnsSettings dns = dns(arguments, around);
    TrustRoots roots = roots(arguments, around);
    Domain ehlo =
        arguments
            .read("--ehlo", Domain::parse, "a domain name")
            .orElseGet(() -> new DefaultPaths(around).machine().hostname());
    ScanSettings settings =
        new ScanSettings(
            dns,
            roots,
            ehlo,
            arguments.number("--port", PORTS).orElse(AssessmentTarget.MAIL),
            arguments.number("--policy-port", PORTS));
    Optional<Mailbox> relayed = mailbox(arguments, "--relay-test");
    Optional<Mailbox> smuggled = mailbox(arguments, "--smuggling-test");
    return of(
        settings,
        reach,
        also(arguments),
        (resolver, clock, random) -> {
          List<Probe> probes = new ArrayList<>();
          relayed.ifPresent(
              own -> probes.add(new OpenRelayProbe(own, resolver, reach.dialer(), clock, random)));
          smuggled.ifPresent(
              own -> probes.add(new SmugglingProbe(own, reach.dialer(), clock, random)));
          return probes;
        });
  }

  /**
   * What a scan is made with besides its target.
   *
   * @param dns how names are looked up
   * @param roots trusted certificate authorities
   * @param ehlo the name to give
   * @param port of a domain's MX hosts
   * @param policyPort of MTA-STS policy hosts, in a lab; else 443
   */
  public record ScanSettings(
      DnsSettings dns, TrustRoots roots, Domain ehlo, int port, Optional<Integer> policyPort) {}

  /**
   * For own domains, as the configuration of a mail router specifies.
   *
   * @param dialer what it permits to connect to
   * @param inner private addresses are among the targets
   * @throws IOException when a trust anchor is wrong
   */
  public static AssessmentSetup configured(ScanSettings settings, Dialer dialer, boolean inner)
      throws IOException {
    return of(
        settings,
        new TargetReach(dialer, inner, VisitLimiter.open()),
        List.of(),
        (resolver, clock, random) -> List.of());
  }

  /** Probes besides the usual ones. */
  private interface RequestedProbes {
    List<Probe> of(CachingResolver resolver, Clock clock, RandomSource random);
  }

  private static AssessmentSetup of(
      ScanSettings settings,
      TargetReach reach,
      List<AssessmentTarget.HostTarget> also,
      RequestedProbes requested)
      throws IOException {
    DnsSettings dns = settings.dns().withCacheEntries(ANSWERS);
    TlsFactory.prepareJvm();
    Clock clock = Clock.system();
    RandomSource random = RandomSource.secure();
    boolean inner = reach.inner();
    Dialer dialer = reach.dialer();
    TrustRoots roots = settings.roots();
    CachingResolver resolver = resolver(dns, clock, random);
    TlsClient tls =
        new TlsFactory(TlsSettings.defaults(), clock, random).client(ClientTlsSettings.defaults());
    HttpsClient web = new HttpsClient(resolver, dialer, tls, roots, clock);
    PolicyFetcher fetcher =
        new PolicyFetcher(web, settings.policyPort().orElse(HTTPS), POLICY_TIME);
    List<Probe> probes = new ArrayList<>(List.of(new ReceiverScan(dialer, clock, random, tls)));
    probes.addAll(requested.of(resolver, clock, random));
    AuthoritativeLookup servers =
        new AuthoritativeLookup(dns, clock, random, a -> inner || SpecialUse.of(a).isEmpty(), DNS);
    List<Review> reviews =
        ReviewList.all(
            new MxReview(inner, hasIpv6()),
            new DaneReview(resolver, servers::tlsa, clock),
            new StsReview(resolver, fetcher::examine, roots, clock),
            CertificateReview.over(resolver, dialer, roots, clock),
            new KeyReuseReview(also, resolver, dialer),
            new TlsRptReview(resolver, web::exchange),
            resolver,
            dns.validation() != DnsSettings.Validation.OFF);
    Assessor assessor =
        new Assessor(
            new TargetLookup(resolver, random, settings.port()),
            new AddressVisits(probes, AddressVisits.PARALLEL, reach.limiter(), clock),
            reviews,
            ReceiverRubric.rules(),
            settings.ehlo().name(),
            "sealwax " + Version.text(),
            clock);
    return new AssessmentSetup(assessor, resolver);
  }

  private static CachingResolver resolver(DnsSettings settings, Clock clock, RandomSource random)
      throws IOException {
    try {
      return new CachingResolver(settings, clock, random);
    } catch (IllegalArgumentException e) {
      throw new IOException("--trust-anchor: " + e.getMessage(), e);
    }
  }

  /** A mailbox that any server can be given: ASCII, nothing quoted, in a domain. */
  private static Optional<Mailbox> mailbox(Arguments arguments, String option)
      throws Arguments.UsageError {
    return arguments.read(
        option,
        text ->
            MailboxParser.parse(text)
                .filter(m -> m.isAscii() && m.domain() instanceof Domain)
                .filter(m -> !m.toString().contains("\"")),
        "a mailbox: you@example.org");
  }

  /** Services whose TLS begins with the first byte: {@code www.example.org:443,[::1]:993}. */
  private static List<AssessmentTarget.HostTarget> also(Arguments arguments)
      throws Arguments.UsageError {
    List<AssessmentTarget.HostTarget> services = new ArrayList<>();
    String text = arguments.value("--also").orElse("");
    if (text.isEmpty()) {
      return services;
    }
    for (String word : text.split(",", -1)) {
      if (services.size() < MAX_ALSO
          && AssessmentTarget.read(word).orElse(null)
              instanceof AssessmentTarget.HostTarget service) {
        services.add(service);
      } else {
        throw new Arguments.UsageError(
            "--also is HOST:PORT, or up to " + MAX_ALSO + " with commas");
      }
    }
    return services;
  }

  private static TrustRoots roots(Arguments arguments, ProcessEnvironment around)
      throws IOException {
    Optional<String> file = arguments.value("--roots");
    return file.isEmpty() ? RootStore.publicRoots() : RootStore.fromPem(around.path(file.get()));
  }

  private static DnsSettings dns(Arguments arguments, ProcessEnvironment around)
      throws IOException {
    DnsSettings settings = DnsSettings.defaults();
    Optional<String> address = arguments.value("--dns");
    if (address.isPresent()) {
      settings = settings.withResolvers(List.of(resolver(address.get())));
    }
    Optional<String> anchor = arguments.value("--trust-anchor");
    if (anchor.isPresent()) {
      settings = settings.withAnchors(anchors(around.path(anchor.get())));
    }
    if (arguments.has("--no-dnssec")) {
      settings = settings.withValidation(DnsSettings.Validation.OFF);
    }
    return settings;
  }

  private static List<String> anchors(Path file) throws IOException {
    List<String> lines =
        RegularFile.lines(file, StandardCharsets.UTF_8, MAX_ANCHOR_FILE).stream()
            .map(String::strip)
            .filter(l -> !l.isEmpty() && !l.startsWith(";") && !l.startsWith("#"))
            .toList();
    if (lines.isEmpty() || lines.size() > MAX_ANCHORS) {
      throw new IOException(file + ": 1 to " + MAX_ANCHORS + " DS or DNSKEY records");
    }
    return lines;
  }

  /** {@code 192.0.2.53}, {@code 192.0.2.53:5353}, {@code [2001:db8::53]:5353}. */
  static InetSocketAddress resolver(String text) throws Arguments.UsageError {
    String host = text;
    int port = DNS;
    int colon = text.lastIndexOf(':');
    boolean bracketed = text.startsWith("[");
    boolean hasPort = bracketed ? text.indexOf("]:") > 0 : colon >= 0 && colon == text.indexOf(':');
    if (hasPort) {
      port = Arguments.number("the port of --dns", text.substring(colon + 1), PORTS);
      host = text.substring(0, colon);
    }
    if (bracketed && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new Arguments.UsageError("--dns is an address, with :port when it is not 53");
  }

  /** Whether any interface has an IPv6 address that leads beyond the link. */
  private static boolean hasIpv6() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .anyMatch(
              a -> a instanceof Inet6Address && !a.isLinkLocalAddress() && !a.isLoopbackAddress());
    } catch (SocketException e) {
      return true;
    }
  }
}
