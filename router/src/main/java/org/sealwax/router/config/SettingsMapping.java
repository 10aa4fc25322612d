package org.sealwax.router.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.certs.rollover.RolloverSettings;
import org.sealwax.router.config.TableRecords.Row;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.ListenerRow;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.TrustSettings;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.reports.received.TlsReportsInRow;
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

  /** All tables. A table that is not named here is read by itself. */
  RouterSettings settings() {
    Domain host = server.hostname();
    RecipientDelimiter delimiter =
        tables.section(ForwardSettings.class).get("delimiter", RecipientDelimiter.class);
    List<PipeSettings> pipes =
        tables.rows(PipeSettings.class, Map.of("delimiter", delimiter)).stream()
            .map(Row::value)
            .toList();
    ForwardSettings forward = forward(pipes);
    List<ListenerRow> written = tables.values(ListenerRow.class);
    List<ListenerRow> listeners = written.isEmpty() ? List.of(ListenerRow.byDefault()) : written;
    TrustSettings trust = tables.table(TrustSettings.class);
    Map<String, @Nullable Object> made = new HashMap<>();
    made.put("server", server);
    made.put("listeners", listeners);
    made.put("forward", forward);
    made.put("pipes", pipes);
    made.put(
        "receive",
        over(
            ReceiveSettings.defaults(host),
            Map.of(
                "honoursUntrustedTlsRequiredNo",
                trust.honourTlsRequiredNo() == TrustSettings.TlsRequiredNoFrom.ALL)));
    made.put(
        "queue", over(QueueSettings.defaults(host), Map.of("postmaster", server.postmaster())));
    made.put("spool", tables.over(SpoolSettings.defaults(server.state().resolve("spool"))));
    made.put(
        "deliver",
        over(
            DeliverySettings.defaults(host),
            Map.of(
                "ownEndpoints",
                    listeners.stream().map(ListenerRow::loopback).collect(Collectors.toSet()),
                "clientCertificate", tables.table(IdentityTable.class).showToServers(),
                "routes", routes(forward))));
    made.put(
        "sts",
        Optional.of(tables.over(StsSettings.in(server.state().resolve("sts.db"))))
            .filter(StsSettings::enabled));
    made.put("tlsReports", tlsReports());
    made.put("tlsReportsIn", tlsReportsIn());
    made.put(
        "receipts",
        Optional.of(tables.over(ReceiptSettings.defaults())).filter(ReceiptSettings::enabled));
    made.put(
        "rollover",
        Optional.of(tables.table(RolloverSettings.class)).filter(RolloverSettings::enabled));
    made.put("log", tables.over(LogSettings.defaults()));
    made.put(
        "lab", tables.section(PublicLab.class).present() ? tables.table(PublicLab.class) : null);
    tables
        .restart()
        .put(RouterSettings.FIRST_HOSTED_DOMAIN, !tables.rows(HostedDomainRow.class).isEmpty());
    made.put("restart", tables.restart());
    return tables.all(RouterSettings.class, made);
  }

  private <R extends Record> R over(R base, Map<String, ?> changes) {
    return tables.over(SettingsRecord.with(base, changes));
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
                    ForwardSettings.StoredSenderLimits.defaults()))
        .ifPresent(usual -> ours.put("sender", tables.over(usual)));
    return tables.over(SettingsRecord.with(ForwardSettings.defaults(), ours));
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
        boolean served = t.passwordFile() != null && tables.readable(t.passwordFile());
        TableRecords.accepted(
            row.section(),
            () -> routes.put(t.name(), RouteSettings.of(t, host, served)),
            () -> null);
      }
    }
    return routes;
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
}
