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
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.config.ListenerRow.Start;
import org.sealwax.router.evidence.Mirrors;
import org.sealwax.router.ledger.LedgerSettings;

/** What no single key can tell: combinations that are impossible, and some worth a warning. */
final class Rules {
  private final Reading reading;

  Rules(Reading reading) {
    this.reading = reading;
  }

  /** Adds complaints to the reading. Only for a reading whose values all fit. */
  void check() {
    reading.rows(Schema.Listener.TABLE).forEach(this::listener);
    twice();
    identity();
    reading.rows(Schema.TrustedClient.TABLE).forEach(this::trustedClient);
    peers();
    reading.rows(Schema.RelayDomain.TABLE).forEach(this::relayDomain);
    domainsTwice();
    reading.rows(Schema.Transport.TABLE).forEach(this::transport);
    reading.rows(Schema.Reject.TABLE).forEach(this::reject);
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
    Section s = reading.one(Schema.TlsRptIn.TABLE);
    Set<String> ours = new HashSet<>();
    reading
        .rows(Schema.AliasDomain.TABLE)
        .forEach(row -> ours.add(row.get(Schema.AliasDomain.DOMAIN_OF).name()));
    reading
        .rows(Schema.RelayDomain.TABLE)
        .forEach(row -> ours.add(row.get(Schema.RelayDomain.DOMAIN_OF).name()));
    for (Mailbox address : s.get(Schema.TlsRptIn.ADDRESSES)) {
      if (!(address.domain() instanceof Domain domain) || !ours.contains(domain.name())) {
        error(
            s,
            Schema.TlsRptIn.ADDRESSES,
            "no mail for " + address.domain() + " is taken here",
            "add an [[alias_domain]] or a [[relay_domain]] for it");
      }
    }
    if (s.find(Schema.TlsRptIn.LISTEN).isPresent() && ours.isEmpty()) {
      warning(
          s,
          Schema.TlsRptIn.LISTEN,
          "every report will be refused: this server has no domains",
          "reports are about its alias and relay domains");
    }
  }

  private void tlsReports() {
    Section s = reading.one(Schema.TlsRpt.TABLE);
    boolean key = s.find(Schema.TlsRpt.DKIM_KEY).isPresent();
    boolean domain = s.find(Schema.TlsRpt.DKIM_DOMAIN).isPresent();
    boolean selector = s.find(Schema.TlsRpt.DKIM_SELECTOR).isPresent();
    if (key != domain || key != selector) {
      error(
          s,
          key ? Schema.TlsRpt.DKIM_KEY : Schema.TlsRpt.DKIM_DOMAIN,
          "signing takes dkim_domain, dkim_selector and dkim_key",
          "give all three, or none for reports by HTTPS only");
    }
    if (s.find(Schema.TlsRpt.CONTACT).isPresent()
        && domain
        && s.find(Schema.TlsRpt.CONTACT).get().domain() instanceof Domain from
        && !from.equals(s.find(Schema.TlsRpt.DKIM_DOMAIN).get())
        && !from.isBelow(s.find(Schema.TlsRpt.DKIM_DOMAIN).get())) {
      warning(
          s,
          Schema.TlsRpt.CONTACT,
          "reports from " + from + " are signed by another domain",
          "receivers look for a signature of the From's domain: dkim_domain = \"" + from + "\"");
    }
  }

  private void error(Section s, Key<?> key, String text, String help) {
    reading.add(reading.about(true, s, key, text).help(help));
  }

  private void warning(Section s, Key<?> key, String text, String help) {
    reading.add(reading.about(false, s, key, text).help(help));
  }

