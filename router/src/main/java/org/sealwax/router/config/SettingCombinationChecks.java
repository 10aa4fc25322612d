package org.sealwax.router.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.config.ConfigurationSchema.AuthTable;
import org.sealwax.router.config.ConfigurationSchema.ForwardTable;
import org.sealwax.router.config.ConfigurationSchema.IdentityTable;
import org.sealwax.router.config.ConfigurationSchema.MetricsTable;
import org.sealwax.router.config.ConfigurationSchema.RejectTableRow;
import org.sealwax.router.config.ConfigurationSchema.RelayDomainRow;
import org.sealwax.router.config.ConfigurationSchema.StsTable;
import org.sealwax.router.config.ConfigurationSchema.TransportRow;
import org.sealwax.router.config.ConfigurationSchema.TrustTable;
import org.sealwax.router.config.TableRecords.Row;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receive.ListenerSettings.ListenerTlsMode;
import org.sealwax.router.reports.received.ReportListenerSettings;
import org.sealwax.router.route.ForwardSettings;

/**
 * Checks of several keys together: combinations that are impossible, and some that deserve a
 * warning.
 */
final class SettingCombinationChecks {
  /** The settings of a transport row about the server that it connects to. */
  private static final List<String> OF_A_HOST =
      List.of("user", "password_file", "implicit_tls", "level", "names", "pins");

  /** A token borrows some 300 addresses at random; a smaller network would be found by counting. */
  private static final int LONGEST_V6 = 96;

  /** As many IPv4 addresses as a pool holds. */
  private static final int SHORTEST_V4 = 16;

  private final TableRecords tables;
  private final Duration half;

  SettingCombinationChecks(TableRecords tables) {
    this.tables = tables;
    this.half = tables.halfOfLifetime();
  }

  /** Adds problems to the reading. Only for a reading whose values are all valid. */
  void check() {
    List<Row<ListenerRow>> listeners = tables.rows(ListenerRow.class);
    listeners.forEach(this::listener);
    duplicateListeners(listeners);
    identity(tables.section(IdentityTable.class));
    tables.rows(TrustedClientRow.class).forEach(SettingCombinationChecks::trustedClient);
    peers(listeners);
    tables.rows(RelayDomainRow.class).forEach(SettingCombinationChecks::relayDomain);
    Set<Domain> local = localDomains();
    tables.rows(TransportRow.class).forEach(SettingCombinationChecks::transport);
    duplicateRoutes();
    delimiter();
    tables.sections(RejectTableRow.class).forEach(SettingCombinationChecks::reject);
    tables.sections(PipeSettings.class).forEach(SettingCombinationChecks::pipe);
    trust();
    dns(tables.section(DnsSettings.class));
    deliver(tables.section(DeliverySettings.class));
    queue(tables.section(QueueSettings.class));
    firstContact(tables.section(StsTable.class));
    ledger(tables.section(LedgerSettings.class));
    metrics();
    tlsReports(tables.section(TlsReportRow.class));
    tlsReportsIn(local);
    if (tables.section(PublicLab.class).present()) {
      lab();
    }
  }

  private void tlsReportsIn(Set<Domain> local) {
    Section s = tables.section(TlsReportsInRow.class);
    TlsReportsInRow row = tables.table(TlsReportsInRow.class);
    try {
      row.listen().ifPresent(a -> ReportListenerSettings.checkPath(row.path()));
    } catch (IllegalArgumentException e) {
      s.at("path").error(String.valueOf(e.getMessage())).help("/v1/tlsrpt is usual");
    }
    for (Mailbox address : row.addresses()) {
      s.at("addresses")
          .error(
              !(address.domain() instanceof Domain domain && local.contains(domain)),
              "this server does not accept mail for " + address.domain())
          .help("add an [[alias_domain]] or a [[relay_domain]] for it");
    }
    s.at("listen")
        .warning(
            row.listen().isPresent() && local.isEmpty(),
            "all reports will be rejected: this server has no domains")
        .help("reports concern its alias and relay domains");
  }

