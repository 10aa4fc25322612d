package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RejectRow;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * The settings records of all packages.
 *
 * @param server what this server is
 * @param listeners at least one
 * @param sessions at a time, all listeners and clients together
 * @param identity our certificates
 * @param roots trusted certificate authorities
 * @param trustedNetworks networks of clients that may relay
 * @param trustedClients clients that may relay, by certificate
 * @param peers clients that are identified by their own MX hosts
 * @param receive limits and names of receiving
 * @param clientLimits what one client may take
 * @param rejects rows that refuse
 * @param dnsLists DNS block and allow lists
 * @param passwordFile for AUTH
 * @param forward our domains and routes
 * @param pipes commands that mail is delivered to
 * @param spool the store
 * @param queue retry schedule and limits of the queue
 * @param deliver settings of delivery
 * @param dialer addresses that may be connected to
 * @param sts settings of MTA-STS; empty: off
 * @param tlsReports settings of the TLS reports that we send (RFC 8460); empty: off
 * @param tlsReportsIn settings of the TLS reports about our own domains; empty: off
 * @param ledger settings of the ledger
 * @param receipts settings of receipts; empty: none are written
 * @param dns settings of the resolver
 * @param log settings of the log that the file gives
 * @param metrics address at which metrics are served; empty: off
 * @param lab the public lab, when there is one
 * @param restart values that cannot change while the server runs, by the name of their key
 */
public record RouterSettings(
    ServerSettings server,
    List<ListenerRow> listeners,
    int sessions,
    IdentitySettings identity,
    RootSettings roots,
    List<Cidr> trustedNetworks,
    List<TrustedClientRow> trustedClients,
    List<PeerIdentities.NamedPeer> peers,
    ReceiveSettings receive,
    ClientLimits.ClientLimitSettings clientLimits,
    List<RejectRow> rejects,
    List<DnsList> dnsLists,
    Optional<Path> passwordFile,
    ForwardSettings forward,
    List<PipeSettings> pipes,
    SpoolSettings spool,
    QueueSettings queue,
    DeliverySettings deliver,
    DialerSettings dialer,
    Optional<StsSettings> sts,
    Optional<TlsReportRow> tlsReports,
    Optional<TlsReportsInRow> tlsReportsIn,
    LedgerSettings ledger,
    Optional<ReceiptSettings> receipts,
    DnsSettings dns,
    LogSettings.Format log,
    Optional<InetSocketAddress> metrics,
    Optional<PublicLab> lab,
    Map<String, Object> restart) {
  /** The first address for reports needs a restart; further ones do not. */
  static final String FIRST_REPORT_ADDRESS = "[tlsrpt_in] addresses, where there were none";

  /** Copies. */
  public RouterSettings {
    listeners = List.copyOf(listeners);
    trustedNetworks = List.copyOf(trustedNetworks);
    trustedClients = List.copyOf(trustedClients);
    peers = List.copyOf(peers);
    rejects = List.copyOf(rejects);
    dnsLists = List.copyOf(dnsLists);
    pipes = List.copyOf(pipes);
    restart = Map.copyOf(restart);
  }

  private List<Mailbox> reportAddresses() {
    return tlsReportsIn.map(TlsReportsInRow::addresses).orElse(List.of());
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
    if (reportAddresses().equals(other.reportAddresses())) {
      keys.remove(FIRST_REPORT_ADDRESS); // another key of the table brought the inbox
    }
    return keys;
  }
}