  private void listener(Section s) {
    boolean none = s.get(Schema.Listener.TLS) == Start.NONE;
    ClientCertificates certificates = s.get(Schema.Listener.CLIENT_CERTIFICATE);
    if (none && certificates == ClientCertificates.REQUIRE) {
      error(
          s,
          Schema.Listener.CLIENT_CERTIFICATE,
          "a client certificate cannot be required where there is no TLS",
          "set tls = \"starttls\" or \"implicit\", or leave client_certificate out");
    }
    if (none && s.get(Schema.Listener.AUTH)) {
      error(
          s,
          Schema.Listener.AUTH,
          "AUTH is offered inside TLS only, and this listener has none",
          "set tls = \"starttls\" or \"implicit\"");
    }
    if (s.get(Schema.Listener.AUTH)
        && !reading.one(Schema.Auth.TABLE).has(Schema.Auth.PASSWORD_FILE)) {
      error(
          s,
          Schema.Listener.AUTH,
          "AUTH needs a password file",
          "add [auth] with password_file = \"…\"; sealwax password makes its lines");
    }
    int port = s.get(Schema.Listener.ADDRESS).getPort();
    boolean demanding = certificates == ClientCertificates.REQUIRE;
    if (port == 25 && demanding) {
      warning(
          s,
          Schema.Listener.ADDRESS,
          "port 25 with a certificate required turns away most servers (RFC 3207 section 4)",
          "fine for a closed group of peers, not for mail from everywhere");
    }
    if (s.get(Schema.Listener.FLOOR).lowest().compareTo(TlsVersion.TLS_1_2) < 0) {
      warning(
          s,
          Schema.Listener.FLOOR,
          "TLS below 1.2 is spoken here (RFC 8996 deprecates it)",
          "keep it only for peers that would otherwise send in clear");
    }
  }

  private void twice() {
    Map<InetSocketAddress, Section> seen = new HashMap<>();
    for (Section s : reading.rows(Schema.Listener.TABLE)) {
      InetSocketAddress address = s.get(Schema.Listener.ADDRESS);
      Section before = address.getPort() == 0 ? null : seen.put(address, s);
      if (before != null) {
        error(
            s,
            Schema.Listener.ADDRESS,
            "two listeners at " + Places.text(address) + ", the other in line " + before.line(),
            "remove one");
      }
    }
  }

  private void identity() {
    Section s = reading.one(Schema.Identity.TABLE);
    boolean certificate = s.has(Schema.Identity.CERTIFICATE);
    if (certificate != s.has(Schema.Identity.KEY)) {
      reading.add(
          reading
              .about(true, s, "[identity] has " + (certificate ? "no key" : "no certificate"))
              .help("give both, or neither for a self-signed certificate"));
    }
  }

  private void trustedClient(Section s) {
    boolean pin = s.has(Schema.TrustedClient.PIN_OF);
    boolean ca = s.has(Schema.TrustedClient.CA);
    if (pin == ca) {
      reading.add(
          reading
              .about(true, s, "a trusted client is known by a pin, or by a CA and names")
              .help("give exactly one of pin and ca"));
    }
    if (ca && s.get(Schema.TrustedClient.NAMES).isEmpty()) {
      error(
          s,
          Schema.TrustedClient.CA,
          "a CA alone would let everyone relay to whom it ever gives a certificate",
          "add names = [\"…\"]");
    }
  }

  private void peers() {
    List<Section> peers = reading.rows(Schema.Peer.TABLE);
    Set<Domain> seen = new HashSet<>();
    for (Section s : peers) {
      Domain domain = s.get(Schema.Peer.DOMAIN_OF);
      if (!seen.add(domain)) {
        error(s, Schema.Peer.DOMAIN_OF, domain + " is here twice", "remove one row");
      }
    }
    if (peers.size() > Mirrors.MOST_PEERS) {
      error(
          peers.get(Mirrors.MOST_PEERS),
          Schema.Peer.DOMAIN_OF,
          "more than " + Mirrors.MOST_PEERS + " peers; each is looked up all the time",
          "name clients by [[trusted_client]] pin or ca instead");
    }
    List<Section> listeners = reading.rows(Schema.Listener.TABLE);
    boolean deaf =
        !listeners.isEmpty()
            && listeners.stream()
                .allMatch(
                    l -> l.get(Schema.Listener.CLIENT_CERTIFICATE) == ClientCertificates.NONE);
    if (!peers.isEmpty() && deaf) {
      warning(
          peers.getFirst(),
          Schema.Peer.DOMAIN_OF,
          "no listener asks clients for a certificate, so no peer can be known",
          "set client_certificate = \"ask\" at one");
    }
  }

