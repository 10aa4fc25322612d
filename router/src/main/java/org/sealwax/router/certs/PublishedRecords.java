package org.sealwax.router.certs;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.client.DaneLookup;
import org.sealwax.mail.dane.TlsaAnswer;
import org.sealwax.mail.dane.TlsaBaseDomain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;

/**
 * Looks up by what names senders reach a certificate, and the TLSA records there: as the resolver
 * validates them, and at each authoritative server (RFC 7672 2.2). Records that do not validate do
 * not count, so the servers are asked only where the resolver has a signed answer.
 */
public final class PublishedRecords implements PublishedNames.Lookup {
  /** Domains whose MX records are looked up: further ones have the same hosts. */
  static final int MOST_DOMAINS = 64;

  /** Hosts of one certificate whose TLSA records are looked up. */
  static final int MOST_HOSTS = 32;

  private static final HostAddresses.Families BOTH = new HostAddresses.Families(true, true);

  private final Domain hostName;
  private final Supplier<? extends Collection<Domain>> domains;
  private final Supplier<List<CertificateSlot>> slots;
  private final Resolver resolver;
  private final Authorities authorities;
  private final DaneLookup dane;

  /** Asks the authoritative servers of a name one by one. */
  @FunctionalInterface
  public interface Authorities {
    /** {@return the TLSA records by server; empty when no server is found or comparable} */
    Map<String, DnsAnswer<TlsaRecord>> tlsa(Domain owner) throws InterruptedException;
  }

  /**
   * Asks nothing yet.
   *
   * @param hostName of this server
   * @param domains whose mail comes here
   * @param slots all, the default first: they share the MX hosts by their names
   */
  public PublishedRecords(
      Domain hostName,
      Supplier<? extends Collection<Domain>> domains,
      Supplier<List<CertificateSlot>> slots,
      Resolver resolver,
      Authorities authorities,
      Clock clock) {
    this.hostName = hostName;
    this.domains = domains;
    this.slots = slots;
    this.resolver = resolver;
    this.authorities = authorities;
    this.dane = new DaneLookup(resolver, BOTH, clock);
  }

  @Override
  public PublishedNames find(CertificateSlot slot) throws InterruptedException {
    Set<String> missing = new TreeSet<>();
    List<Domain> hosts =
        ownHosts(missing).stream()
            .filter(host -> CertificateSlot.select(slots.get(), host).equals(slot))
            .limit(MOST_HOSTS)
            .toList();
    List<PublishedNames.TlsaView> views = new ArrayList<>();
    each(hosts, this::views).values().forEach(views::addAll);
    for (PublishedNames.TlsaView view : views) {
      if (view.state() instanceof DaneState.LookupFailed failed) {
        missing.add(failed.why());
      }
    }
    return new PublishedNames(hosts, views, List.copyOf(missing));
  }

  /** Our name, the names of certificates, and each MX host that has one of our addresses. */
  private Set<Domain> ownHosts(Set<String> missing) throws InterruptedException {
    Set<Domain> own = new LinkedHashSet<>(List.of(hostName));
    slots.get().stream()
        .flatMap(slot -> slot.names().stream())
        .flatMap(name -> Domain.parse(name.text()).stream())
        .forEach(own::add);
    Set<Domain> others = new LinkedHashSet<>();
    List<Domain> ours = domains.get().stream().sorted().limit(MOST_DOMAINS).toList();
    for (DnsAnswer<MxRecord> answer : each(ours, resolver::mx).values()) {
      note(answer, missing);
      answer.records().forEach(mx -> mx.exchange().ifPresent(others::add));
    }
    others.removeAll(own);
    if (others.isEmpty()) {
      return own;
    }
    Set<InetAddress> here = addresses(hostName, missing);
    each(others.stream().limit(MOST_DOMAINS).toList(), host -> addresses(host, new TreeSet<>()))
        .forEach(
            (host, there) -> {
              if (there.stream().anyMatch(here::contains)) {
                own.add(host);
              }
            });
    return own;
  }

  private static void note(DnsAnswer<?> answer, Set<String> missing) {
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      missing.add(answer.name() + ": " + answer.reason());
    }
  }

  private Set<InetAddress> addresses(Domain host, Set<String> missing) {
    Set<InetAddress> found = new HashSet<>();
    for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
      DnsAnswer<InetAddress> answer = resolver.addresses(host, family);
      note(answer, missing);
      found.addAll(answer.records());
    }
    return found;
  }

  private List<PublishedNames.TlsaView> views(Domain host) throws InterruptedException {
    List<PublishedNames.TlsaView> views = new ArrayList<>();
    Optional<Domain> own = TlsaBaseDomain.owner(host, PolicySubject.SMTP);
    // What was refused an hour ago may be published by now.
    own.ifPresent(resolver::forget);
    for (Evidence evidence : dane.evidenceFor(PolicySubject.fixed(host))) {
      if (evidence instanceof Evidence.Dane found) {
        views.add(
            new PublishedNames.TlsaView(
                host, PublishedNames.TlsaView.RESOLVER, found.state(), Duration.ZERO));
        Optional<Domain> owner = TlsaBaseDomain.owner(found.base(), PolicySubject.SMTP);
        if (owner.isPresent() && isSigned(owner.get(), found.state())) {
          authorities
              .tlsa(owner.get())
              .forEach(
                  (server, answer) ->
                      views.add(
                          new PublishedNames.TlsaView(
                              host,
                              server,
                              state(owner.get(), answer, found.base()),
                              answer.ttl())));
        }
      }
    }
    return views;
  }

  private boolean isSigned(Domain owner, DaneState state) {
    return switch (state) {
      case DaneState.Usable _, DaneState.Unusable _ -> true;
      case DaneState.LookupFailed _ -> false;
      case DaneState.Absent _ -> resolver.tlsa(owner).security() == DnssecStatus.SECURE;
    };
  }

  /** The answer of one server, read as if it had been validated. */
  private static DaneState state(Domain owner, DnsAnswer<TlsaRecord> answer, Domain base) {
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return new DaneState.LookupFailed(owner + ": " + answer.reason());
    }
    DnsAnswer<TlsaRecord> signed =
        new DnsAnswer<>(
            answer.records(),
            answer.kind(),
            DnssecStatus.SECURE,
            answer.name(),
            answer.aliases(),
            answer.ttl(),
            answer.reason());
    return TlsaAnswer.meaning(owner, signed, List.of(base))
        .orElseGet(() -> new DaneState.Absent("no TLSA records"));
  }

  /** A question about each name. */
  private interface Question<T> {
    T ask(Domain name) throws InterruptedException;
  }

  /** All side by side, in the order of the names. */
  private static <T> Map<Domain, T> each(List<Domain> names, Question<T> question)
      throws InterruptedException {
    Map<Domain, Scope.ForkedTask<T>> tasks = new LinkedHashMap<>();
    try (Scope scope = new Scope("certificates")) {
      names.forEach(name -> tasks.put(name, scope.fork(() -> question.ask(name))));
      scope.join();
    }
    Map<Domain, T> answers = new LinkedHashMap<>();
    tasks.forEach((name, task) -> answers.put(name, task.get()));
    return answers;
  }
}
