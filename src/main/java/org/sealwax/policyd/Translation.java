package org.sealwax.policyd;

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
import org.sealwax.address.Domain;
import org.sealwax.address.MailHost;
import org.sealwax.policy.Demand;
import org.sealwax.policy.Level;
import org.sealwax.policy.MxFilter;
import org.sealwax.policy.MxPattern;
import org.sealwax.policy.Reason;
import org.sealwax.policy.Requirement;
import org.sealwax.tls.Pin;

/**
 * Requirements in the words of {@code smtp_tls_policy_maps} (postconf(5)). Postfix's table has one
 * line for a next hop where a requirement is one for each host, and one demand where a requirement
 * has a set: what does not fit becomes the stricter word, and a note. Pure.
 */
final class Translation {
  /**
   * What is demanded of one host.
   *
   * @param host of the next hop
   * @param requirement all its evidence together
   */
  record Terms(MailHost host, Requirement requirement) {}

  /**
   * The line, and what it leaves unsaid.
   *
   * @param answer for Postfix
   * @param notes for people
   */
  record Served(TableAnswer answer, List<String> notes) {
    /** Copies. */
    Served {
      notes = List.copyOf(notes);
    }
  }

  private final List<Terms> all;
  private final List<Terms> usable;
  private final Map<String, Path> caFiles;
  private final List<String> notes = new ArrayList<>();

  private Translation(List<Terms> all, Map<String, Path> caFiles) {
    this.all = all;
    this.usable = all.stream().filter(t -> t.requirement().mxFilter().admits(t.host())).toList();
    this.caFiles = caFiles;
  }

  /**
   * Says {@code terms}.
   *
   * @param terms of every host of the next hop; not empty
   * @param caFiles of rows that name one
   */
  static Served of(List<Terms> terms, Map<String, Path> caFiles) {
    Translation translation = new Translation(terms, caFiles);
    TableAnswer answer = translation.answer();
    return new Served(answer, translation.notes);
  }

  private TableAnswer answer() {
    List<Terms> dane = usable.stream().filter(t -> tlsa(t).isPresent()).toList();
    Optional<String> open = refused(true);
    if (usable.isEmpty() || (open.isPresent() && dane.isEmpty())) {
      // Whether DANE applies to a host is not known: not a moment for MTA-STS or less.
      return new TableAnswer.Temporary(open.or(() -> refused(false)).orElse("no host"));
    }
    return dane.isEmpty() ? withoutDane() : withDane(dane);
  }

  /** The first host that may not be used, and why. */
  private Optional<String> refused(boolean forDaneOnly) {
    for (Terms terms : all) {
      Optional<MxFilter.Refusal> refusal = terms.requirement().mxFilter().refusal(terms.host());
      if (refusal.isPresent() && (!forDaneOnly || refusal.get().reason() == Reason.DANE_LOOKUP)) {
        return Optional.of(terms.host() + ": " + refusal.get().text());
      }
    }
    return Optional.empty();
  }

  private TableAnswer withDane(List<Terms> dane) {
    boolean vouched = dane.stream().allMatch(t -> tlsa(t).orElseThrow().secureMx());
    boolean more = dane.stream().anyMatch(t -> t.requirement().identity().size() > 1);
    if (!vouched) {
      // Whoever forges the MX record names a host with TLSA records of its own; Postfix would not
      // take "dane-only" here either.
      if (more) {
        notes.add(
            "the MX records are unsigned, so DANE does not vouch for the hosts: what else is"
                + " demanded is served");
        return withoutDane();
      }
      notes.add(
          "the MX records are unsigned: TLSA holds for the host, and not for the domain; Postfix"
              + " heeds it with smtp_tls_dane_insecure_mx_policy = dane only, and takes it for"
              + " \"may\" otherwise");
      return new TableAnswer.Found("dane");
    }
    if (more) {
      notes.add(
          "DANE and another identity are both demanded, which the table cannot say: DANE is"
              + " served");
    }
    boolean always = usable.stream().allMatch(t -> t.requirement().demandsTls());
    if (!always) {
      notes.add("hosts without TLSA records are used as well, with TLS if they offer it");
      return new TableAnswer.Found("dane");
    }
    if (dane.size() < usable.size()) {
      notes.add("hosts without TLSA records are not used, as TLS is demanded of them too");
    }
    // Fails closed where Postfix's own resolver does not validate; "dane" would become "may".
    return new TableAnswer.Found("dane-only");
  }

