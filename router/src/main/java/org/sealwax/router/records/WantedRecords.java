package org.sealwax.router.records;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.dkim.NeededKey;
import org.sealwax.router.records.WantedRecord.Purpose;
import org.sealwax.router.records.WantedRecord.Requirement;
import org.sealwax.router.route.ConfiguredHop;
import org.sealwax.router.route.ForwardSettings;

/** The records that the domains of a configuration need. A function of its arguments. */
public final class WantedRecords {
  private static final String NO_ADDRESS =
      "no public address of this server is known; name it with --address";

  private final RecordSettings settings;
  private final SiteDomains domains;
  private final SiteFacts facts;
  private final Domain host;
  private final List<WantedRecord> all = new ArrayList<>();

  private WantedRecords(RecordSettings settings, SiteFacts facts) {
    this.settings = settings;
    this.domains = settings.domains();
    this.facts = facts;
    this.host = domains.hostname();
  }

  /** {@return the records, those of the host first} */
  public static List<WantedRecord> of(RecordSettings settings, SiteFacts facts) {
    WantedRecords wanted = new WantedRecords(settings, facts);
    wanted.host();
    wanted.serverKeys();
    wanted.domains.receivers().forEach(wanted::receiver);
    wanted.domains.senders().forEach(wanted::sender);
    wanted.signingKeys();
    facts.policies().forEach(wanted::policy);
    wanted.issuers();
    return List.copyOf(wanted.all);
  }

  private void add(Purpose purpose, ZoneRecord record, Requirement requirement) {
    all.add(WantedRecord.of(purpose, record, requirement));
  }

  private void host() {
    if (facts.addresses().isEmpty()) {
      all.add(WantedRecord.unknown(Purpose.ADDRESS, host, RecordType.A, NO_ADDRESS));
      return;
    }
    addresses(Purpose.ADDRESS, host);
    if (smartHost().isEmpty()) {
      for (InetAddress address : facts.addresses()) {
        all.add(
            WantedRecord.of(
                    Purpose.PTR,
                    MailRecords.ptr(address, host),
                    new Requirement.AddressName(address))
                .with("ask the owner of the address, often your provider"));
      }
    }
  }

  private void addresses(Purpose purpose, Domain name) {
    Map<RecordType, List<ZoneRecord>> byType =
        facts.addresses().stream()
            .map(address -> MailRecords.address(name, address))
            .collect(Collectors.groupingBy(ZoneRecord::type, TreeMap::new, Collectors.toList()));
    byType.forEach(
        (type, records) ->
            all.add(
                new WantedRecord(purpose, name, type, records, new Requirement.AllRecords(), "")));
  }

  /** The key in force of each name, then the next one of those that a rollover has. */
  private void serverKeys() {
    Collection<Domain> rolled =
        settings.rollover().map(rollover -> rollover.owners(host)).orElse(List.of());
    List<Domain> owners = new ArrayList<>();
    List<Domain> hosts = new ArrayList<>(List.of(host));
    facts.ownHosts().stream().sorted().filter(name -> !name.equals(host)).forEach(hosts::add);
    for (Domain name : hosts) {
      Domain.parse("_25._tcp." + name).ifPresent(owners::add);
    }
    rolled.stream().filter(owner -> !owners.contains(owner)).forEach(owners::add);
    for (Domain owner : owners) {
      Optional<HostKey> key = key(owner);
      if (key.isEmpty()) {
        String why =
            facts.keyProblem().isEmpty()
                ? "the server has no certificate yet; start it"
                : facts.keyProblem();
        all.add(WantedRecord.unknown(Purpose.TLSA, owner, RecordType.TLSA, why));
        continue;
      }
      tlsa(Purpose.TLSA, owner, key.get().tlsa(), key.get().forms());
      facts
          .nextKey()
          .filter(_ -> rolled.contains(owner))
          .filter(next -> !next.equals(key.get().tlsa()))
          .ifPresent(next -> tlsa(Purpose.TLSA_NEXT, owner, next, List.of(next)));
    }
  }

  /** The name of a TLSA record has port and protocol before the host (RFC 6698 section 3). */
  private Optional<HostKey> key(Domain owner) {
    Domain at = owner.parent().flatMap(Domain::parent).orElse(host);
    return facts.keys().stream()
        .filter(key -> key.host().equals(at))
        .findFirst()
        .or(() -> facts.keys().stream().filter(key -> key.host().equals(host)).findFirst());
  }

  private void tlsa(Purpose purpose, Domain owner, TlsaRecord record, List<TlsaRecord> forms) {
    add(
        purpose,
        MailRecords.tlsa(owner, record),
        new Requirement.ServerKey(
            forms.stream().map(form -> MailRecords.tlsa(owner, form)).toList()));
  }

