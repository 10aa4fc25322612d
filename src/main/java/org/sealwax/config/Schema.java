package org.sealwax.config;

import static org.sealwax.config.Kind.BOOLEAN;
import static org.sealwax.config.Kind.DOMAIN;
import static org.sealwax.config.Kind.DURATION;
import static org.sealwax.config.Kind.FILE;
import static org.sealwax.config.Kind.MAILBOX;
import static org.sealwax.config.Kind.NETWORK;
import static org.sealwax.config.Kind.PATTERN;
import static org.sealwax.config.Kind.PIN;
import static org.sealwax.config.Kind.SOCKET;
import static org.sealwax.config.Kind.TEXT;
import static org.sealwax.config.Kind.choice;
import static org.sealwax.config.Kind.count;
import static org.sealwax.config.Kind.listOf;
import static org.sealwax.config.Kind.oneOf;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.sealwax.address.Cidr;
import org.sealwax.address.Domain;
import org.sealwax.address.DomainPattern;
import org.sealwax.address.Mailbox;
import org.sealwax.dns.DnsSettings;
import org.sealwax.log.LogSettings;
import org.sealwax.tls.ClientCertificates;
import org.sealwax.tls.Pin;
import org.sealwax.tls.TlsFloor;
import org.sealwax.tls.TlsVersion;

/**
 * All tables and keys of {@code sealwax.toml}, as data: the reading, the reference page, the sample
 * and the suggestions come from here. A typed constant per key, so that a mapping cannot misspell
 * one.
 */
final class Schema {
  private Schema() {}

  private static final Kind<TlsFloor> FLOOR =
      choice(
          List.of("1.0", "1.1", "1.2", "1.3"),
          s ->
              new TlsFloor(
                  switch (s) {
                    case "1.0" -> TlsVersion.TLS_1_0;
                    case "1.1" -> TlsVersion.TLS_1_1;
                    case "1.2" -> TlsVersion.TLS_1_2;
                    default -> TlsVersion.TLS_1_3;
                  }));

  /** What this server is. */
  static final class Server {
    static final Key<Domain> HOSTNAME =
        Key.optional(
            "hostname",
            DOMAIN,
            "The name of this server in greeting, EHLO and Received. Left out: the machine's own"
                + " fully qualified name.",
            "\"mx.project.example\"");
    static final Key<Path> STATE =
        Key.optional(
            "state",
            FILE,
            "The folder of spool, certificates made here and control socket. Left out:"
                + " /var/lib/sealwax for root and for a systemd service its StateDirectory, else"
                + " sealwax under $XDG_STATE_HOME or ~/.local/state.",
            "\"/var/lib/sealwax\"");
    static final Key<Mailbox> POSTMASTER =
        Key.optional(
            "postmaster",
            MAILBOX,
            "Where mail for postmaster goes, and double bounces and the daily summary. Left out:"
                + " such mail is held in the queue.",
            "\"admin@example.net\"");

    static final Table TABLE =
        Table.one("server", "What this server is.", HOSTNAME, STATE, POSTMASTER);

    private Server() {}
  }

