package org.sealwax.router.wiring;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.records.PublishedViews;
import org.sealwax.router.records.PublishedViews.ServerView;
import org.sealwax.router.records.RecordComparison;
import org.sealwax.router.records.RecordStanding;
import org.sealwax.router.records.WantedRecord;
import org.sealwax.router.records.WantedRecord.Requirement;

/**
 * Looks up wanted records: at each authoritative server, at the server that takes updates, and by
 * the resolver.
 */
public final class RecordLookup {
  private static final int DNS = 53;

  /** Records that are looked up side by side. */
  private static final int SIDE_BY_SIDE = 16;

  /** MX hosts whose addresses are looked up; further ones are taken for those of others. */
  private static final int MAX_HOSTS = 64;

  private final Resolver resolver;
  private final AuthoritativeLookup servers;
  private final List<ZoneServerRow> zones;

  /**
   * Asks nothing yet.
   *
   * @param settings resolvers, and the zones that can be changed
   * @param resolver as senders have it
   */
  public RecordLookup(
      RouterSettings settings, Resolver resolver, Clock clock, RandomSource random) {
    this.resolver = resolver;
    this.zones = settings.zoneServers();
    // The names are those of our own configuration: no address is one to be wary of.
    this.servers = new AuthoritativeLookup(settings.dns(), clock, random, _ -> true, DNS);
  }

  /**
   * {@return what is published of each record, in their order}
   *
   * @throws InterruptedException when the thread is interrupted
   */
  public List<RecordStanding> compare(List<WantedRecord> wanted) throws InterruptedException {
    RecordComparison comparison = new RecordComparison(resolver);
    List<RecordStanding> all = new ArrayList<>();
    for (int at = 0; at < wanted.size(); at += SIDE_BY_SIDE) {
      List<Scope.ForkedTask<RecordStanding>> tasks = new ArrayList<>();
      try (Scope scope = new Scope("records")) {
        for (WantedRecord one : wanted.subList(at, Math.min(wanted.size(), at + SIDE_BY_SIDE))) {
          tasks.add(scope.fork(() -> comparison.of(one, views(one))));
        }
        scope.join();
      }
      tasks.forEach(task -> all.add(task.get()));
    }
    return all;
  }

  private PublishedViews views(WantedRecord wanted) throws InterruptedException {
    Domain owner = wanted.owner();
    // After an update the former answer must not count.
    resolver.forget(owner);
    List<ServerView> views = new ArrayList<>();
    servers
        .records(owner, wanted.type())
        .forEach((server, answer) -> views.add(new ServerView(server, answer)));
    Optional<ServerView> primary = ZoneServerRow.of(zones, owner).map(row -> primary(row, wanted));
    return new PublishedViews(views, resolved(wanted), primary);
  }

  private ServerView primary(ZoneServerRow row, WantedRecord wanted) {
    String name = AddressText.of(row.server().getAddress()) + " port " + row.server().getPort();
    return new ServerView(name, servers.records(row.server(), wanted.owner(), wanted.type()));
  }

  /** The resolver's answer in the form of a zone. */
  private DnsAnswer<ZoneRecord> resolved(WantedRecord wanted) {
    Domain owner = wanted.owner();
    return switch (wanted.type()) {
      case A -> zone(wanted, resolver.addresses(owner, Resolver.AddressFamily.IPV4));
      case AAAA -> zone(wanted, resolver.addresses(owner, Resolver.AddressFamily.IPV6));
      case CNAME -> zone(wanted, resolver.alias(owner));
      case MX -> zone(wanted, resolver.mx(owner));
      case TXT -> zone(wanted, resolver.txt(owner));
      case TLSA -> zone(wanted, resolver.tlsa(owner));
      case CAA -> zone(wanted, resolver.caa(owner));
      case PTR ->
          wanted.requirement() instanceof Requirement.AddressName(InetAddress address)
              ? zone(wanted, resolver.reverse(address))
              : DnsAnswer.notCached(owner);
    };
  }

  private static DnsAnswer<ZoneRecord> zone(WantedRecord wanted, DnsAnswer<?> answer) {
    try {
      return new DnsAnswer<>(
          answer.records().stream()
              .map(data -> ZoneRecord.of(wanted.owner(), wanted.type(), answer.ttl(), data))
              .toList(),
          answer.kind(),
          answer.security(),
          answer.name(),
          answer.aliases(),
          answer.ttl(),
          answer.reason());
    } catch (IllegalArgumentException e) {
      return DnsAnswer.unknown(
          DnssecStatus.FAILED,
          wanted.owner(),
          0,
          answer.ttl(),
          "a record that is too long or malformed");
    }
  }

  /**
   * {@return names of this server in the MX records of its domains: the host name, and each host
   * that has one of its addresses}
   *
   * @param host the host name
   * @param domains whose mail comes here
   * @param addresses of this server
   */
  public Set<Domain> ownHosts(Domain host, List<Domain> domains, List<InetAddress> addresses) {
    Set<Domain> others = new LinkedHashSet<>();
    for (Domain domain : domains.subList(0, Math.min(domains.size(), MAX_HOSTS))) {
      resolver.mx(domain).records().forEach(mx -> mx.exchange().ifPresent(others::add));
    }
    others.remove(host);
    Set<InetAddress> here = new HashSet<>(addresses);
    here.addAll(addresses(host));
    Set<Domain> own = new LinkedHashSet<>(List.of(host));
    others.stream()
        .limit(MAX_HOSTS)
        .filter(other -> addresses(other).stream().anyMatch(here::contains))
        .forEach(own::add);
    return own;
  }

  private List<InetAddress> addresses(Domain name) {
    List<InetAddress> all = new ArrayList<>();
    for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
      all.addAll(resolver.addresses(name, family).records());
    }
    return all;
  }
}