  private void receiver(Domain domain) {
    add(
        Purpose.MX,
        MailRecords.mx(domain, host),
        new Requirement.OwnMailHost(
            facts.ownHosts(),
            facts.policies().stream()
                .filter(policy -> policy.domain().equals(domain))
                .flatMap(policy -> policy.mxNotYet().stream())
                .findFirst()));
    if (Domain.parse("_smtp._tls." + domain).isPresent()) {
      add(
          Purpose.TLSRPT,
          MailRecords.tlsReports(domain, reportAddress(domain)),
          new Requirement.ReportAddress());
    }
  }

  /** The policy is fetched from a host of its own, which is this one. */
  private void policy(SiteFacts.HostedPolicy policy) {
    Optional<Domain> owner = StsRecord.nameFor(policy.domain());
    Optional<Domain> server = StsRecord.hostFor(policy.domain());
    if (owner.isEmpty() || server.isEmpty()) {
      return;
    }
    StsRecord read = StsRecord.read(policy.announcement().stream().toList());
    if (read instanceof StsRecord.Announced(String id)) {
      add(
          Purpose.MTA_STS,
          MailRecords.mtaSts(owner.get(), policy.announcement().orElseThrow()),
          new Requirement.PolicyId(id));
    } else {
      all.add(WantedRecord.unknown(Purpose.MTA_STS, owner.get(), RecordType.TXT, policy.problem()));
    }
    if (!server.get().equals(host)) {
      addresses(Purpose.MTA_STS_HOST, server.get());
    }
  }

  private String reportAddress(Domain domain) {
    return settings
        .reports()
        .flatMap(
            in ->
                in.addresses().stream()
                    .findFirst()
                    .map(address -> "mailto:" + address)
                    .or(() -> in.listen().map(at -> url(at.getPort(), in.path()))))
        .orElse("mailto:postmaster@" + domain);
  }

  private String url(int port, String path) {
    return "https://" + host + (port == 443 ? "" : ":" + port) + path;
  }

  /** The host that sends the mail of all destinations without an entry of their own. */
  private Optional<String> smartHost() {
    return settings.forward().routes().stream()
        .filter(route -> route.pattern() instanceof DomainPattern.Any)
        .map(ForwardSettings.TransportRoute::hop)
        .filter(ConfiguredHop.Host.class::isInstance)
        .map(ConfiguredHop.Host.class::cast)
        .map(hop -> text(hop.host()))
        .findFirst();
  }

  private static String text(MailHost host) {
    return switch (host) {
      case Domain name -> name.name();
      case AddressLiteral literal -> literal.toString();
    };
  }

  private void sender(Domain domain) {
    Optional<String> smart = smartHost();
    Requirement requirement = new Requirement.PermittedSources(facts.addresses(), smart);
    if (smart.isPresent()) {
      all.add(
          new WantedRecord(
              Purpose.SPF,
              domain,
              RecordType.TXT,
              List.of(),
              requirement,
              "mail leaves by "
                  + smart.get()
                  + ": its operator names what the SPF record must have"));
    } else if (facts.addresses().isEmpty()) {
      all.add(WantedRecord.unknown(Purpose.SPF, domain, RecordType.TXT, NO_ADDRESS));
    } else {
      all.add(
          WantedRecord.of(Purpose.SPF, MailRecords.spf(domain, facts.addresses()), requirement)
              .with(
                  domain.equals(host)
                      ? ""
                      : "add the addresses of other servers that send mail of this domain"));
    }
    // A record of a domain is also for the names below it (RFC 9989 section 4.10).
    boolean isCovered = domains.senders().stream().anyMatch(domain::isBelow);
    if (!isCovered && Domain.parse("_dmarc." + domain).isPresent()) {
      add(Purpose.DMARC, MailRecords.dmarc(domain), new Requirement.AuthorPolicy(domain));
    }
  }

  private void signingKeys() {
    for (NeededKey needed : facts.dkim()) {
      if (needed.key().isPresent()) {
        add(
            Purpose.DKIM,
            MailRecords.dkim(needed.key().get()),
            new Requirement.SigningKey(needed.key().get()));
      } else {
        all.add(
            WantedRecord.unknown(Purpose.DKIM, needed.record(), RecordType.TXT, needed.problem()));
      }
    }
  }

  private void issuers() {
    if (!settings.acme().enabled()) {
      return;
    }
    Optional<String> issuer = settings.acme().directory().flatMap(CaaIssuers::of);
    for (Domain name : settings.issuedNames()) {
      if (issuer.isPresent()) {
        add(
            Purpose.CAA,
            MailRecords.caa(name, issuer.get()),
            new Requirement.PermittedIssuer(issuer.get()));
      }
    }
  }
}
