package org.sealwax.router.policyd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * Requirements in the words of {@code smtp_tls_policy_maps} (postconf(5)). Postfix's table has one
 * line for a next hop where a requirement is one for each host, and one demand where a requirement
 * has a set: what cannot be expressed becomes the stricter level, and a note. Pure.
 */
final class PolicyMapTranslation {
  /**
   * The requirement for one host.
   *
   * @param host of the next hop
   * @param requirement all its evidence together
   * @param found whether an address of it is known
   */
  record TranslatedHost(MailHost host, Requirement requirement, boolean found) {}

  /**
   * The line, and what it cannot express.
   *
   * @param answer for Postfix
   * @param notes for the admin
   */
  record Served(SocketmapReply answer, List<String> notes) {
    /** Copies. */
    Served {
      notes = List.copyOf(notes);
    }
  }

  private final List<TranslatedHost> all;
  private final List<TranslatedHost> usable;
  private final Map<String, Path> caFiles;
  private final List<String> notes = new ArrayList<>();

  private PolicyMapTranslation(List<TranslatedHost> all, Map<String, Path> caFiles) {
    this.all = all;
    this.usable = all.stream().filter(t -> t.requirement().mxFilter().admits(t.host())).toList();
    this.caFiles = caFiles;
  }

  /**
   * Translates the requirements of {@code hosts}.
   *
   * @param hosts of every host of the next hop; not empty
   * @param caFiles of rows that name one
   */
  static Served of(List<TranslatedHost> hosts, Map<String, Path> caFiles) {
    PolicyMapTranslation translation = new PolicyMapTranslation(hosts, caFiles);
    SocketmapReply answer = translation.answer();
    return new Served(answer, translation.notes);
  }

  private SocketmapReply answer() {
    List<TranslatedHost> dane = usable.stream().filter(t -> tlsa(t).isPresent()).toList();
    List<TranslatedHost> open = all.stream().filter(t -> isOpen(t)).toList();
    if (usable.isEmpty()) {
      return temporary(open.isEmpty() ? all : open);
    }
    if (!dane.isEmpty()) {
      return withDane(dane);
    }
    SocketmapReply answer = withoutDane();
    return open.isEmpty() ? answer : passingOver(open, answer);
  }

  /** Whether it is not known if DANE applies to a host. */
  private static boolean isOpen(TranslatedHost host) {
    return refusal(host).filter(r -> r.reason() == DeferReason.DANE_LOOKUP).isPresent();
  }

  private static Optional<MxFilter.Refusal> refusal(TranslatedHost host) {
    return host.requirement().mxFilter().refusal(host.host());
  }

  /** The first host that must not be used, and why. */
  private static SocketmapReply temporary(List<TranslatedHost> hosts) {
    return new SocketmapReply.Temporary(
        hosts.stream()
            .flatMap(t -> refusal(t).map(r -> t.host() + ": " + r.text()).stream())
            .findFirst()
            .orElse("no host"));
  }

  /**
   * Some hosts may be used, and of others it is not known whether DANE applies. Postfix must pass
   * those over by itself, and must not send to them under less than DANE when it finds them after
   * all.
   */
  private SocketmapReply passingOver(List<TranslatedHost> open, SocketmapReply answer) {
    return switch (answer) {
      case SocketmapReply.NotFound n -> byDane(open);
      case SocketmapReply.Found f ->
          switch (f.word()) {
            // Host by host: without an answer about TLSA records Postfix takes the next one.
            case "may", "dane" -> byDane(open);
            // Without an address Postfix does not connect; with one, the host must show a name.
            case "secure", "verify", "fingerprint" ->
                open.stream().noneMatch(TranslatedHost::found) ? f : temporary(open);
            default -> temporary(open);
          };
      case SocketmapReply.Temporary t -> t;
      case SocketmapReply.TimedOut t -> t;
      case SocketmapReply.Permanent p -> p;
    };
  }

  private SocketmapReply byDane(List<TranslatedHost> open) {
    notes.add(
        "whether DANE applies to "
            + open.getFirst().host()
            + " is not known now: at this level Postfix skips such a host");
    return new SocketmapReply.Found("dane");
  }

