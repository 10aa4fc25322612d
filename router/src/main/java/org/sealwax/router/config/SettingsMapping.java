package org.sealwax.router.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.config.ConfigurationSchema.AuthTable;
import org.sealwax.router.config.ConfigurationSchema.IdentityTable;
import org.sealwax.router.config.ConfigurationSchema.MetricsTable;
import org.sealwax.router.config.ConfigurationSchema.ReceiptsTable;
import org.sealwax.router.config.ConfigurationSchema.RejectTableRow;
import org.sealwax.router.config.ConfigurationSchema.SessionLimits;
import org.sealwax.router.config.ConfigurationSchema.StsTable;
import org.sealwax.router.config.ConfigurationSchema.TlsRequiredNoFrom;
import org.sealwax.router.config.ConfigurationSchema.TrustTable;
import org.sealwax.router.config.TableRecords.Row;
import org.sealwax.router.deliver.Credentials;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.AddressPattern;
import org.sealwax.router.receive.ClientLimits.ClientLimitSettings;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RejectRow;
import org.sealwax.router.receive.RejectRow.RejectMatch;
import org.sealwax.router.route.ConfiguredHop;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.route.ForwardSettings.TransportRoute;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * The mapping from configuration sections to the settings of each package. One mapping belongs to
 * one reading; values that a package's settings refuse, and missing files, become problems of that
 * reading.
 */
final class SettingsMapping {
  /** Bytes of a file that holds one password. */
  private static final int MAX_PASSWORD = 4096;

  private final TableRecords tables;
  private final ServerSettings server;

  SettingsMapping(TableRecords tables, MachineDefaults defaults) {
    this.tables = tables;
    this.server =
        tables.table(
            ServerSettings.class,
            Map.of("hostname", defaults.hostname(), "state", defaults.state()));
  }

  /** The table {@code [server]}. */
  ServerSettings server() {
    return server;
  }

  RouterSettings settings() {
    TrustTable trust = tables.table(TrustTable.class);
    IdentityTable identity = tables.table(IdentityTable.class);
    RecipientDelimiter delimiter =
        tables.section(ForwardSettings.class).get("delimiter", RecipientDelimiter.class);
    List<PipeSettings> pipes =
        tables.rows(PipeSettings.class, Map.of("delimiter", delimiter)).stream()
            .map(Row::value)
            .toList();
    ForwardSettings forward = forward(pipes);
    List<ListenerRow> written = tables.values(ListenerRow.class);
    List<ListenerRow> listeners = written.isEmpty() ? List.of(ListenerRow.byDefault()) : written;
    return new RouterSettings(
        server,
        listeners,
        tables.table(SessionLimits.class).sessions(),
        identity(identity),
        tables.table(RootSettings.class),
        trust.networks(),
        tables.values(TrustedClientRow.class),
        tables.values(PeerIdentities.NamedPeer.class),
        tables.over(
            SettingsRecord.with(
                ReceiveSettings.defaults(server.hostname()),
                Map.of(
                    "honoursUntrustedTlsRequiredNo",
                    trust.honourTlsRequiredNo() == TlsRequiredNoFrom.ALL))),
        tables.over(ClientLimitSettings.defaults()),
        rejects(forward),
        tables.values(DnsList.class),
        tables.table(AuthTable.class).passwordFile(),
        forward,
        pipes,
        tables.over(SpoolSettings.defaults(server.state().resolve("spool"))),
        tables.over(
            SettingsRecord.with(
                QueueSettings.defaults(server.hostname()),
                Map.of("postmaster", server.postmaster()))),
        tables.over(
            SettingsRecord.with(
                DeliverySettings.defaults(server.hostname()),
                Map.of(
                    "ownEndpoints", ownEndpoints(listeners),
                    "clientCertificate", identity.showToServers(),
                    "routes", routes(forward)))),
        tables.over(DialerSettings.defaults()),
        tables.table(StsTable.class).enabled()
            ? Optional.of(tables.over(StsSettings.in(server.state().resolve("sts.db"))))
            : Optional.empty(),
        tlsReports(),
        tlsReportsIn(),
        tables.over(LedgerSettings.defaults()),
        tables.table(ReceiptsTable.class).enabled()
            ? Optional.of(tables.over(ReceiptSettings.defaults()))
            : Optional.empty(),
        tables.table(DnsSettings.class),
        tables.over(LogSettings.defaults()).format(),
        tables.table(MetricsTable.class).address(),
        lab(),
        tables.restart());
  }

  private IdentitySettings identity(IdentityTable t) {
    IdentitySettings.@Nullable CertificatePair pair =
        t.certificate().isPresent() && t.key().isPresent()
            ? new IdentitySettings.CertificatePair(t.certificate().get(), t.key().get())
            : null;
    return new IdentitySettings(
        pair,
        tables.values(IdentitySettings.NamedPair.class),
        server.state().resolve("tls"),
        server.hostname());
  }

