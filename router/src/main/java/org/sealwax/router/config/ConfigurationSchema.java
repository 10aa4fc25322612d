package org.sealwax.router.config;

import static org.sealwax.router.config.SettingType.ADDRESS;
import static org.sealwax.router.config.SettingType.BOOLEAN;
import static org.sealwax.router.config.SettingType.DOMAIN;
import static org.sealwax.router.config.SettingType.DURATION;
import static org.sealwax.router.config.SettingType.FILE;
import static org.sealwax.router.config.SettingType.MAILBOX;
import static org.sealwax.router.config.SettingType.NETWORK;
import static org.sealwax.router.config.SettingType.PATTERN;
import static org.sealwax.router.config.SettingType.PIN;
import static org.sealwax.router.config.SettingType.SERVER_NAME;
import static org.sealwax.router.config.SettingType.SIZE;
import static org.sealwax.router.config.SettingType.SOCKET;
import static org.sealwax.router.config.SettingType.TEXT;
import static org.sealwax.router.config.SettingType.choice;
import static org.sealwax.router.config.SettingType.count;
import static org.sealwax.router.config.SettingType.listOf;
import static org.sealwax.router.config.SettingType.oneOf;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.receive.ListenerSettings;

/**
 * All tables and keys of {@code sealwax.toml}, as data: the reading, the reference page, the sample
 * and the suggestions come from here. A typed constant per key, so that a mapping cannot misspell
 * one.
 */
final class ConfigurationSchema {
  private ConfigurationSchema() {}

  private static final SettingType<TlsFloor> FLOOR =
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

  /** The keys of {@code [server]}. */
  static final class ServerKeys {
    static final SettingKey<Domain> HOSTNAME =
        SettingKey.optional(
            "hostname",
            DOMAIN,
            "The name of this server in greeting, EHLO and Received. Left out: the machine's own"
                + " fully qualified name.",
            "\"mx.project.example\"");
    static final SettingKey<Path> STATE =
        SettingKey.optional(
            "state",
            FILE,
            "The folder of spool, certificates made here and control socket. Left out:"
                + " /var/lib/sealwax for root and for a systemd service its StateDirectory, else"
                + " sealwax under $XDG_STATE_HOME or ~/.local/state.",
            "\"/var/lib/sealwax\"");
    static final SettingKey<Mailbox> POSTMASTER =
        SettingKey.optional(
            "postmaster",
            MAILBOX,
            "Where mail for postmaster goes, and double bounces and the daily summary. Left out:"
                + " such mail is held in the queue.",
            "\"admin@example.net\"");

    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "server", "What this server is.", HOSTNAME, STATE, POSTMASTER);