  private void relayDomain(Section s) {
    int ways =
        (s.has(Schema.RelayDomain.RECIPIENTS) ? 1 : 0)
            + (s.has(Schema.RelayDomain.VERIFY) ? 1 : 0)
            + (s.get(Schema.RelayDomain.ACCEPT_ALL) ? 1 : 0);
    if (ways != 1) {
      reading.add(
          reading
              .about(
                  true,
                  s,
                  ways == 0
                      ? "nothing says which recipients this relay domain has"
                      : "a relay domain has one of recipients, verify and accept_all")
              .help(
                  "recipients = \"file\" knows them, verify = \"next-hop\" asks, accept_all = true"
                      + " takes them all"));
    } else if (s.get(Schema.RelayDomain.ACCEPT_ALL)) {
      warning(
          s,
          Schema.RelayDomain.ACCEPT_ALL,
          "mail for recipients that do not exist is taken, and bounces to forged senders"
              + " (backscatter)",
          "prefer recipients = \"file\" or verify = \"next-hop\"");
    }
  }

  private void domainsTwice() {
    Set<String> seen = new HashSet<>();
    for (Section s : reading.rows(Schema.AliasDomain.TABLE)) {
      String name = s.get(Schema.AliasDomain.DOMAIN_OF).name();
      if (!seen.add(name)) {
        error(s, Schema.AliasDomain.DOMAIN_OF, name + " is here twice", "remove one row");
      }
    }
    for (Section s : reading.rows(Schema.RelayDomain.TABLE)) {
      String name = s.get(Schema.RelayDomain.DOMAIN_OF).name();
      if (!seen.add(name)) {
        error(
            s,
            Schema.RelayDomain.DOMAIN_OF,
            name + " is here twice, as alias or relay domain",
            "remove one row");
      }
    }
  }

  private void transport(Section s) {
    boolean user = s.has(Schema.Transport.USER);
    if (user != s.has(Schema.Transport.PASSWORD_FILE)) {
      reading.add(
          reading
              .about(true, s, "user and password_file belong together")
              .help("give both, or neither"));
    }
  }

  private void reject(Section s) {
    int ways =
        (s.has(Schema.Reject.CLIENT) ? 1 : 0)
            + (s.has(Schema.Reject.SENDER) ? 1 : 0)
            + (s.has(Schema.Reject.RECIPIENT) ? 1 : 0);
    if (ways != 1) {
      reading.add(
          reading
              .about(true, s, "a reject row names one of client, sender and recipient")
              .help("use one row for each"));
    }
  }

  private void trust() {
    Section s = reading.one(Schema.Trust.TABLE);
    if (s.get(Schema.Trust.NETWORKS).stream().anyMatch(n -> n.prefix() == 0)) {
      error(
          s,
          Schema.Trust.NETWORKS,
          "a network of all addresses would make this an open relay",
          "name the hosts that send through this server");
    }
  }

  private void dns() {
    Section s = reading.one(Schema.Dns.TABLE);
    boolean far =
        s.get(Schema.Dns.RESOLVERS).stream().anyMatch(r -> !r.getAddress().isLoopbackAddress());
    if (s.get(Schema.Dns.VALIDATION) == DnsSettings.Validation.TRUST_AD && far) {
      error(
          s,
          Schema.Dns.VALIDATION,
          "the AD bit of a resolver that is not on loopback can be set by anybody on the way",
          "use validation = \"own\"");
    }
    if (s.get(Schema.Dns.VALIDATION) == DnsSettings.Validation.OFF) {
      warning(
          s,
          Schema.Dns.VALIDATION,
          "without validation DANE never applies",
          "leave validation out, unless this network's DNS is neither signed nor under the root");
    }
    for (Key<Duration> key : List.of(Schema.Dns.TIMEOUT, Schema.Dns.TOTAL)) {
      if (!s.get(key).isPositive()) {
        error(s, key, key.name() + " must be longer than nothing", "for example \"2s\"");
      }
    }
  }