  /** Where mail comes in. */
  static final class Listener {
    static final Key<InetSocketAddress> ADDRESS =
        Key.required("address", SOCKET, "Where to listen.", "\"*:25\"");
    static final Key<ListenerRow.Start> TLS =
        Key.of(
            "tls",
            oneOf(ListenerRow.Start.class),
            "\"starttls\"",
            "starttls: offered (port 25); implicit: from the first byte (port 465, RFC 8314); none:"
                + " not offered.");
    static final Key<Boolean> REQUIRE_TLS =
        Key.of(
            "require_tls",
            BOOLEAN,
            "false",
            "Whether mail is taken inside TLS only (RFC 3207 4: not for a public port 25).");
    static final Key<TlsFloor> FLOOR =
        Key.of("floor", Schema.FLOOR, "\"1.2\"", "The lowest TLS version that is spoken here.");
    static final Key<ClientCertificates> CLIENT_CERTIFICATE =
        Key.of(
            "client_certificate",
            oneOf(ClientCertificates.class),
            "\"ask\"",
            "Whether clients are asked for a certificate. It is judged and recorded whatever it is;"
                + " require refuses clients that show none.");
    static final Key<Boolean> AUTH =
        Key.of(
            "auth",
            BOOLEAN,
            "false",
            "Whether AUTH is offered (inside TLS only; needs [auth] password_file).");
    static final Key<Boolean> RESUMPTION =
        Key.of(
            "resumption",
            BOOLEAN,
            "true",
            "Whether TLS sessions may be resumed. Some large senders abort on tickets at port 25.");
    static final Table TABLE =
        Table.rows(
            "listener",
            "A place where mail comes in. Without any: 127.0.0.1:2525 with STARTTLS.",
            ADDRESS,
            TLS,
            REQUIRE_TLS,
            FLOOR,
            CLIENT_CERTIFICATE,
            AUTH,
            RESUMPTION);

    private Listener() {}
  }

  /** Our certificate. */
  static final class Identity {
    static final Key<Path> CERTIFICATE =
        Key.optional(
            "certificate",
            FILE,
            "The certificate chain in PEM, leaf first. Used in both roles, read again when it"
                + " changes. Left out: a self-signed one is made at the first start.",
            "\"/etc/sealwax/mx.pem\"");
    static final Key<Path> KEY =
        Key.optional("key", FILE, "Its private key in PEM.", "\"/etc/sealwax/mx.key\"");
    static final Key<Boolean> SHOW_TO_SERVERS =
        Key.of(
            "show_to_servers",
            BOOLEAN,
            "true",
            "Whether the certificate is shown to servers that ask for it, too.");
    static final Table TABLE =
        Table.one("identity", "Our certificate, in both roles.", CERTIFICATE, KEY, SHOW_TO_SERVERS);

    private Identity() {}
  }

  /** Further certificates. */
  static final class IdentityFor {
    static final Key<List<Domain>> NAMES =
        Key.required(
            "names",
            listOf(DOMAIN),
            "The names that clients ask for (SNI).",
            "[\"mx.other.example\"]");
    static final Key<Path> CERTIFICATE =
        Key.required("certificate", FILE, "The chain in PEM.", "\"/etc/sealwax/other.pem\"");
    static final Key<Path> KEY =
        Key.required("key", FILE, "Its private key in PEM.", "\"/etc/sealwax/other.key\"");
    static final Table TABLE =
        Table.rows(
            "identity_for",
            "A certificate for clients that ask for one of these names.",
            NAMES,
            CERTIFICATE,
            KEY);

    private IdentityFor() {}
  }

  /** Whose certificates count. */
  static final class Roots {
    static final Key<Boolean> PUBLIC =
        Key.of("public", BOOLEAN, "true", "Whether the public CA roots that Java ships count.");
    static final Key<List<Path>> FILES =
        Key.of("files", listOf(FILE), "[]", "PEM files of further roots.");
    static final Table TABLE =
        Table.one(
            "roots", "The certificate authorities that verdicts are judged by.", PUBLIC, FILES);

    private Roots() {}
  }

  /** Who may relay. */
  static final class Trust {
    static final Key<List<Cidr>> NETWORKS =
        Key.of(
            "networks",
            listOf(NETWORK),
            "[\"127.0.0.0/8\", \"::1/128\"]",
            "Networks whose hosts may send mail anywhere through this server.");
    static final Table TABLE = Table.one("trust", "Who may send mail anywhere.", NETWORKS);

    private Trust() {}
  }

