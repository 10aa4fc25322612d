package org.sealwax.mail.dns.live;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.live.ResolverCheck.ResolverStatus;
import org.sealwax.mail.dns.validate.ValidatedAnswer;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Checks each resolver by itself, without the cache. */
final class ResolverTester {
  /** Of each of three steps; two tries at one resolver fit in. */
  private static final Duration STEP = ResolverCheck.TOTAL.dividedBy(3);

  /** Letters of the name that must not exist: it will never be registered. */
  private static final int LETTERS = 20;

  private final InetSocketAddress resolver;
  private final boolean own;
  private final DnsLookup lookup;
  private final Name nowhere;
  private final Clock clock;

  private ResolverTester(
      DnsSettings settings, InetSocketAddress resolver, Clock clock, RandomSource random) {
    this.resolver = resolver;
    this.own = settings.validation() == DnsSettings.Validation.OWN;
    Duration half = STEP.dividedBy(2);
    Duration oneTry = settings.timeout().compareTo(half) < 0 ? settings.timeout() : half;
    DnsSettings brief =
        settings.withResolvers(List.of(resolver)).withTimeout(oneTry).withTotal(STEP);
    this.lookup = new DnsLookup(brief, Optional.empty(), clock, random);
    this.nowhere = nowhere(random);
    this.clock = clock;
  }

  static List<ResolverCheck> of(
      DnsSettings settings, Optional<InetSocketAddress> spare, Clock clock, RandomSource random)
      throws InterruptedException {
    List<InetSocketAddress> resolvers = ResolvConf.resolvers(settings);
    String why = notApplicable(settings);
    if (!why.isEmpty()) {
      return resolvers.stream()
          .map(r -> new ResolverCheck(r, ResolverStatus.NOT_CHECKED, why))
          .toList();
    }
    List<ResolverCheck> found;
    try (Scope scope = new Scope("resolvers")) {
      List<Scope.ForkedTask<ResolverCheck>> checks =
          resolvers.stream()
              .map(r -> scope.fork(new ResolverTester(settings, r, clock, random)::result))
              .toList();
      scope.join();
      found = checks.stream().map(Scope.ForkedTask::get).toList();
    }
    boolean allStrip = found.stream().allMatch(c -> c.outcome() == ResolverStatus.STRIPS_DNSSEC);
    if (!allStrip || spare.isEmpty() || resolvers.contains(spare.get())) {
      return found;
    }
    ResolverCheck there = new ResolverTester(settings, spare.get(), clock, random).result();
    if (there.outcome() != ResolverStatus.VALIDATES) {
      return found;
    }
    String instead = "resolver " + ResolverCheck.text(spare.get()) + " is used in its place";
    return Stream.concat(
            found.stream()
                .map(c -> new ResolverCheck(c.resolver(), ResolverStatus.REPLACED, instead)),
            Stream.of(there))
        .toList();
  }

  /** Steps that each need the one before. */
  private ResolverCheck result() {
    try {
      Message keys = lookup.rawMessage(Name.root, Type.DNSKEY, new LookupLimits(clock, STEP));
      if (keys.getSection(Section.ANSWER).stream().noneMatch(DNSKEYRecord.class::isInstance)) {
        return found(ResolverStatus.NO_ROOT, "no keys of the root");
      }
    } catch (IOException e) {
      String why = FailureText.of(e);
      boolean strips = why.equals(ResolverCheck.stripsDnssec(resolver));
      return found(strips ? ResolverStatus.STRIPS_DNSSEC : ResolverStatus.NO_ANSWER, why);
    }
    ValidatedAnswer root = judge(Name.root, own ? Type.DNSKEY : Type.SOA);
    if (root.security() != DnssecStatus.SECURE) {
      String reason = root.reason().isEmpty() ? "no AD bit" : root.reason();
      return found(
          ResolverStatus.INVALID,
          "the root does not validate: " + reason + " (is the clock right?)");
    }
    ValidatedAnswer denial = judge(nowhere, Type.A);
    if (denial.security() == DnssecStatus.SECURE
        && denial.content() instanceof ValidatedAnswer.AnswerContent.NoName) {
      return found(ResolverStatus.VALIDATES, "");
    }
    String reason = denial.reason().isEmpty() ? "no proof" : denial.reason();
    return found(ResolverStatus.INVALID, "does not deny a name that does not exist: " + reason);
  }

  private ValidatedAnswer judge(Name name, int type) {
    return lookup.judge(new LookupLimits(clock, STEP)).judge(name, type);
  }

  private ResolverCheck found(ResolverStatus outcome, String text) {
    return new ResolverCheck(resolver, outcome, text);
  }

  private static String notApplicable(DnsSettings settings) {
    return switch (settings.validation()) {
      case OFF -> "validation is off";
      case TRUST_AD -> "";
      case OWN ->
          DnsLookup.anchors(settings).trusted().contains(Name.root)
              ? ""
              : "the anchors of this closed network do not include the root";
    };
  }

  /** A top-level name that does not exist; below no zone. */
  private static Name nowhere(RandomSource random) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < LETTERS; i++) {
      letters.append((char) ('a' + random.below(26)));
    }
    return Name.fromConstantString(letters + ".");
  }
}
