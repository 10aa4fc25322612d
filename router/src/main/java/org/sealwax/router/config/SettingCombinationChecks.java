package org.sealwax.router.config;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.certs.acme.AcmeSettings;
import org.sealwax.router.config.TableRecords.Row;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.feedback.FeedbackRow;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.metrics.MetricsSettings;
import org.sealwax.router.receive.ListenerRow;
import org.sealwax.router.receive.ListenerSettings.ListenerTlsMode;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.reports.received.TlsReportsInRow;
import org.sealwax.router.route.ConfiguredHop;
import org.sealwax.router.route.ForwardSettings.RelayDomain;
import org.sealwax.router.route.ForwardSettings.TransportRoute;

/**
 * Checks of several keys together: combinations that are impossible, and some that deserve a
 * warning.
 */
final class SettingCombinationChecks {
  /** The settings of a transport entry about the server that it connects to. */
  private static final List<String> OF_A_HOST =
      List.of("user", "password_file", "implicit_tls", "level", "names", "pins");

  /** A token borrows some 300 addresses at random; a smaller network would be found by counting. */
  private static final int LONGEST_V6 = 96;

  /** As many IPv4 addresses as a pool holds. */
  private static final int SHORTEST_V4 = 16;

  private final TableRecords tables;
  private final RouterSettings settings;
  private final Set<String> lost;

  /**
   * Checks settings that were read from the tables.
   *
   * @param lost tables of which a section has errors; what refers to their rows is not judged
   */
  SettingCombinationChecks(TableRecords tables, RouterSettings settings, Set<String> lost) {
    this.tables = tables;
    this.settings = settings;
    this.lost = lost;
  }

  /** Adds problems to the reading. */
  void check() {
    tables.rows(ListenerRow.class).forEach(this::listener);
    peers();
    domains();
    tables.rows(TransportRoute.class).forEach(this::transport);
    at(ServerSettings.class, "hostname")
        .warning(
            !settings.server().hostname().name().matches("[a-z0-9.-]*\\.[a-z0-9.-]*"),
            "many servers reject \"" + settings.server().hostname() + "\" in EHLO")
        .help("set the full name of this machine, of letters, digits and hyphens: mx.example.org");
    at(DnsSettings.class, "validation")
        .warning(
            settings.dns().validation() == DnsSettings.Validation.OFF,
            "without validation, DANE does not apply")
        .help(
            "remove validation, unless the DNS of this network is not signed and not below the root");
    at(DeliverySettings.class, "level")
        .warning(settings.deliver().level() == TlsLevel.NONE, "mail is never encrypted in transit")
        .help("level = \"may\" encrypts whenever the other side can");
    at(DeliverySettings.class, "hold")
        .error(
            settings.deliver().hold().compareTo(settings.queue().schedule().lifetime().dividedBy(2))
                > 0,
            "[deliver] hold is longer than half of [queue] lifetime: mail could bounce before it ends")
        .help("at most half of [queue] lifetime");
    at(MetricsSettings.class, "address")
        .warning(
            settings
                .metrics()
                .address()
                .filter(a -> !a.getAddress().isLoopbackAddress())
                .isPresent(),
            "metrics are readable by every host that can reach this address")
        .help("use 127.0.0.1, or protect the address by a firewall");
    ledger(settings.ledger());
    tlsReports(tables.section(TlsReportRow.class));
    acme(settings.acme());
    hosted();
    settings.lab().ifPresent(this::lab);
  }