  /** Who may relay by certificate. */
  static final class TrustedClient {
    static final Key<Pin> PIN_OF =
        Key.optional(
            "pin",
            PIN,
            "The SHA-256 of the client's public key.",
            "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"");
    static final Key<Path> CA =
        Key.optional(
            "ca", FILE, "A private CA in PEM; needs names.", "\"/etc/sealwax/own-ca.pem\"");
    static final Key<List<Domain>> NAMES =
        Key.of(
            "names",
            listOf(DOMAIN),
            "[]",
            "Names of which the certificate by that CA must carry one.");
    static final Table TABLE =
        Table.rows(
            "trusted_client",
            "A client that may send mail anywhere because of its certificate: a pin, or a private CA"
                + " and names.",
            PIN_OF,
            CA,
            NAMES);

    private TrustedClient() {}
  }

  /** Domains that are relayed. */
  static final class RelayDomain {
    static final Key<DomainPattern> DOMAIN_OF =
        Key.required("domain", PATTERN, "The domain.", "\"lists.project.example\"");
    static final Key<String> NEXT_HOP =
        Key.optional(
            "next_hop",
            TEXT,
            "Where its mail goes: \"host\", \"host:port\" or \"[address]:port\". Left out: by its MX"
                + " records.",
            "\"lists.internal.example:25\"");
    static final Key<Path> RECIPIENTS =
        Key.optional(
            "recipients",
            FILE,
            "A file with one local part or address a line; others are refused at RCPT.",
            "\"/etc/sealwax/lists.recipients\"");
    static final Key<String> VERIFY =
        Key.optional(
            "verify",
            choice(List.of("next-hop"), s -> s),
            "next-hop: ask the next hop whether a recipient exists.",
            "\"next-hop\"");
    static final Key<Boolean> ACCEPT_ALL =
        Key.of(
            "accept_all",
            BOOLEAN,
            "false",
            "Take mail for every local part. What the next hop refuses later comes back as bounces to"
                + " forged senders (backscatter): prefer recipients or verify.");
    static final Table TABLE =
        Table.rows(
            "relay_domain",
            "A domain whose mail is accepted and passed on; one of recipients, verify, accept_all.",
            DOMAIN_OF,
            NEXT_HOP,
            RECIPIENTS,
            VERIFY,
            ACCEPT_ALL);

    private RelayDomain() {}
  }

  /** Domains of aliases. */
  static final class AliasDomain {
    static final Key<Domain> DOMAIN_OF =
        Key.required("domain", DOMAIN, "The domain.", "\"project.example\"");
    static final Key<Path> FILE_OF =
        Key.required(
            "file",
            FILE,
            "The file: \"name: a@x.example, b@y.example\", \"pipe:name\", \"*\" for" + " the rest.",
            "\"/etc/sealwax/aliases\"");
    static final Key<String> EXTENSION =
        Key.of(
            "extension",
            TEXT,
            "\"+\"",
            "The character after which a local part does not count; empty: none.");
    static final Key<Boolean> CASE_SENSITIVE =
        Key.of("case_sensitive", BOOLEAN, "false", "Whether the case of local parts counts.");
    static final Table TABLE =
        Table.rows(
            "alias_domain",
            "A domain whose local parts lead elsewhere.",
            DOMAIN_OF,
            FILE_OF,
            EXTENSION,
            CASE_SENSITIVE);

    private AliasDomain() {}
  }

  /** Rows by destination. */
  static final class Transport {
    static final Key<DomainPattern> DOMAIN_OF =
        Key.required("domain", PATTERN, "The destination; \"*\": a smart host for all.", "\"*\"");
    static final Key<String> NEXT_HOP =
        Key.required(
            "next_hop",
            TEXT,
            "\"host\", \"host:port\" or \"[address]:port\".",
            "\"smart.example.net:587\"");
    static final Key<String> USER =
        Key.optional("user", TEXT, "The user name for AUTH.", "\"project\"");
    static final Key<Path> PASSWORD_FILE =
        Key.optional(
            "password_file",
            FILE,
            "A file with the password alone. Credentials are sent to a verified server only, and the"
                + " level is secure unless a policy row raises it.",
            "\"/etc/sealwax/smart.password\"");
    static final Table TABLE =
        Table.rows(
            "transport",
            "A fixed next hop for a destination.",
            DOMAIN_OF,
            NEXT_HOP,
            USER,
            PASSWORD_FILE);

