package org.sealwax.mail.dns;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;

/**
 * What the MX answer of a domain means for delivery (RFC 5321 5.1, RFC 7505): the hosts in the
 * order to try them, or the named reason why there are none. Pure.
 */
public sealed interface MxSet {
  /**
   * Hosts taken from one answer. Every host may cost two address look-ups, a TLSA look-up and
   * several connections, and another domain writes the list; large sites publish about ten.
   */
  int MAX_HOSTS = 32;

  /**
   * Hosts of one answer for a caller that uses {@link #MAX_HOSTS} of them at a time: more than an
   * answer of 4,096 bytes holds.
   */
  int ALL_HOSTS = 256;

  /**
   * One host to try.
   *
   * @param host its name
   * @param preference as published; 0 when implicit
   */
  record MxHost(Domain host, int preference) {}

  /**
   * There are hosts.
   *
   * @param targets by rising preference, equal preferences shuffled, no host twice; never empty
   * @param security of the MX answer: SECURE or INSECURE
   * @param name of the domain after its CNAMEs
   * @param implicit there is no MX record and the domain itself is the host (RFC 5321 5.1)
   */
  record Hosts(List<MxHost> targets, DnssecStatus security, Domain name, boolean implicit)
      implements MxSet {
    /** Copies. */
    public Hosts {
      targets = List.copyOf(targets);
    }
  }

  /**
   * The domain accepts no mail: exactly one MX record, {@code .} (RFC 7505; 5.1.10).
   *
   * @param security DNSSEC status of the answer
   */
  record NullMx(DnssecStatus security) implements MxSet {}

  /**
   * The name does not exist (5.1.2).
   *
   * @param security DNSSEC status of the answer
   */
  record NoSuchDomain(DnssecStatus security) implements MxSet {}

  /**
   * We are the best host ourselves, yet do not accept the domain: a loop, not a delivery (5.4.6).
   *
   * @param own which of our names stands in the list
   */
  record LoopsBack(Domain own) implements MxSet {}

  /**
   * Nothing is known, or nothing usable: defer.
   *
   * @param security BOGUS or FAILED as answered; that of the answer when its records are unusable
   * @param reason in words for logs
   */
  record MxLookupFailed(DnssecStatus security, String reason) implements MxSet {}

  /**
   * Reads an MX answer.
   *
   * @param domain the next hop that was asked for
   * @param answer to {@link Resolver#mx}
   * @param own names this router answers to: they and everything less preferred are cut
   * @param random shuffles equal preferences
   * @return the hosts in the order to try them, or why there are none
   */
  static MxSet of(Domain domain, DnsAnswer<MxRecord> answer, Set<Domain> own, RandomSource random) {
    return of(domain, answer, own, random, MAX_HOSTS);
  }

  /**
   * The same with more hosts.
   *
   * @param domain the next hop that was asked for
   * @param answer the answer of the DNS
   * @param own names of this server: they and everything less preferred are cut
   * @param random source of randomness
   * @param most hosts that are taken
   * @return the hosts in the order to try them, or why there are none
   */
  static MxSet of(
      Domain domain, DnsAnswer<MxRecord> answer, Set<Domain> own, RandomSource random, int most) {
    return switch (answer.kind()) {
      case UNKNOWN -> new MxLookupFailed(answer.security(), answer.reason());
      case NO_NAME -> new NoSuchDomain(answer.security());
      case NO_DATA -> implicit(domain, answer, own);
      case FOUND -> published(answer, own, random, most);
    };
  }

  private static MxSet implicit(Domain domain, DnsAnswer<MxRecord> answer, Set<Domain> own) {
    for (Domain name : List.of(domain, answer.name())) {
      if (own.contains(name)) {
        return new LoopsBack(name);
      }
    }
    // The name as asked: the address look-up follows the CNAME again, and RFC 7672 §2.2.2 needs
    // both ends of it.
    return new Hosts(List.of(new MxHost(domain, 0)), answer.security(), answer.name(), true);
  }

  private static MxSet published(
      DnsAnswer<MxRecord> answer, Set<Domain> own, RandomSource random, int most) {
    List<MxRecord> records = answer.records();
    if (records.size() == 1 && records.getFirst().exchange().isEmpty()) {
      return new NullMx(answer.security());
    }
    TreeMap<Integer, List<Domain>> groups = new TreeMap<>();
    for (MxRecord mx : records) {
      // RFC 7505 §3: "." next to other records is not a null MX, and no host either.
      mx.exchange()
          .ifPresent(
              host -> groups.computeIfAbsent(mx.preference(), p -> new ArrayList<>()).add(host));
    }
    if (groups.isEmpty()) {
      return new MxLookupFailed(answer.security(), "several MX records and all of them \".\"");
    }
    List<MxHost> targets = new ArrayList<>();
    Set<Domain> seen = new HashSet<>();
    for (var group : groups.entrySet()) {
      for (Domain host : group.getValue()) {
        if (own.contains(host)) {
          // RFC 5321 §5.1: only what is strictly more preferred than ourselves.
          return targets.isEmpty() ? new LoopsBack(host) : hosts(answer, targets, most);
        }
      }
      List<Domain> equals = new ArrayList<>(group.getValue());
      random.shuffle(equals);
      for (Domain host : equals) {
        if (seen.add(host)) {
          targets.add(new MxHost(host, group.getKey()));
        }
      }
    }
    return hosts(answer, targets, most);
  }

  private static MxSet hosts(DnsAnswer<MxRecord> answer, List<MxHost> targets, int most) {
    return new Hosts(
        targets.subList(0, Math.min(most, targets.size())),
        answer.security(),
        answer.name(),
        false);
  }
}
