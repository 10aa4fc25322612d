package org.sealwax.router.config;

import static org.sealwax.router.config.ConfigurationTable.named;

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
          named("server").purpose("What this server is.").and(ServerSettings.class),
          named("listener")
              .rows()
              .purpose("A place where mail comes in. Without any: 127.0.0.1:2525 with STARTTLS.")
              .and(ListenerRow.class),
          named("identity").purpose("Our certificate, in both roles.").and(IdentityTable.class),
          named("identity_for")
              .rows()
              .purpose("A certificate for clients that ask for one of these names.")
              .and(IdentityForRow.class),
          named("roots")
              .purpose("The certificate authorities that verdicts are judged by.")
              .and(RootSettings.class),
          named("trust")
              .purpose("Who may send mail anywhere, and whose word counts.")
              .and(TrustTable.class),
          named("trusted_client")
              .rows()
              .purpose(
                  "A client that may send mail anywhere because of its certificate: a pin, or a"
                      + " private CA and names.")
              .and(TrustedClientRow.class),
          named("peer")
              .rows()
              .purpose(
                  "A peer whose servers are known again when they come as clients: by the key or"
                      + " name that its own MX hosts showed when they were verified, or by their"
                      + " TLSA records under DNSSEC. It is looked up in the background.")
              .and(PeerIdentities.NamedPeer.class),
          named("relay_domain")
              .rows()
              .purpose(
                  "A domain whose mail is accepted and passed on; one of recipients, verify,"
                      + " accept_all.")
              .and(RelayDomainRow.class),
          named("alias_domain")
              .rows()
              .purpose("A domain whose local parts lead elsewhere.")
              .and(ForwardSettings.AliasDomain.class),
          named("forward").purpose("How alias domains are read.").and(ForwardTable.class),
          named("pipe")
              .rows()
              .purpose("A command that mail is delivered to.")
              .and(PipeSettings.class),
          named("srs").purpose("Sender rewriting for forwarded mail (SRS).").and(SrsTable.class),
          named("transport")
              .rows()
              .purpose("A fixed next hop for a destination.")
              .and(TransportRow.class),
          named("policy")
              .rows()
              .purpose("What transport security mail to a destination demands.")
              .and(PolicyTableRow.class),
          named("reject")
              .rows()
              .purpose("Mail that is refused; exactly one of client, sender, recipient.")
              .and(RejectTableRow.class),
          named("limits")
              .purpose("What clients may take of us.")
              .and(SessionLimits.class)
              .and(ClientLimits.ClientLimitSettings.class)
              .and(ReceiveSettings.class),
          named("queue")
              .purpose("When is what tried again.")
              .and(QueueSettings.class)
              .and(SpoolSettings.class),
          named("deliver")
              .purpose("How mail leaves.")
              .and(DeliverySettings.class)
              .and(DialerSettings.class),
          named("sts")
              .purpose("MTA-STS policies of the domains that mail goes to.")
              .and(StsTable.class)
              .and(StsSettings.class),
          named("tlsrpt")
              .purpose("Reports to the domains that mail goes to about the TLS they showed.")
              .and(TlsReportRow.class),
          named("tlsrpt_in")
              .purpose(
                  "Reports from others about the TLS of this server's domains (RFC 8460); sealwax"
                      + " tlsrpt sums them up.")
              .and(TlsReportsInTable.class),
          named("ledger").purpose("What domains have shown before.").and(LedgerSettings.class),
          named("receipts")
              .purpose("Receipts of deliveries.")
              .and(ReceiptsTable.class)
              .and(ReceiptSettings.class),
          named("dns").purpose("How the DNS is asked.").and(DnsSettings.class),
          named("negative_anchor")
              .rows()
              .purpose(
                  "A negative trust anchor (RFC 7646): the zone is treated as unsigned, and DANE"
                      + " does not apply to its hosts. For a zone that is known to have broken"
                      + " its DNSSEC by mistake; for a week at most.")
              .and(NegativeAnchorRow.class),
          named("auth")
              .purpose("Users who may send mail anywhere after AUTH.")
              .and(AuthTable.class),
          named("log").purpose("The log, on standard output.").and(LogSettings.class),
          named("metrics").purpose("Metrics and health.").and(MetricsTable.class),
          named("lab")
              .purpose(
                  "The public lab of sealwax lab serve, a process of its own; the router does not"
                      + " look at this. Its pages have the certificate of [identity], its keys"
                      + " are in the folder lab of the state folder.")
              .and(PublicLab.class));

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