  private void acme(AcmeSettings acme) {
    Domain host = settings.server().hostname();
    boolean dns = acme.challenge() == AcmeSettings.ChallengeType.DNS_01;
    boolean ordersHost = acme.names(host).contains(host);
    at(AcmeSettings.class, "agree_tos")
        .error(
            acme.directory().isPresent() && !acme.agreeTos(),
            "the authority requires an agreement to its terms of service")
        .help("read them, and set agree_tos = true");
    settings.acmeNames().stream()
        .filter(
            name ->
                settings.zoneServers().stream()
                    .noneMatch(row -> name.equals(row.zone()) || name.isBelow(row.zone())))
        .findFirst()
        .ifPresent(
            name ->
                at(AcmeSettings.class, "dns_command")
                    .error(
                        acme.enabled() && dns && acme.dnsCommand().isEmpty(),
                        "no [[dns_update]] zone contains " + name + ", which dns-01 is to prove")
                    .help("add a row for its zone, or dns_command = \"…\""));
    at(AcmeSettings.class, "directory")
        .error(
            acme.enabled() && ordersHost && settings.ownCertificate().certificate().isPresent(),
            "the certificate of the hostname comes from [identity] and from [acme]")
        .help("remove certificate and key from [identity], or set names without the hostname");
    at(AcmeSettings.class, "names")
        .error(
            settings.acmeNames().size() > AcmeSettings.MAX_NAMES,
            "more than " + AcmeSettings.MAX_NAMES + " names")
        .help("the authority would limit the orders");
  }

  private void hosted() {
    Set<Domain> seen = new HashSet<>();
    for (Row<HostedDomainRow> row : tables.rows(HostedDomainRow.class)) {
      for (Domain domain : row.value().domains()) {
        row.at("domains").error(!seen.add(domain), domain + " is named twice");
      }
      row.at("domains")
          .error(
              seen.size() > HostedDomainRow.MAX_DOMAINS,
              "more than " + HostedDomainRow.MAX_DOMAINS + " domains");
      HostedDomainRow.hostNames(List.of(row.value())).stream()
          .filter(host -> !settings.hasCertificate(host))
          .findFirst()
          .ifPresent(
              host ->
                  row.at("domains")
                      .warning(true, "no certificate for " + host)
                      .help("set up [acme], or add a row of [[identity_for]] with this name"));
    }
  }

  private ProblemPlace at(Class<? extends Record> table, String key) {
    return tables.section(table).at(key);
  }