  private List<RejectRow> rejects(ForwardSettings forward) {
    Set<Domain> caseSensitive =
        forward.aliasDomains().stream()
            .filter(ForwardSettings.AliasDomain::caseSensitive)
            .map(ForwardSettings.AliasDomain::domain)
            .collect(Collectors.toSet());
    List<RejectRow> rejects = new ArrayList<>();
    for (Row<RejectTableRow> row : tables.rows(RejectTableRow.class)) {
      RejectTableRow t = row.value();
      Stream.of(
              t.client().map(RejectMatch.Client::new),
              t.sender().map(RejectMatch.Sender::new),
              t.recipient()
                  .map(
                      p ->
                          new RejectMatch.Recipient(
                              p,
                              forward.delimiter(),
                              p instanceof AddressPattern.OneMailbox one
                                  && one.mailbox().domain() instanceof Domain d
                                  && caseSensitive.contains(d))))
          .flatMap(Optional::<RejectMatch>stream)
          .forEach(
              match ->
                  TableRecords.accepted(
                      row.section(),
                      () -> rejects.add(new RejectRow(match, t.text())),
                      () -> false));
    }
    return rejects;
  }

  private ForwardSettings forward(List<PipeSettings> pipes) {
    Map<String, Object> ours =
        new HashMap<>(
            Map.of("pipes", pipes.stream().map(PipeSettings::name).collect(Collectors.toSet())));
    server.postmaster().ifPresent(postmaster -> ours.put("postmaster", postmaster));
    Section srs = tables.section(ForwardSettings.SenderRewriting.class);
    srs.find("domain")
        .map(Domain.class::cast)
        .map(
            d ->
                ForwardSettings.SenderRewriting.of(
                    d,
                    server.state().resolve("srs.secret"),
                    tables.table(ForwardSettings.StoredSenderLimits.class, Map.of())))
        .ifPresent(usual -> ours.put("sender", tables.over(usual)));
    return tables.over(SettingsRecord.with(ForwardSettings.defaults(), ours));
  }

  private static Set<InetSocketAddress> ownEndpoints(List<ListenerRow> listeners) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return listeners.stream()
        .map(ListenerRow::address)
        .map(
            at ->
                at.getAddress().isAnyLocalAddress()
                    ? new InetSocketAddress(loopback, at.getPort())
                    : at)
        .collect(Collectors.toSet());
  }

  private Map<String, RouteSettings> routes(ForwardSettings forward) {
    Map<String, RouteSettings> routes = new HashMap<>();
    for (ForwardSettings.RelayDomain relay : forward.relayDomains()) {
      if (relay.nextHop() instanceof ConfiguredHop.Host host) {
        String name = relay.domain().name();
        routes.put(name, RouteSettings.plain(name, host.host(), host.port()));
      }
    }
    for (Row<TransportRoute> row : tables.rows(TransportRoute.class)) {
      TransportRoute t = row.value();
      if (t.hop() instanceof ConfiguredHop.Host host) {
        TableRecords.accepted(
            row.section(),
            () ->
                routes.put(
                    t.name(),
                    new RouteSettings(
                        t.name(),
                        host.host(),
                        host.port(),
                        t.implicitTls(),
                        credentials(row),
                        t.demand())),
            () -> null);
      }
    }
    return routes;
  }

  private @Nullable Credentials credentials(Row<TransportRoute> row) {
    TransportRoute t = row.value();
    String password = t.passwordFile() == null ? null : password(row, t.passwordFile());
    return t.user() == null || password == null ? null : new Credentials(t.user(), password);
  }

  /** The password of a file, or null when it has none, which is reported. */
  private @Nullable String password(Row<TransportRoute> row, Path file) {
    if (!tables.readable(file)) {
      return ""; // never used: a text alone is not served, and a file that is not there is an error
    }
    try {
      if (Files.size(file) > MAX_PASSWORD) {
        throw new IOException("is larger than " + MAX_PASSWORD + " bytes");
      }
      return Files.readString(file).strip();
    } catch (IOException | IllegalArgumentException e) {
      // The sentence names the file, never what is in it.
      row.at("password_file")
          .error(file + " is no file with one password in UTF-8")
          .help("write the password alone into it");
      return null;
    }
  }

  /** Empty without a contact address: no report is sent without one. */
  private Optional<TlsReportRow> tlsReports() {
    Section s = tables.section(TlsReportRow.class);
    TlsReportRow row =
        tables.table(
            TlsReportRow.class,
            Map.of("organization", server.hostname().name(), "contact", server.postmaster()));
    // What follows from another key is named by that key.
    if (!s.has("organization")) {
      tables.restart().put("[tlsrpt] organization", "");
    }
    if (!s.has("contact")) {
      tables.restart().put("[tlsrpt] contact", "");
      tables
          .restart()
          .put("[server] postmaster, as the contact of TLS reports", server.postmaster());
    }
    return Optional.of(row).filter(r -> r.enabled() && r.contact().isPresent());
  }

  private Optional<TlsReportsInRow> tlsReportsIn() {
    TlsReportsInRow row = tables.table(TlsReportsInRow.class);
    // Addresses are looked at again by a reload; the first one brings the inbox.
    tables.restart().put(RouterSettings.FIRST_REPORT_ADDRESS, row.enabled());
    return Optional.of(row).filter(TlsReportsInRow::enabled);
  }

  /** Empty when the file has no such table, or one with errors, which are reported then. */
  private Optional<PublicLab> lab() {
    return tables.section(PublicLab.class).present()
        ? Optional.of(tables.table(PublicLab.class))
        : Optional.empty();
  }
}