    private Transport() {}
  }

  /** Commands. */
  static final class Pipe {
    static final Key<String> NAME =
        Key.required("name", TEXT, "The name that alias files use.", "\"bugs\"");
    static final Key<List<String>> COMMAND =
        Key.required(
            "command",
            listOf(TEXT),
            "The program with its arguments; no shell. {recipient} and {sender} are replaced within"
                + " an argument.",
            "[\"/usr/local/bin/tracker-gateway\", \"{recipient}\"]");
    static final Key<Duration> TIMEOUT =
        Key.of("timeout", DURATION, "\"2m\"", "How long it may run before it is ended.");
    static final Key<Integer> CONCURRENT =
        Key.of("concurrent", count(1, 100), "2", "How many may run at once.");
    static final Table TABLE =
        Table.rows(
            "pipe", "A command that mail is delivered to.", NAME, COMMAND, TIMEOUT, CONCURRENT);

    private Pipe() {}
  }

  /** Sender rewriting. */
  static final class Srs {
    static final Key<Domain> DOMAIN_OF =
        Key.optional(
            "domain",
            DOMAIN,
            "The domain of rewritten senders; it must be received here. Left out: senders are not"
                + " rewritten.",
            "\"project.example\"");
    static final Key<Path> SECRET_FILE =
        Key.optional(
            "secret_file",
            FILE,
            "The secret, one a line, the newest first. Left out: one is made in the state folder.",
            "\"/etc/sealwax/srs.secret\"");
    static final Table TABLE =
        Table.one("srs", "Sender rewriting for forwarded mail (SRS).", DOMAIN_OF, SECRET_FILE);

    private Srs() {}
  }

  /** Policy rows. */
  static final class Policy {
    static final Key<DomainPattern> DOMAIN_OF =
        Key.required("domain", PATTERN, "The destination.", "\".example.org\"");
    static final Key<String> LEVEL =
        Key.of(
            "level",
            choice(List.of("none", "may", "encrypt", "verify", "secure", "fingerprint"), s -> s),
            "\"may\"",
            "What mail there demands, in Postfix's words.");
    static final Key<List<Pin>> PINS =
        Key.of("pins", listOf(PIN), "[]", "Public keys of which the server must have one.");
    static final Key<List<Domain>> NAMES =
        Key.of("names", listOf(DOMAIN), "[]", "Names of which the certificate must carry one.");
    static final Key<TlsFloor> FLOOR =
        Key.of("floor", Schema.FLOOR, "\"1.2\"", "The lowest TLS version.");
    static final Key<Path> CA =
        Key.optional(
            "ca", FILE, "The only CA that counts there, in PEM.", "\"/etc/sealwax/ca.pem\"");
    static final Key<Boolean> CLIENT_CERTIFICATE =
        Key.of(
            "client_certificate",
            BOOLEAN,
            "true",
            "Whether our certificate is shown when asked for.");
    static final Key<String> NOTE =
        Key.optional("note", TEXT, "Why the row is here.", "\"old box\"");
    static final Table TABLE =
        Table.rows(
            "policy",
            "What transport security mail to a destination demands.",
            DOMAIN_OF,
            LEVEL,
            PINS,
            NAMES,
            FLOOR,
            CA,
            CLIENT_CERTIFICATE,
            NOTE);

    private Policy() {}
  }

  /** Reject rows. */
  static final class Reject {
    static final Key<Cidr> CLIENT =
        Key.optional("client", NETWORK, "Clients of this network.", "\"203.0.113.0/24\"");
    static final Key<String> SENDER =
        Key.optional("sender", TEXT, "This sender, or domain, or .domain.", "\"spam@example.net\"");
    static final Key<String> RECIPIENT =
        Key.optional("recipient", TEXT, "This recipient, or domain.", "\"old@project.example\"");
    static final Key<String> TEXT_OF =
        Key.of("text", TEXT, "\"Refused by local rule\"", "What the client reads.");
    static final Table TABLE =
        Table.rows(
            "reject",
            "Mail that is refused; exactly one of client, sender, recipient.",
            CLIENT,
            SENDER,
            RECIPIENT,
            TEXT_OF);

