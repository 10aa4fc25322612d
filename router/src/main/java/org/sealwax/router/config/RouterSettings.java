package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.deliver.DeliverySettings;
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
 * @param publicRoots whether the public CA roots count
 * @param rootFiles PEM files of further roots
 * @param caFiles PEM files that policy rows name, by that name
 * @param trustedNetworks networks of clients that may relay
 * @param trustedClients clients that may relay, by certificate
 * @param peers clients that are identified by their own MX hosts
 * @param receive limits and names of receiving
 * @param clientLimits what one client may take
 * @param rejects rows that refuse
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
 */
public record RouterSettings(
    ServerSettings server,
    List<ListenerRow> listeners,
    int sessions,
    IdentitySettings identity,
    boolean publicRoots,
    List<Path> rootFiles,
    Map<String, Path> caFiles,
    List<Cidr> trustedNetworks,
    List<TrustedClientRow> trustedClients,
    List<PeerIdentities.NamedPeer> peers,
    ReceiveSettings receive,
    ClientLimits.ClientLimitSettings clientLimits,
    List<RejectRow> rejects,
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
    Optional<PublicLab> lab) {
  /** Copies. */
  public RouterSettings {
    listeners = List.copyOf(listeners);
    rootFiles = List.copyOf(rootFiles);
    caFiles = Map.copyOf(caFiles);
    trustedNetworks = List.copyOf(trustedNetworks);
    trustedClients = List.copyOf(trustedClients);
    peers = List.copyOf(peers);
    rejects = List.copyOf(rejects);
    pipes = List.copyOf(pipes);
  }

  /** What cannot change while the server runs, where it differs from {@code other}: key names. */
  public Set<String> needingRestart(RouterSettings other) {
    java.util.Set<String> names = new java.util.TreeSet<>();
    if (!server.state().equals(other.server.state())) {
      names.add("[server] state");
    }
    if (!server.hostname().equals(other.server.hostname())) {
      names.add("[server] hostname");
    }
    if (!spool.equals(other.spool)) {
      names.add("[queue] free_space");
    }
    if (!identity.equals(other.identity)) {
      names.add(
          "[identity] and [[identity_for]] (other files; changed files are read by themselves)");
    }
    if (sessions != other.sessions || !clientLimits.equals(other.clientLimits)) {
      names.add("[limits] per client and sessions");
    }
    if (!sts.equals(other.sts)) {
      names.add("[sts]");
    }
    if (!tlsReports.equals(other.tlsReports)) {
      names.add("[tlsrpt]");
    }
    // The addresses alone are looked at again.
    if (tlsReportsIn.isPresent() != other.tlsReportsIn.isPresent()
        || !tlsReportsIn
            .flatMap(TlsReportsInRow::listener)
            .equals(other.tlsReportsIn.flatMap(TlsReportsInRow::listener))
        || !tlsReportsIn
            .map(TlsReportsInRow::storage)
            .equals(other.tlsReportsIn.map(TlsReportsInRow::storage))) {
      names.add("[tlsrpt_in] listen, path, keep, and its first address");
    }
    if (receipts.isPresent() != other.receipts.isPresent()) {
      names.add("[receipts] enabled");
    }
    if (!dns.equals(other.dns)) {
      names.add("[dns]");
    }
    if (log != other.log) {
      names.add("[log]");
    }
    if (!metrics.equals(other.metrics)) {
      names.add("[metrics]");
    }
    return names;
  }
}