  private SocketmapReply withDane(List<TranslatedHost> dane) {
    boolean vouched = dane.stream().allMatch(t -> tlsa(t).orElseThrow().secureMx());
    boolean more = dane.stream().anyMatch(t -> t.requirement().identity().size() > 1);
    if (!vouched) {
      // An attacker who forges the MX record names a host that has TLSA records; Postfix would not
      // use "dane-only" here either.
      if (more) {
        notes.add(
            "the MX records are not signed, so DANE does not confirm the hosts: the other"
                + " requirement is served");
        return withoutDane();
      }
      notes.add(
          "the MX records are not signed: TLSA confirms the host, not the domain; Postfix applies"
              + " it with smtp_tls_dane_insecure_mx_policy = dane only, and treats it as \"may\""
              + " otherwise");
      return new SocketmapReply.Found("dane");
    }
    if (more) {
      notes.add(
          "DANE and another identity are both required, which a policy table cannot express: DANE"
              + " is served");
    }
    boolean always = usable.stream().allMatch(t -> t.requirement().demandsTls());
    if (!always) {
      notes.add("hosts without TLSA records are used as well, with TLS if they offer it");
      return new SocketmapReply.Found("dane");
    }
    if (dane.size() < usable.size()) {
      notes.add("hosts without TLSA records are not used, as TLS is required for them too");
    }
    // Fails closed where Postfix's own resolver does not validate; "dane" would become "may".
    return new SocketmapReply.Found("dane-only");
  }

  private SocketmapReply withoutDane() {
    Requirement strictest =
        usable.stream()
            .map(TranslatedHost::requirement)
            .max(
                Comparator.comparing(Requirement::encryption)
                    .thenComparingInt(r -> others(r).size())
                    .thenComparing(Requirement::statedLevel))
            .orElseThrow();
    boolean always = strictest.encryption() == Requirement.TlsUse.ALWAYS;
    boolean mixed =
        usable.stream().anyMatch(t -> t.requirement().encryption() != strictest.encryption());
    if (mixed
        && always
        && strictest.statedLevel() == TlsLevel.DANE
        && strictest.identity().isEmpty()) {
      // RFC 7672 §2.2: unusable records, and Postfix makes the difference host by host.
      return new SocketmapReply.Found("dane");
    }
    if (mixed) {
      notes.add("one host needs a stricter level than the others: it is served for all");
    }
    return switch (strictest.encryption()) {
      case NEVER -> new SocketmapReply.Found("none");
      case IF_OFFERED ->
          strictest.because().stream().anyMatch(Evidence::isConfigured)
              ? new SocketmapReply.Found("may")
              : new SocketmapReply.NotFound();
      case ALWAYS -> always(strictest);
    };
  }

  private SocketmapReply always(Requirement strictest) {
    List<IdentityRequirement> demands = others(strictest);
    Optional<IdentityRequirement> pinned =
        demands.stream().filter(IdentityRequirement.Pinned.class::isInstance).findFirst();
    if (demands.size() > 1) {
      notes.add("several identities are required, but a policy table can express only one");
    }
    if (pinned.isPresent() && pinned.get() instanceof IdentityRequirement.Pinned p) {
      return found("fingerprint match=" + fingerprints(p.pins()), strictest);
    }
    Optional<MxFilter.Patterns> patterns = part(strictest, MxFilter.Patterns.class);
    if (patterns.isPresent()) {
      String listed = matches(patterns.get().patterns());
      if (listed.isEmpty()) {
        return unsayable();
      }
      notes.add(
          "the table requires a certificate for a listed name, not for the connected host;"
              + " Postfix 3.10 with the table tlsrpt and"
              + " smtp_tls_enforce_sts_mx_patterns does");
      return found("secure match=" + listed + " servername=hostname", strictest);
    }
    if (demands.isEmpty()) {
      return found("encrypt", strictest);
    }
    Optional<MxFilter.LedgerKnown> known = part(strictest, MxFilter.LedgerKnown.class);
    if (known.isPresent()) {
      String remembered = matches(known.get());
      return remembered.isEmpty() ? unsayable() : found("secure match=" + remembered, strictest);
    }
    return byName(strictest);
  }

  private static SocketmapReply unsayable() {
    return new SocketmapReply.Temporary("Postfix gives a special meaning to every required name");
  }

