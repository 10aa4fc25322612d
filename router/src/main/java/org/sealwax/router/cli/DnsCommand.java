package org.sealwax.router.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.KeyReport;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.NeededKey;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.hosting.HostedState;
import org.sealwax.router.hosting.HostedStateFile;
import org.sealwax.router.hosting.ListedHost;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.records.RecordSettings;
import org.sealwax.router.records.RecordStanding;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordUpdates;
import org.sealwax.router.records.RecordUpdates.PlannedUpdate;
import org.sealwax.router.records.SiteDomains;
import org.sealwax.router.records.SiteFacts;
import org.sealwax.router.records.SiteFacts.HostedPolicy;
import org.sealwax.router.records.WantedRecord;
import org.sealwax.router.records.WantedRecords;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.wiring.HostedPoliciesCheck;
import org.sealwax.router.wiring.OwnCertificates;
import org.sealwax.router.wiring.RecordLookup;
import org.sealwax.router.wiring.Rollovers;
import org.sealwax.router.wiring.SourceAddresses;

/** {@code sealwax dns}: the records that our domains need, and what is published of them. */
public final class DnsCommand {
  private static final String NOT_YET =
      "not yet: senders may have an MTA-STS policy that does not list this host; the order is below";

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;
  private final Clock clock = Clock.system();
  private final RandomSource random = RandomSource.secure();

