package org.sealwax.mail.dane;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.policy.Evidence.DaneState;

/**
 * Under which names a host's TLSA records are looked for (RFC 7672 2.2.2), as far as its address
 * answers tell.
 */
public sealed interface BaseDomains {
  /**
   * These, in this order, until one has records.
   *
   * @param names one or two
   */
  record Candidates(List<Domain> names) implements BaseDomains {
    /** Copies. */
    public Candidates {
      names = List.copyOf(names);
    }
  }

  /** The addresses are unsigned, behind an alias that may be signed: ask about the alias itself. */
  record Aliased(Domain name) implements BaseDomains {}

  /** No TLSA question is asked, and this is known without. */
  record Settled(DaneState state) implements BaseDomains {}

  /**
   * What the address answers tell.
   *
   * @param host as in the MX record or the configuration
   * @param ipv4 to its A question
   * @param ipv6 to its AAAA question; a denial when that family is switched off
   */
  static BaseDomains of(Domain host, Answer<InetAddress> ipv4, Answer<InetAddress> ipv6) {
    List<Answer<InetAddress>> both = List.of(ipv4, ipv6);
    Optional<Answer<InetAddress>> secure =
        both.stream().filter(a -> has(a) && a.security() == Security.SECURE).findFirst();
    if (secure.isPresent()) {
      Domain end = secure.get().name();
      return new Candidates(end.equals(host) ? List.of(host) : List.of(end, host));
    }
    Optional<Answer<InetAddress>> found = both.stream().filter(BaseDomains::has).findFirst();
    if (found.isPresent()) {
      // Unsigned for one type is unsigned for the other: the same name, the same aliases.
      return found.get().aliases() > 0
          ? new Aliased(host)
          : new Settled(new DaneState.Absent("its addresses are unsigned"));
    }
    Optional<Answer<InetAddress>> unknown =
        both.stream().filter(a -> a.kind() == Answer.Kind.UNKNOWN).findFirst();
    // RFC 7672 §2.2.2: errors here delay the mail; they never say that there is no DANE.
    return new Settled(
        unknown
            .<DaneState>map(a -> new DaneState.Trouble(trouble("addresses of " + host, a)))
            .orElseGet(() -> new DaneState.Absent("no address")));
  }

  /**
   * What the alias itself tells, after {@link Aliased}: signed, its own name may have TLSA records
   * although its addresses lie in an unsigned zone.
   */
  static BaseDomains ofAlias(Domain host, Answer<Domain> alias) {
    return switch (alias.security()) {
      case SECURE -> new Candidates(List.of(host));
      case INSECURE -> new Settled(new DaneState.Absent("its addresses are unsigned"));
      case BOGUS, FAILED -> new Settled(new DaneState.Trouble(trouble("the alias " + host, alias)));
    };
  }

  private static boolean has(Answer<InetAddress> answer) {
    return answer.kind() == Answer.Kind.FOUND;
  }

  private static String trouble(String what, Answer<?> answer) {
    return what
        + (answer.security() == Security.BOGUS ? " do not validate: " : " cannot be looked up: ")
        + answer.reason();
  }

  /**
   * Where the records of a service are (RFC 6698 3); empty when that would be too long for the DNS,
   * so that none can be there.
   */
  static Optional<Domain> owner(Domain base, int port) {
    return Domain.parse("_" + port + "._tcp." + base.name());
  }
}