  /**
   * Whether Postfix takes a name in {@code match=} for a name. Three words stand for other names
   * there; and an IPv4 address is held against the addresses of the certificate, in addition to the
   * names, so that no certificate matches any more (SSL_add1_host(3)).
   */
  private static boolean isMatched(String name) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    return !last.chars().allMatch(c -> c >= '0' && c <= '9')
        && !Set.of("hostname", "nexthop", "dot-nexthop").contains(name);
  }

  private SocketmapReply byName(Requirement strictest) {
    Set<String> names = new TreeSet<>();
    Set<String> roots = new TreeSet<>();
    boolean asFound = true;
    boolean named = false;
    for (TranslatedHost host : usable) {
      for (IdentityRequirement demand : host.requirement().identity()) {
        if (demand instanceof IdentityRequirement.Pkix p) {
          p.names().stream()
              .map(Domain::name)
              .filter(PolicyMapTranslation::isMatched)
              .forEach(names::add);
          named |= !p.names().isEmpty();
          roots.add(p.roots());
          asFound &= host.host() instanceof Domain d && p.names().equals(Set.of(d));
        }
      }
    }
    if (names.isEmpty()) {
      return named
          ? unsayable()
          : new SocketmapReply.Temporary("a policy entry requires a name, but an address has none");
    }
    String line =
        asFound && strictest.statedLevel() != TlsLevel.SECURE
            ? "verify match=hostname"
            : "secure match=" + String.join(":", names);
    roots.remove(IdentityRequirement.PUBLIC_ROOTS);
    if (roots.isEmpty()) {
      return found(line, strictest);
    }
    Path file = caFiles.get(roots.iterator().next());
    if (roots.size() > 1 || file == null || !isAttribute(file.toString())) {
      return new SocketmapReply.Temporary(
          "the CA of a policy entry cannot be expressed in a policy table");
    }
    return found(line + " tafile=" + file, strictest);
  }

  private SocketmapReply found(String line, Requirement requirement) {
    Domain serverName = requirement.presentation().serverName();
    boolean named =
        serverName != null && isMatched(serverName.name()) && !line.contains(" servername=");
    return new SocketmapReply.Found(
        line
            + (named ? " servername=" + serverName : "")
            + " protocols=>="
            + requirement.floor().lowest().label());
  }

  private static Optional<IdentityRequirement.Tlsa> tlsa(TranslatedHost host) {
    return host.requirement().identity().stream()
        .filter(IdentityRequirement.Tlsa.class::isInstance)
        .map(IdentityRequirement.Tlsa.class::cast)
        .findFirst();
  }

  private static List<IdentityRequirement> others(Requirement requirement) {
    return requirement.identity().stream()
        .filter(d -> !(d instanceof IdentityRequirement.Tlsa))
        .toList();
  }

  private static <T extends MxFilter> Optional<T> part(Requirement requirement, Class<T> kind) {
    return parts(requirement.mxFilter()).filter(kind::isInstance).map(kind::cast).findFirst();
  }

  private static Stream<MxFilter> parts(MxFilter filter) {
    return switch (filter) {
      case MxFilter.All a -> a.filters().stream().flatMap(PolicyMapTranslation::parts);
      case MxFilter.Any a -> Stream.empty();
      case MxFilter.Patterns p -> Stream.of(p);
      case MxFilter.LedgerKnown k -> Stream.of(k);
      case MxFilter.NoHostAllowed c -> Stream.of(c);
    };
  }

  /** In Postfix a leading dot stands for any label before it. */
  private static String matches(List<MxPattern> patterns) {
    return patterns.stream()
        .filter(p -> isMatched(p.name().name()) || p.wildcard() && isMatched("." + p.name()))
        .map(p -> p.wildcard() ? "." + p.name() : p.name().name())
        .distinct()
        .collect(Collectors.joining(":"));
  }

  private static String matches(MxFilter.LedgerKnown known) {
    Set<String> out = new TreeSet<>();
    known.hosts().stream()
        .map(Domain::name)
        .filter(PolicyMapTranslation::isMatched)
        .forEach(out::add);
    known
        .organisations()
        .forEach(
            o -> {
              out.add(o.name());
              out.add("." + o.name());
            });
    return String.join(":", out);
  }

  private static String fingerprints(Set<Pin> pins) {
    return pins.stream()
        .map(p -> p.hex().toUpperCase(java.util.Locale.ROOT).replaceAll("(..)(?!$)", "$1:"))
        .sorted()
        .collect(Collectors.joining("|"));
  }

  private static boolean isAttribute(String value) {
    return value.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != ',' && c != '{' && c != '}');
  }
}
