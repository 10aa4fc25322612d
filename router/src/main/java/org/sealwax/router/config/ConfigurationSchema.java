package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.AddressPattern;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * All settings records of {@code sealwax.toml}, in the order of the manual page. Each declares its
 * table ({@link SettingTable}) and its keys ({@link Setting}); those of no other package are below.
 */
final class ConfigurationSchema {
  private static final List<Class<? extends Record>> RECORDS =
      List.of(
          ServerSettings.class,
          ListenerRow.class,
          IdentityTable.class,
          IdentitySettings.NamedPair.class,
          RootSettings.class,
          TrustTable.class,
          TrustedClientRow.class,
          PeerIdentities.NamedPeer.class,
          ForwardSettings.RelayDomain.class,
          ForwardSettings.AliasDomain.class,
          ForwardSettings.class,
          PipeSettings.class,
          ForwardSettings.SenderRewriting.class,
          ForwardSettings.StoredSenderLimits.class,
          ForwardSettings.TransportRoute.class,
          PolicyRow.class,
          RejectTableRow.class,
          DnsList.class,
          SessionLimits.class,
          ClientLimits.ClientLimitSettings.class,
          ReceiveSettings.class,
          QueueSettings.class,
          SpoolSettings.class,
          DeliverySettings.class,
          DialerSettings.class,
          StsTable.class,
          StsSettings.class,
          TlsReportRow.class,
          TlsReportsInRow.class,
          LedgerSettings.class,
          ReceiptsTable.class,
          ReceiptSettings.class,
          DnsSettings.class,
          NegativeTrustAnchor.class,
          AuthTable.class,
          LogSettings.class,
          MetricsTable.class,
          PublicLab.class);

  private static final Map<String, ConfigurationTable> TABLES = new LinkedHashMap<>();

  static {
    for (Class<? extends Record> type : RECORDS) {
      SettingTable declared = declared(type);
      TABLES.merge(
          declared.name(),
          new ConfigurationTable(declared, SettingKey.in(type)),
          ConfigurationTable::and);
    }
  }

  private ConfigurationSchema() {}

  private static SettingTable declared(Class<? extends Record> type) {
    return Objects.requireNonNull(type.getAnnotation(SettingTable.class), type.getName());
  }

  /** All tables, in the order of the manual page. */
  static List<ConfigurationTable> tables() {
    return List.copyOf(TABLES.values());
  }

  /** The table of this name. */
  static Optional<ConfigurationTable> table(String name) {
    return Optional.ofNullable(TABLES.get(name));
  }

  /** The table that has the keys of a settings record. */
  static ConfigurationTable tableOf(Class<? extends Record> type) {
    return Objects.requireNonNull(TABLES.get(declared(type).name()));
  }

  /** {@code [identity]}. */
  @SettingTable(
      name = "identity",
      together = {"certificate", "key"},
      purpose = "Certificate of this server, as server and as client.")
  record IdentityTable(
      @Setting(
              example = "/etc/sealwax/mx.pem",
              restart = true,
              doc =
                  "Certificate chain in PEM, leaf first. Reloaded when the file changes. Default: a self-signed certificate, created at the first start.")
          Optional<Path> certificate,
      @Setting(example = "/etc/sealwax/mx.key", restart = true, doc = "Private key in PEM.")
          Optional<Path> key,
      @Setting(
              fallback = "true",
              doc = "Send the certificate to servers that request a client certificate.")
          boolean showToServers) {}

  /** Clients whose {@code TLS-Required: No} counts. */
  enum TlsRequiredNoFrom {
    TRUSTED,
    ALL
  }

  /** {@code [trust]}. */
  @SettingTable(name = "trust", purpose = "Clients that may relay, and senders that may relax TLS.")
  record TrustTable(
      @Setting(
              fallback = {"127.0.0.0/8", "::1/128"},
              doc = "Networks whose hosts may relay mail to any domain through this server.")
          List<Cidr> networks,
      @Setting(
              fallback = "trusted",
              doc =
                  "Clients whose \"TLS-Required: No\" (RFC 8689) exempts a message from DANE, MTA-STS and ledger. trusted: clients that may relay; all: also other clients, for forwarded mail.")
          TlsRequiredNoFrom honourTlsRequiredNo) {}

  /** {@code [[reject]]}. */
  @SettingTable(
      name = "reject",
      rows = true,
      oneOf = {"client", "sender", "recipient"},
      purpose = "Mail to reject; exactly one of client, sender, recipient.")
  record RejectTableRow(
      @Setting(example = "203.0.113.0/24", doc = "Network of the client.") Optional<Cidr> client,
      @Setting(
              example = "spam@example.net",
              doc = "Sender address, domain, or .domain for its subdomains.")
          Optional<AddressPattern> sender,
      @Setting(example = "old@project.example", doc = "Recipient address or domain.")
          Optional<AddressPattern> recipient,
      @Setting(fallback = "Refused by local rule", doc = "Text of the reply.") String text) {}

  /** The limit of {@code [limits]} for all clients together. */
  @SettingTable(name = "limits", purpose = "Limits for clients.")
  record SessionLimits(
      @Setting(
              fallback = "2000",
              restart = true,
              doc =
                  "Maximum number of concurrent sessions of all listeners; each listener has a reserve of one twentieth.")
          int sessions) {}

  /** {@code [sts]}, whether there is any. */
  @SettingTable(name = "sts", purpose = "MTA-STS policies of recipient domains.")
  record StsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Fetch, cache and enforce MTA-STS policies (RFC 8461). DANE has no such switch: it applies where the DNS is validated.")
          boolean enabled) {}

  /** {@code [receipts]}, whether there are any. */
  @SettingTable(name = "receipts", purpose = "Signed records of deliveries.")
  record ReceiptsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Write a receipt for each delivered recipient, in the folder receipts of the state folder.")
          boolean enabled) {}

  /** {@code [auth]}. */
  @SettingTable(name = "auth", purpose = "Users that may relay after AUTH.")
  record AuthTable(
      @Setting(
              example = "/etc/sealwax/passwords",
              doc =
                  "File with users and password hashes, one per line, from the command sealwax password.")
          Optional<Path> passwordFile) {}

  /** {@code [metrics]}. */
  @SettingTable(name = "metrics", purpose = "Metrics and health.")
  record MetricsTable(
      @Setting(
              example = "127.0.0.1:9125",
              restart = true,
              doc = "Address and port of /metrics (Prometheus), /health and /ready. Default: none.")
          Optional<InetSocketAddress> address) {}
}