  private static void tlsReports(Section s) {
    long given = s.count("dkim_key", "dkim_domain", "dkim_selector");
    s.at(s.has("dkim_key") ? "dkim_key" : "dkim_domain")
        .error(given != 0 && given != 3, "signing needs dkim_domain, dkim_selector and dkim_key")
        .help("set all three, or none for reports by HTTPS only");
    if (s.count("contact", "dkim_domain") == 2
        && s.get("contact", Mailbox.class).domain() instanceof Domain from) {
      Domain signer = s.get("dkim_domain", Domain.class);
      s.at("contact")
          .warning(
              !from.equals(signer) && !from.isBelow(signer),
              "reports from " + from + " are signed by another domain")
          .help(
              "receivers look for a signature of the From's domain: dkim_domain = \""
                  + from
                  + "\"");
    }
  }

  private void listener(Row<ListenerRow> row) {
    ListenerRow l = row.value();
    boolean none = l.start() == ListenerTlsMode.NONE;
    boolean demanding = l.clientCertificates() == ClientCertificateMode.REQUIRE;
    row.at("client_certificate")
        .error(none && demanding, "a client certificate cannot be required without TLS")
        .help("set tls = \"starttls\" or \"implicit\", or remove client_certificate");
    row.at("auth")
        .error(none && l.auth(), "AUTH is offered under TLS only, but this listener has no TLS")
        .help("set tls = \"starttls\" or \"implicit\"");
    row.at("auth")
        .error(
            l.auth() && !tables.section(AuthTable.class).has("password_file"),
            "AUTH needs a password file")
        .help("add [auth] with password_file = \"…\"; sealwax password makes its lines");
    row.at("address")
        .warning(
            l.address().getPort() == 25 && demanding,
            "requiring a client certificate at port 25 rejects most servers (RFC 3207 section 4)")
        .help("suitable for a closed group of peers only");
    row.at("floor")
        .warning(
            l.floor().lowest().compareTo(TlsVersion.TLS_1_2) < 0,
            "TLS below 1.2 is enabled (deprecated by RFC 8996)")
        .help("keep it only for peers that would otherwise send in plaintext");
  }

  private static void duplicateListeners(List<Row<ListenerRow>> listeners) {
    Map<InetSocketAddress, Row<ListenerRow>> seen = new HashMap<>();
    for (Row<ListenerRow> row : listeners) {
      InetSocketAddress address = row.value().address();
      Row<ListenerRow> before = address.getPort() == 0 ? null : seen.put(address, row);
      if (before != null) {
        row.at("address")
            .error(
                "two listeners at "
                    + row.value().name()
                    + ", the other in line "
                    + before.head().line())
            .help("remove one");
      }
    }
  }

  private static void identity(Section s) {
    s.head()
        .error(
            s.count("certificate", "key") == 1,
            "[identity] has " + (s.has("key") ? "no certificate" : "no key"))
        .help("give both, or neither for a self-signed certificate");
  }

  private static void trustedClient(Row<TrustedClientRow> row) {
    TrustedClientRow client = row.value();
    row.head()
        .error(
            (client.pin() == null) == (client.ca() == null),
            "a trusted client is known by a pin, or by a CA and names")
        .help("give exactly one of pin and ca");
    row.at("ca")
        .error(
            client.ca() != null && client.names().isEmpty(),
            "a CA alone would let every holder of its certificates relay")
        .help("add names = [\"…\"]");
  }

  private void peers(List<Row<ListenerRow>> listeners) {
    List<Section> peers = tables.sections(PeerIdentities.NamedPeer.class);
    Set<Domain> seen = new HashSet<>();
    for (Section s : peers) {
      Domain domain = s.get("domain", Domain.class);
      s.at("domain").error(!seen.add(domain), domain + " is defined twice").help("remove one row");
    }
    if (peers.size() > PeerIdentities.MOST_PEERS) {
      peers
          .get(PeerIdentities.MOST_PEERS)
          .at("domain")
          .error(
              "more than " + PeerIdentities.MOST_PEERS + " peers; each is looked up all the time")
          .help("name clients by [[trusted_client]] pin or ca instead");
    }
    boolean deaf =
        !listeners.isEmpty()
            && listeners.stream()
                .allMatch(l -> l.value().clientCertificates() == ClientCertificateMode.NONE);
    if (!peers.isEmpty()) {
      peers
          .getFirst()
          .at("domain")
          .warning(deaf, "no listener requests client certificates, so no peer can be recognized")
          .help("set client_certificate = \"ask\" at one");
    }
  }

