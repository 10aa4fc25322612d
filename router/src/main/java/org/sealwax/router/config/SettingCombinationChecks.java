package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.config.ListenerRow.ListenerTlsStart;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;

/**
 * Checks of several keys together: combinations that are impossible, and some that deserve a
 * warning.
 */
final class SettingCombinationChecks {
  /** The settings of a transport row about the server that it connects to. */
  private static final List<SettingKey<?>> OF_A_HOST =
      List.of(
          ConfigurationSchema.TransportKeys.USER,
          ConfigurationSchema.TransportKeys.PASSWORD_FILE,
          ConfigurationSchema.TransportKeys.IMPLICIT_TLS,
          ConfigurationSchema.TransportKeys.LEVEL,
          ConfigurationSchema.TransportKeys.NAMES,
          ConfigurationSchema.TransportKeys.PINS);

  private final ConfigurationReader reader;

  SettingCombinationChecks(ConfigurationReader reader) {
    this.reader = reader;
  }

  /** Adds problems to the reading. Only for a reading whose values are all valid. */
  void check() {
    reader.rows(ConfigurationSchema.ListenerKeys.TABLE).forEach(this::listener);
    duplicateListeners();
    identity();
    reader.rows(ConfigurationSchema.TrustedClientKeys.TABLE).forEach(this::trustedClient);
    peers();
    reader.rows(ConfigurationSchema.RelayDomainKeys.TABLE).forEach(this::relayDomain);
    duplicateDomains();
    reader.rows(ConfigurationSchema.TransportKeys.TABLE).forEach(this::transport);
    reader.rows(ConfigurationSchema.RejectKeys.TABLE).forEach(this::reject);
    trust();
    dns();
    deliver();
    firstContact();
    ledger();
    metrics();
    tlsReports();
    tlsReportsIn();
  }

  private void tlsReportsIn() {
    Section s = reader.section(ConfigurationSchema.TlsRptInKeys.TABLE);
    Set<String> local = new HashSet<>();
    reader
        .rows(ConfigurationSchema.AliasDomainKeys.TABLE)
        .forEach(row -> local.add(row.get(ConfigurationSchema.AliasDomainKeys.DOMAIN_OF).name()));
    reader
        .rows(ConfigurationSchema.RelayDomainKeys.TABLE)
        .forEach(row -> local.add(row.get(ConfigurationSchema.RelayDomainKeys.DOMAIN_OF).name()));
    for (Mailbox address : s.get(ConfigurationSchema.TlsRptInKeys.ADDRESSES)) {
      if (!(address.domain() instanceof Domain domain) || !local.contains(domain.name())) {
        error(
            s,
            ConfigurationSchema.TlsRptInKeys.ADDRESSES,
            "no mail for " + address.domain() + " is taken here",
            "add an [[alias_domain]] or a [[relay_domain]] for it");
      }
    }
    if (s.find(ConfigurationSchema.TlsRptInKeys.LISTEN).isPresent() && local.isEmpty()) {
      warning(
          s,
          ConfigurationSchema.TlsRptInKeys.LISTEN,
          "every report will be refused: this server has no domains",
          "reports are about its alias and relay domains");
    }
  }

  private void tlsReports() {
    Section s = reader.section(ConfigurationSchema.TlsRptKeys.TABLE);
    boolean key = s.find(ConfigurationSchema.TlsRptKeys.DKIM_KEY).isPresent();
    boolean domain = s.find(ConfigurationSchema.TlsRptKeys.DKIM_DOMAIN).isPresent();
    boolean selector = s.find(ConfigurationSchema.TlsRptKeys.DKIM_SELECTOR).isPresent();
    if (key != domain || key != selector) {
      error(
          s,
          key
              ? ConfigurationSchema.TlsRptKeys.DKIM_KEY
              : ConfigurationSchema.TlsRptKeys.DKIM_DOMAIN,
          "signing takes dkim_domain, dkim_selector and dkim_key",
          "give all three, or none for reports by HTTPS only");
    }
    if (s.find(ConfigurationSchema.TlsRptKeys.CONTACT).isPresent()
        && domain
        && s.find(ConfigurationSchema.TlsRptKeys.CONTACT).get().domain() instanceof Domain from
        && !from.equals(s.find(ConfigurationSchema.TlsRptKeys.DKIM_DOMAIN).get())
        && !from.isBelow(s.find(ConfigurationSchema.TlsRptKeys.DKIM_DOMAIN).get())) {
      warning(
          s,
          ConfigurationSchema.TlsRptKeys.CONTACT,
          "reports from " + from + " are signed by another domain",
          "receivers look for a signature of the From's domain: dkim_domain = \"" + from + "\"");
    }
  }

