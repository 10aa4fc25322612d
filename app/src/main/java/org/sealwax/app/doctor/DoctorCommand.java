package org.sealwax.app.doctor;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.cli.AssessmentSetup;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.router.cli.AddressOption;
import org.sealwax.router.cli.ConfigurationSource;
import org.sealwax.router.cli.StatusCommand;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.records.SiteDomains;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.SourceAddresses;

/** {@code sealwax doctor}: what receivers check about this host and its domains. */
public final class DoctorCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  private DoctorCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code doctor}. */
  public static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax doctor
        check what receivers check about this host and its domains

        Examines, for the configuration: the PTR record of each address that mail is sent from, the
        name in EHLO, SPF and DMARC of that name and of the domains that send, the records of DKIM
        keys and their alignment with From, the DNS lists, the resolver, the clock, outgoing port 25,
        the certificates of this server with their renewals, rollover and TLSA records at each name
        server, and of each domain that receives MX, DNSSEC, TLSA, MTA-STS, TLSRPT and the TLS of its hosts.
        Prints the most serious findings first, each with the record or the command that fixes it.
        Sends no mail and changes nothing.

        The addresses are those of --address, else [deliver] bind_ipv4 and bind_ipv6, else the
        public addresses of this host, else those that [server] hostname resolves to.

        Exit code 0: all in order; 1: warnings, or a check without a result; 2: errors.

        --address ADDRESS,...  addresses that mail is sent from
        --reach DOMAIN      another domain, whose MX host is contacted at port 25 (that of the
                            postmaster)
        --json              print JSON

        $ sealwax doctor
        $ sealwax doctor --address 192.0.2.25,2001:db8::25 --reach example.org
        """,
        arguments -> new DoctorCommand(process).run(arguments));
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    RouterSettings settings = configuration.valid(arguments).settings();
    Optional<Domain> reach = arguments.read("--reach", Domain::parse, "a domain name");
    List<InetAddress> named = AddressOption.read(arguments);
    CertificateAuthorities authorities = new CertificateAuthorities(settings);
    authorities.check();
    Dialer dialer = SystemDialer.guarded(settings.dialer());
    boolean isPrivateAllowed = !settings.dialer().allowTargets().isEmpty();
    AssessmentSetup setup =
        AssessmentSetup.configured(
            new AssessmentSetup.ScanSettings(
                settings.dns(),
                authorities.standard(),
                settings.server().hostname(),
                settings.deliver().mxPort(),
                settings.sts().map(StsSettings::port)),
            dialer,
            isPrivateAllowed);
    CachingResolver resolver = setup.resolver();
    MailSite site =
        site(settings, named.isEmpty() ? SourceAddresses.of(settings, resolver) : named);
    RandomSource random = RandomSource.secure();
    List<SiteReview> reviews =
        List.of(
            new ResolverReview(resolver),
            new ClockReview(),
            new EhloNameReview(site, resolver),
            new SourceAddressReview(site, resolver),
            new SpfReview(site, resolver),
            new DmarcReview(site, resolver),
            DkimCommand.review(settings, resolver, _ -> true),
            new AlignmentReview(
                site,
                settings.senders(),
                settings.dkim(),
                settings.inbound().dmarc(),
                resolver,
                Clock.system()),
            new MxReview(site, resolver, random),
            new CertificatesReview(StatusCommand.report(configuration, arguments)),
            new DnsListReview(settings.dnsLists(), site.sources(), resolver),
            new OutboundPortReview(
                reach.or(() -> elsewhere(settings, site)),
                resolver,
                dialer,
                random,
                settings.deliver().mxPort()),
            new ReceivingReview(site, setup.assessor()));
    List<SiteFinding> found = new ArrayList<>();
    for (SiteReview review : reviews) {
      found.addAll(review.findings());
    }
    DoctorReport report = new DoctorReport(site.hostname(), found);
    report.print(process, arguments);
    return report.exit();
  }

  /** The domains of the configuration, each once. */
  static MailSite site(RouterSettings settings, List<InetAddress> sources) {
    SiteDomains domains =
        SiteDomains.of(
            settings.server().hostname(), settings.forward(), settings.senders(), settings.dkim());
    return new MailSite(
        domains.hostname(), sources, domains.senders(), domains.receivers(), domains.rewriting());
  }

  /** The postmaster's domain, when it is elsewhere. */
  private static Optional<Domain> elsewhere(RouterSettings settings, MailSite site) {
    return settings
        .server()
        .postmaster()
        .map(postmaster -> postmaster.domain())
        .filter(Domain.class::isInstance)
        .map(Domain.class::cast)
        .filter(domain -> !site.receiverDomains().contains(domain))
        .filter(domain -> !site.senderDomains().contains(domain));
  }
}