  private void deliver() {
    Section s = reading.one(Schema.Deliver.TABLE);
    if (!s.get(Schema.Deliver.IPV4) && !s.get(Schema.Deliver.IPV6)) {
      error(s, Schema.Deliver.IPV6, "without IPv4 and IPv6 nothing can leave", "allow one of them");
    }
    TlsVersion floor = s.get(Schema.Deliver.FLOOR).lowest();
    if (s.get(Schema.Deliver.FLOOR_ALWAYS).lowest().compareTo(floor) < 0) {
      error(
          s,
          Schema.Deliver.FLOOR_ALWAYS,
          "floor_always is below floor",
          "where TLS is demanded it cannot be worse than where it is not");
    }
    Section queue = reading.one(Schema.Queue.TABLE);
    Duration half = queue.get(Schema.Queue.LIFETIME).dividedBy(2);
    if (s.get(Schema.Deliver.HOLD).compareTo(half) > 0) {
      error(
          s,
          Schema.Deliver.HOLD,
          "a hold longer than half the queue's lifetime would end in bounces",
          "at most half of [queue] lifetime");
    }
    for (Duration wait : queue.get(Schema.Queue.RETRY)) {
      if (wait.compareTo(Duration.ofSeconds(1)) < 0) {
        error(
            queue,
            Schema.Queue.RETRY,
            "a wait below a second would be a busy loop against somebody else's server",
            "minutes are usual");
      }
    }
    if (queue.get(Schema.Queue.RETRY).isEmpty()) {
      error(queue, Schema.Queue.RETRY, "retry has no waits", "leave it out for the default");
    }
    boolean order =
        queue.get(Schema.Queue.DEAD_SITE_FIRST).compareTo(queue.get(Schema.Queue.DEAD_SITE_MOST))
            <= 0;
    if (!order) {
      error(
          queue,
          Schema.Queue.DEAD_SITE_FIRST,
          "dead_site_first is longer than dead_site_most",
          "the first wait is the shortest");
    }
    if (s.get(Schema.Deliver.LEVEL) == Level.NONE) {
      warning(
          s,
          Schema.Deliver.LEVEL,
          "mail is never encrypted on its way",
          "level = \"may\" encrypts whenever the other side can");
    }
  }

  private void firstContact() {
    Section s = reading.one(Schema.Sts.TABLE);
    Duration half = reading.one(Schema.Queue.TABLE).get(Schema.Queue.LIFETIME).dividedBy(2);
    for (Key<Duration> key : List.of(Schema.Sts.FIRST_CONTACT_HOLD, Schema.Sts.LOOKUP_HOLD)) {
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
    Section s = reading.one(Schema.Ledger.TABLE);
    Duration hold = s.find(Schema.Ledger.HOLD).orElse(LedgerSettings.SHORTEST_HOLD);
    Duration half = reading.one(Schema.Queue.TABLE).get(Schema.Queue.LIFETIME).dividedBy(2);
    if (s.find(Schema.Ledger.HOLD).isPresent() && hold.compareTo(half) > 0) {
      error(
          s,
          Schema.Ledger.HOLD,
          "mail would be given up before a hold longer than half the queue's lifetime has ended",
          "at most half of [queue] lifetime");
    }
    if (hold.compareTo(LedgerSettings.SHORTEST_HOLD) < 0) {
      error(
          s,
          Schema.Ledger.HOLD,
          "within less than an hour the queue does not try often enough to know",
          "\"2d\" is usual");
    }
    Duration longest =
        hold.compareTo(LedgerSettings.DEFAULT_HOLD) > 0 ? hold : LedgerSettings.DEFAULT_HOLD;
    if (s.get(Schema.Ledger.DECAY).compareTo(longest) <= 0) {
      error(
          s,
          Schema.Ledger.DECAY,
          "a level would fall away before its hold has ended",
          "\"180d\" is usual");
    }
    if (s.get(Schema.Ledger.SESSIONS)
        > (long) s.get(Schema.Ledger.SESSIONS_PER_DAY) * s.get(Schema.Ledger.DAYS)) {
      warning(
          s,
          Schema.Ledger.SESSIONS,
          "so many sessions are not counted within days = " + s.get(Schema.Ledger.DAYS),
          "a level takes more days than that");
    }
  }

  private void metrics() {
    Section s = reading.one(Schema.Metrics.TABLE);
    boolean open =
        s.find(Schema.Metrics.ADDRESS).filter(a -> !a.getAddress().isLoopbackAddress()).isPresent();
    if (open) {
      warning(
          s,
          Schema.Metrics.ADDRESS,
          "metrics are open to everyone who can reach this address",
          "prefer 127.0.0.1, or guard the address by a firewall");
    }
  }
}