  private void error(Section s, SettingKey<?> key, String text, String help) {
    reader.add(reader.about(true, s, key, text).help(help));
  }

  private void warning(Section s, SettingKey<?> key, String text, String help) {
    reader.add(reader.about(false, s, key, text).help(help));
  }

  private void listener(Section s) {
    boolean none = s.get(ConfigurationSchema.ListenerKeys.TLS) == ListenerTlsStart.NONE;
    ClientCertificateMode certificates = s.get(ConfigurationSchema.ListenerKeys.CLIENT_CERTIFICATE);
    if (none && certificates == ClientCertificateMode.REQUIRE) {
      error(
          s,
          ConfigurationSchema.ListenerKeys.CLIENT_CERTIFICATE,
          "a client certificate cannot be required where there is no TLS",
          "set tls = \"starttls\" or \"implicit\", or leave client_certificate out");
    }
    if (none && s.get(ConfigurationSchema.ListenerKeys.AUTH)) {
      error(
          s,
          ConfigurationSchema.ListenerKeys.AUTH,
          "AUTH is offered inside TLS only, and this listener has none",
          "set tls = \"starttls\" or \"implicit\"");
    }
    if (s.get(ConfigurationSchema.ListenerKeys.AUTH)
        && !reader
            .section(ConfigurationSchema.AuthKeys.TABLE)
            .has(ConfigurationSchema.AuthKeys.PASSWORD_FILE)) {
      error(
          s,
          ConfigurationSchema.ListenerKeys.AUTH,
          "AUTH needs a password file",
          "add [auth] with password_file = \"…\"; sealwax password makes its lines");
    }
    int port = s.get(ConfigurationSchema.ListenerKeys.ADDRESS).getPort();
    boolean demanding = certificates == ClientCertificateMode.REQUIRE;
    if (port == 25 && demanding) {
      warning(
          s,
          ConfigurationSchema.ListenerKeys.ADDRESS,
          "port 25 with a certificate required turns away most servers (RFC 3207 section 4)",
          "fine for a closed group of peers, not for mail from everywhere");
    }
    if (s.get(ConfigurationSchema.ListenerKeys.FLOOR).lowest().compareTo(TlsVersion.TLS_1_2) < 0) {
      warning(
          s,
          ConfigurationSchema.ListenerKeys.FLOOR,
          "TLS below 1.2 is spoken here (RFC 8996 deprecates it)",
          "keep it only for peers that would otherwise send in clear");
    }
  }

  private void duplicateListeners() {
    Map<InetSocketAddress, Section> seen = new HashMap<>();
    for (Section s : reader.rows(ConfigurationSchema.ListenerKeys.TABLE)) {
      InetSocketAddress address = s.get(ConfigurationSchema.ListenerKeys.ADDRESS);
      Section before = address.getPort() == 0 ? null : seen.put(address, s);
      if (before != null) {
        error(
            s,
            ConfigurationSchema.ListenerKeys.ADDRESS,
            "two listeners at "
                + ListenAddresses.text(address)
                + ", the other in line "
                + before.line(),
            "remove one");
      }
    }
  }

  private void identity() {
    Section s = reader.section(ConfigurationSchema.IdentityKeys.TABLE);
    boolean certificate = s.has(ConfigurationSchema.IdentityKeys.CERTIFICATE);
    if (certificate != s.has(ConfigurationSchema.IdentityKeys.KEY)) {
      reader.add(
          reader
              .about(true, s, "[identity] has " + (certificate ? "no key" : "no certificate"))
              .help("give both, or neither for a self-signed certificate"));
    }
  }

  private void trustedClient(Section s) {
    boolean pin = s.has(ConfigurationSchema.TrustedClientKeys.PIN_OF);
    boolean ca = s.has(ConfigurationSchema.TrustedClientKeys.CA);
    if (pin == ca) {
      reader.add(
          reader
              .about(true, s, "a trusted client is known by a pin, or by a CA and names")
              .help("give exactly one of pin and ca"));
    }
    if (ca && s.get(ConfigurationSchema.TrustedClientKeys.NAMES).isEmpty()) {
      error(
          s,
          ConfigurationSchema.TrustedClientKeys.CA,
          "a CA alone would let everyone relay to whom it ever gives a certificate",
          "add names = [\"…\"]");
    }
  }

