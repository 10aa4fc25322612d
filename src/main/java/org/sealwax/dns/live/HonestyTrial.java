package org.sealwax.dns.live;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Security;
import org.sealwax.dns.validate.Judgement;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Scope;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Tries each resolver by itself, without the cache. */
final class HonestyTrial {
  /** Of each of three steps; two tries at one resolver fit in. */
  private static final Duration STEP = Honesty.TOTAL.dividedBy(3);

  /** Letters of the name that must not exist: nobody will ever register it. */
  private static final int LETTERS = 20;

  private final DnsSettings settings;
  private final InetSocketAddress resolver;
  private final Lookup lookup;
  private final Name nowhere;
  private final Clock clock;

  private HonestyTrial(
      DnsSettings settings, InetSocketAddress resolver, Clock clock, Chance chance) {
    this.settings = settings;
    this.resolver = resolver;
    this.lookup = Lookup.of(settings.withResolvers(List.of(resolver)), clock, chance);
    this.nowhere = nowhere(chance);
    this.clock = clock;
  }

  static List<Honesty> of(DnsSettings settings, Clock clock, Chance chance)
      throws InterruptedException {
    List<InetSocketAddress> resolvers =
        settings.resolvers().isEmpty()
            ? ResolvConf.resolvers(Lookup.RESOLV_CONF)
            : settings.resolvers();
    String why = notApplicable(settings);
    if (!why.isEmpty()) {
      return resolvers.stream().map(r -> new Honesty(r, Honesty.Standing.NOT_ASKED, why)).toList();
    }
    Duration oneTry =
        settings.timeout().compareTo(STEP.dividedBy(2)) < 0
            ? settings.timeout()
            : STEP.dividedBy(2);
    DnsSettings brief = settings.withTimes(oneTry, STEP);
    List<Honesty> found = new ArrayList<>();
    try (Scope scope = new Scope("resolvers")) {
      List<Scope.Task<Honesty>> trials = new ArrayList<>();
      for (InetSocketAddress resolver : resolvers) {
        HonestyTrial trial = new HonestyTrial(brief, resolver, clock, chance);
        trials.add(scope.fork(trial::result));
      }
      scope.join();
      for (Scope.Task<Honesty> trial : trials) {
        found.add(trial.get());
      }
    }
    return found;
  }

  /** Steps that each need the one before. */
  private Honesty result() {
    Message answer;
    try {
      answer = lookup.ask(Name.root, Type.DNSKEY, new Inquiry(clock, STEP));
    } catch (IOException e) {
      return new Honesty(resolver, Honesty.Standing.NO_ANSWER, String.valueOf(e.getMessage()));
    }
    List<Record> records = answer.getSection(Section.ANSWER);
    if (records.stream().noneMatch(r -> r.getType() == Type.DNSKEY)) {
      return new Honesty(resolver, Honesty.Standing.NO_ROOT, "knows no keys of the root");
    }
    boolean own = settings.validation() == DnsSettings.Validation.OWN;
    if (own && records.stream().noneMatch(RRSIGRecord.class::isInstance)) {
      return new Honesty(
          resolver, Honesty.Standing.WITHHOLDS, "keeps the signatures of the root from us");
    }
    Judgement root =
        lookup.judge(new Inquiry(clock, STEP)).judge(Name.root, own ? Type.DNSKEY : Type.SOA);
    if (root.security() != Security.SECURE) {
      return new Honesty(
          resolver,
          Honesty.Standing.LIES,
          "the root does not validate: "
              + (root.reason().isEmpty() ? "no AD bit" : root.reason())
              + " (is the clock right?)");
    }
    Judgement denial = lookup.judge(new Inquiry(clock, STEP)).judge(nowhere, Type.A);
    if (denial.security() == Security.SECURE
        && denial.content() instanceof Judgement.Content.NoName) {
      return new Honesty(resolver, Honesty.Standing.HONEST, "");
    }
    String reason = denial.reason().isEmpty() ? "no proof" : denial.reason();
    return new Honesty(
        resolver, Honesty.Standing.LIES, "does not deny a name that does not exist: " + reason);
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
