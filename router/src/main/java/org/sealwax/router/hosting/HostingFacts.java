package org.sealwax.router.hosting;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsRecord;

/**
 * What is known of one domain at one time.
 *
 * @param mode as configured
 * @param maxAge as configured
 * @param coming configured hosts: listed before they are MX hosts
 * @param own the host name of this server: listed when it is an MX host, also without DNSSEC
 * @param mx the MX records
 * @param record the TXT records at {@code _mta-sts}
 * @param recordTtl their time to live
 */
public record HostingFacts(
    ModeSetting mode,
    Duration maxAge,
    Set<Domain> coming,
    Domain own,
    MxFacts mx,
    StsLookup record,
    Duration recordTtl) {
  /** Copies. */
  public HostingFacts {
    coming = Set.copyOf(coming);
  }

  /**
   * {@return what the configuration and the DNS say now; asks the DNS again}
   *
   * @param own the host name of this server
   */
  public static HostingFacts lookUp(
      Domain domain, HostedDomainRow row, Domain own, Resolver resolver) {
    Domain name = StsRecord.nameFor(domain).orElseThrow();
    resolver.forget(domain);
    resolver.forget(name);
    DnsAnswer<String> record = resolver.txt(name);
    return new HostingFacts(
        row.mode(),
        row.maxAge(),
        Set.copyOf(row.mx()),
        own,
        MxFacts.of(domain, resolver.mx(domain)),
        StsLookup.of(record),
        record.ttl());
  }

  /** The configured mode. */
  public enum ModeSetting {
    /** Testing at first, enforce when all conditions are met. */
    AUTO,
    /** Fixed. */
    TESTING,
    /** Fixed. */
    ENFORCE,
    /** The policy is being removed (RFC 8461 8.3). */
    NONE
  }

  /** What the MX records say. */
  public sealed interface MxFacts {
    /**
     * MX hosts.
     *
     * @param hosts at most {@link PolicyText#MAX_HOSTS}, the most preferred ones
     * @param signed whether DNSSEC proves them
     * @param ttl for how long caches keep them
     * @param problems what else is in the records
     */
    record MxHosts(List<Domain> hosts, boolean signed, Duration ttl, List<String> problems)
        implements MxFacts {
      /** Copies. */
      public MxHosts {
        hosts = List.copyOf(hosts);
        problems = List.copyOf(problems);
      }
    }

    /**
     * The domain accepts no mail (RFC 7505).
     *
     * @param ttl for how long caches keep that
     */
    record NullMx(Duration ttl) implements MxFacts {}

    /**
     * Nothing is known.
     *
     * @param why in words
     */
    record NotKnown(String why) implements MxFacts {}

    /** {@return what an answer states} */
    static MxFacts of(Domain domain, DnsAnswer<MxRecord> answer) {
      return switch (answer.kind()) {
        case UNKNOWN -> new NotKnown("the MX records cannot be looked up: " + answer.reason());
        // A name that is gone for an hour would take all its hosts out of the policy.
        case NO_NAME -> new NotKnown("the domain does not exist");
        // RFC 5321 §5.1: the domain is its own host.
        case NO_DATA -> hosts(Stream.of(domain), answer);
        case FOUND ->
            answer.records().stream().allMatch(mx -> mx.exchange().isEmpty())
                ? new NullMx(answer.ttl())
                : hosts(
                    answer.records().stream()
                        .sorted((a, b) -> Integer.compare(a.preference(), b.preference()))
                        .map(MxRecord::exchange)
                        .flatMap(Optional::stream),
                    answer);
      };
    }

    private static MxHosts hosts(Stream<Domain> names, DnsAnswer<MxRecord> answer) {
      List<Domain> all = names.distinct().toList();
      List<Domain> listable = all.stream().filter(PolicyText::isListable).toList();
      Stream<String> odd =
          all.stream()
              .filter(name -> !PolicyText.isListable(name))
              .limit(PolicyText.MAX_HOSTS)
              .map(name -> "the MX record " + name + " is not a host name and cannot be listed");
      Stream<String> many =
          listable.size() > PolicyText.MAX_HOSTS
              ? Stream.of("only " + PolicyText.MAX_HOSTS + " MX hosts can be listed")
              : Stream.empty();
      return new MxHosts(
          listable.subList(0, Math.min(listable.size(), PolicyText.MAX_HOSTS)),
          answer.security() == DnssecStatus.SECURE,
          answer.ttl(),
          Stream.concat(odd, many).toList());
    }
  }
}
