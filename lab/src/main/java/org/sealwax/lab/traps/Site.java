package org.sealwax.lab.traps;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * The configuration of one name of the lab: DNS, hosts, policy. Immutable; traps change one thing.
 *
 * @param signing how its zone is signed
 * @param algorithm with what
 * @param hostSigning how the zone of its hosts is signed when they have one of their own; else null
 * @param hosts its hosts
 * @param records more records, as in a zone file relative to the site; {@code {site}} stands for
 *     its name with the last dot, {@code {good}} for a TLSA record that matches the first host,
 *     {@code {wrong}} for one that matches nothing
 * @param faults what goes wrong with names below it
 * @param policy its MTA-STS, or null
 * @param later what it turns into after the sender's first try, or null: an attack that begins, a
 *     change that must be noticed
 */
public record Site(
    ZoneSigning signing,
    Zone.Algorithm algorithm,
    @Nullable ZoneSigning hostSigning,
    List<TrapHost> hosts,
    List<String> records,
    List<NameFault> faults,
    @Nullable StsPublication policy,
    @Nullable UnaryOperator<Site> later) {
  /**
   * A fault.
   *
   * @param label below the site (or its hosts' zone), {@code @} for itself; names below are
   *     affected too
   * @param type of the affected questions; empty: all
   * @param fault what goes wrong
   */
  public record NameFault(String label, String type, DnsFault fault) {}

  /** Copies. */
  public Site {
    hosts = List.copyOf(hosts);
    records = List.copyOf(records);
    faults = List.copyOf(faults);
  }

  /** A good one. */
  public static Site of(PolicyContext context) {
    TrapHost host = TrapHost.good("mx");
    return switch (context) {
      case NONE -> of(ZoneSigning.NONE, host, null);
      case ENFORCE -> of(ZoneSigning.NONE, host, StsPublication.good("enforce"));
      case TESTING -> of(ZoneSigning.NONE, host, StsPublication.good("testing"));
      case DANE -> of(ZoneSigning.VALID, host.withTlsa(PublishedTlsa.good()), null);
    };
  }

  private static Site of(ZoneSigning signing, TrapHost host, @Nullable StsPublication policy) {
    return new Site(
        signing,
        Zone.Algorithm.ECDSA_P256,
        null,
        List.of(host),
        List.of(),
        List.of(),
        policy,
        null);
  }

  /** The same, signed in this way. */
  public Site signed(ZoneSigning signing) {
    return new Site(signing, algorithm, hostSigning, hosts, records, faults, policy, later);
  }

  /** The same, signed with this. */
  public Site signed(Zone.Algorithm with) {
    return new Site(signing, with, hostSigning, hosts, records, faults, policy, later);
  }

  /** The same with its hosts in a zone of their own. */
  public Site withHostZone(ZoneSigning how) {
    return new Site(signing, algorithm, how, hosts, records, faults, policy, later);
  }

  /** The same with every host changed. */
  public Site eachHost(UnaryOperator<TrapHost> change) {
    return withHosts(hosts.stream().map(change).toArray(TrapHost[]::new));
  }

  /** The same with these hosts. */
  public Site withHosts(TrapHost... others) {
    return new Site(
        signing, algorithm, hostSigning, List.of(others), records, faults, policy, later);
  }

  /** The first host, for making others like it. */
  public TrapHost host() {
    return hosts.getFirst();
  }

  /** The same with another SMTP behaviour of every host. */
  public Site withSmtp(UnaryOperator<SmtpBehaviour> change) {
    return eachHost(h -> h.withSmtp(change));
  }

  /** The same with one more line of records. */
  public Site withRecord(String line) {
    List<String> more = new ArrayList<>(records);
    more.add(line);
    return new Site(signing, algorithm, hostSigning, hosts, more, faults, policy, later);
  }

  /** The same with a fault. */
  public Site withFault(String label, String type, DnsFault fault) {
    List<NameFault> more = new ArrayList<>(faults);
    more.add(new NameFault(label, type, fault));
    return new Site(signing, algorithm, hostSigning, hosts, records, more, policy, later);
  }

  /** The same with this policy. */
  public Site withPolicy(@Nullable StsPublication other) {
    return new Site(signing, algorithm, hostSigning, hosts, records, faults, other, later);
  }

  /** The same with its policy changed, if it has one. */
  public Site withPolicyChange(UnaryOperator<StsPublication> change) {
    return withPolicy(policy == null ? null : change.apply(policy));
  }

  /**
   * The same, turning into something else after the first try. It keeps its hosts: same number,
   * same labels.
   */
  public Site later(UnaryOperator<Site> change) {
    return new Site(signing, algorithm, hostSigning, hosts, records, faults, policy, change);
  }

  /** What it turns into after the first try. */
  public Optional<Site> second() {
    UnaryOperator<Site> change = later;
    if (change == null) {
      return Optional.empty();
    }
    Site next =
        change.apply(
            new Site(signing, algorithm, hostSigning, hosts, records, faults, policy, null));
    if (!next.hosts().stream()
        .map(TrapHost::label)
        .toList()
        .equals(hosts.stream().map(TrapHost::label).toList())) {
      throw new IllegalStateException("a site keeps its hosts");
    }
    return Optional.of(next);
  }
}