  public DnsCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code dns}. */
  public Command command() {
    return Command.of(
        """
        sealwax dns [DOMAIN]
        print the DNS records that this server's domains need, compared with those published

        Prints the records of the configuration's domains, or only those at DOMAIN and below it:
        MX, A and AAAA, the PTR record to ask for, SPF (of each domain that sends, of the name in
        EHLO and of the SRS domain), DKIM, DMARC, TLSA for the certificate in force and for the
        next key of a rollover, the record for TLS reports, the announcement and the host of each
        policy in [[mta_sts_host]], and CAA where the authority of [acme] is known. Looks each of
        them up at every authoritative server, and reports published,
        missing, different, not known (a look-up has no answer), not checked.

        A record that is published in another correct form is published: an SPF record is
        evaluated for the addresses of this server, a DMARC record may have any policy, and there
        may be other MX hosts. Prints at the end in which order MX hosts and MTA-STS policies
        change: an MX record is not added while senders may have a policy without its host. The keys are those of the running server; without one, those
        that the next start would use.

        With --format zone it prints all records as a zone file; with --format nsupdate the changes
        that are needed, for nsupdate of BIND. With --apply it prints the dynamic updates
        (RFC 2136) for zones in [[dns_update]], and sends them only with --yes. Each update has the
        condition that the records are still those that were seen. It then looks up again what
        each server has. What needs a decision is never changed: several SPF records, MX records
        of other hosts, other addresses of the host, and names outside of these domains.

        The addresses are those of --address, else [deliver] bind_ipv4 and bind_ipv6, else the
        public addresses of this host, else those that [server] hostname resolves to.

        Exit code 0: all published; 1: something is missing or different; 69: an update was not
        applied; 75: something is not known, and nothing is missing.

        --address ADDRESS,...  addresses of this server
        --format FORMAT     table, zone or nsupdate; default: table
        --apply             print the dynamic updates
        --yes               with --apply: send them
        --json              print JSON

        $ sealwax dns
        $ sealwax dns project.example --format zone
        $ sealwax dns --format nsupdate | nsupdate -k /etc/sealwax/update.key
        $ sealwax dns --apply --yes
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    DnsText.Format format =
        arguments
            .read("--format", DnsText.Format::parse, "table, zone or nsupdate")
            .orElse(DnsText.Format.TABLE);
    if (arguments.has("--yes") && !arguments.has("--apply")) {
      throw new Arguments.UsageError("--yes is for --apply");
    }
    Optional<Domain> only = only(arguments);
    List<InetAddress> named = AddressOption.read(arguments);
    RouterSettings settings = configuration.valid(arguments).settings();
    CachingResolver resolver = new CachingResolver(settings.dns(), clock, random);
    SiteDomains domains =
        SiteDomains.of(
            settings.server().hostname(), settings.forward(), settings.senders(), settings.dkim());
    RecordSettings parts =
        new RecordSettings(
            domains,
            settings.forward(),
            settings.rollover(),
            settings.tlsReportsIn(),
            settings.acme(),
            settings.acmeNames());
    RecordLookup lookup = new RecordLookup(settings, resolver, clock, random);
    List<InetAddress> addresses = named.isEmpty() ? SourceAddresses.of(settings, resolver) : named;
    List<WantedRecord> wanted =
        WantedRecords.of(parts, facts(arguments, settings, domains, lookup, addresses)).stream()
            .filter(record -> isSelected(record, only, domains))
            .toList();
    if (wanted.isEmpty()) {
      throw new CommandFailed(
          ExitStatus.CONFIGURATION,
          "the configuration has no domain " + only.map(Domain::name).orElse(""));
    }
    List<RecordStanding> found = lookup.compare(wanted);
    List<String> order =
        new HostedPoliciesCheck(settings, resolver, clock)
            .findings().stream().map(HostedPoliciesCheck.HostedFinding::toString).toList();
    DnsText text = new DnsText(process.out(), settings.zoneServers());
    if (!arguments.has("--apply")) {
      text.print(found, arguments.has("--json") ? DnsText.Format.JSON : format, order);
      return exit(found);
    }
    RecordUpdates updates = RecordUpdates.of(found, settings.zoneServers(), domains);
    text.plan(found, updates);
    if (updates.updates().isEmpty()) {
      process.out().println("nothing to send");
      return exit(found);
    }
    if (!arguments.has("--yes")) {
      process.out().println("nothing was sent; to send it: sealwax dns --apply --yes");
      return exit(found);
    }
    boolean isApplied = apply(updates.updates(), text);
    List<RecordStanding> after = lookup.compare(wanted);
    text.print(after, DnsText.Format.TABLE, order);
    return isApplied ? exit(after) : ExitStatus.UNAVAILABLE;
  }

  private static Optional<Domain> only(Arguments arguments) throws Arguments.UsageError {
    if (arguments.operands().isEmpty()) {
      return Optional.empty();
    }
    String name = arguments.operand();
    return Optional.of(
        Domain.parse(name)
            .orElseThrow(() -> new Arguments.UsageError(name + " is not a domain name")));
  }

  /** PTR records go with the host name. */
  private static boolean isSelected(
      WantedRecord record, Optional<Domain> only, SiteDomains domains) {
    Domain name =
        record.purpose() == WantedRecord.Purpose.PTR ? domains.hostname() : record.owner();
    return only.isEmpty() || name.equals(only.get()) || name.isBelow(only.get());
  }

  private SiteFacts facts(
      Arguments arguments,
      RouterSettings settings,
      SiteDomains domains,
      RecordLookup lookup,
      List<InetAddress> addresses)
      throws CommandFailed {
    Set<Domain> hosts = lookup.ownHosts(domains.hostname(), domains.receivers(), addresses);
    KeyReport keys = new KeyReport(List.of(), Optional.empty());
    String problem = "";
    try {
      keys = keys(arguments, settings, List.copyOf(hosts));
    } catch (IOException e) {
      problem = FailureText.of(e);
    }
    // The key of the table for reports signs whatever the rows say.
    List<DkimRow> reports =
        settings.tlsReports().flatMap(TlsReportRow::signingRow).stream().toList();
    List<NeededKey> dkim =
        Stream.of(settings.dkim(), reports)
            .flatMap(rows -> NeededKey.of(rows, clock.civilTime()).stream())
            .toList();
    return new SiteFacts(
        addresses,
        hosts,
        keys.hosts(),
        keys.next(),
        problem,
        dkim,
        policies(settings, domains.hostname()));
  }

  private List<HostedPolicy> policies(RouterSettings settings, Domain host) {
    List<HostedPolicy> policies = new ArrayList<>();
    for (HostedDomainRow row : settings.hostedDomains()) {
      for (Domain domain : row.domains()) {
        policies.add(policy(settings, domain, host));
      }
    }
    return policies;
  }

  private HostedPolicy policy(RouterSettings settings, Domain domain, Domain host) {
    try {
      Optional<HostedState> state = HostedStateFile.read(settings.server().state(), domain);
      Optional<String> record = state.flatMap(HostedState::record);
      String problem =
          state
              .map(HostedState::problems)
              .filter(problems -> !problems.isEmpty())
              .map(problems -> String.join("; ", problems))
              .orElse("the server has made no policy yet; start it");
      return new HostedPolicy(
          domain,
          record,
          record.isEmpty() ? problem : "",
          state.filter(known -> isAhead(known, host)).map(_ -> NOT_YET));
    } catch (IOException e) {
      return new HostedPolicy(domain, Optional.empty(), FailureText.of(e), Optional.empty());
    }
  }

  /** Whether senders have a policy of the domain, and may have one without this host. */
  private boolean isAhead(HostedState state, Domain host) {
    ListedHost listed = state.hosts().get(host);
    return state.published().isPresent() && (listed == null || !listed.isSafe(clock.now()));
  }

  private KeyReport keys(Arguments arguments, RouterSettings settings, List<Domain> hosts)
      throws IOException {
    try {
      return KeyReport.read(configuration.ask(arguments, KeyReport.request(hosts)));
    } catch (ControlClient.ServerNotRunning e) {
      return offline(settings, hosts);
    }
  }

  private KeyReport offline(RouterSettings settings, List<Domain> hosts) throws IOException {
    SteadyClock steady = new SteadyClock(clock, null);
    Rollovers rollovers =
        new Rollovers(
            settings,
            _ -> {
              throw new IOException("dns orders nothing");
            },
            steady,
            random,
            new MailLog() {});
    try (rollovers) {
      ServerCertificates certificates =
          new OwnCertificates(
                  () -> settings,
                  new CachingResolver(settings.dns(), clock, random),
                  rollovers,
                  steady,
                  random)
              .open(settings, () -> false, new MailLog() {});
      return KeyReport.of(certificates, rollovers.rollover(), hosts);
    }
  }

  /** Sends each update, whatever became of the former; whether all were applied. */
  private boolean apply(List<PlannedUpdate> updates, DnsText text) {
    boolean isApplied = true;
    for (PlannedUpdate planned : updates) {
      String problem;
      try {
        problem =
            switch (planned.row().send(planned.update(), clock, random)) {
              case UpdateResult.Applied() -> "";
              case UpdateResult.ConditionFailed(String reason) ->
                  "nothing was changed, because the records are no longer those above: " + reason;
              case UpdateResult.Refused(String reason) -> "nothing was changed: " + reason;
              case UpdateResult.Unproven(String reason) ->
                  "it is not known whether it was applied: " + reason;
            };
      } catch (IOException e) {
        problem = "not sent: " + FailureText.of(e);
      }
      text.applied(planned, problem);
      isApplied &= problem.isEmpty();
    }
    return isApplied;
  }

  private static int exit(List<RecordStanding> found) {
    List<Presence> all = new ArrayList<>();
    found.forEach(standing -> all.add(standing.presence()));
    if (all.contains(Presence.MISSING) || all.contains(Presence.DIFFERENT)) {
      return ExitStatus.WARNINGS;
    }
    return all.contains(Presence.NOT_KNOWN) ? ExitStatus.TRY_AGAIN : ExitStatus.OK;
  }
}
