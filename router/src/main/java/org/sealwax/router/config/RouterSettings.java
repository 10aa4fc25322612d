package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.certs.acme.AcmeSettings;
import org.sealwax.router.certs.rollover.RolloverSettings;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.SenderRow;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.feedback.FeedbackRow;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.https.HttpsSettings;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.metrics.MetricsSettings;
import org.sealwax.router.milter.MilterSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ListenerRow;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RejectRow;
import org.sealwax.router.receive.RejectTableRow;
import org.sealwax.router.receive.TrustSettings;
import org.sealwax.router.receive.TrustedClientRow;
import org.sealwax.router.receive.auth.AuthSettings;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.reports.received.TlsReportsInRow;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * All tables of the file, in the order of the manual page; a table whose record takes nothing but
 * its keys is read without another line.
 *
 * @param server what this server is
 * @param listeners at least one
 * @param ownCertificate our certificate
 * @param namedCertificates certificates for other names
 * @param acme certificates by ACME
 * @param rollover replacement of the key of our certificate; empty: off
 * @param zoneServers zones whose records this server may change
 * @param roots trusted certificate authorities
 * @param trust networks of clients that may relay
 * @param trustedClients clients that may relay, by certificate
 * @param peers clients that are identified by their own MX hosts
 * @param forward our domains and routes
 * @param pipes commands that mail is delivered to
 * @param rejectRows rows that refuse, as they stand in the file
 * @param dnsLists DNS block and allow lists
 * @param milters mail filters
 * @param receive limits and names of receiving
 * @param inbound how mail of clients without trust is judged
 * @param clientLimits what one client may take
 * @param queue retry schedule and limits of the queue
 * @param spool the store
 * @param deliver settings of delivery
 * @param dialer addresses that may be connected to
 * @param sts settings of MTA-STS; empty: off
 * @param hostedDomains our domains whose MTA-STS policies this server offers
 * @param https the listener for them
 * @param dkim keys that sign mail
 * @param senders users and clients, and the domains that they may use
 * @param tlsReports settings of the TLS reports that we send (RFC 8460); empty: off
 * @param tlsReportsIn settings of the TLS reports about our own domains; empty: off
 * @param feedback what others report about our mail
 * @param ledger settings of the ledger
 * @param receipts settings of receipts; empty: none are written
 * @param dns settings of the resolver
 * @param auth users
 * @param log settings of the log that the file gives
 * @param metrics address at which metrics are served
 * @param lab the public lab, when there is one
 * @param restart values that cannot change while the server runs, by the name of their key
 */
