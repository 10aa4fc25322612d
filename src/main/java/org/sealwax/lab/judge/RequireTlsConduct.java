package org.sealwax.lab.judge;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.assess.model.Outcome;

/**
 * What became of mail that was sent with REQUIRETLS, or with {@code TLS-Required: No} (RFC 8689):
 * the rows G2 to G5. Pure.
 *
 * <p>The lab sees what comes out of a sender and not what was handed in. So mail that came without
 * the keyword accuses nobody by itself: it may have been handed in without. That changes once this
 * sender has shown that it knows the keyword, by keeping it in one row or by bouncing for the lack
 * of it in another: from then on each row is judged by what really happened there.
 */
final class RequireTlsConduct {
  /**
   * RFC 8689 section 4.2.1: {@code 5.7.30} where REQUIRETLS is missing, {@code 5.7.10} where TLS
   * is.
   */
  private static final Set<String> BOUNCES = Set.of("5.7.10", "5.7.30");

  private static final Deeds NONE = Deeds.none();

  private final Map<String, Deeds> deeds;
  private final Predicate<String> settled;

  /**
   * @param settled whether what the sender did not deliver in a row is not going to be delivered
   */
  RequireTlsConduct(Map<String, Deeds> deeds, Predicate<String> settled) {
    this.deeds = Map.copyOf(deeds);
    this.settled = settled;
  }

  private Deeds at(String label) {
    return deeds.getOrDefault(label, NONE);
  }

  private static boolean keyword(Deeds of) {
    return of.mailLines().stream().anyMatch(l -> words(l).contains(" REQUIRETLS"));
  }

  private static String words(String line) {
    return line.toUpperCase(Locale.ROOT);
  }

  private static boolean bounced(Deeds of) {
    return of.bounce().filter(b -> BOUNCES.contains(b.status())).isPresent();
  }

  /** Whether the sender has shown that it knows REQUIRETLS, and that mail came to it with that. */
  boolean known() {
    return keyword(at("g4")) || keyword(at("g3")) || bounced(at("g2")) || bounced(at("g3"));
  }

  /** The verdict on one of the rows. */
  RowJudge.Verdict of(String label) {
    Deeds of = at(label);
    return switch (label) {
      case "g2" -> refused(label, of, "to a host without REQUIRETLS");
      case "g3" -> refused(label, of, "to a host whose certificate does not hold");
      case "g4" -> kept(label, of);
      case "g5" -> optional(label, of);
      default -> throw new IllegalArgumentException(label);
    };
  }

  private RowJudge.Verdict refused(String label, Deeds of, String where) {
    if (!of.inClear().isEmpty() || (label.equals("g3") && of.delivered())) {
      return RowJudge.fail("leak", where + ", against the policy");
    }
    if (of.delivered()) {
      return known() || keyword(of)
          ? RowJudge.fail("leak", where + ", although REQUIRETLS was asked for")
          : without();
    }
    if (of.bounce().isPresent()) {
      if (bounced(of)) {
        return RowJudge.PASS;
      }
      return known()
          ? new RowJudge.Verdict(Outcome.PASS, "", "RFC 8689 has 5.7.10 and 5.7.30 for it")
          : without();
    }
    if (!settled.test(label)) {
      return RowJudge.waiting("still queued");
    }
    return known()
        ? RowJudge.fail("stuck", "neither delivered nor bounced, and the sender was to be told")
        : without();
  }

  private RowJudge.Verdict kept(String label, Deeds of) {
    if (!of.delivered()) {
      if (of.bounce().isPresent()) {
        return RowJudge.fail("loss", "this mail could be delivered");
      }
      return settled.test(label)
          ? RowJudge.fail("stuck", "this mail could be delivered")
          : RowJudge.waiting("still queued");
    }
    if (!of.inClear().isEmpty()) {
      return RowJudge.fail("leak", "in plaintext, against the policy");
    }
    if (keyword(of)) {
      return RowJudge.PASS;
    }
    return known() ? RowJudge.fail("weak", "the next hop was not told of REQUIRETLS") : without();
  }

  private RowJudge.Verdict optional(String label, Deeds of) {
    if (of.delivered()) {
      return of.tlsOptional()
          ? RowJudge.PASS
          : RowJudge.fail(
              "leak", "to a host that the policy forbids, and no TLS-Required: No came with it");
    }
    if (of.bounce().isPresent() && known()) {
      return RowJudge.fail("loss", "TLS-Required: No asked for delivery");
    }
    if (of.bounce().isEmpty() && !settled.test(label)) {
      return RowJudge.waiting("still queued");
    }
    return new RowJudge.Verdict(
        Outcome.INFO, "", "the header did not come, or is not followed here");
  }

  private static RowJudge.Verdict without() {
    return new RowJudge.Verdict(
        Outcome.INFO, "", "it came without REQUIRETLS: handed in so, or the sender knows it not");
  }
}
