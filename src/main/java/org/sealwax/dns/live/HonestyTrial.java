package org.sealwax.dns.live;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.dns.DnsSettings;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Scope;
import org.xbill.DNS.Name;

/** Tries each resolver by itself, without the cache. */
final class HonestyTrial {
  /** Of each of three steps; two tries at one resolver fit in. */
  private static final Duration STEP = Honesty.TOTAL.dividedBy(3);

  /** Letters of the name that must not exist: nobody will ever register it. */
  private static final int LETTERS = 20;

  private HonestyTrial() {}

  static List<Honesty> of(DnsSettings settings, Clock clock, Chance chance)
      throws InterruptedException {
    List<InetSocketAddress> resolvers =
        settings.resolvers().isEmpty() ? Lookup.systemResolvers() : settings.resolvers();
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
        Lookup lookup = Lookup.of(brief.withResolvers(List.of(resolver)), clock, chance);
        trials.add(scope.fork(() -> lookup.honesty(resolver, nowhere(chance), STEP)));
      }
      scope.join();
      for (Scope.Task<Honesty> trial : trials) {
        found.add(trial.get());
      }
    }
    return found;
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