  private static void relayDomain(Row<RelayDomainRow> row) {
    long ways = row.section().count("recipients", "verify") + (row.value().acceptAll() ? 1 : 0);
    row.head()
        .error(
            ways != 1,
            ways == 0
                ? "the recipients of this relay domain are not configured"
                : "a relay domain needs exactly one of recipients, verify and accept_all")
        .help(
            "recipients = \"file\" lists them, verify = \"next-hop\" queries the next hop, accept_all = true"
                + " accepts all");
    row.at("accept_all")
        .warning(
            ways == 1 && row.value().acceptAll(),
            "mail for nonexistent recipients is accepted, then bounced to forged senders"
                + " (backscatter)")
        .help("prefer recipients = \"file\" or verify = \"next-hop\"");
  }

  /** Checks that each of our domains is defined once. */
  private Set<Domain> localDomains() {
    Set<Domain> seen = new HashSet<>();
    for (Section s : tables.sections(ForwardSettings.AliasDomain.class)) {
      Domain domain = s.get("domain", Domain.class);
      s.at("domain").error(!seen.add(domain), domain + " is defined twice").help("remove one row");
    }
    for (Section s : tables.sections(RelayDomainRow.class)) {
      Domain domain = s.get("domain", Domain.class);
      s.at("domain")
          .error(!seen.add(domain), domain + " is defined twice, as alias or relay domain")
          .help("remove one row");
    }
    return seen;
  }

  /** Checks that each destination has one fixed next hop. */
  private void duplicateRoutes() {
    Map<DomainPattern, Row<TransportRow>> seen = new HashMap<>();
    for (Row<TransportRow> row : tables.rows(TransportRow.class)) {
      DomainPattern destination = row.value().domain();
      Row<TransportRow> before = seen.putIfAbsent(destination, row);
      if (before != null) {
        row.at("domain")
            .error(
                "two routes for "
                    + destination.text()
                    + ", the other in line "
                    + before.head().line())
            .help("remove one");
      }
    }
    for (Row<RelayDomainRow> row : tables.rows(RelayDomainRow.class)) {
      Domain domain = row.value().domain();
      row.at("next_hop")
          .error(
              row.value().nextHop().isPresent()
                  && seen.containsKey(new DomainPattern.Exact(domain)),
              domain + " has a next hop here and a [[transport]] of its own")
          .help("remove one of them");
    }
  }

  private void delimiter() {
    Section s = tables.section(ForwardTable.class);
    String delimiter = s.get("delimiter", String.class);
    s.at("delimiter")
        .error(
            delimiter.length() > 1 || delimiter.chars().anyMatch(c -> "@%!\"".indexOf(c) >= 0),
            "a delimiter is one character, such as +")
        .help("leave it out for +, or \"\" for names without extensions");
  }

  private static void transport(Row<TransportRow> row) {
    Section s = row.section();
    s.head()
        .error(s.count("user", "password_file") == 1, "user and password_file need each other")
        .help("give both, or neither");
    String hop = row.value().nextHop();
    boolean mx = hop.equals("mx");
    if (!mx && !hop.startsWith("pipe:")) {
      return;
    }
    for (String key : OF_A_HOST) {
      s.at(key)
          .error(s.has(key), key + " needs a next hop that is one host, but " + hop + " is not one")
          .help(
              mx
                  ? "requirements for a domain with MX records belong in its [[policy]] row"
                  : "remove it");
    }
  }

  private static void reject(Section s) {
    s.head()
        .error(
            s.count("client", "sender", "recipient") != 1,
            "a reject row needs exactly one of client, sender and recipient")
        .help("use one row for each");
  }

  private static void pipe(Section s) {
    for (String variable : s.all("environment", String.class)) {
      s.at("environment")
          .error(variable.indexOf('=') < 1, "not a variable: " + variable)
          .help("write NAME=value");
    }
  }

  private void trust() {
    tables
        .section(TrustTable.class)
        .at("networks")
        .error(
            tables.table(TrustTable.class).networks().stream().anyMatch(n -> n.prefix() == 0),
            "a network of all addresses would make this an open relay")
        .help("name the hosts that send through this server");
  }

  private static void dns(Section s) {
    DnsSettings.Validation validation = s.get("validation", DnsSettings.Validation.class);
    boolean far =
        s.all("resolvers", InetSocketAddress.class).stream()
            .anyMatch(r -> !r.getAddress().isLoopbackAddress());
    s.at("validation")
        .error(
            validation == DnsSettings.Validation.TRUST_AD && far,
            "the AD bit of a resolver that is not on loopback can be forged on the network")
        .help("use validation = \"own\"");
    s.at("validation")
        .warning(
            validation == DnsSettings.Validation.OFF, "without validation, DANE does not apply")
        .help(
            "remove validation, unless the DNS of this network is not signed and not below the root");
  }