public record RouterSettings(
    ServerSettings server,
    List<ListenerRow> listeners,
    IdentityTable ownCertificate,
    List<IdentitySettings.NamedPair> namedCertificates,
    AcmeSettings acme,
    Optional<RolloverSettings> rollover,
    List<ZoneServerRow> zoneServers,
    RootSettings roots,
    TrustSettings trust,
    List<TrustedClientRow> trustedClients,
    List<PeerIdentities.NamedPeer> peers,
    ForwardSettings forward,
    List<PipeSettings> pipes,
    List<RejectTableRow> rejectRows,
    List<DnsList> dnsLists,
    List<MilterSettings> milters,
    ReceiveSettings receive,
    InboundSettings inbound,
    ClientLimits.ClientLimitSettings clientLimits,
    QueueSettings queue,
    SpoolSettings spool,
    DeliverySettings deliver,
    DialerSettings dialer,
    Optional<StsSettings> sts,
    List<HostedDomainRow> hostedDomains,
    HttpsSettings https,
    List<DkimRow> dkim,
    List<SenderRow> senders,
    Optional<TlsReportRow> tlsReports,
    Optional<TlsReportsInRow> tlsReportsIn,
    FeedbackRow feedback,
    LedgerSettings ledger,
    Optional<ReceiptSettings> receipts,
    DnsSettings dns,
    AuthSettings auth,
    LogSettings log,
    MetricsSettings metrics,
    Optional<PublicLab> lab,
    Map<String, Object> restart) {
  /** The first address for reports needs a restart; further ones do not. */
  static final String FIRST_REPORT_ADDRESS = "[tlsrpt_in] addresses, where there were none";

  /** The first hosted domain needs a restart, for the listener; further ones do not. */
  static final String FIRST_HOSTED_DOMAIN = "[[mta_sts_host]], where there was none";

  /** Copies. */
  public RouterSettings {
    listeners = List.copyOf(listeners);
    namedCertificates = List.copyOf(namedCertificates);
    zoneServers = List.copyOf(zoneServers);
    trustedClients = List.copyOf(trustedClients);
    peers = List.copyOf(peers);
    pipes = List.copyOf(pipes);
    rejectRows = List.copyOf(rejectRows);
    dnsLists = List.copyOf(dnsLists);
    milters = List.copyOf(milters);
    hostedDomains = List.copyOf(hostedDomains);
    dkim = List.copyOf(dkim);
    senders = List.copyOf(senders);
    restart = Map.copyOf(restart);
  }

  /** Our certificates. */
  public IdentitySettings identity() {
    return new IdentitySettings(
        ownCertificate.pair().orElse(null),
        namedCertificates,
        server.state().resolve("tls"),
        server.hostname());
  }

  /**
   * The names that certificates are ordered for by ACME, the host name first where it is one of
   * them: those of the table, and each policy host without a certificate of its own.
   */
  public List<Domain> acmeNames() {
    List<Domain> named = acme.names(server.hostname());
    return Stream.concat(
            named.stream(),
            HostedDomainRow.hostNames(hostedDomains).stream().filter(host -> !hasFiles(host)))
        .distinct()
        .toList();
  }

  /** Whether a certificate for other names is for this one. */
  private boolean hasFiles(Domain host) {
    String wildcard = host.parent().map(parent -> "*." + parent).orElse("");
    return namedCertificates.stream()
        .flatMap(pair -> pair.names().stream())
        .map(name -> name.text().toLowerCase(Locale.ROOT))
        .anyMatch(name -> name.equals(host.name()) || name.equals(wildcard));
  }

  /** Whether a policy host may have a certificate, as far as the configuration shows. */
  boolean hasCertificate(Domain host) {
    return acme.enabled() || hasFiles(host) || ownCertificate.pair().isPresent();
  }

  /** Where policies of our domains are served; empty: nowhere. */
  public Optional<InetSocketAddress> policyAddress() {
    return hostedDomains.isEmpty() ? Optional.empty() : Optional.of(https.listen());
  }

  /** Rows that refuse. */
  public List<RejectRow> rejects() {
    Set<Domain> caseSensitive =
        forward.aliasDomains().stream()
            .filter(ForwardSettings.AliasDomain::caseSensitive)
            .map(ForwardSettings.AliasDomain::domain)
            .collect(Collectors.toSet());
    return rejectRows.stream().map(row -> row.row(forward.delimiter(), caseSensitive)).toList();
  }

  private List<Mailbox> tlsReportAddresses() {
    return tlsReportsIn.map(TlsReportsInRow::addresses).orElse(List.of());
  }

  /** Addresses whose mail this server reads itself. */
  public List<Mailbox> reportAddresses() {
    return Stream.concat(tlsReportAddresses().stream(), feedback.addresses().stream()).toList();
  }

  /** Domains of mail that this server accepts, forwards or signs. */
  public Set<Domain> ownDomains() {
    Set<Domain> own = new HashSet<>();
    own.add(server.hostname());
    forward.aliasDomains().forEach(row -> own.add(row.domain()));
    forward.relayDomains().forEach(row -> own.add(row.domain()));
    dkim.forEach(row -> own.add(row.domain()));
    if (forward.sender() != null) {
      own.add(forward.sender().domain());
    }
    return own;
  }

  /** The PEM files that policy rows name, by that name. */
  public Map<String, Path> caFiles() {
    return deliver.rows().stream()
        .map(PolicyRow::ca)
        .filter(Objects::nonNull)
        .distinct()
        .collect(Collectors.toMap(ca -> ca, Path::of));
  }

  /**
   * The keys that cannot change while the server runs, where they differ from {@code other}. The
   * keys of a table that one of the two switches off do not matter.
   */
  public SortedSet<String> needingRestart(RouterSettings other) {
    SortedSet<String> keys = new TreeSet<>(restart.keySet());
    keys.removeIf(key -> Objects.equals(restart.get(key), other.restart.get(key)));
    keys.removeIf(key -> !key.startsWith("[[") && !other.restart.containsKey(key));
    if (tlsReportAddresses().equals(other.tlsReportAddresses())) {
      keys.remove(FIRST_REPORT_ADDRESS); // another key of the table brought the inbox
    }
    return keys;
  }
}