  private TableAnswer withoutDane() {
    Requirement strictest =
        usable.stream()
            .map(Terms::requirement)
            .max(
                Comparator.comparing(Requirement::encryption)
                    .thenComparingInt(r -> others(r).size())
                    .thenComparing(Requirement::wanted))
            .orElseThrow();
    boolean always = strictest.encryption() == Requirement.Encryption.ALWAYS;
    boolean mixed =
        usable.stream().anyMatch(t -> t.requirement().encryption() != strictest.encryption());
    if (mixed && always && strictest.wanted() == Level.DANE && strictest.identity().isEmpty()) {
      // RFC 7672 §2.2: unusable records, and Postfix makes the difference host by host.
      return new TableAnswer.Found("dane");
    }
    if (mixed) {
      notes.add("one host demands more than the others: it is served for all of them");
    }
    return switch (strictest.encryption()) {
      case NEVER -> new TableAnswer.Found("none");
      case IF_OFFERED ->
          strictest.because().stream().anyMatch(b -> b.startsWith("row") || b.startsWith("route"))
              ? new TableAnswer.Found("may")
              : new TableAnswer.NotFound();
      case ALWAYS -> always(strictest);
    };
  }

  private TableAnswer always(Requirement strictest) {
    List<Demand> demands = others(strictest);
    Optional<Demand> pinned = demands.stream().filter(Demand.Pinned.class::isInstance).findFirst();
    if (demands.size() > 1) {
      notes.add("several identities are demanded, and the table can say one");
    }
    if (pinned.isPresent() && pinned.get() instanceof Demand.Pinned p) {
      return found("fingerprint match=" + fingerprints(p.pins()), strictest);
    }
    Optional<MxFilter.Patterns> patterns = part(strictest, MxFilter.Patterns.class);
    if (patterns.isPresent()) {
      notes.add(
          "the table demands a certificate for a listed name, not for the very host that is"
              + " connected to; Postfix 3.10 with the table tlsrpt and"
              + " smtp_tls_enforce_sts_mx_patterns does");
      return found(
          "secure match=" + matches(patterns.get().patterns()) + " servername=hostname", strictest);
    }
    if (demands.isEmpty()) {
      return found("encrypt", strictest);
    }
    Optional<MxFilter.Known> known = part(strictest, MxFilter.Known.class);
    if (known.isPresent()) {
      return found("secure match=" + matches(known.get()), strictest);
    }
    return byName(strictest);
  }

  private TableAnswer byName(Requirement strictest) {
    Set<String> names = new TreeSet<>();
    Set<String> roots = new TreeSet<>();
    boolean asFound = true;
    for (Terms terms : usable) {
      for (Demand demand : terms.requirement().identity()) {
        if (demand instanceof Demand.Pkix p) {
          p.names().forEach(n -> names.add(n.name()));
          roots.add(p.roots());
          asFound &= terms.host() instanceof Domain d && p.names().equals(Set.of(d));
        }
      }
    }
    if (names.isEmpty()) {
      return new TableAnswer.Temporary("a row demands a name, and an address has none");
    }
    String line =
        asFound && strictest.wanted() != Level.SECURE
            ? "verify match=hostname"
            : "secure match=" + String.join(":", names);
    roots.remove(Demand.PUBLIC_ROOTS);
    if (roots.isEmpty()) {
      return found(line, strictest);
    }
    Path file = caFiles.get(roots.iterator().next());
    if (roots.size() > 1 || file == null || !isAttribute(file.toString())) {
      return new TableAnswer.Temporary("the row's CA cannot be said in a policy table");
    }
    return found(line + " tafile=" + file, strictest);
  }

  private TableAnswer found(String line, Requirement requirement) {
    Domain serverName = requirement.manner().serverName();
    boolean named = serverName != null && !line.contains(" servername=");
    return new TableAnswer.Found(
        line
            + (named ? " servername=" + serverName : "")
            + " protocols=>="
            + requirement.floor().lowest().label());
  }

  private static Optional<Demand.Tlsa> tlsa(Terms terms) {
    return terms.requirement().identity().stream()
        .filter(Demand.Tlsa.class::isInstance)
        .map(Demand.Tlsa.class::cast)
        .findFirst();
  }

  private static List<Demand> others(Requirement requirement) {
    return requirement.identity().stream().filter(d -> !(d instanceof Demand.Tlsa)).toList();
  }

  private static <T extends MxFilter> Optional<T> part(Requirement requirement, Class<T> kind) {
    return parts(requirement.mxFilter()).filter(kind::isInstance).map(kind::cast).findFirst();
  }

  private static Stream<MxFilter> parts(MxFilter filter) {
    return switch (filter) {
      case MxFilter.All a -> a.filters().stream().flatMap(Translation::parts);
      case MxFilter.Any a -> Stream.empty();
      case MxFilter.Patterns p -> Stream.of(p);
      case MxFilter.Known k -> Stream.of(k);
      case MxFilter.Closed c -> Stream.of(c);
    };
  }

  /** In Postfix a leading dot stands for any label before it. */
  private static String matches(List<MxPattern> patterns) {
    return patterns.stream()
        .map(p -> p.wildcard() ? "." + p.name() : p.name().name())
        .distinct()
        .collect(Collectors.joining(":"));
  }

  private static String matches(MxFilter.Known known) {
    Set<String> out = new TreeSet<>();
    known.hosts().forEach(h -> out.add(h.name()));
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