    private Reject() {}
  }

  /** The DNS. */
  static final class Dns {
    static final Key<List<InetSocketAddress>> RESOLVERS =
        Key.of(
            "resolvers",
            listOf(SOCKET),
            "[]",
            "Recursive resolvers, in this order. Empty: those of /etc/resolv.conf.");
    static final Key<DnsSettings.Validation> VALIDATION =
        Key.of(
            "validation",
            oneOf(DnsSettings.Validation.class),
            "\"own\"",
            "Who checks DNSSEC: own: this program; trust-ad: a validating resolver on loopback is"
                + " believed; off: nobody, so DANE never applies.");
    static final Key<List<String>> ANCHORS =
        Key.of(
            "anchors",
            listOf(TEXT),
            "[]",
            "Trust anchors as DS or DNSKEY records. Empty: the root's.");
    static final Key<Duration> TIMEOUT =
        Key.of("timeout", DURATION, "\"2s\"", "One try at one resolver.");
    static final Key<Duration> TOTAL =
        Key.of("total", DURATION, "\"10s\"", "One question with all it needs.");
    static final Key<Integer> CACHE =
        Key.of("cache", count(1, 10_000_000), "50000", "Answers kept.");
    static final Key<Integer> CONCURRENT =
        Key.of("concurrent", count(1, 10_000), "256", "Questions in the air at once.");
    static final Table TABLE =
        Table.one(
            "dns",
            "How the DNS is asked.",
            RESOLVERS,
            VALIDATION,
            ANCHORS,
            TIMEOUT,
            TOTAL,
            CACHE,
            CONCURRENT);

    private Dns() {}
  }

  /** AUTH. */
  static final class Auth {
    static final Key<Path> PASSWORD_FILE =
        Key.optional(
            "password_file",
            FILE,
            "Users and password hashes, one a line as sealwax password makes them.",
            "\"/etc/sealwax/passwords\"");
    static final Table TABLE =
        Table.one("auth", "Users who may send mail anywhere after AUTH.", PASSWORD_FILE);

    private Auth() {}
  }

  /** The log. */
  static final class Log {
    static final Key<LogSettings.Format> FORMAT =
        Key.of(
            "format",
            oneOf(LogSettings.Format.class),
            "\"text\"",
            "text: Postfix's words; json: one object a line.");
    static final Table TABLE = Table.one("log", "The log, on standard output.", FORMAT);

    private Log() {}
  }

  /** Metrics. */
  static final class Metrics {
    static final Key<InetSocketAddress> ADDRESS =
        Key.optional(
            "address",
            SOCKET,
            "Where /metrics (Prometheus), /health and /ready are served. Left out: nowhere.",
            "\"127.0.0.1:9125\"");
    static final Table TABLE = Table.one("metrics", "Metrics and health.", ADDRESS);

    private Metrics() {}
  }

  /** All tables in the order of telling. */
  static List<Table> tables() {
    return Tables.ALL;
  }

  /** Apart, so that the order of class initialisation does not matter. */
  private static final class Tables {
    private static final List<Table> ALL =
        List.of(
            Server.TABLE,
            Listener.TABLE,
            Identity.TABLE,
            IdentityFor.TABLE,
            Roots.TABLE,
            Trust.TABLE,
            TrustedClient.TABLE,
            RelayDomain.TABLE,
            AliasDomain.TABLE,
            Pipe.TABLE,
            Srs.TABLE,
            Transport.TABLE,
            Policy.TABLE,
            Reject.TABLE,
            Dns.TABLE,
            Auth.TABLE,
            Log.TABLE,
            Metrics.TABLE);
  }
}