  private void peers() {
    List<Section> peers = reader.rows(ConfigurationSchema.PeerKeys.TABLE);
    Set<Domain> seen = new HashSet<>();
    for (Section s : peers) {
      Domain domain = s.get(ConfigurationSchema.PeerKeys.DOMAIN_OF);
      if (!seen.add(domain)) {
        error(
            s, ConfigurationSchema.PeerKeys.DOMAIN_OF, domain + " is here twice", "remove one row");
      }
    }
    if (peers.size() > PeerIdentities.MOST_PEERS) {
      error(
          peers.get(PeerIdentities.MOST_PEERS),
          ConfigurationSchema.PeerKeys.DOMAIN_OF,
          "more than " + PeerIdentities.MOST_PEERS + " peers; each is looked up all the time",
          "name clients by [[trusted_client]] pin or ca instead");
    }
    List<Section> listeners = reader.rows(ConfigurationSchema.ListenerKeys.TABLE);
    boolean deaf =
        !listeners.isEmpty()
            && listeners.stream()
                .allMatch(
                    l ->
                        l.get(ConfigurationSchema.ListenerKeys.CLIENT_CERTIFICATE)
                            == ClientCertificateMode.NONE);
    if (!peers.isEmpty() && deaf) {
      warning(
          peers.getFirst(),
          ConfigurationSchema.PeerKeys.DOMAIN_OF,
          "no listener asks clients for a certificate, so no peer can be known",
          "set client_certificate = \"ask\" at one");
    }
  }

  private void relayDomain(Section s) {
    int ways =
        (s.has(ConfigurationSchema.RelayDomainKeys.RECIPIENTS) ? 1 : 0)
            + (s.has(ConfigurationSchema.RelayDomainKeys.VERIFY) ? 1 : 0)
            + (s.get(ConfigurationSchema.RelayDomainKeys.ACCEPT_ALL) ? 1 : 0);
    if (ways != 1) {
      reader.add(
          reader
              .about(
                  true,
                  s,
                  ways == 0
                      ? "nothing says which recipients this relay domain has"
                      : "a relay domain has one of recipients, verify and accept_all")
              .help(
                  "recipients = \"file\" knows them, verify = \"next-hop\" asks, accept_all = true"
                      + " takes them all"));
    } else if (s.get(ConfigurationSchema.RelayDomainKeys.ACCEPT_ALL)) {
      warning(
          s,
          ConfigurationSchema.RelayDomainKeys.ACCEPT_ALL,
          "mail for recipients that do not exist is taken, and bounces to forged senders"
              + " (backscatter)",
          "prefer recipients = \"file\" or verify = \"next-hop\"");
    }
  }

  private void duplicateDomains() {
    Set<String> seen = new HashSet<>();
    for (Section s : reader.rows(ConfigurationSchema.AliasDomainKeys.TABLE)) {
      String name = s.get(ConfigurationSchema.AliasDomainKeys.DOMAIN_OF).name();
      if (!seen.add(name)) {
        error(
            s,
            ConfigurationSchema.AliasDomainKeys.DOMAIN_OF,
            name + " is here twice",
            "remove one row");
      }
    }
    for (Section s : reader.rows(ConfigurationSchema.RelayDomainKeys.TABLE)) {
      String name = s.get(ConfigurationSchema.RelayDomainKeys.DOMAIN_OF).name();
      if (!seen.add(name)) {
        error(
            s,
            ConfigurationSchema.RelayDomainKeys.DOMAIN_OF,
            name + " is here twice, as alias or relay domain",
            "remove one row");
      }
    }
  }

  private void transport(Section s) {
    boolean user = s.has(ConfigurationSchema.TransportKeys.USER);
    if (user != s.has(ConfigurationSchema.TransportKeys.PASSWORD_FILE)) {
      reader.add(
          reader
              .about(true, s, "user and password_file belong together")
              .help("give both, or neither"));
    }
    String hop = s.get(ConfigurationSchema.TransportKeys.NEXT_HOP);
    boolean mx = hop.equals("mx");
    if (!mx && !hop.startsWith("pipe:")) {
      return;
    }
    for (SettingKey<?> key : OF_A_HOST) {
      if (s.explicit(key) != null) {
        error(
            s,
            key,
            key.name() + " belongs to a next hop that is one host, and " + hop + " is none",
            mx ? "demands of a domain by MX stand in its [[policy]] row" : "leave it out");
      }
    }
  }

