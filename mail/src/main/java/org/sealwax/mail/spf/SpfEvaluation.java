package org.sealwax.mail.spf;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.spf.SpfRecord.SpfDirective;

/**
 * The function check_host() (RFC 7208 4) for one request: the records of the domain, of what it
 * includes and of what it redirects to, under one set of limits.
 */
final class SpfEvaluation {
  /** Terms that ask the DNS (RFC 7208 4.6.4). */
  static final int MAX_TERMS = 10;

  /** Terms whose look-ups found nothing (RFC 7208 4.6.4). */
  static final int MAX_VOID = 2;

  /** Hosts of one MX set (RFC 7208 4.6.4). */
  static final int MAX_MX = 10;

  /** Names of the client's address that are validated (RFC 7208 4.6.4). */
  static final int MAX_NAMES = 10;

  private final Resolver resolver;
  private final SpfRequest request;
  private int terms;
  private int voids;
  private @Nullable List<Domain> validated;
  private boolean nameless;

  SpfEvaluation(Resolver resolver, SpfRequest request) {
    this.resolver = resolver;
    this.request = request;
  }

  /**
   * What the record of one domain decided.
   *
   * @param reason the directive that matched, or why none did
   */
  record Decision(SpfResult result, String reason) {}

  /** The decision of a domain's record; NONE when it has none. */
  Decision checkHost(Domain domain) throws SpfException {
    DnsAnswer<String> answer = resolver.txt(domain);
    requireAnswer(answer, "TXT", domain);
    List<String> records = answer.records().stream().filter(SpfRecord::isVersion1).toList();
    if (records.isEmpty()) {
      return new Decision(SpfResult.NONE, "no SPF record at " + domain);
    }
    if (records.size() > 1) {
      throw SpfException.permanent("more than one SPF record at " + domain);
    }
    return switch (SpfRecord.of(records.getFirst())) {
      case SpfRecord.Reading.Malformed malformed ->
          throw SpfException.permanent(domain + ": " + malformed.why());
      case SpfRecord.Reading.Valid valid -> decision(valid.record(), domain);
    };
  }

  private Decision decision(SpfRecord record, Domain domain) throws SpfException {
    for (SpfDirective directive : record.directives()) {
      if (matches(directive.mechanism(), domain)) {
        return new Decision(directive.result(), directive.text() + " of " + domain);
      }
    }
    if (record.redirect().isEmpty()) {
      return new Decision(SpfResult.NEUTRAL, "no term of " + domain + " matches");
    }
    SpfMacroString redirect = record.redirect().get();
    countTerm();
    Domain target =
        name(redirect, domain)
            .orElseThrow(() -> SpfException.permanent("redirect of " + domain + " to no domain"));
    Decision decision = checkHost(target);
    if (decision.result() == SpfResult.NONE) {
      throw SpfException.permanent("redirect to " + target + ", which has no SPF record");
    }
    return decision;
  }

  private boolean matches(SpfMechanism mechanism, Domain domain) throws SpfException {
    return switch (mechanism) {
      case SpfMechanism.All _ -> true;
      case SpfMechanism.Network network -> network.network().contains(request.client());
      case SpfMechanism.Include include -> isIncluded(include, domain);
      case SpfMechanism.Host host -> isHost(host, domain);
      case SpfMechanism.MailExchanger mx -> isMailExchanger(mx, domain);
      case SpfMechanism.ReverseNames names -> hasName(names, domain);
      case SpfMechanism.Exists exists -> exists(exists, domain);
    };
  }

  /** RFC 7208 5.2. */
  private boolean isIncluded(SpfMechanism.Include include, Domain domain) throws SpfException {
    countTerm();
    if (isUnmatched(include.target())) {
      return false;
    }
    Domain target =
        name(include.target(), domain)
            .orElseThrow(() -> SpfException.permanent("include of no domain in " + domain));
    return switch (checkHost(target).result()) {
      case PASS -> true;
      case FAIL, SOFTFAIL, NEUTRAL -> false;
      case NONE ->
          throw SpfException.permanent("include of " + target + ", which has no SPF record");
      case TEMPERROR, PERMERROR -> throw new IllegalStateException("errors are thrown");
    };
  }

  /** RFC 7208 5.3. */
  private boolean isHost(SpfMechanism.Host host, Domain domain) throws SpfException {
    countTerm();
    Optional<Domain> target = name(host.target(), domain);
    if (target.isEmpty()) {
      return false;
    }
    List<InetAddress> addresses = addresses(target.get(), family());
    if (addresses.isEmpty()) {
      countVoid();
    }
    return contains(addresses, host.prefixes());
  }

  /** RFC 7208 5.4. All hosts are asked before one is compared: the order does not matter. */
  private boolean isMailExchanger(SpfMechanism.MailExchanger mx, Domain domain)
      throws SpfException {
    countTerm();
    Optional<Domain> target = name(mx.target(), domain);
    if (target.isEmpty()) {
      return false;
    }
    DnsAnswer<MxRecord> answer = resolver.mx(target.get());
    requireAnswer(answer, "MX", target.get());
    if (answer.records().size() > MAX_MX) {
      throw SpfException.permanent("more than " + MAX_MX + " MX records at " + target.get());
    }
    List<InetAddress> addresses = new ArrayList<>();
    for (MxRecord record : answer.records()) {
      if (record.exchange().isPresent()) {
        addresses.addAll(addresses(record.exchange().get(), family()));
      }
    }
    if (addresses.isEmpty()) {
      countVoid();
    }
    return contains(addresses, mx.prefixes());
  }

