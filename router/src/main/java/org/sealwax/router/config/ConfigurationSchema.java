package org.sealwax.router.config;

import static org.sealwax.router.config.ConfigurationTable.repeated;
import static org.sealwax.router.config.ConfigurationTable.single;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingType.CertificateName;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
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
 * All tables of {@code sealwax.toml}, in the order of the manual page. Their keys are the {@link
 * Setting}s of the settings records that are named here; those of no other package are below.
 */
final class ConfigurationSchema {
  private static final List<ConfigurationTable> TABLES =
      List.of(
          single("server", "What this server is.", ServerSettings.class),
          repeated(
              "listener",
              "A place where mail comes in. Without any: 127.0.0.1:2525 with STARTTLS.",
              ListenerRow.class),
          single("identity", "Our certificate, in both roles.", IdentityTable.class),
          repeated(
              "identity_for",
              "A certificate for clients that ask for one of these names.",
              IdentityForRow.class),
          single(
              "roots",
              "The certificate authorities that verdicts are judged by.",
              RootSettings.class),
          single("trust", "Who may send mail anywhere, and whose word counts.", TrustTable.class),
          repeated(
              "trusted_client",
              "A client that may send mail anywhere because of its certificate: a pin, or a"
                  + " private CA and names.",
              TrustedClientRow.class),
          repeated(
              "peer",
              "A peer whose servers are known again when they come as clients: by the key or"
                  + " name that its own MX hosts showed when they were verified, or by their"
                  + " TLSA records under DNSSEC. It is looked up in the background.",
              PeerIdentities.NamedPeer.class),
          repeated(
              "relay_domain",
              "A domain whose mail is accepted and passed on; one of recipients, verify,"
                  + " accept_all.",
              RelayDomainRow.class),
          repeated(
              "alias_domain",
              "A domain whose local parts lead elsewhere.",
              ForwardSettings.AliasDomain.class),
          single("forward", "How alias domains are read.", ForwardTable.class),
          repeated("pipe", "A command that mail is delivered to.", PipeSettings.class),
          single("srs", "Sender rewriting for forwarded mail (SRS).", SrsTable.class),
          repeated("transport", "A fixed next hop for a destination.", TransportRow.class),
          repeated(
              "policy",
              "What transport security mail to a destination demands.",
              PolicyTableRow.class),
          repeated(
              "reject",
              "Mail that is refused; exactly one of client, sender, recipient.",
              RejectTableRow.class),
          single("limits", "What clients may take of us.", SessionLimits.class)
              .and(ClientLimits.ClientLimitSettings.class)
              .and(ReceiveSettings.class),
          single("queue", "When is what tried again.", QueueSettings.class)
              .and(SpoolSettings.class),
          single("deliver", "How mail leaves.", DeliverySettings.class).and(DialerSettings.class),
          single("sts", "MTA-STS policies of the domains that mail goes to.", StsTable.class)
              .and(StsSettings.class),
          single(
              "tlsrpt",
              "Reports to the domains that mail goes to about the TLS they showed.",
              TlsReportRow.class),
          single(
              "tlsrpt_in",
              "Reports from others about the TLS of this server's domains (RFC 8460); sealwax"
                  + " tlsrpt sums them up.",
              TlsReportsInTable.class),
          single("ledger", "What domains have shown before.", LedgerSettings.class),
          single("receipts", "Receipts of deliveries.", ReceiptsTable.class)
              .and(ReceiptSettings.class),
          single("dns", "How the DNS is asked.", DnsSettings.class),
          repeated(
              "negative_anchor",
              "A negative trust anchor (RFC 7646): the zone is treated as unsigned, and DANE"
                  + " does not apply to its hosts. For a zone that is known to have broken"
                  + " its DNSSEC by mistake; for a week at most.",
              NegativeAnchorRow.class),
          single("auth", "Users who may send mail anywhere after AUTH.", AuthTable.class),
          single("log", "The log, on standard output.", LogSettings.class),
          single("metrics", "Metrics and health.", MetricsTable.class),
          single(
              "lab",
              "The public lab of sealwax lab serve, a process of its own; the router does not"
                  + " look at this. Its pages have the certificate of [identity], its keys"
                  + " are in the folder lab of the state folder.",
              PublicLab.class));

  private ConfigurationSchema() {}

  /** All tables, in the order of the manual page. */
  static List<ConfigurationTable> tables() {
    return TABLES;
  }

  /** The table of this name. */
  static Optional<ConfigurationTable> table(String name) {
    return TABLES.stream().filter(t -> t.name().equals(name)).findFirst();
  }

  /** {@code [identity]}. */
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
  record ForwardTable(
      @Setting(
              fallback = "+",
              doc = "The character between a name and its extension; empty: names have none.")
          String delimiter,
      @Setting(fallback = "false", doc = "Whether name+ext goes on as target+ext.")
          boolean carryExtension) {}

  /** {@code [srs]}. */
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

