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
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.receive.ListenerSettings.ListenerTlsMode;
import org.sealwax.router.reports.ReportSettings;
import org.sealwax.router.reports.received.ReceivedReportSettings;
import org.sealwax.router.reports.received.ReportListenerSettings;

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

  private final ConfigurationReader reader;

  SettingCombinationChecks(ConfigurationReader reader) {
    this.reader = reader;
  }

  /** Adds problems to the reading. Only for a reading whose values are all valid. */
  void check() {
    reader.rows("listener").forEach(this::listener);
    duplicateListeners();
    identity();
    reader.rows("trusted_client").forEach(this::trustedClient);
    peers();
    reader.rows("relay_domain").forEach(this::relayDomain);
    duplicateDomains();
    reader.rows("transport").forEach(this::transport);
    reader.rows("reject").forEach(this::reject);
    reader.rows("pipe").forEach(this::pipe);
    trust();
    dns();
    deliver();
    firstContact();
    ledger();
    metrics();
    tlsReports();
    tlsReportsIn();
    lab();
  }

  private void tlsReportsIn() {
    Section s = reader.section("tlsrpt_in");
    Duration keep = s.get("keep", Duration.class);
    if (keep.compareTo(ReceivedReportSettings.LEAST) < 0
        || keep.compareTo(ReceivedReportSettings.MOST) > 0) {
      reader
          .error(
              s.at("keep"),
              "reports are kept for "
                  + ReceivedReportSettings.LEAST.toDays()
                  + " to "
                  + ReceivedReportSettings.MOST.toDays()
                  + " days")
          .help("they come a day late, and show a trend in weeks");
    }
    try {
      String path = s.get("path", String.class);
      s.find("listen", InetSocketAddress.class)
          .ifPresent(a -> ReportListenerSettings.checkPath(path));
    } catch (IllegalArgumentException e) {
      reader.error(s.at("path"), String.valueOf(e.getMessage())).help("/v1/tlsrpt is usual");
    }
    Set<String> local = new HashSet<>();
    reader.rows("alias_domain").forEach(row -> local.add(row.get("domain", Domain.class).name()));
    reader.rows("relay_domain").forEach(row -> local.add(row.get("domain", Domain.class).name()));
    for (Mailbox address : s.all("addresses", Mailbox.class)) {
      if (!(address.domain() instanceof Domain domain) || !local.contains(domain.name())) {
        reader
            .error(s.at("addresses"), "no mail for " + address.domain() + " is taken here")
            .help("add an [[alias_domain]] or a [[relay_domain]] for it");
      }
    }
    if (s.find("listen").isPresent() && local.isEmpty()) {
      reader
          .warning(s.at("listen"), "every report will be refused: this server has no domains")
          .help("reports are about its alias and relay domains");
    }
  }

  private void tlsReports() {
    Section s = reader.section("tlsrpt");
    if (s.get("period", Duration.class).compareTo(ReportSettings.LEAST_PERIOD) < 0) {
      reader
          .error(
              s.at("period"),
              "a report covers " + ReportSettings.LEAST_PERIOD.toSeconds() + " seconds at least")
          .help("RFC 8460 section 4.1 asks for a day");
    }
    boolean key = s.find("dkim_key").isPresent();
    boolean domain = s.find("dkim_domain", Domain.class).isPresent();
    boolean selector = s.find("dkim_selector").isPresent();
    if (key != domain || key != selector) {
      reader
          .error(
              s.at(key ? "dkim_key" : "dkim_domain"),
              "signing takes dkim_domain, dkim_selector and dkim_key")
          .help("give all three, or none for reports by HTTPS only");
    }
    if (s.find("contact", Mailbox.class).isPresent()
        && domain
        && s.find("contact", Mailbox.class).get().domain() instanceof Domain from
        && !from.equals(s.find("dkim_domain", Domain.class).get())
        && !from.isBelow(s.find("dkim_domain", Domain.class).get())) {
      reader
          .warning(s.at("contact"), "reports from " + from + " are signed by another domain")
          .help(
              "receivers look for a signature of the From's domain: dkim_domain = \""
                  + from
                  + "\"");
    }
  }

  private void listener(Section s) {
    boolean none = s.get("tls", ListenerTlsMode.class) == ListenerTlsMode.NONE;
    ClientCertificateMode certificates = s.get("client_certificate", ClientCertificateMode.class);
    if (none && certificates == ClientCertificateMode.REQUIRE) {
      reader
          .error(
              s.at("client_certificate"),
              "a client certificate cannot be required where there is no TLS")
          .help("set tls = \"starttls\" or \"implicit\", or leave client_certificate out");
    }
    if (none && s.is("auth")) {
      reader
          .error(s.at("auth"), "AUTH is offered inside TLS only, and this listener has none")
          .help("set tls = \"starttls\" or \"implicit\"");
    }
    if (s.is("auth") && !reader.section("auth").has("password_file")) {
      reader
          .error(s.at("auth"), "AUTH needs a password file")
          .help("add [auth] with password_file = \"…\"; sealwax password makes its lines");
    }
    int port = s.get("address", InetSocketAddress.class).getPort();
    boolean demanding = certificates == ClientCertificateMode.REQUIRE;
    if (port == 25 && demanding) {
      reader
          .warning(
              s.at("address"),
              "port 25 with a certificate required turns away most servers (RFC 3207 section 4)")
          .help("fine for a closed group of peers, not for mail from everywhere");
    }
    if (s.get("floor", TlsFloor.class).lowest().compareTo(TlsVersion.TLS_1_2) < 0) {
      reader
          .warning(s.at("floor"), "TLS below 1.2 is spoken here (RFC 8996 deprecates it)")
          .help("keep it only for peers that would otherwise send in clear");
    }
  }

  private void duplicateListeners() {
    Map<InetSocketAddress, Section> seen = new HashMap<>();
    for (Section s : reader.rows("listener")) {
      InetSocketAddress address = s.get("address", InetSocketAddress.class);
      Section before = address.getPort() == 0 ? null : seen.put(address, s);
      if (before != null) {
        reader
            .error(
                s.at("address"),
                "two listeners at "
                    + ListenAddresses.text(address)
                    + ", the other in line "
                    + before.line())
            .help("remove one");
      }
    }
  }

  private void identity() {
    Section s = reader.section("identity");
    boolean certificate = s.has("certificate");
    if (certificate != s.has("key")) {
      reader
          .error(s.head(), "[identity] has " + (certificate ? "no key" : "no certificate"))
          .help("give both, or neither for a self-signed certificate");
    }
  }

  private void trustedClient(Section s) {
    boolean pin = s.has("pin");
    boolean ca = s.has("ca");
    if (pin == ca) {
      reader
          .error(s.head(), "a trusted client is known by a pin, or by a CA and names")
          .help("give exactly one of pin and ca");
    }
    if (ca && s.all("names", Domain.class).isEmpty()) {
      reader
          .error(
              s.at("ca"), "a CA alone would let everyone relay to whom it ever gives a certificate")
          .help("add names = [\"…\"]");
    }
  }

  private void peers() {
    List<Section> peers = reader.rows("peer");
    Set<Domain> seen = new HashSet<>();
    for (Section s : peers) {
      Domain domain = s.get("domain", Domain.class);
      if (!seen.add(domain)) {
        reader.error(s.at("domain"), domain + " is here twice").help("remove one row");
      }
    }
    if (peers.size() > PeerIdentities.MOST_PEERS) {
      reader
          .error(
              peers.get(PeerIdentities.MOST_PEERS).at("domain"),
              "more than " + PeerIdentities.MOST_PEERS + " peers; each is looked up all the time")
          .help("name clients by [[trusted_client]] pin or ca instead");
    }
    List<Section> listeners = reader.rows("listener");
    boolean deaf =
        !listeners.isEmpty()
            && listeners.stream()
                .allMatch(
                    l ->
                        l.get("client_certificate", ClientCertificateMode.class)
                            == ClientCertificateMode.NONE);
    if (!peers.isEmpty() && deaf) {
      reader
          .warning(
              peers.getFirst().at("domain"),
              "no listener asks clients for a certificate, so no peer can be known")
          .help("set client_certificate = \"ask\" at one");
    }
  }

  private void relayDomain(Section s) {
    int ways =
        (s.has("recipients") ? 1 : 0) + (s.has("verify") ? 1 : 0) + (s.is("accept_all") ? 1 : 0);
    if (ways != 1) {
      reader
          .error(
              s.head(),
              ways == 0
                  ? "nothing says which recipients this relay domain has"
                  : "a relay domain has one of recipients, verify and accept_all")
          .help(
              "recipients = \"file\" knows them, verify = \"next-hop\" asks, accept_all = true"
                  + " takes them all");
    } else if (s.is("accept_all")) {
      reader
          .warning(
              s.at("accept_all"),
              "mail for recipients that do not exist is taken, and bounces to forged senders"
                  + " (backscatter)")
          .help("prefer recipients = \"file\" or verify = \"next-hop\"");
    }
  }

  private void duplicateDomains() {
    Set<String> seen = new HashSet<>();
    for (Section s : reader.rows("alias_domain")) {
      String name = s.get("domain", Domain.class).name();
      if (!seen.add(name)) {
        reader.error(s.at("domain"), name + " is here twice").help("remove one row");
      }
    }
    for (Section s : reader.rows("relay_domain")) {
      String name = s.get("domain", Domain.class).name();
      if (!seen.add(name)) {
        reader
            .error(s.at("domain"), name + " is here twice, as alias or relay domain")
            .help("remove one row");
      }
    }
  }

  private void transport(Section s) {
    boolean user = s.has("user");
    if (user != s.has("password_file")) {
      reader
          .error(s.head(), "user and password_file belong together")
          .help("give both, or neither");
    }
    String hop = s.get("next_hop", String.class);
    boolean mx = hop.equals("mx");
    if (!mx && !hop.startsWith("pipe:")) {
      return;
    }
    for (String key : OF_A_HOST) {
      if (s.explicit(key) != null) {
        reader
            .error(
                s.at(key), key + " belongs to a next hop that is one host, and " + hop + " is none")
            .help(mx ? "demands of a domain by MX stand in its [[policy]] row" : "leave it out");
      }
    }
  }

  private void reject(Section s) {
    int ways = (s.has("client") ? 1 : 0) + (s.has("sender") ? 1 : 0) + (s.has("recipient") ? 1 : 0);
    if (ways != 1) {
      reader
          .error(s.head(), "a reject row names one of client, sender and recipient")
          .help("use one row for each");
    }
  }

  private void pipe(Section s) {
    for (String variable : s.all("environment", String.class)) {
      if (variable.indexOf('=') < 1) {
        reader.error(s.at("environment"), "not a variable: " + variable).help("write NAME=value");
      }
    }
  }

  private void trust() {
    Section s = reader.section("trust");
    if (s.all("networks", Cidr.class).stream().anyMatch(n -> n.prefix() == 0)) {
      reader
          .error(s.at("networks"), "a network of all addresses would make this an open relay")
          .help("name the hosts that send through this server");
    }
  }

  private void dns() {
    Section s = reader.section("dns");
    boolean far =
        s.all("resolvers", InetSocketAddress.class).stream()
            .anyMatch(r -> !r.getAddress().isLoopbackAddress());
    if (s.get("validation", DnsSettings.Validation.class) == DnsSettings.Validation.TRUST_AD
        && far) {
      reader
          .error(
              s.at("validation"),
              "the AD bit of a resolver that is not on loopback can be set by anybody on the way")
          .help("use validation = \"own\"");
    }
    if (s.get("validation", DnsSettings.Validation.class) == DnsSettings.Validation.OFF) {
      reader
          .warning(s.at("validation"), "without validation DANE never applies")
          .help(
              "leave validation out, unless this network's DNS is neither signed nor under the root");
    }
    for (String key : List.of("timeout", "total")) {
      if (!s.get(key, Duration.class).isPositive()) {
        reader.error(s.at(key), key + " must be longer than nothing").help("for example \"2s\"");
      }
    }
  }

  private void deliver() {
    Section s = reader.section("deliver");
    if (!s.is("ipv4") && !s.is("ipv6")) {
      reader
          .error(s.at("ipv6"), "without IPv4 and IPv6 nothing can leave")
          .help("allow one of them");
    }
    TlsVersion minimum = s.get("floor", TlsFloor.class).lowest();
    if (s.get("floor_always", TlsFloor.class).lowest().compareTo(minimum) < 0) {
      reader
          .error(s.at("floor_always"), "floor_always is below floor")
          .help("where TLS is demanded it cannot be worse than where it is not");
    }
    Section queue = reader.section("queue");
    Duration half = queue.get("lifetime", Duration.class).dividedBy(2);
    if (s.get("hold", Duration.class).compareTo(half) > 0) {
      reader
          .error(s.at("hold"), "a hold longer than half the queue's lifetime would end in bounces")
          .help("at most half of [queue] lifetime");
    }
    for (Duration wait : queue.all("retry", Duration.class)) {
      if (wait.compareTo(Duration.ofSeconds(1)) < 0) {
        reader
            .error(
                queue.at("retry"),
                "a wait below a second would be a busy loop against somebody else's server")
            .help("minutes are usual");
      }
    }
    if (queue.all("retry", Duration.class).isEmpty()) {
      reader.error(queue.at("retry"), "retry has no waits").help("leave it out for the default");
    }
    boolean order =
        queue
                .get("dead_site_first", Duration.class)
                .compareTo(queue.get("dead_site_most", Duration.class))
            <= 0;
    if (!order) {
      reader
          .error(queue.at("dead_site_first"), "dead_site_first is longer than dead_site_most")
          .help("the first wait is the shortest");
    }
    if (s.get("level", TlsLevel.class) == TlsLevel.NONE) {
      reader
          .warning(s.at("level"), "mail is never encrypted on its way")
          .help("level = \"may\" encrypts whenever the other side can");
    }
  }

  private void firstContact() {
    Section s = reader.section("sts");
    Duration half = reader.section("queue").get("lifetime", Duration.class).dividedBy(2);
    for (String key : List.of("first_contact_hold", "lookup_hold")) {
      if (s.find(key, Duration.class).filter(hold -> hold.compareTo(half) > 0).isPresent()) {
        reader
            .error(s.at(key), "a hold longer than half the queue's lifetime would end in bounces")
            .help("at most half of [queue] lifetime");
      }
    }
  }

  private void ledger() {
    Section s = reader.section("ledger");
    Duration hold = s.find("hold", Duration.class).orElse(LedgerSettings.SHORTEST_HOLD);
    Duration half = reader.section("queue").get("lifetime", Duration.class).dividedBy(2);
    if (s.find("hold", Duration.class).isPresent() && hold.compareTo(half) > 0) {
      reader
          .error(
              s.at("hold"),
              "mail would be given up before a hold longer than half the queue's lifetime has ended")
          .help("at most half of [queue] lifetime");
    }
    if (hold.compareTo(LedgerSettings.SHORTEST_HOLD) < 0) {
      reader
          .error(
              s.at("hold"), "within less than an hour the queue does not try often enough to know")
          .help("\"2d\" is usual");
    }
    Duration longest =
        hold.compareTo(LedgerSettings.DEFAULT_HOLD) > 0 ? hold : LedgerSettings.DEFAULT_HOLD;
    if (s.get("decay", Duration.class).compareTo(longest) <= 0) {
      reader
          .error(s.at("decay"), "a level would fall away before its hold has ended")
          .help("\"180d\" is usual");
    }
    int days = s.get("days", Integer.class);
    if (s.get("sessions", Integer.class) > s.get("sessions_per_day", Integer.class) * (long) days) {
      reader
          .warning(s.at("sessions"), "so many sessions are not counted within days = " + days)
          .help("a level takes more days than that");
    }
  }

  private void metrics() {
    Section s = reader.section("metrics");
    boolean open =
        s.find("address", InetSocketAddress.class)
            .filter(a -> !a.getAddress().isLoopbackAddress())
            .isPresent();
    if (open) {
      reader
          .warning(s.at("address"), "metrics are open to everyone who can reach this address")
          .help("prefer 127.0.0.1, or guard the address by a firewall");
    }
  }

  private void lab() {
    Section s = reader.section("lab");
    if (!s.present()) {
      return;
    }
    List<Cidr> traps = s.all("traps", Cidr.class);
    List<InetAddress> addresses = s.all("addresses", InetAddress.class);
    if (traps.isEmpty()) {
      reader
          .error(s.at("traps"), "there must be a network for the traps")
          .help("a /64 of IPv6 does");
    }
    if (traps.stream().filter(n -> !PublicLab.isV4(n)).count() > 1) {
      reader
          .error(s.at("traps"), "there are two networks of IPv6")
          .help("one is enough for all tokens");
    }
    if (traps.stream()
        .anyMatch(n -> PublicLab.isV4(n) ? n.prefix() < SHORTEST_V4 : n.prefix() > LONGEST_V6)) {
      reader
          .error(
              s.at("traps"),
              "a network of IPv6 has a prefix of 96 at most, one of IPv4 of 16 at least")
          .help("a /64 of IPv6, and single addresses or a /28 of IPv4, are usual");
    }
    if (addresses.isEmpty()) {
      reader
          .error(s.at("addresses"), "there must be an address")
          .help("name those of this machine");
    }
    if (traps.stream().anyMatch(n -> addresses.stream().anyMatch(n::contains))) {
      reader
          .error(s.at("traps"), "an address of the lab itself is in a network of its traps")
          .help("keep them apart: traps take ports of every address that they borrow");
    }
    if (!s.get("token_life", Duration.class).isPositive()) {
      reader
          .error(s.at("token_life"), "a token must live for a while")
          .help("some hours are usual");
    }
  }
}