  private void reject(Section s) {
    int ways =
        (s.has(ConfigurationSchema.RejectKeys.CLIENT) ? 1 : 0)
            + (s.has(ConfigurationSchema.RejectKeys.SENDER) ? 1 : 0)
            + (s.has(ConfigurationSchema.RejectKeys.RECIPIENT) ? 1 : 0);
    if (ways != 1) {
      reader.add(
          reader
              .about(true, s, "a reject row names one of client, sender and recipient")
              .help("use one row for each"));
    }
  }

  private void trust() {
    Section s = reader.section(ConfigurationSchema.TrustKeys.TABLE);
    if (s.get(ConfigurationSchema.TrustKeys.NETWORKS).stream().anyMatch(n -> n.prefix() == 0)) {
      error(
          s,
          ConfigurationSchema.TrustKeys.NETWORKS,
          "a network of all addresses would make this an open relay",
          "name the hosts that send through this server");
    }
  }

  private void dns() {
    Section s = reader.section(ConfigurationSchema.DnsKeys.TABLE);
    boolean far =
        s.get(ConfigurationSchema.DnsKeys.RESOLVERS).stream()
            .anyMatch(r -> !r.getAddress().isLoopbackAddress());
    if (s.get(ConfigurationSchema.DnsKeys.VALIDATION) == DnsSettings.Validation.TRUST_AD && far) {
      error(
          s,
          ConfigurationSchema.DnsKeys.VALIDATION,
          "the AD bit of a resolver that is not on loopback can be set by anybody on the way",
          "use validation = \"own\"");
    }
    if (s.get(ConfigurationSchema.DnsKeys.VALIDATION) == DnsSettings.Validation.OFF) {
      warning(
          s,
          ConfigurationSchema.DnsKeys.VALIDATION,
          "without validation DANE never applies",
          "leave validation out, unless this network's DNS is neither signed nor under the root");
    }
    for (SettingKey<Duration> key :
        List.of(ConfigurationSchema.DnsKeys.TIMEOUT, ConfigurationSchema.DnsKeys.TOTAL)) {
      if (!s.get(key).isPositive()) {
        error(s, key, key.name() + " must be longer than nothing", "for example \"2s\"");
      }
    }
  }

  private void deliver() {
    Section s = reader.section(ConfigurationSchema.DeliverKeys.TABLE);
    if (!s.get(ConfigurationSchema.DeliverKeys.IPV4)
        && !s.get(ConfigurationSchema.DeliverKeys.IPV6)) {
      error(
          s,
          ConfigurationSchema.DeliverKeys.IPV6,
          "without IPv4 and IPv6 nothing can leave",
          "allow one of them");
    }
    TlsVersion minimum = s.get(ConfigurationSchema.DeliverKeys.FLOOR).lowest();
    if (s.get(ConfigurationSchema.DeliverKeys.FLOOR_ALWAYS).lowest().compareTo(minimum) < 0) {
      error(
          s,
          ConfigurationSchema.DeliverKeys.FLOOR_ALWAYS,
          "floor_always is below floor",
          "where TLS is demanded it cannot be worse than where it is not");
    }
    Section queue = reader.section(ConfigurationSchema.QueueKeys.TABLE);
    Duration half = queue.get(ConfigurationSchema.QueueKeys.LIFETIME).dividedBy(2);
    if (s.get(ConfigurationSchema.DeliverKeys.HOLD).compareTo(half) > 0) {
      error(
          s,
          ConfigurationSchema.DeliverKeys.HOLD,
          "a hold longer than half the queue's lifetime would end in bounces",
          "at most half of [queue] lifetime");
    }
    for (Duration wait : queue.get(ConfigurationSchema.QueueKeys.RETRY)) {
      if (wait.compareTo(Duration.ofSeconds(1)) < 0) {
        error(
            queue,
            ConfigurationSchema.QueueKeys.RETRY,
            "a wait below a second would be a busy loop against somebody else's server",
            "minutes are usual");
      }
    }
    if (queue.get(ConfigurationSchema.QueueKeys.RETRY).isEmpty()) {
      error(
          queue,
          ConfigurationSchema.QueueKeys.RETRY,
          "retry has no waits",
          "leave it out for the default");
    }
    boolean order =
        queue
                .get(ConfigurationSchema.QueueKeys.DEAD_SITE_FIRST)
                .compareTo(queue.get(ConfigurationSchema.QueueKeys.DEAD_SITE_MOST))
            <= 0;
    if (!order) {
      error(
          queue,
          ConfigurationSchema.QueueKeys.DEAD_SITE_FIRST,
          "dead_site_first is longer than dead_site_most",
          "the first wait is the shortest");
    }
    if (s.get(ConfigurationSchema.DeliverKeys.LEVEL) == TlsLevel.NONE) {
      warning(
          s,
          ConfigurationSchema.DeliverKeys.LEVEL,
          "mail is never encrypted on its way",
          "level = \"may\" encrypts whenever the other side can");
    }
  }