  private boolean contains(List<InetAddress> addresses, SpfMechanism.DualPrefix prefixes) {
    return addresses.stream().anyMatch(a -> prefixes.around(a).contains(request.client()));
  }

  /** RFC 7208 5.5. */
  private boolean hasName(SpfMechanism.ReverseNames names, Domain domain) throws SpfException {
    countTerm();
    Optional<Domain> target = name(names.target(), domain);
    if (target.isEmpty()) {
      return false;
    }
    List<Domain> validated = validatedNames();
    if (nameless) {
      countVoid();
    }
    return validated.stream().anyMatch(n -> n.equals(target.get()) || n.isBelow(target.get()));
  }

  /** RFC 7208 5.7: A records, also for a client with IPv6. */
  private boolean exists(SpfMechanism.Exists exists, Domain domain) throws SpfException {
    countTerm();
    Optional<Domain> target = name(Optional.of(exists.target()), domain);
    if (target.isEmpty()) {
      return false;
    }
    boolean found = !addresses(target.get(), Resolver.AddressFamily.IPV4).isEmpty();
    if (!found) {
      countVoid();
    }
    return found;
  }

  private Resolver.AddressFamily family() {
    return request.client() instanceof Inet4Address
        ? Resolver.AddressFamily.IPV4
        : Resolver.AddressFamily.IPV6;
  }

  private List<InetAddress> addresses(Domain host, Resolver.AddressFamily family)
      throws SpfException {
    DnsAnswer<InetAddress> answer = resolver.addresses(host, family);
    requireAnswer(answer, "address", host);
    return answer.records();
  }

  private static void requireAnswer(DnsAnswer<?> answer, String type, Domain name)
      throws SpfException {
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      throw SpfException.temporary(
          "the " + type + " look-up of " + name + " failed: " + answer.reason());
    }
  }

  private void countTerm() throws SpfException {
    if (++terms > MAX_TERMS) {
      throw SpfException.permanent("more than " + MAX_TERMS + " terms that ask the DNS");
    }
  }

  private void countVoid() throws SpfException {
    if (++voids > MAX_VOID) {
      throw SpfException.permanent("more than " + MAX_VOID + " terms that find nothing");
    }
  }

  /**
   * The names of the client's address that lead back to it; asked once. A failed look-up only loses
   * a name (RFC 7208 5.5): the owner of the address must not influence the result of the domain.
   */
  private List<Domain> validatedNames() {
    List<Domain> known = validated;
    if (known != null) {
      return known;
    }
    DnsAnswer<Domain> names = resolver.reverse(request.client());
    nameless = names.kind() == DnsAnswer.Kind.NO_NAME || names.kind() == DnsAnswer.Kind.NO_DATA;
    known =
        names.records().stream()
            .limit(MAX_NAMES)
            .filter(n -> resolver.addresses(n, family()).records().contains(request.client()))
            .toList();
    validated = known;
    return known;
  }

  /** RFC 8616 4: a term with a local part that is not ASCII does not match. */
  private boolean isUnmatched(SpfMacroString spec) {
    return spec.usesLocalPart()
        && !request.sender().localPart().chars().allMatch(c -> c >= 0 && c < 0x80);
  }

  /** The name to ask for; empty when there is no such name, so that the term does not match. */
  private Optional<Domain> name(Optional<SpfMacroString> spec, Domain domain) {
    return spec.isEmpty() ? Optional.of(domain) : name(spec.get(), domain);
  }

  /**
   * The name that a domain-spec is; empty when the DNS cannot have it. Labels are cut off on the
   * left from a name that is too long (RFC 7208 7.3).
   */
  private Optional<Domain> name(SpfMacroString spec, Domain domain) {
    if (isUnmatched(spec)) {
      return Optional.empty();
    }
    return spec.expanded(letter -> value(letter, domain)).flatMap(SpfEvaluation::name);
  }

  private static Optional<Domain> name(String expanded) {
    String name = expanded.endsWith(".") ? expanded.substring(0, expanded.length() - 1) : expanded;
    while (name.length() > Domain.MAX_LENGTH && name.indexOf('.') >= 0) {
      name = name.substring(name.indexOf('.') + 1);
    }
    return Domain.ofQuery(name);
  }

  /** RFC 7208 7.2, 7.3. */
  private String value(char letter, Domain domain) {
    SpfSender sender = request.sender();
    return switch (letter) {
      case 's' -> sender.address();
      case 'l' -> sender.localPart();
      case 'o' -> sender.domain().map(Domain::name).orElse("");
      case 'd' -> domain.name();
      case 'i' -> dotted(request.client());
      case 'p' -> validatedName(domain);
      case 'v' -> request.client() instanceof Inet4Address ? "in-addr" : "ip6";
      case 'h' -> request.hello();
      default -> throw new IllegalStateException("no macro: " + letter);
    };
  }

  /** IPv4 as usual; IPv6 by hexadecimal digits with dots. */
  private static String dotted(InetAddress address) {
    if (address instanceof Inet4Address) {
      return address.getHostAddress();
    }
    String reversed = ReverseName.of(address).name();
    int digits = reversed.length() - ".ip6.arpa".length();
    return new StringBuilder(reversed.substring(0, digits))
        .reverse()
        .toString()
        .toUpperCase(Locale.ROOT);
  }

  private String validatedName(Domain domain) {
    List<Domain> names = validatedNames();
    return names.stream()
        .filter(domain::equals)
        .findFirst()
        .or(() -> names.stream().filter(n -> n.isBelow(domain)).findFirst())
        .or(() -> names.stream().findFirst())
        .map(Domain::name)
        .orElse("unknown");
  }
}