  private void deliver(Section s) {
    s.at("ipv6")
        .error(
            !s.get("ipv4", Boolean.class) && !s.get("ipv6", Boolean.class),
            "without IPv4 and IPv6 no mail can be delivered")
        .help("allow one of them");
    TlsVersion floor = s.get("floor", TlsFloor.class).lowest();
    s.at("floor_always")
        .error(
            s.get("floor_always", TlsFloor.class).lowest().compareTo(floor) < 0,
            "floor_always is below floor")
        .help("the version for required TLS must not be lower than for optional TLS");
    s.at("level")
        .warning(
            s.get("level", TlsLevel.class) == TlsLevel.NONE, "mail is never encrypted on its way")
        .help("level = \"may\" encrypts whenever the other side can");
    boundedHold(s, "hold");
  }

  private void firstContact(Section s) {
    boundedHold(s, "first_contact_hold");
    boundedHold(s, "lookup_hold");
  }

  private void boundedHold(Section s, String key) {
    s.at(key)
        .error(
            s.find(key).isPresent() && s.get(key, Duration.class).compareTo(half) > 0,
            "a hold longer than half of [queue] lifetime would cause bounces")
        .help("at most half of [queue] lifetime");
  }

  private static void queue(Section s) {
    s.at("retry")
        .error(s.all("retry", Duration.class).isEmpty(), "retry has no waits")
        .help("remove it for the default");
    Duration first = s.get("dead_site_first", Duration.class);
    s.at("dead_site_first")
        .error(
            first.compareTo(s.get("dead_site_most", Duration.class)) > 0,
            "dead_site_first is longer than dead_site_most")
        .help("the first wait is the shortest");
  }

  private void ledger(Section s) {
    Duration hold = s.has("hold") ? s.get("hold", Duration.class) : LedgerSettings.SHORTEST_HOLD;
    s.at("hold")
        .error(
            s.has("hold") && hold.compareTo(half) > 0,
            "mail would be bounced before a hold longer than half of [queue] lifetime ends")
        .help("at most half of [queue] lifetime");
    Duration decay = s.get("decay", Duration.class);
    s.at("decay")
        .error(
            decay.compareTo(hold) <= 0 || decay.compareTo(LedgerSettings.DEFAULT_HOLD) <= 0,
            "a level would expire before its hold ends")
        .help("\"180d\" is usual");
    int days = s.get("days", Integer.class);
    s.at("sessions")
        .warning(
            s.get("sessions", Integer.class)
                > s.get("sessions_per_day", Integer.class) * (long) days,
            "the sessions needed cannot be counted within days = " + days)
        .help("a level needs more days than that");
  }

  private void metrics() {
    tables
        .section(MetricsTable.class)
        .at("address")
        .warning(
            tables
                .table(MetricsTable.class)
                .address()
                .filter(a -> !a.getAddress().isLoopbackAddress())
                .isPresent(),
            "metrics are readable by every host that can reach this address")
        .help("use 127.0.0.1, or protect the address by a firewall");
  }

  private void lab() {
    Section s = tables.section(PublicLab.class);
    PublicLab lab = tables.table(PublicLab.class);
    List<Cidr> traps = lab.traps();
    List<InetAddress> addresses = lab.addresses();
    ProblemPlace at = s.at("traps");
    at.error(traps.isEmpty(), "a network for the traps is required").help("a /64 of IPv6 does");
    at.error(traps.size() - lab.trapsV4().size() > 1, "there are two IPv6 networks")
        .help("one is enough for all tokens");
    at.error(
            traps.stream()
                .anyMatch(
                    n -> PublicLab.isV4(n) ? n.prefix() < SHORTEST_V4 : n.prefix() > LONGEST_V6),
            "an IPv6 network needs a prefix of at most 96, an IPv4 network of at least 16")
        .help("a /64 of IPv6, and single addresses or a /28 of IPv4, are usual");
    at.error(
            traps.stream().anyMatch(n -> addresses.stream().anyMatch(n::contains)),
            "an address of the lab is in a network of its traps")
        .help("use separate networks: traps use ports of every address in their network");
    s.at("addresses")
        .error(addresses.isEmpty(), "an address is required")
        .help("name those of this machine");
  }
}