  /** {@code [[policy]]}. */
  record PolicyTableRow(
      @Setting(example = ".example.org", required = true, doc = "The destination.")
          DomainPattern domain,
      @Setting(
              except = {"sts", "dane"},
              fallback = "may",
              doc = "What mail there demands, in Postfix's words.")
          TlsLevel level,
      @Setting(doc = "Public keys of which the server must have one.") List<Pin> pins,
      @Setting(doc = "Names of which the certificate must carry one.") List<Domain> names,
      @Setting(example = "1.3", doc = "The lowest TLS version. Left out: [deliver] floor.")
          Optional<TlsFloor> floor,
      @Setting(example = "/etc/sealwax/ca.pem", doc = "The only CA that counts there, in PEM.")
          Optional<Path> ca,
      @Setting(fallback = "true", doc = "Whether our certificate is shown when asked for.")
          boolean clientCertificate,
      @Setting(
              name = "servername",
              example = "mx.example.org",
              doc = "SNI instead of the host's name.")
          @Nullable Domain serverName,
      @Setting(fallback = "", doc = "Why the row is here.") String note,
      @Setting(fallback = "", doc = "Who answers for it.") String owner,
      @Setting(example = "2027-01-31", doc = "The day from which the row no longer counts.")
          Optional<LocalDate> expires,
      @Setting(
              fallback = "false",
              doc =
                  "Whether the row may lower what other sources demand; needs note, owner and"
                      + " expires.")
          boolean override) {}

  /** {@code [[reject]]}. */
  record RejectTableRow(
      @Setting(example = "203.0.113.0/24", doc = "Clients of this network.") Optional<Cidr> client,
      @Setting(example = "spam@example.net", doc = "This sender, or domain, or .domain.")
          Optional<String> sender,
      @Setting(example = "old@project.example", doc = "This recipient, or domain.")
          Optional<String> recipient,
      @Setting(fallback = "Refused by local rule", doc = "What the client reads.") String text) {}

  /** The limit of {@code [limits]} for all clients together. */
  record SessionLimits(
      @Setting(
              fallback = "2000",
              restart = true,
              doc =
                  "Sessions at a time, all listeners and clients together; each listener keeps"
                      + " a twentieth for itself.")
          int sessions) {}

  /** {@code [sts]}, whether there is any. */
  record StsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Whether MTA-STS policies (RFC 8461) of the domains that mail goes to are"
                      + " fetched, kept and followed. DANE has no such switch: it is in force"
                      + " where the DNS is validated.")
          boolean enabled) {}

  /** {@code [tlsrpt_in]}. */
  record TlsReportsInTable(
      @Setting(
              doc =
                  "Mail to these addresses is read here for reports about alias and relay"
                      + " domains of this server: publish one as rua=mailto: in a TLSRPT"
                      + " record. They go before the alias file; what is no report is put"
                      + " aside in the state folder.")
          List<Mailbox> addresses,
      @Setting(
              example = "*:443",
              restart = true,
              doc =
                  "Where reports are taken by POST over HTTPS, with the certificate of"
                      + " [identity]. Left out: nowhere.")
          Optional<InetSocketAddress> listen,
      @Setting(
              fallback = "/v1/tlsrpt",
              restart = true,
              doc = "What is posted to there: publish it as rua=https://HOST/v1/tlsrpt.")
          String path,
      @Setting(
              fallback = "90d",
              restart = true,
              doc = "How long reports are kept after the day they are about: 2 days to 2 years.")
          Duration keep) {}

  /** {@code [receipts]}, whether there are any. */
  record ReceiptsTable(
      @Setting(
              fallback = "true",
              restart = true,
              doc =
                  "Whether a receipt is written for each delivered recipient, under receipts in"
                      + " the state folder.")
          boolean enabled) {}

  /** {@code [[negative_anchor]]}. */
  record NegativeAnchorRow(
      @Setting(
              example = "broken.example",
              required = true,
              restart = true,
              doc = "Zone, with everything below it.")
          Domain domain,
      @Setting(
              example = "postmaster@example.org",
              required = true,
              restart = true,
              doc = "Who answers for the row.")
          String owner,
      @Setting(
              example = "their DS is stale, told them on 2027-01-24",
              required = true,
              restart = true,
              doc = "Why the row is here.")
          String note,
      @Setting(
              example = "2027-01-31",
              required = true,
              restart = true,
              doc = "Day from which the row no longer counts (UTC).")
          LocalDate expires) {}

  /** {@code [auth]}. */
  record AuthTable(
      @Setting(
              example = "/etc/sealwax/passwords",
              doc = "Users and password hashes, one a line as sealwax password makes them.")
          Optional<Path> passwordFile) {}

  /** {@code [metrics]}. */
  record MetricsTable(
      @Setting(
              example = "127.0.0.1:9125",
              restart = true,
              doc =
                  "Where /metrics (Prometheus), /health and /ready are served. Left out: nowhere.")
          Optional<InetSocketAddress> address) {}
}
