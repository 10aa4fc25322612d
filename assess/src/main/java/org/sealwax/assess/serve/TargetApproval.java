package org.sealwax.assess.serve;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.SpecialUse;

/**
 * Decides before a scan whether a domain may be scanned, and at which addresses: its MX records
 * name them, they are public, and no owner objects. Thread-safe.
 */
public final class TargetApproval {
  /**
   * Addresses of one domain: large providers have some 20. One visitor must not make us open
   * thousands of connections.
   */
  static final int MAX_ADDRESSES = 40;

  /** For all look-ups: name servers of the target must not hold a place in the queue for long. */
  private static final Duration DNS_TIME = Duration.ofSeconds(30);

  private static final String LATER = "The DNS of this domain did not answer. Try again later.";

  private final Resolver resolver;
  private final RandomSource random;
  private final Supplier<OptOut> list;

  /** What may be scanned. */
  sealed interface ApprovalResult {
    /**
     * A scan may visit these.
     *
     * @param addresses public ones that the MX records name; empty when there is none, or when the
     *     domain's own signatures do not validate
     */
    record ScanApproved(Set<InetAddress> addresses) implements ApprovalResult {
      /** Copies. */
      public ScanApproved {
        addresses = Set.copyOf(addresses);
      }
    }

    /**
     * No scan.
     *
     * @param reason a sentence for the visitor
     * @param byOwner an owner objects: what is stored of the domain is deleted
     */
    record ScanDeclined(String reason, boolean byOwner) implements ApprovalResult {}
  }

  /**
   * An approval.
   *
   * @param list the operator's list, read at each request
   */
  public TargetApproval(Resolver resolver, RandomSource random, Supplier<OptOut> list) {
    this.resolver = resolver;
    this.random = random;
    this.list = list;
  }

  private static ApprovalResult declined(String reason) {
    return new ApprovalResult.ScanDeclined(reason, false);
  }

  private static ApprovalResult objected(String what) {
    return new ApprovalResult.ScanDeclined(
        "The owner of " + what + " has opted out of scans.", true);
  }

  /** Whether the operator's list has a domain. */
  boolean isListed(Domain domain) {
    return list.get().covers(domain);
  }

  /**
   * Decides.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  ApprovalResult of(Domain domain) throws InterruptedException {
    if (isListed(domain)) {
      return objected("this domain");
    }
    DnsAnswer<MxRecord> mx;
    try (Scope scope = new Scope("approve-mx")) {
      Scope.ForkedTask<DnsAnswer<MxRecord>> task = scope.fork(() -> resolver.mx(domain));
      scope.join(DNS_TIME);
      if (!task.succeeded()) {
        return declined(LATER);
      }
      mx = task.get();
    }
    return switch (mx.kind()) {
      case NO_NAME -> declined("This domain does not exist.");
      case NO_DATA -> declined("This domain has no MX record, and only MX hosts are scanned here.");
      case UNKNOWN ->
          // A domain that is bogus for everyone deserves a report; no host of it is known.
          mx.security() == DnssecStatus.BOGUS ? withHosts(domain, List.of()) : declined(LATER);
      case FOUND ->
          switch (MxSet.of(domain, mx, Set.of(), random)) {
            case MxSet.Hosts hosts ->
                withHosts(domain, hosts.targets().stream().map(MxSet.MxHost::host).toList());
            case MxSet.NullMx none -> withHosts(domain, List.of());
            case MxSet.NoSuchDomain none -> declined("This domain does not exist.");
            case MxSet.LoopsBack none -> declined("The MX records of this domain cannot be used.");
            case MxSet.MxLookupFailed none ->
                declined("The MX records of this domain cannot be used.");
          };
    };
  }

  /** An answer about a name. */
  private record Asked<T>(Domain about, Scope.ForkedTask<DnsAnswer<T>> task) {}

  private ApprovalResult withHosts(Domain domain, List<Domain> hosts) throws InterruptedException {
    for (Domain host : hosts) {
      if (isListed(host)) {
        return objected("a host that receives its mail");
      }
    }
    Set<Domain> owners = new LinkedHashSet<>(OptOut.records(domain));
    hosts.forEach(h -> owners.addAll(OptOut.records(h)));
    List<Asked<String>> records = new ArrayList<>();
    List<Asked<InetAddress>> addresses = new ArrayList<>();
    try (Scope scope = new Scope("approve")) {
      owners.forEach(o -> records.add(new Asked<>(o, scope.fork(() -> resolver.txt(o)))));
      for (Domain host : hosts) {
        for (AddressFamily family : AddressFamily.values()) {
          addresses.add(new Asked<>(host, scope.fork(() -> resolver.addresses(host, family))));
        }
      }
      scope.join(DNS_TIME);
      if (!records.stream().allMatch(a -> a.task().succeeded())
          || !addresses.stream().allMatch(a -> a.task().succeeded())) {
        return declined(LATER);
      }
    }
    Optional<ApprovalResult> objection = objection(domain, records);
    return objection.isPresent() ? objection.get() : approved(addresses);
  }

  /** A record that objects, or one of which it is not known whether it does. */
  private static Optional<ApprovalResult> objection(Domain domain, List<Asked<String>> records) {
    List<Domain> own = OptOut.records(domain);
    for (Asked<String> each : records) {
      DnsAnswer<String> answer = each.task().get();
      if (answer.records().stream().anyMatch(t -> t.strip().equalsIgnoreCase(OptOut.TEXT))) {
        return Optional.of(
            objected(own.contains(each.about()) ? "this domain" : "a host that receives its mail"));
      }
      if (answer.security() == DnssecStatus.FAILED) {
        return Optional.of(declined(LATER));
      }
    }
    return Optional.empty();
  }

  private ApprovalResult approved(List<Asked<InetAddress>> answers) {
    Set<InetAddress> all = new LinkedHashSet<>();
    answers.forEach(a -> all.addAll(a.task().get().records()));
    OptOut now = list.get();
    if (all.stream().anyMatch(now::covers)) {
      return objected("a host that receives its mail");
    }
    Set<InetAddress> open = new LinkedHashSet<>();
    all.stream().filter(a -> SpecialUse.of(a).isEmpty()).forEach(open::add);
    if (open.isEmpty() && !all.isEmpty()) {
      return declined("The MX hosts of this domain have no public address.");
    }
    if (open.size() > MAX_ADDRESSES) {
      return declined(
          "The MX hosts of this domain have more than "
              + MAX_ADDRESSES
              + " addresses; sealwax assess on your own machine scans them.");
    }
    return new ApprovalResult.ScanApproved(open);
  }
}