  private void firstContact() {
    Section s = reader.section(ConfigurationSchema.StsKeys.TABLE);
    Duration half =
        reader
            .section(ConfigurationSchema.QueueKeys.TABLE)
            .get(ConfigurationSchema.QueueKeys.LIFETIME)
            .dividedBy(2);
    for (SettingKey<Duration> key :
        List.of(
            ConfigurationSchema.StsKeys.FIRST_CONTACT_HOLD,
            ConfigurationSchema.StsKeys.LOOKUP_HOLD)) {
      if (s.find(key).filter(hold -> hold.compareTo(half) > 0).isPresent()) {
        error(
            s,
            key,
            "a hold longer than half the queue's lifetime would end in bounces",
            "at most half of [queue] lifetime");
      }
    }
  }

  private void ledger() {
    Section s = reader.section(ConfigurationSchema.LedgerKeys.TABLE);
    Duration hold =
        s.find(ConfigurationSchema.LedgerKeys.HOLD).orElse(LedgerSettings.SHORTEST_HOLD);
    Duration half =
        reader
            .section(ConfigurationSchema.QueueKeys.TABLE)
            .get(ConfigurationSchema.QueueKeys.LIFETIME)
            .dividedBy(2);
    if (s.find(ConfigurationSchema.LedgerKeys.HOLD).isPresent() && hold.compareTo(half) > 0) {
      error(
          s,
          ConfigurationSchema.LedgerKeys.HOLD,
          "mail would be given up before a hold longer than half the queue's lifetime has ended",
          "at most half of [queue] lifetime");
    }
    if (hold.compareTo(LedgerSettings.SHORTEST_HOLD) < 0) {
      error(
          s,
          ConfigurationSchema.LedgerKeys.HOLD,
          "within less than an hour the queue does not try often enough to know",
          "\"2d\" is usual");
    }
    Duration longest =
        hold.compareTo(LedgerSettings.DEFAULT_HOLD) > 0 ? hold : LedgerSettings.DEFAULT_HOLD;
    if (s.get(ConfigurationSchema.LedgerKeys.DECAY).compareTo(longest) <= 0) {
      error(
          s,
          ConfigurationSchema.LedgerKeys.DECAY,
          "a level would fall away before its hold has ended",
          "\"180d\" is usual");
    }
    if (s.get(ConfigurationSchema.LedgerKeys.SESSIONS)
        > (long) s.get(ConfigurationSchema.LedgerKeys.SESSIONS_PER_DAY)
            * s.get(ConfigurationSchema.LedgerKeys.DAYS)) {
      warning(
          s,
          ConfigurationSchema.LedgerKeys.SESSIONS,
          "so many sessions are not counted within days = "
              + s.get(ConfigurationSchema.LedgerKeys.DAYS),
          "a level takes more days than that");
    }
  }

  private void metrics() {
    Section s = reader.section(ConfigurationSchema.MetricsKeys.TABLE);
    boolean open =
        s.find(ConfigurationSchema.MetricsKeys.ADDRESS)
            .filter(a -> !a.getAddress().isLoopbackAddress())
            .isPresent();
    if (open) {
      warning(
          s,
          ConfigurationSchema.MetricsKeys.ADDRESS,
          "metrics are open to everyone who can reach this address",
          "prefer 127.0.0.1, or guard the address by a firewall");
    }
  }
}
