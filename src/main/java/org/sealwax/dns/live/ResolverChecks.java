package org.sealwax.dns.live;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Security;
import org.sealwax.dns.validate.Judgement;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Scope;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Checks each resolver by itself, without the cache. */
final class ResolverChecks {
  /** Of each of three steps; two tries at one resolver fit in. */
  private static final Duration STEP = ResolverCheck.TOTAL.dividedBy(3);

  /** Letters of the name that must not exist: nobody will ever register it. */
  private static final int LETTERS = 20;

  private final DnsSettings settings;
  private final InetSocketAddress resolver;
  private final Lookup lookup;
  private final Name nowhere;
  private final Clock clock;

  private ResolverChecks(
      DnsSettings settings, InetSocketAddress resolver, Clock clock, Chance chance) {
    this.settings = settings;
    this.resolver = resolver;
    this.lookup =
        Lookup.of(settings.withResolvers(List.of(resolver)), Optional.empty(), clock, chance);
    this.nowhere = nowhere(chance);
    this.clock = clock;
  }

  static List<ResolverCheck> of(
      DnsSettings settings, Optional<InetSocketAddress> spare, Clock clock, Chance chance)
      throws InterruptedException {
    List<InetSocketAddress> resolvers =
        settings.resolvers().isEmpty()
            ? ResolvConf.resolvers(Lookup.RESOLV_CONF)
            : settings.resolvers();
    String why = notApplicable(settings);
    if (!why.isEmpty()) {
      return resolvers.stream()
          .map(r -> new ResolverCheck(r, ResolverCheck.Outcome.NOT_CHECKED, why))
          .toList();
    }
    Duration oneTry =
        settings.timeout().compareTo(STEP.dividedBy(2)) < 0
            ? settings.timeout()
            : STEP.dividedBy(2);
    DnsSettings brief = settings.withTimes(oneTry, STEP);
    List<ResolverCheck> found = new ArrayList<>();
    try (Scope scope = new Scope("resolvers")) {
      List<Scope.Task<ResolverCheck>> checks = new ArrayList<>();
      for (InetSocketAddress resolver : resolvers) {
        ResolverChecks check = new ResolverChecks(brief, resolver, clock, chance);
        checks.add(scope.fork(check::result));
      }
      scope.join();
      for (Scope.Task<ResolverCheck> check : checks) {
        found.add(check.get());
      }
    }
    boolean allStrip =
        found.stream().allMatch(c -> c.outcome() == ResolverCheck.Outcome.STRIPS_DNSSEC);
    if (!allStrip || spare.isEmpty() || resolvers.contains(spare.get())) {
      return found;
    }
    ResolverCheck there = new ResolverChecks(brief, spare.get(), clock, chance).result();
    if (there.outcome() != ResolverCheck.Outcome.VALIDATES) {
      return found;
    }
    String instead = "resolver " + ResolverCheck.text(spare.get()) + " is used in its place";
    List<ResolverCheck> replaced = new ArrayList<>();
    for (ResolverCheck check : found) {
      replaced.add(new ResolverCheck(check.resolver(), ResolverCheck.Outcome.REPLACED, instead));
    }
    replaced.add(there);
    return replaced;
  }

  /** Steps that each need the one before. */
  private ResolverCheck result() {
    Message answer;
    try {
      answer = lookup.ask(Name.root, Type.DNSKEY, new Inquiry(clock, STEP));
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      return new ResolverCheck(
          resolver,
          why.equals(ResolverCheck.stripsDnssec(resolver))
              ? ResolverCheck.Outcome.STRIPS_DNSSEC
              : ResolverCheck.Outcome.NO_ANSWER,
          why);
    }
    if (answer.getSection(Section.ANSWER).stream().noneMatch(DNSKEYRecord.class::isInstance)) {
      return new ResolverCheck(resolver, ResolverCheck.Outcome.NO_ROOT, "no keys of the root");
    }
    boolean own = settings.validation() == DnsSettings.Validation.OWN;
    Judgement root =
        lookup.judge(new Inquiry(clock, STEP)).judge(Name.root, own ? Type.DNSKEY : Type.SOA);
    if (root.security() != Security.SECURE) {
      return new ResolverCheck(
          resolver,
          ResolverCheck.Outcome.INVALID,
          "the root does not validate: "
              + (root.reason().isEmpty() ? "no AD bit" : root.reason())
              + " (is the clock right?)");
    }
    Judgement denial = lookup.judge(new Inquiry(clock, STEP)).judge(nowhere, Type.A);
    if (denial.security() == Security.SECURE
        && denial.content() instanceof Judgement.Content.NoName) {
      return new ResolverCheck(resolver, ResolverCheck.Outcome.VALIDATES, "");
    }
    String reason = denial.reason().isEmpty() ? "no proof" : denial.reason();
    return new ResolverCheck(
        resolver,
        ResolverCheck.Outcome.INVALID,
        "does not deny a name that does not exist: " + reason);
  }

  private static String notApplicable(DnsSettings settings) {
    if (settings.validation() == DnsSettings.Validation.OFF) {
      return "validation is off";
    }
    boolean root =
        settings.anchors().isEmpty()
            || settings.anchors().stream().anyMatch(a -> a.strip().split("\\s+")[0].equals("."));
    return settings.validation() == DnsSettings.Validation.OWN && !root
        ? "the anchors of this closed network do not include the root"
        : "";
  }

  /** A top-level name that does not exist; below nobody's zone. */
  private static Name nowhere(Chance chance) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < LETTERS; i++) {
      letters.append((char) ('a' + chance.below(26)));
    }
    try {
      return Name.fromString(letters.toString(), Name.root);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