    private ServerKeys() {}
  }

  /** The keys of a listener. */
  static final class ListenerKeys {
    static final SettingKey<InetSocketAddress> ADDRESS =
        SettingKey.required("address", SOCKET, "Where to listen.", "\"*:25\"");
    static final SettingKey<ListenerRow.ListenerTlsStart> TLS =
        SettingKey.of(
            "tls",
            oneOf(ListenerRow.ListenerTlsStart.class),
            "\"starttls\"",
            "starttls: offered (port 25); implicit: from the first byte (port 465, RFC 8314); none:"
                + " not offered.");
    static final SettingKey<TlsFloor> FLOOR =
        SettingKey.of(
            "floor",
            ConfigurationSchema.FLOOR,
            "\"1.2\"",
            "The lowest TLS version that is spoken here.");
    static final SettingKey<ClientCertificateMode> CLIENT_CERTIFICATE =
        SettingKey.of(
            "client_certificate",
            oneOf(ClientCertificateMode.class),
            "\"ask\"",
            "Whether clients are asked for a certificate. It is judged and recorded whatever it is;"
                + " require refuses clients that show none.");
    static final SettingKey<Boolean> AUTH =
        SettingKey.of(
            "auth",
            BOOLEAN,
            "false",
            "Whether AUTH is offered (inside TLS only; needs [auth] password_file).");
    static final SettingKey<ListenerSettings.Dsn> DSN =
        SettingKey.of(
            "dsn",
            oneOf(ListenerSettings.Dsn.class),
            "\"relay\"",
            "Clients that DSN is offered to (RFC 3461). relay: clients that may relay; auth: the"
                + " same, and offered before AUTH, for listeners where users log in; all: every"
                + " client, which sends success notifications to forged senders; none: no client.");
    static final SettingKey<Boolean> RESUMPTION =
        SettingKey.of(
            "resumption",
            BOOLEAN,
            "true",
            "Whether TLS sessions may be resumed. Some large senders abort on tickets at port 25.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "listener",
            "A place where mail comes in. Without any: 127.0.0.1:2525 with STARTTLS.",
            ADDRESS,
            TLS,
            FLOOR,
            CLIENT_CERTIFICATE,
            AUTH,
            DSN,
            RESUMPTION);

    private ListenerKeys() {}
  }

  /** Our certificate. */
  static final class IdentityKeys {
    static final SettingKey<Path> CERTIFICATE =
        SettingKey.optional(
            "certificate",
            FILE,
            "The certificate chain in PEM, leaf first. Used in both roles, read again when it"
                + " changes. Left out: a self-signed one is made at the first start.",
            "\"/etc/sealwax/mx.pem\"");
    static final SettingKey<Path> KEY =
        SettingKey.optional("key", FILE, "Its private key in PEM.", "\"/etc/sealwax/mx.key\"");
    static final SettingKey<Boolean> SHOW_TO_SERVERS =
        SettingKey.of(
            "show_to_servers",
            BOOLEAN,
            "true",
            "Whether the certificate is shown to servers that ask for it, too.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "identity", "Our certificate, in both roles.", CERTIFICATE, KEY, SHOW_TO_SERVERS);

    private IdentityKeys() {}
  }

  /** Further certificates. */
  static final class IdentityForKeys {
    static final SettingKey<List<String>> NAMES =
        SettingKey.required(
            "names",
            listOf(SERVER_NAME),
            "The names that clients ask for (SNI); \"*.example.org\" is one label below"
                + " example.org.",
            "[\"mx.other.example\"]");
    static final SettingKey<Path> CERTIFICATE =
        SettingKey.required("certificate", FILE, "The chain in PEM.", "\"/etc/sealwax/other.pem\"");
    static final SettingKey<Path> KEY =
        SettingKey.required("key", FILE, "Its private key in PEM.", "\"/etc/sealwax/other.key\"");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "identity_for",
            "A certificate for clients that ask for one of these names.",
            NAMES,
            CERTIFICATE,
            KEY);

    private IdentityForKeys() {}
  }

  /** The keys of trusted certificate authorities. */
  static final class RootsKeys {
    static final SettingKey<Boolean> PUBLIC =
        SettingKey.of(
            "public", BOOLEAN, "true", "Whether the public CA roots that Java ships count.");
    static final SettingKey<List<Path>> FILES =
        SettingKey.of("files", listOf(FILE), "[]", "PEM files of further roots.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "roots", "The certificate authorities that verdicts are judged by.", PUBLIC, FILES);

    private RootsKeys() {}
  }

  /** The keys that say which clients may relay. */
  static final class TrustKeys {
    static final SettingKey<List<Cidr>> NETWORKS =
        SettingKey.of(
            "networks",
            listOf(NETWORK),
            "[\"127.0.0.0/8\", \"::1/128\"]",
            "Networks whose hosts may send mail anywhere through this server.");

    /** {@code TLS-Required: No} counts from every client. */
    static final String ALL = "all";

    static final SettingKey<String> HONOUR_TLS_REQUIRED_NO =
        SettingKey.of(
            "honour_tls_required_no",
            choice(List.of("trusted", ALL), s -> s),
            "\"trusted\"",
            "Whose \"TLS-Required: No\" (RFC 8689) lets a message pass DANE, MTA-STS and ledger:"
                + " trusted: that of clients who may send anywhere; all: also that of strangers'"
                + " mail which is forwarded.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "trust",
            "Who may send mail anywhere, and whose word counts.",
            NETWORKS,
            HONOUR_TLS_REQUIRED_NO);

    private TrustKeys() {}
  }

  /** The keys of a client that may relay by certificate. */
  static final class TrustedClientKeys {
    static final SettingKey<Pin> PIN_OF =
        SettingKey.optional(
            "pin",
            PIN,
            "The SHA-256 of the client's public key.",
            "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"");
    static final SettingKey<Path> CA =
        SettingKey.optional(
            "ca", FILE, "A private CA in PEM; needs names.", "\"/etc/sealwax/own-ca.pem\"");
    static final SettingKey<List<Domain>> NAMES =
        SettingKey.of(
            "names",
            listOf(DOMAIN),
            "[]",
            "Names of which the certificate by that CA must carry one.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "trusted_client",
            "A client that may send mail anywhere because of its certificate: a pin, or a private"
                + " CA and names.",
            PIN_OF,
            CA,
            NAMES);

    private TrustedClientKeys() {}
  }

  /** Peers that are identified by their own MX hosts. */
  static final class PeerKeys {
    static final SettingKey<Domain> DOMAIN_OF =
        SettingKey.required("domain", DOMAIN, "The peer's domain.", "\"partner.example\"");
    static final SettingKey<Boolean> RELAY =
        SettingKey.of(
            "relay",
            BOOLEAN,
            "false",
            "Whether a client known so may send mail anywhere through this server. It counts for MX"
                + " hosts under the peer's own domain only: a provider's host speaks for all its"
                + " customers.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "peer",
            "A peer whose servers are known again when they come as clients: by the key or name"
                + " that its own MX hosts showed when they were verified, or by their TLSA records"
                + " under DNSSEC. It is looked up in the background.",
            DOMAIN_OF,
            RELAY);

    private PeerKeys() {}
  }

  /** Domains that are relayed. */
  static final class RelayDomainKeys {
    static final SettingKey<Domain> DOMAIN_OF =
        SettingKey.required("domain", DOMAIN, "The domain.", "\"lists.project.example\"");
    static final SettingKey<String> NEXT_HOP =
        SettingKey.optional(
            "next_hop",
            TEXT,
            "Where its mail goes: \"host\", \"host:port\" or \"[address]:port\". Left out: by its"
                + " MX records.",
            "\"lists.internal.example:25\"");
    static final SettingKey<Path> RECIPIENTS =
        SettingKey.optional(
            "recipients",
            FILE,
            "A file with one local part or address a line; others are refused at RCPT.",
            "\"/etc/sealwax/lists.recipients\"");
    static final SettingKey<String> VERIFY =
        SettingKey.optional(
            "verify",
            choice(List.of("next-hop"), s -> s),
            "next-hop: ask the next hop whether a recipient exists.",
            "\"next-hop\"");
    static final SettingKey<Boolean> ACCEPT_ALL =
        SettingKey.of(
            "accept_all",
            BOOLEAN,
            "false",
            "Take mail for every local part. What the next hop refuses later comes back as bounces"
                + " to forged senders (backscatter): prefer recipients or verify.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "relay_domain",
            "A domain whose mail is accepted and passed on; one of recipients, verify, accept_all.",
            DOMAIN_OF,
            NEXT_HOP,
            RECIPIENTS,
            VERIFY,
            ACCEPT_ALL);

    private RelayDomainKeys() {}
  }

  /** Domains of aliases. */
  static final class AliasDomainKeys {
    static final SettingKey<Domain> DOMAIN_OF =
        SettingKey.required("domain", DOMAIN, "The domain.", "\"project.example\"");
    static final SettingKey<Path> FILE_OF =
        SettingKey.required(
            "file",
            FILE,
            "The file: \"name: a@x.example, b@y.example\", \"pipe:name\", \"*\" for" + " the rest.",
            "\"/etc/sealwax/aliases\"");
    static final SettingKey<Boolean> CASE_SENSITIVE =
        SettingKey.of(
            "case_sensitive", BOOLEAN, "false", "Whether the case of local parts counts.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "alias_domain",
            "A domain whose local parts lead elsewhere.",
            DOMAIN_OF,
            FILE_OF,
            CASE_SENSITIVE);

    private AliasDomainKeys() {}
  }

  /** Rows by destination. */
  static final class TransportKeys {
    static final SettingKey<DomainPattern> DOMAIN_OF =
        SettingKey.required(
            "domain", PATTERN, "The destination; \"*\": a smart host for all.", "\"*\"");
    static final SettingKey<String> NEXT_HOP =
        SettingKey.required(
            "next_hop",
            TEXT,
            "\"host\", \"host:port\" or \"[address]:port\".",
            "\"smart.example.net:587\"");
    static final SettingKey<String> USER =
        SettingKey.optional("user", TEXT, "The user name for AUTH.", "\"project\"");
    static final SettingKey<Path> PASSWORD_FILE =
        SettingKey.optional(
            "password_file",
            FILE,
            "A file with the password alone. Credentials are sent to a verified server only, and"
                + " the level is secure unless a policy row raises it.",
            "\"/etc/sealwax/smart.password\"");
    static final SettingKey<Boolean> IMPLICIT_TLS =
        SettingKey.of(
            "implicit_tls",
            BOOLEAN,
            "false",
            "TLS from the first byte (port 465, RFC 8314) instead of STARTTLS.");
    static final SettingKey<TlsLevel> LEVEL =
        SettingKey.optional(
            "level",
            oneOf(TlsLevel.configurable()),
            "What is demanded of this next hop. Left out: secure when there is a password, else by"
                + " the policy rows.",
            "\"encrypt\"");
    static final SettingKey<List<Domain>> NAMES =
        SettingKey.of(
            "names",
            listOf(DOMAIN),
            "[]",
            "Names of which the next hop's certificate must carry one, with level secure or verify;"
                + " needed for a next hop that is an address.");
    static final SettingKey<List<Pin>> PINS =
        SettingKey.of(
            "pins",
            listOf(PIN),
            "[]",
            "Public keys of which the next hop must have one, with level fingerprint.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "transport",
            "A fixed next hop for a destination.",
            DOMAIN_OF,
            NEXT_HOP,
            USER,
            PASSWORD_FILE,
            IMPLICIT_TLS,
            LEVEL,
            NAMES,
            PINS);

    private TransportKeys() {}
  }

  /** Commands. */
  static final class PipeKeys {
    static final SettingKey<String> NAME =
        SettingKey.required("name", TEXT, "The name that alias files use: pipe:name.", "\"bugs\"");
    static final SettingKey<List<String>> COMMAND =
        SettingKey.required(
            "command",
            listOf(TEXT),
            "The program by its absolute path, and its arguments; no shell. {recipient}, {local},"
                + " {domain}, {extension}, {sender} and {id} as a whole argument are replaced.",
            "[\"/usr/local/bin/tracker-gateway\", \"{recipient}\"]");
    static final SettingKey<List<String>> WRAPPER =
        SettingKey.of(
            "wrapper",
            listOf(TEXT),
            "[]",
            "A program with arguments that runs the command as somebody else, such as"
                + " [\"/usr/bin/sudo\", \"-n\", \"-u\", \"tracker\", \"--\"]. Empty: as the"
                + " router's own user, which must not be root.");
    static final SettingKey<Path> DIRECTORY =
        SettingKey.of("directory", FILE, "\"/\"", "The folder in which it runs.");
    static final SettingKey<List<String>> ENVIRONMENT =
        SettingKey.of(
            "environment",
            listOf(TEXT),
            "[\"PATH=/usr/local/bin:/usr/bin:/bin\"]",
            "All of its environment, each as NAME=value.");
    static final SettingKey<PipeSettings.LineEnd> LINE_END =
        SettingKey.of(
            "line_end",
            oneOf(PipeSettings.LineEnd.class),
            "\"lf\"",
            "What the message's lines end with.");
    static final SettingKey<Boolean> MBOX_FROM =
        SettingKey.of(
            "mbox_from", BOOLEAN, "false", "Whether a line \"From sender date\" goes first.");
    static final SettingKey<Duration> TIMEOUT =
        SettingKey.of("timeout", DURATION, "\"5m\"", "How long it may run before it is ended.");
    static final SettingKey<Integer> CONCURRENT =
        SettingKey.of(
            "concurrent", count(1, PipeSettings.MAX_CONCURRENCY), "4", "How many may run at once.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "pipe",
            "A command that mail is delivered to.",
            NAME,
            COMMAND,
            WRAPPER,
            DIRECTORY,
            ENVIRONMENT,
            LINE_END,
            MBOX_FROM,
            TIMEOUT,
            CONCURRENT);

    private PipeKeys() {}
  }

  /** Sender rewriting. */
  static final class SrsKeys {
    static final SettingKey<Domain> DOMAIN_OF =
        SettingKey.optional(
            "domain",
            DOMAIN,
            "The domain of rewritten senders; it must be received here. Left out: senders are not"
                + " rewritten.",
            "\"project.example\"");
    static final SettingKey<Path> SECRET_FILE =
        SettingKey.optional(
            "secret_file",
            FILE,
            "The secret, one a line, the newest first. Left out: one is made in the state folder.",
            "\"/etc/sealwax/srs.secret\"");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "srs", "Sender rewriting for forwarded mail (SRS).", DOMAIN_OF, SECRET_FILE);

    private SrsKeys() {}
  }

  /** Policy rows. */
  static final class PolicyKeys {
    static final SettingKey<DomainPattern> DOMAIN_OF =
        SettingKey.required("domain", PATTERN, "The destination.", "\".example.org\"");
    static final SettingKey<TlsLevel> LEVEL =
        SettingKey.of(
            "level",
            oneOf(TlsLevel.configurable()),
            "\"may\"",
            "What mail there demands, in Postfix's words.");
    static final SettingKey<List<Pin>> PINS =
        SettingKey.of("pins", listOf(PIN), "[]", "Public keys of which the server must have one.");
    static final SettingKey<List<Domain>> NAMES =
        SettingKey.of(
            "names", listOf(DOMAIN), "[]", "Names of which the certificate must carry one.");
    static final SettingKey<TlsFloor> FLOOR =
        SettingKey.optional(
            "floor",
            ConfigurationSchema.FLOOR,
            "The lowest TLS version. Left out: [deliver] floor.",
            "\"1.3\"");
    static final SettingKey<Path> CA =
        SettingKey.optional(
            "ca", FILE, "The only CA that counts there, in PEM.", "\"/etc/sealwax/ca.pem\"");
    static final SettingKey<Boolean> CLIENT_CERTIFICATE =
        SettingKey.of(
            "client_certificate",
            BOOLEAN,
            "true",
            "Whether our certificate is shown when asked for.");
    static final SettingKey<Domain> SERVERNAME =
        SettingKey.optional(
            "servername", DOMAIN, "SNI instead of the host's name.", "\"mx.example.org\"");
    static final SettingKey<String> NOTE =
        SettingKey.of("note", TEXT, "\"\"", "Why the row is here.");
    static final SettingKey<String> OWNER =
        SettingKey.of("owner", TEXT, "\"\"", "Who answers for it.");
    static final SettingKey<LocalDate> EXPIRES =
        SettingKey.optional(
            "expires",
            SettingType.DATE,
            "The day from which the row no longer counts.",
            "2027-01-31");
    static final SettingKey<Boolean> OVERRIDE =
        SettingKey.of(
            "override",
            BOOLEAN,
            "false",
            "Whether the row may lower what other sources demand; needs note, owner and expires.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "policy",
            "What transport security mail to a destination demands.",
            DOMAIN_OF,
            LEVEL,
            PINS,
            NAMES,
            FLOOR,
            CA,
            CLIENT_CERTIFICATE,
            SERVERNAME,
            NOTE,
            OWNER,
            EXPIRES,
            OVERRIDE);

    private PolicyKeys() {}
  }

  /** Reject rows. */
  static final class RejectKeys {
    static final SettingKey<Cidr> CLIENT =
        SettingKey.optional("client", NETWORK, "Clients of this network.", "\"203.0.113.0/24\"");
    static final SettingKey<String> SENDER =
        SettingKey.optional(
            "sender", TEXT, "This sender, or domain, or .domain.", "\"spam@example.net\"");
    static final SettingKey<String> RECIPIENT =
        SettingKey.optional(
            "recipient", TEXT, "This recipient, or domain.", "\"old@project.example\"");
    static final SettingKey<String> TEXT_OF =
        SettingKey.of("text", TEXT, "\"Refused by local rule\"", "What the client reads.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "reject",
            "Mail that is refused; exactly one of client, sender, recipient.",
            CLIENT,
            SENDER,
            RECIPIENT,
            TEXT_OF);

    private RejectKeys() {}
  }

  /** Forwarding. */
  static final class ForwardKeys {
    static final SettingKey<String> DELIMITER =
        SettingKey.of(
            "delimiter",
            TEXT,
            "\"+\"",
            "The character between a name and its extension; empty: names have none.");
    static final SettingKey<Boolean> CARRY_EXTENSION =
        SettingKey.of(
            "carry_extension", BOOLEAN, "false", "Whether name+ext goes on as target+ext.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "forward", "How alias domains are read.", DELIMITER, CARRY_EXTENSION);

    private ForwardKeys() {}
  }

  /** Limits of receiving. */
  static final class LimitsKeys {
    private static final int MANY = 1_000_000;
    static final SettingKey<Integer> SESSIONS =
        SettingKey.of(
            "sessions",
            count(1, MANY),
            "2000",
            "Sessions at a time, all listeners and clients together; each listener keeps a"
                + " twentieth for itself.");
    static final SettingKey<Integer> SESSIONS_PER_CLIENT =
        SettingKey.of(
            "sessions_per_client",
            count(0, MANY),
            "50",
            "Sessions of one client (IPv6: one /64; twice as many of a /56, four times of a /48) at"
                + " a time; 0 here and below: no limit.");
    static final SettingKey<Integer> CONNECTIONS =
        SettingKey.of(
            "connections_per_minute", count(0, MANY), "600", "New connections of one client.");
    static final SettingKey<Integer> MESSAGES =
        SettingKey.of("messages_per_minute", count(0, MANY), "3000", "Messages of one client.");
    static final SettingKey<Integer> RECIPIENTS_PER_MINUTE =
        SettingKey.of(
            "recipients_per_minute", count(0, MANY), "30000", "Recipients of one client.");
    static final SettingKey<Integer> ERRORS =
        SettingKey.of(
            "errors_per_minute",
            count(0, MANY),
            "300",
            "Refused commands of one client; over it new connections are turned away.");
    static final SettingKey<Integer> HANDSHAKES =
        SettingKey.of(
            "handshakes_per_minute", count(0, MANY), "300", "TLS handshakes of one client.");
    static final SettingKey<List<Cidr>> EXEMPT =
        SettingKey.of(
            "exempt",
            listOf(NETWORK),
            "[\"127.0.0.0/8\", \"::1/128\"]",
            "Networks without the limits per client.");
    static final SettingKey<Integer> RECIPIENTS =
        SettingKey.of(
            "recipients",
            count(100, 100_000),
            "1000",
            "Recipients of one message (RFC 5321 4.5.3.1.8: at least 100).");
    static final SettingKey<Long> MESSAGE_SIZE =
        SettingKey.of("message_size", SIZE, "\"64MB\"", "The largest message.");
    static final SettingKey<Integer> HOPS =
        SettingKey.of(
            "hops",
            count(10, 1000),
            "100",
            "Received fields after which a message is taken for a loop (RFC 5321 6.3).");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "limits",
            "What clients may take of us.",
            SESSIONS,
            SESSIONS_PER_CLIENT,
            CONNECTIONS,
            MESSAGES,
            RECIPIENTS_PER_MINUTE,
            ERRORS,
            HANDSHAKES,
            EXEMPT,
            RECIPIENTS,
            MESSAGE_SIZE,
            HOPS);

    private LimitsKeys() {}
  }

  /** The queue. */
  static final class QueueKeys {
    static final SettingKey<List<Duration>> RETRY =
        SettingKey.of(
            "retry",
            listOf(DURATION),
            "[\"2m\", \"5m\", \"10m\", \"20m\", \"40m\", \"1h\", \"2h\", \"4h\"]",
            "The waits after the first, second, … try; the last one repeats. Each is varied by a"
                + " fifth.");
    static final SettingKey<Duration> LIFETIME =
        SettingKey.of("lifetime", DURATION, "\"5d\"", "After this, mail that waits is given up.");
    static final SettingKey<Duration> DELAY_NOTICE =
        SettingKey.of(
            "delay_notice",
            DURATION,
            "\"4h\"",
            "After this the sender is told once that the message is late; \"0s\": never.");
    static final SettingKey<Integer> DELIVERIES =
        SettingKey.of(
            "deliveries",
            count(1, 10_000),
            "100",
            "Deliveries at a time. Mail with the null sender gets an eighth of them at most, next"
                + " hops that never answered a quarter, slow ones three eighths; a fifth is kept"
                + " for new mail to idle next hops.");
    static final SettingKey<Integer> DELIVERIES_PER_HOP =
        SettingKey.of(
            "deliveries_per_hop",
            count(1, 1000),
            "20",
            "Deliveries at a time toward one next hop, reached step by step, and at one MX"
                + " address.");
    static final SettingKey<Duration> DEAD_SITE_FIRST =
        SettingKey.of(
            "dead_site_first",
            DURATION,
            "\"1m\"",
            "How long a next hop that does not answer is left alone at first; doubled each time.");
    static final SettingKey<Duration> DEAD_SITE_MOST =
        SettingKey.of("dead_site_most", DURATION, "\"1h\"", "How long at most.");
    static final SettingKey<Long> FREE_SPACE =
        SettingKey.of(
            "free_space",
            SIZE,
            "\"256MB\"",
            "What must stay free on the spool's file system for mail to be taken.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "queue",
            "When is what tried again.",
            RETRY,
            LIFETIME,
            DELAY_NOTICE,
            DELIVERIES,
            DELIVERIES_PER_HOP,
            DEAD_SITE_FIRST,
            DEAD_SITE_MOST,
            FREE_SPACE);

    private QueueKeys() {}
  }

  /** Delivery. */
  static final class DeliverKeys {
    static final SettingKey<TlsLevel> LEVEL =
        SettingKey.of(
            "level",
            oneOf(TlsLevel.configurable()),
            "\"may\"",
            "What mail demands where no policy row says otherwise.");
    static final SettingKey<TlsFloor> FLOOR =
        SettingKey.of(
            "floor",
            ConfigurationSchema.FLOOR,
            "\"1.2\"",
            "The lowest TLS version where clear text would be the alternative.");
    static final SettingKey<TlsFloor> FLOOR_ALWAYS =
        SettingKey.of(
            "floor_always",
            ConfigurationSchema.FLOOR,
            "\"1.2\"",
            "The lowest TLS version where TLS is demanded; never below floor.");
    static final SettingKey<Duration> HOLD =
        SettingKey.of(
            "hold",
            DURATION,
            "\"30m\"",
            "How long TLS that is offered but broken keeps mail from going in clear text, where"
                + " that is allowed at all.");
    static final SettingKey<Boolean> POST_QUANTUM =
        SettingKey.of("post_quantum", BOOLEAN, "true", "Whether X25519MLKEM768 is offered.");
    static final SettingKey<Boolean> RESUMPTION =
        SettingKey.of("resumption", BOOLEAN, "true", "Whether TLS sessions are resumed.");
    static final SettingKey<Integer> MESSAGES_PER_CONNECTION =
        SettingKey.of(
            "messages_per_connection", count(1, 10_000), "100", "After so many it is closed.");
    static final SettingKey<Boolean> IPV4 =
        SettingKey.of("ipv4", BOOLEAN, "true", "Whether IPv4 is used.");
    static final SettingKey<Boolean> IPV6 =
        SettingKey.of("ipv6", BOOLEAN, "true", "Whether IPv6 is used.");
    static final SettingKey<InetAddress> BIND_IPV4 =
        SettingKey.optional("bind_ipv4", ADDRESS, "The local IPv4 address.", "\"192.0.2.1\"");
    static final SettingKey<InetAddress> BIND_IPV6 =
        SettingKey.optional("bind_ipv6", ADDRESS, "The local IPv6 address.", "\"2001:db8::1\"");
    static final SettingKey<Integer> MX_PORT =
        SettingKey.of(
            "mx_port", count(1, 65_535), "25", "The port of MX hosts; not 25 in tests only.");
    static final SettingKey<List<Cidr>> ALLOW_TARGETS =
        SettingKey.of(
            "allow_targets",
            listOf(NETWORK),
            "[]",
            "Special-use networks (loopback, private; RFC 6890) to which MX records and MTA-STS"
                + " policy hosts may lead. Fixed next hops may lead anywhere.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "deliver",
            "How mail leaves.",
            LEVEL,
            FLOOR,
            FLOOR_ALWAYS,
            HOLD,
            POST_QUANTUM,
            RESUMPTION,
            MESSAGES_PER_CONNECTION,
            IPV4,
            IPV6,
            BIND_IPV4,
            BIND_IPV6,
            MX_PORT,
            ALLOW_TARGETS);

    private DeliverKeys() {}
  }

  /** MTA-STS. */
  static final class StsKeys {
    static final SettingKey<Boolean> ENABLED =
        SettingKey.of(
            "enabled",
            BOOLEAN,
            "true",
            "Whether MTA-STS policies (RFC 8461) of the domains that mail goes to are fetched, kept"
                + " and followed. DANE has no such switch: it is in force where the DNS is"
                + " validated.");
    static final SettingKey<Integer> PORT =
        SettingKey.of(
            "port", count(1, 65_535), "443", "The port of policy hosts; not 443 in tests only.");
    static final SettingKey<Duration> FIRST_CONTACT_HOLD =
        SettingKey.optional(
            "first_contact_hold",
            DURATION,
            "How long mail waits for a policy that is announced and has never been had, before it"
                + " goes as if there were none; at most half of [queue] lifetime. Within less than"
                + " five minutes the policy host is not asked again. Left out: half an hour, or"
                + " that half if it is less.",
            "\"30m\"");
    static final SettingKey<Duration> LOOKUP_HOLD =
        SettingKey.optional(
            "lookup_hold",
            DURATION,
            "How long mail waits while the DNS does not say whether there is a policy, and none is"
                + " known; at most half of [queue] lifetime. Left out: four hours, or that half if"
                + " it is less.",
            "\"4h\"");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "sts",
            "MTA-STS policies of the domains that mail goes to.",
            ENABLED,
            PORT,
            FIRST_CONTACT_HOLD,
            LOOKUP_HOLD);

    private StsKeys() {}
  }

  /** TLS reports that this server sends. */
  static final class TlsRptKeys {
    static final SettingKey<Boolean> ENABLED =
        SettingKey.of(
            "enabled",
            BOOLEAN,
            "true",
            "Whether domains that ask for it by a TLSRPT record (RFC 8460) get a daily report of"
                + " the sessions with them. Without a contact and a postmaster there are none.");
    static final SettingKey<String> ORGANIZATION =
        SettingKey.optional(
            "organization",
            TEXT,
            "Who reports. Left out: the name of this server.",
            "\"The Project\"");
    static final SettingKey<Mailbox> CONTACT =
        SettingKey.optional(
            "contact",
            MAILBOX,
            "The From of reports, in the domain that signs. Left out: the postmaster.",
            "\"tls-reports@project.example\"");
    static final SettingKey<Domain> DKIM_DOMAIN =
        SettingKey.optional(
            "dkim_domain",
            DOMAIN,
            "The domain that signs reports by mail. Without a key they go by HTTPS only.",
            "\"project.example\"");
    static final SettingKey<Domain> DKIM_SELECTOR =
        SettingKey.optional(
            "dkim_selector",
            DOMAIN,
            "The selector: the public key stands at SELECTOR._domainkey.DOMAIN.",
            "\"tlsrpt\"");
    static final SettingKey<Path> DKIM_KEY =
        SettingKey.optional(
            "dkim_key", FILE, "An RSA key in PKCS#8 PEM.", "\"/etc/sealwax/tlsrpt.pem\"");
    static final SettingKey<Duration> PERIOD =
        SettingKey.of(
            "period",
            DURATION,
            "\"1d\"",
            "What one report covers, from midnight UTC on. Shorter than a day in tests only.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "tlsrpt",
            "Reports to the domains that mail goes to about the TLS they showed.",
            ENABLED,
            ORGANIZATION,
            CONTACT,
            DKIM_DOMAIN,
            DKIM_SELECTOR,
            DKIM_KEY,
            PERIOD);

    private TlsRptKeys() {}
  }

  /** TLS reports that this server receives. */
  static final class TlsRptInKeys {
    static final SettingKey<List<Mailbox>> ADDRESSES =
        SettingKey.of(
            "addresses",
            listOf(MAILBOX),
            "[]",
            "Mail to these addresses is read here for reports about alias and relay domains of this"
                + " server: publish one as rua=mailto: in a TLSRPT record. They go before the alias"
                + " file; what is no report is put aside in the state folder.");
    static final SettingKey<InetSocketAddress> LISTEN =
        SettingKey.optional(
            "listen",
            SOCKET,
            "Where reports are taken by POST over HTTPS, with the certificate of [identity]. Left"
                + " out: nowhere.",
            "\"*:443\"");
    static final SettingKey<String> PATH =
        SettingKey.of(
            "path",
            TEXT,
            "\"/v1/tlsrpt\"",
            "What is posted to there: publish it as rua=https://HOST/v1/tlsrpt.");
    static final SettingKey<Duration> KEEP =
        SettingKey.of(
            "keep",
            DURATION,
            "\"90d\"",
            "How long reports are kept after the day they are about: 2 days to 2 years.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "tlsrpt_in",
            "Reports from others about the TLS of this server's domains (RFC 8460); sealwax tlsrpt"
                + " sums them up.",
            ADDRESSES,
            LISTEN,
            PATH,
            KEEP);

    private TlsRptInKeys() {}
  }

  /** The ledger. */
  static final class LedgerKeys {
    static final SettingKey<LedgerSettings.Regression> REGRESSION =
        SettingKey.of(
            "regression",
            oneOf(LedgerSettings.Regression.class),
            "\"hold\"",
            "A domain that has always shown TLS shows less. hold: accepted when every path has"
                + " shown it for the whole hold; ask: only by sealwax policy accept.");
    static final SettingKey<Duration> HOLD =
        SettingKey.optional(
            "hold",
            DURATION,
            "How long every path to a domain must show less before that is accepted; at most half"
                + " of [queue] lifetime. Left out: two days, or that half if it is less.",
            "\"2d\"");
    static final SettingKey<Integer> SESSIONS =
        SettingKey.of("sessions", count(1, 10_000), "20", "Sessions that a level needs.");
    static final SettingKey<Integer> DAYS =
        SettingKey.of("days", count(1, 365), "7", "Distinct days on which they must have been.");
    static final SettingKey<Integer> SESSIONS_PER_DAY =
        SettingKey.of(
            "sessions_per_day",
            count(1, 10_000),
            "4",
            "Sessions counted per domain and day at most.");
    static final SettingKey<Integer> RESOLUTIONS =
        SettingKey.of(
            "resolutions", count(1, 1000), "2", "Separate look-ups of the MX hosts at least.");
    static final SettingKey<Integer> HOST_DAYS =
        SettingKey.of(
            "host_days",
            count(1, 365),
            "2",
            "Distinct days on which each MX host with an address must have been greeted for a"
                + " level.");
    static final SettingKey<Boolean> GREET_UNSEEN =
        SettingKey.of(
            "greet_unseen",
            BOOLEAN,
            "true",
            "Greet MX hosts that no delivery needs, without mail, where they alone keep a domain"
                + " from its level: only domains with mail in the last day, at most 100 greetings a"
                + " day in all.");
    static final SettingKey<Duration> DECAY =
        SettingKey.of(
            "decay", DURATION, "\"180d\"", "A level not seen again for so long falls away.");
    static final SettingKey<Integer> DOMAINS =
        SettingKey.of(
            "domains",
            count(1, LedgerSettings.MOST_DOMAINS),
            "100000",
            "Domains remembered. When there are more, those without a level go first, and those"
                + " with one never.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "ledger",
            "What domains have shown before.",
            REGRESSION,
            HOLD,
            SESSIONS,
            DAYS,
            SESSIONS_PER_DAY,
            RESOLUTIONS,
            HOST_DAYS,
            GREET_UNSEEN,
            DECAY,
            DOMAINS);

    private LedgerKeys() {}
  }

  /** Receipts. */
  static final class ReceiptsKeys {
    static final SettingKey<Boolean> ENABLED =
        SettingKey.of(
            "enabled",
            BOOLEAN,
            "true",
            "Whether a receipt is written for each delivered recipient, under receipts in the state"
                + " folder.");
    static final SettingKey<Duration> RETENTION =
        SettingKey.of(
            "retention",
            DURATION,
            "\"90d\"",
            "Files of receipts are deleted when they are older; \"0s\": never.");
    static final SettingKey<Long> SIZE =
        SettingKey.of(
            "size",
            SettingType.SIZE,
            "\"1GB\"",
            "Size of all files of receipts at which the oldest are deleted; \"0\": never.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "receipts", "Receipts of deliveries.", ENABLED, RETENTION, SIZE);

    private ReceiptsKeys() {}
  }

  /** The DNS. */
  static final class DnsKeys {
    static final SettingKey<List<InetSocketAddress>> RESOLVERS =
        SettingKey.of(
            "resolvers",
            listOf(SOCKET),
            "[]",
            "Recursive resolvers, in this order. Empty: those of /etc/resolv.conf.");
    static final SettingKey<DnsSettings.Validation> VALIDATION =
        SettingKey.of(
            "validation",
            oneOf(DnsSettings.Validation.class),
            "\"own\"",
            "Who checks DNSSEC: own: this program; trust-ad: a validating resolver on loopback is"
                + " believed; off: nobody, so DANE never applies.");
    static final SettingKey<List<String>> ANCHORS =
        SettingKey.of(
            "anchors",
            listOf(TEXT),
            "[]",
            "Trust anchors as DS or DNSKEY records. Empty: the root's.");
    static final SettingKey<Duration> TIMEOUT =
        SettingKey.of("timeout", DURATION, "\"2s\"", "One try at one resolver.");
    static final SettingKey<Duration> TOTAL =
        SettingKey.of("total", DURATION, "\"10s\"", "One question with all it needs.");
    static final SettingKey<Integer> CACHE =
        SettingKey.of("cache", count(1, 10_000_000), "20000", "Answers kept.");
    static final SettingKey<Integer> CONCURRENT =
        SettingKey.of("concurrent", count(1, 10_000), "256", "Questions in the air at once.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "dns",
            "How the DNS is asked.",
            RESOLVERS,
            VALIDATION,
            ANCHORS,
            TIMEOUT,
            TOTAL,
            CACHE,
            CONCURRENT);

    private DnsKeys() {}
  }

  /** Zones whose DNSSEC is broken. */
  static final class NegativeAnchorKeys {
    static final SettingKey<Domain> DOMAIN_OF =
        SettingKey.required(
            "domain", DOMAIN, "Zone, with everything below it.", "\"broken.example\"");
    static final SettingKey<String> OWNER =
        SettingKey.required(
            "owner", TEXT, "Who answers for the row.", "\"postmaster@example.org\"");
    static final SettingKey<String> NOTE =
        SettingKey.required(
            "note", TEXT, "Why the row is here.", "\"their DS is stale, told them on 2027-01-24\"");
    static final SettingKey<LocalDate> EXPIRES =
        SettingKey.required(
            "expires",
            SettingType.DATE,
            "Day from which the row no longer counts (UTC).",
            "2027-01-31");
    static final ConfigurationTable TABLE =
        ConfigurationTable.repeatedTable(
            "negative_anchor",
            "A negative trust anchor (RFC 7646): the zone is treated as unsigned, and DANE does not"
                + " apply to its hosts. For a zone that is known to have broken its DNSSEC by"
                + " mistake; for a week at most.",
            DOMAIN_OF,
            OWNER,
            NOTE,
            EXPIRES);

    private NegativeAnchorKeys() {}
  }

  /** AUTH. */
  static final class AuthKeys {
    static final SettingKey<Path> PASSWORD_FILE =
        SettingKey.optional(
            "password_file",
            FILE,
            "Users and password hashes, one a line as sealwax password makes them.",
            "\"/etc/sealwax/passwords\"");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable(
            "auth", "Users who may send mail anywhere after AUTH.", PASSWORD_FILE);

    private AuthKeys() {}
  }

  /** The log. */
  static final class LogKeys {
    static final SettingKey<LogSettings.Format> FORMAT =
        SettingKey.of(
            "format",
            oneOf(LogSettings.Format.class),
            "\"text\"",
            "text: Postfix's words; json: one object a line.");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable("log", "The log, on standard output.", FORMAT);

    private LogKeys() {}
  }

  /** Metrics. */
  static final class MetricsKeys {
    static final SettingKey<InetSocketAddress> ADDRESS =
        SettingKey.optional(
            "address",
            SOCKET,
            "Where /metrics (Prometheus), /health and /ready are served. Left out: nowhere.",
            "\"127.0.0.1:9125\"");
    static final ConfigurationTable TABLE =
        ConfigurationTable.singleTable("metrics", "Metrics and health.", ADDRESS);

    private MetricsKeys() {}
  }

  /** All tables, in the order of the reference page. */
  static List<ConfigurationTable> tables() {
    return SchemaTables.ALL;
  }

  /** Apart, so that the order of class initialisation does not matter. */
  private static final class SchemaTables {
    private static final List<ConfigurationTable> ALL =
        List.of(
            ServerKeys.TABLE,
            ListenerKeys.TABLE,
            IdentityKeys.TABLE,
            IdentityForKeys.TABLE,
            RootsKeys.TABLE,
            TrustKeys.TABLE,
            TrustedClientKeys.TABLE,
            PeerKeys.TABLE,
            RelayDomainKeys.TABLE,
            AliasDomainKeys.TABLE,
            ForwardKeys.TABLE,
            PipeKeys.TABLE,
            SrsKeys.TABLE,
            TransportKeys.TABLE,
            PolicyKeys.TABLE,
            RejectKeys.TABLE,
            LimitsKeys.TABLE,
            QueueKeys.TABLE,
            DeliverKeys.TABLE,
            StsKeys.TABLE,
            TlsRptKeys.TABLE,
            TlsRptInKeys.TABLE,
            LedgerKeys.TABLE,
            ReceiptsKeys.TABLE,
            DnsKeys.TABLE,
            NegativeAnchorKeys.TABLE,
            AuthKeys.TABLE,
            LogKeys.TABLE,
            MetricsKeys.TABLE,
            LabKeys.TABLE);
  }
}