  private void tlsReports(Section s) {
    if (s.has("contact")
        && s.has("dkim_domain")
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
        .error(l.auth() && settings.auth().passwordFile().isEmpty(), "AUTH needs a password file")
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

  private void peers() {
    List<Row<PeerIdentities.NamedPeer>> peers = tables.rows(PeerIdentities.NamedPeer.class);
    if (!peers.isEmpty()) {
      peers
          .getFirst()
          .at("domain")
          .warning(
              settings.listeners().stream()
                  .allMatch(l -> l.clientCertificates() == ClientCertificateMode.NONE),
              "no listener requests client certificates, so no peer can be recognized")
          .help("set client_certificate = \"ask\" at one");
    }
  }

  /** Checks that each of our domains is defined once, and has one next hop. */
  private void domains() {
    Set<Domain> local = new HashSet<>();
    Set<DomainPattern> routed = new HashSet<>();
    settings.forward().aliasDomains().forEach(row -> local.add(row.domain()));
    settings.forward().routes().forEach(row -> routed.add(row.pattern()));
    for (Row<RelayDomain> row : tables.rows(RelayDomain.class)) {
      RelayDomain relay = row.value();
      row.at("domain")
          .error(
              !local.add(relay.domain()),
              relay.domain() + " is defined twice, as alias or relay domain")
          .help("remove one of the entries");
      row.at("next_hop")
          .error(
              relay.nextHop() != null && routed.contains(new DomainPattern.Exact(relay.domain())),
              relay.domain() + " has a next hop here and a [[transport]] of its own")
          .help("remove one of them");
      row.at("accept_all")
          .warning(
              relay.acceptAll(),
              "mail for nonexistent recipients is accepted, then bounced to forged senders"
                  + " (backscatter)")
          .help("prefer recipients = \"file\" or verify = \"next-hop\"");
      pipe(row, relay.nextHop());
    }
    if (!lost.contains("alias_domain") && !lost.contains("relay_domain")) {
      settings.tlsReportsIn().ifPresent(reports -> tlsReportsIn(reports, local));
      feedback(settings.feedback(), local);
    }
  }

  private void feedback(FeedbackRow reports, Set<Domain> local) {
    Section s = tables.section(FeedbackRow.class);
    List<Mailbox> others =
        settings.tlsReportsIn().map(TlsReportsInRow::addresses).orElse(List.of());
    for (Mailbox address : reports.addresses()) {
      reportAddress(s, address, local);
      s.at("addresses")
          .error(
              new FeedbackRow(others, reports.keep()).reads(address),
              address + " is also an address of [tlsrpt_in]")
          .help("use another address");
      String name = LocalPart.folded(address.localPart());
      s.at("addresses")
          .warning(
              name.equals("postmaster") || name.equals("abuse"),
              "people write to " + address + ", and their mail is put aside (RFC 2142)")
          .help("use another address");
    }
  }

  private static void reportAddress(Section s, Mailbox address, Set<Domain> local) {
    s.at("addresses")
        .error(
            !(address.domain() instanceof Domain domain && local.contains(domain)),
            "this server does not accept mail for " + address.domain())
        .help("add an [[alias_domain]] or a [[relay_domain]] for it");
  }

  private void tlsReportsIn(TlsReportsInRow reports, Set<Domain> local) {
    Section s = tables.section(TlsReportsInRow.class);
    for (Mailbox address : reports.addresses()) {
      reportAddress(s, address, local);
    }
    s.at("listen")
        .warning(
            reports.listen().isPresent() && local.isEmpty(),
            "all reports will be rejected: this server has no domains")
        .help("reports concern its alias and relay domains");
  }

  private void pipe(Row<?> row, @Nullable ConfiguredHop hop) {
    Set<String> pipes = settings.forward().pipes();
    if (hop instanceof ConfiguredHop.Pipe named && !lost.contains("pipe")) {
      row.at("next_hop")
          .error(!pipes.contains(named.pipe()), "there is no [[pipe]] named " + named.pipe())
          .help(
              pipes.isEmpty()
                  ? "define one with this name"
                  : "pipes: " + String.join(", ", new TreeSet<>(pipes)));
    }
  }

  private void transport(Row<TransportRoute> row) {
    Section s = row.section();
    ConfiguredHop hop = row.value().hop();
    pipe(row, hop);
    if (hop instanceof ConfiguredHop.Host) {
      return;
    }
    for (String key : OF_A_HOST) {
      s.at(key)
          .error(s.has(key), key + " needs a next hop that is one host")
          .help(
              hop instanceof ConfiguredHop.Mx
                  ? "requirements for a domain with MX records belong in an entry of [[policy]]"
                  : "remove it");
    }
  }

  private void ledger(LedgerSettings ledger) {
    at(LedgerSettings.class, "sessions")
        .warning(
            ledger.sessions() > ledger.perDay() * (long) ledger.days(),
            "the sessions needed cannot be counted within days = " + ledger.days())
        .help("a level needs more days than that");
  }

  private void lab(PublicLab lab) {
    ProblemPlace at = at(PublicLab.class, "traps");
    List<Cidr> traps = lab.traps();
    at.error(traps.size() - lab.trapsV4().size() > 1, "there are two IPv6 networks")
        .help("one is enough for all tokens");
    at.error(
            traps.stream()
                .anyMatch(
                    n -> PublicLab.isV4(n) ? n.prefix() < SHORTEST_V4 : n.prefix() > LONGEST_V6),
            "an IPv6 network needs a prefix of at most 96, an IPv4 network of at least 16")
        .help("a /64 of IPv6, and single addresses or a /28 of IPv4, are usual");
    at.error(
            traps.stream().anyMatch(n -> lab.addresses().stream().anyMatch(n::contains)),
            "an address of the lab is in a network of its traps")
        .help("use separate networks: traps use ports of every address in their network");
  }
}
