package org.sealwax.router.route;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * Settings of relay domains, aliases and routes.
 *
 * @param aliasDomains domains whose local parts are aliases
 * @param relayDomains domains of other hosts that we relay mail to
 * @param routes next hops by recipient domain; the most specific pattern wins
 * @param sender sender rewriting, or null when forwarded mail keeps its reverse-path
 * @param pipes names of the configured commands, which alias files may name
 * @param delimiter between a name and its extension: {@code "+"}; empty when names have none; at
 *     most one character
 * @param carryExtension whether {@code name+ext} goes on as {@code target+ext}
 * @param postmaster where {@code <Postmaster>} leads, and the {@code roles} of domains that do not
 *     have them; null when none is configured (then {@code check} asks for it)
 * @param roles local parts in lower case that lead to the postmaster when the domain has no entry
 *     of its own (RFC 5321 4.5.1, RFC 2142)
 */
public record ForwardSettings(
    List<AliasDomain> aliasDomains,
    List<RelayDomain> relayDomains,
    List<TransportRoute> routes,
    @Nullable SenderRewriting sender,
    Set<String> pipes,
    String delimiter,
    boolean carryExtension,
    @Nullable Mailbox postmaster,
    Set<String> roles) {
  /** Rows of one kind; far more than an admin writes, and less than would slow a reload. */
  public static final int MAX_ROWS = 10_000;

  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException with a sentence for the admin when rows contradict each other
   */
  public ForwardSettings {
    aliasDomains = List.copyOf(aliasDomains);
    relayDomains = List.copyOf(relayDomains);
    routes = List.copyOf(routes);
    pipes = Set.copyOf(pipes);
    roles = Set.copyOf(roles);
    if (Math.max(aliasDomains.size(), Math.max(relayDomains.size(), routes.size())) > MAX_ROWS) {
      throw new IllegalArgumentException("more than " + MAX_ROWS + " rows of one kind");
    }
    if (delimiter.length() > 1 || delimiter.chars().anyMatch(c -> "@%!\"".indexOf(c) >= 0)) {
      throw new IllegalArgumentException("a delimiter is one character, such as +");
    }
    Set<Domain> seen = new HashSet<>();
    for (AliasDomain row : aliasDomains) {
      if (!seen.add(row.domain())) {
        throw new IllegalArgumentException(row.domain() + " is listed twice as a domain");
      }
    }
    Set<DomainPattern> patterns = new HashSet<>();
    for (TransportRoute row : routes) {
      if (!patterns.add(row.pattern())) {
        throw new IllegalArgumentException("two routes for " + row.name());
      }
    }
    for (RelayDomain row : relayDomains) {
      if (!seen.add(row.domain())) {
        throw new IllegalArgumentException(row.domain() + " is listed twice as a domain");
      }
      if (row.nextHop() != null && patterns.contains(new DomainPattern.Exact(row.domain()))) {
        throw new IllegalArgumentException(
            row.domain() + " has a next hop in [[relay_domain]] and another one in [[transport]]");
      }
    }
  }

  /** No domains, no routes, no rewriting; extensions with {@code +}; postmaster and abuse roles. */
  public static ForwardSettings defaults() {
    return new ForwardSettings(
        List.of(),
        List.of(),
        List.of(),
        null,
        Set.of(),
        "+",
        false,
        null,
        Set.of("postmaster", "abuse"));
  }

  /**
   * A domain of aliases.
   *
   * @param domain the domain
   * @param file its alias file; several domains may share one
   * @param caseSensitive whether {@code Bugs} and {@code bugs} differ; by default they do not
   */
  @SettingTable(name = "alias_domain", rows = true, purpose = "Domain whose addresses are aliases.")
  public record AliasDomain(
      @Setting(example = "project.example", required = true, doc = "Domain name.") Domain domain,
      @Setting(
              example = "/etc/sealwax/aliases",
              required = true,
              doc =
                  "Alias file: \"name: a@x.example, b@y.example\", \"pipe:name\", \"*\" for all other names; see sealwax-aliases(5).")
          Path file,
      @Setting(fallback = "false", doc = "Compare local parts with case.") boolean caseSensitive) {}

  /**
   * A domain of other hosts that we relay mail to.
   *
   * @param domain the domain
   * @param recipients source of its valid recipients
   * @param nextHop where its mail goes; null: by the routes, or by MX
   */
  public record RelayDomain(
      Domain domain, Recipients recipients, @Nullable ConfiguredHop nextHop) {}

  /** The source of the valid recipients of a relay domain. */
  public sealed interface Recipients {
    /** A file with one local part or address a line. */
    record Listed(Path file) implements Recipients {}

    /** The next hop is asked. */
    record Verified() implements Recipients {}

    /**
     * No recipient list: every recipient is accepted, and bounced later to the apparent sender
     * (backscatter).
     */
    record AcceptAll() implements Recipients {}
  }

  /**
   * A transport row.
   *
   * @param name by which other packages find credentials and level: {@link
   *     org.sealwax.router.queue.NextHop.Fixed#route()}
   * @param pattern recipient domains
   * @param hop where to
   */
  public record TransportRoute(String name, DomainPattern pattern, ConfiguredHop hop) {}

  /**
   * Sender rewriting (SRS).
   *
   * @param domain ours, with an MX that leads here
   * @param secretFile secrets, one a line, the first signs and all verify; made when absent
   * @param maxAge how long a rewritten address can be answered; whole days, 1 to {@link
   *     Srs#MAX_AGE_DAYS}
   * @param hashLength characters of the hash, {@link Srs#MIN_HASH} to {@link Srs#MAX_HASH}
   */
  public record SenderRewriting(Domain domain, Path secretFile, Duration maxAge, int hashLength) {
    /** A bounce may come when the target's queue has given up after five days, and some more. */
    public static final Duration DEFAULT_MAX_AGE = Duration.ofDays(21);

    /** Checks the ranges. */
    public SenderRewriting {
      long days = maxAge.toDays();
      if (days < 1 || days > Srs.MAX_AGE_DAYS) {
        throw new IllegalArgumentException("SRS addresses live 1 to " + Srs.MAX_AGE_DAYS + " days");
      }
      if (hashLength < Srs.MIN_HASH || hashLength > Srs.MAX_HASH) {
        throw new IllegalArgumentException(
            "an SRS hash has " + Srs.MIN_HASH + " to " + Srs.MAX_HASH + " characters");
      }
    }

    /** With the default age and hash. */
    public static SenderRewriting of(Domain domain, Path secretFile) {
      return new SenderRewriting(domain, secretFile, DEFAULT_MAX_AGE, Srs.DEFAULT_HASH);
    }
  }
}
