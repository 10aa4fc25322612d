package org.sealwax.mail.dane;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.policy.Evidence.DaneState;

/**
 * The names at which a host's TLSA records are looked up (RFC 7672 2.2.2), derived from its address
 * answers.
 */
public sealed interface TlsaBaseDomain {
  /**
   * These, in this order, until one has records.
   *
   * @param names one or two
   */
  record Candidates(List<Domain> names) implements TlsaBaseDomain {
    /** Copies. */
    public Candidates {
      names = List.copyOf(names);
    }
  }

  /**
   * The addresses are unsigned, behind an alias that may be signed: ask about the alias itself.
   *
   * @param name the name whose CNAME record must be asked for
   */
  record Aliased(Domain name) implements TlsaBaseDomain {}

  /**
   * No TLSA question is asked, and this is known without.
   *
   * @param state the state that needs no further question
   */
  record Settled(DaneState state) implements TlsaBaseDomain {}

  /**
   * {@return the result of the address answers}
   *
   * @param host as in the MX record or the configuration
   * @param ipv4 to its A question
   * @param ipv6 to its AAAA question; a denial when that family is switched off
   */
  static TlsaBaseDomain of(Domain host, DnsAnswer<InetAddress> ipv4, DnsAnswer<InetAddress> ipv6) {
    List<DnsAnswer<InetAddress>> both = List.of(ipv4, ipv6);
    Optional<DnsAnswer<InetAddress>> secure =
        both.stream().filter(a -> has(a) && a.security() == DnssecStatus.SECURE).findFirst();
    if (secure.isPresent()) {
      Domain end = secure.get().name();
      return new Candidates(end.equals(host) ? List.of(host) : List.of(end, host));
    }
    Optional<DnsAnswer<InetAddress>> found = both.stream().filter(TlsaBaseDomain::has).findFirst();
    if (found.isPresent()) {
      // Unsigned for one type is unsigned for the other: the same name, the same aliases.
      return found.get().aliases() > 0
          ? new Aliased(host)
          : new Settled(new DaneState.Absent("its addresses are not signed"));
    }
    Optional<DnsAnswer<InetAddress>> unknown =
        both.stream().filter(a -> a.kind() == DnsAnswer.Kind.UNKNOWN).findFirst();
    // RFC 7672 §2.2.2: errors here delay the mail; they never mean that there is no DANE.
    return new Settled(
        unknown
            .<DaneState>map(
                a -> new DaneState.LookupFailed(failureReason("addresses of " + host, a)))
            .orElseGet(() -> new DaneState.Absent("no address")));
  }

  /**
   * {@return the result of the alias itself, after {@link Aliased}: when it is signed, its own name
   * may have TLSA records although its addresses lie in an unsigned zone}
   *
   * @param host the MX host
   * @param alias the answer for the CNAME record
   */
  static TlsaBaseDomain ofAlias(Domain host, DnsAnswer<Domain> alias) {
    return switch (alias.security()) {
      case SECURE -> new Candidates(List.of(host));
      case INSECURE -> new Settled(new DaneState.Absent("its addresses are not signed"));
      case BOGUS, FAILED ->
          new Settled(new DaneState.LookupFailed(failureReason("the alias " + host, alias)));
    };
  }

  private static boolean has(DnsAnswer<InetAddress> answer) {
    return answer.kind() == DnsAnswer.Kind.FOUND;
  }

  private static String failureReason(String what, DnsAnswer<?> answer) {
    return what
        + (answer.security() == DnssecStatus.BOGUS
            ? " do not validate: "
            : " cannot be looked up: ")
        + answer.reason();
  }

  /**
   * {@return where the records of a service are (RFC 6698 3); empty when that name would be too
   * long for the DNS, and so cannot exist}
   *
   * @param base the TLSA base domain
   * @param port the TCP port
   */
  static Optional<Domain> owner(Domain base, int port) {
    return Domain.parse("_" + port + "._tcp." + base.name());
  }
}
