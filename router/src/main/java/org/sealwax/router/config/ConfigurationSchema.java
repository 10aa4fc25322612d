package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingType.CertificateName;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
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
          IdentityForRow.class,
          RootSettings.class,
          TrustTable.class,
          TrustedClientRow.class,
          PeerIdentities.NamedPeer.class,
          RelayDomainRow.class,
          ForwardSettings.AliasDomain.class,
          ForwardTable.class,
          PipeSettings.class,
          SrsTable.class,
          TransportRow.class,
          PolicyRow.class,
          RejectTableRow.class,
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
  @SettingTable(name = "identity", purpose = "Our certificate, in both roles.")
  record IdentityTable(
      @Setting(
              example = "/etc/sealwax/mx.pem",
              restart = true,
              doc =
                  "The certificate chain in PEM, leaf first. Used in both roles, read again"
                      + " when it changes. Left out: a self-signed one is made at the first"
                      + " start.")
          Optional<Path> certificate,
      @Setting(example = "/etc/sealwax/mx.key", restart = true, doc = "Its private key in PEM.")
          Optional<Path> key,
      @Setting(
              fallback = "true",
              doc = "Whether the certificate is shown to servers that ask for it, too.")
          boolean showToServers) {}

  /** {@code [[identity_for]]}. */
  @SettingTable(
      name = "identity_for",
      rows = true,
      purpose = "A certificate for clients that ask for one of these names.")
  record IdentityForRow(
      @Setting(
              example = "mx.other.example",
              required = true,
              restart = true,
              doc =
                  "The names that clients ask for (SNI); \"*.example.org\" is one label below"
                      + " example.org.")
          List<CertificateName> names,
      @Setting(
              example = "/etc/sealwax/other.pem",
              required = true,
              restart = true,
              doc = "The chain in PEM.")
          Path certificate,
      @Setting(
              example = "/etc/sealwax/other.key",
              required = true,
              restart = true,
              doc = "Its private key in PEM.")
          Path key) {}

  /** Clients whose {@code TLS-Required: No} counts. */
  enum TlsRequiredNoFrom {
    TRUSTED,
    ALL
  }

  /** {@code [trust]}. */
  @SettingTable(name = "trust", purpose = "Who may send mail anywhere, and whose word counts.")
  record TrustTable(
      @Setting(
              fallback = {"127.0.0.0/8", "::1/128"},
              doc = "Networks whose hosts may send mail anywhere through this server.")
          List<Cidr> networks,
      @Setting(
              fallback = "trusted",
              doc =
                  "Whose \"TLS-Required: No\" (RFC 8689) lets a message pass DANE, MTA-STS and"
                      + " ledger: trusted: that of clients who may send anywhere; all: also"
                      + " that of strangers' mail which is forwarded.")
          TlsRequiredNoFrom honourTlsRequiredNo) {}

  /** The party that knows whether a recipient of a relay domain exists. */
  enum RecipientVerification {
    NEXT_HOP
  }

  /** {@code [[relay_domain]]}. */
  @SettingTable(
      name = "relay_domain",
      rows = true,
      purpose =
          "A domain whose mail is accepted and passed on; one of recipients, verify,"
              + " accept_all.")
  record RelayDomainRow(
      @Setting(example = "lists.project.example", required = true, doc = "The domain.")
          Domain domain,
      @Setting(
              example = "lists.internal.example:25",
              doc =
                  "Where its mail goes: \"host\", \"host:port\" or \"[address]:port\". Left"
                      + " out: by its MX records.")
          Optional<String> nextHop,
      @Setting(
              example = "/etc/sealwax/lists.recipients",
              doc = "A file with one local part or address a line; others are refused at RCPT.")
          Optional<Path> recipients,
      @Setting(example = "next-hop", doc = "next-hop: ask the next hop whether a recipient exists.")
          Optional<RecipientVerification> verify,
      @Setting(
              fallback = "false",
              doc =
                  "Take mail for every local part. What the next hop refuses later comes back"
                      + " as bounces to forged senders (backscatter): prefer recipients or"
                      + " verify.")
          boolean acceptAll) {}

  /** {@code [forward]}. */
  @SettingTable(name = "forward", purpose = "How alias domains are read.")
  record ForwardTable(
      @Setting(
              fallback = "+",
              doc = "The character between a name and its extension; empty: names have none.")
          String delimiter,
      @Setting(fallback = "false", doc = "Whether name+ext goes on as target+ext.")
          boolean carryExtension) {}

  /** {@code [srs]}. */
  @SettingTable(name = "srs", purpose = "Sender rewriting for forwarded mail (SRS).")
  record SrsTable(
      @Setting(
              example = "project.example",
              doc =
                  "The domain of rewritten senders; it must be received here. Left out: senders"
                      + " are not rewritten.")
          Optional<Domain> domain,
      @Setting(
              example = "/etc/sealwax/srs.secret",
              created = true,
              doc =
                  "The secret, one a line, the newest first. Left out: one is made in the state"
                      + " folder.")
          Path secretFile) {}

  /** {@code [[transport]]}. */
  @SettingTable(name = "transport", rows = true, purpose = "A fixed next hop for a destination.")
  record TransportRow(
      @Setting(
              example = "*",
              required = true,
              doc = "The destination; \"*\": a smart host for all.")
          DomainPattern domain,
      @Setting(
              example = "smart.example.net:587",
              required = true,
              doc = "\"host\", \"host:port\" or \"[address]:port\".")
          String nextHop,
      @Setting(example = "project", doc = "The user name for AUTH.") Optional<String> user,
      @Setting(
              example = "/etc/sealwax/smart.password",
              doc =
                  "A file with the password alone. Credentials are sent to a verified server"
                      + " only, and the level is secure unless a policy row raises it.")
          Optional<Path> passwordFile,
      @Setting(
              fallback = "false",
              doc = "TLS from the first byte (port 465, RFC 8314) instead of STARTTLS.")
          boolean implicitTls,
      @Setting(
              except = {"sts", "dane"},
              example = "encrypt",
              doc =
                  "What is demanded of this next hop. Left out: secure when there is a"
                      + " password, else by the policy rows.")
          Optional<TlsLevel> level,
      @Setting(
              doc =
                  "Names of which the next hop's certificate must carry one, with level secure"
                      + " or verify; needed for a next hop that is an address.")
          List<Domain> names,
      @Setting(doc = "Public keys of which the next hop must have one, with level fingerprint.")
          List<Pin> pins) {}

  /** {@code [[reject]]}. */
  @SettingTable(
      name = "reject",
      rows = true,
      purpose = "Mail that is refused; exactly one of client, sender, recipient.")
  record RejectTableRow(
      @Setting(example = "203.0.113.0/24", doc = "Clients of this network.") Optional<Cidr> client,
      @Setting(example = "spam@example.net", doc = "This sender, or domain, or .domain.")
          Optional<String> sender,
      @Setting(example = "old@project.example", doc = "This recipient, or domain.")
          Optional<String> recipient,
      @Setting(fallback = "Refused by local rule", doc = "What the client reads.") String text) {}

  /** The limit of {@code [limits]} for all clients together. */
  @SettingTable(name = "limits", purpose = "What clients may take of us.")
  record SessionLimits(
      @Setting(
              fallback = "2000",
              restart = true,
              doc =
                  "Sessions at a time, all listeners and clients together; each listener keeps"
                      + " a twentieth for itself.")
          int sessions) {}

  /** {@code [sts]}, whether there is any. */
  @SettingTable(name = "sts", purpose = "MTA-STS policies of the domains that mail goes to.")
  record StsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Whether MTA-STS policies (RFC 8461) of the domains that mail goes to are"
                      + " fetched, kept and followed. DANE has no such switch: it is in force"
                      + " where the DNS is validated.")
          boolean enabled) {}

  /** {@code [receipts]}, whether there are any. */
  @SettingTable(name = "receipts", purpose = "Receipts of deliveries.")
  record ReceiptsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Whether a receipt is written for each delivered recipient, under receipts in"
                      + " the state folder.")
          boolean enabled) {}

  /** {@code [auth]}. */
  @SettingTable(name = "auth", purpose = "Users who may send mail anywhere after AUTH.")
  record AuthTable(
      @Setting(
              example = "/etc/sealwax/passwords",
              doc = "Users and password hashes, one a line as sealwax password makes them.")
          Optional<Path> passwordFile) {}

  /** {@code [metrics]}. */
  @SettingTable(name = "metrics", purpose = "Metrics and health.")
  record MetricsTable(
      @Setting(
              example = "127.0.0.1:9125",
              restart = true,
              doc =
                  "Where /metrics (Prometheus), /health and /ready are served. Left out: nowhere.")
          Optional<InetSocketAddress> address) {}
}
