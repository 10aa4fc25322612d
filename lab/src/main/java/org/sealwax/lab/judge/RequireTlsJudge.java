package org.sealwax.lab.judge;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.assess.model.CheckOutcome;

/**
 * Judges the handling of mail that was sent with REQUIRETLS, or with {@code TLS-Required: No} (RFC
 * 8689): the test cases G2 to G5. Pure.
 *
 * <p>The lab sees the mail that a sender sends and not the mail that was submitted to it. So mail
 * without the keyword is not a failure by itself: it may have been submitted without. That changes
 * once this sender has shown that it supports the keyword, by keeping it in one test case or by
 * bouncing for the lack of it in another: from then on each test case is judged by what really
 * happened there.
 */
final class RequireTlsJudge {
  /**
   * RFC 8689 section 4.2.1: {@code 5.7.30} where REQUIRETLS is missing, {@code 5.7.10} where TLS
   * is.
   */
  private static final Set<String> BOUNCES = Set.of("5.7.10", "5.7.30");

  private static final SightingFacts NONE = SightingFacts.none();

  private final Map<String, SightingFacts> facts;
  private final Predicate<String> isDecided;

  /**
   * @param settled whether what the sender did not deliver in a test case is not going to be
   *     delivered
   */
  RequireTlsJudge(Map<String, SightingFacts> facts, Predicate<String> settled) {
    this.facts = Map.copyOf(facts);
    this.isDecided = settled;
  }

  private SightingFacts at(String label) {
    return facts.getOrDefault(label, NONE);
  }

  private static boolean keyword(SightingFacts of) {
    return of.mailLines().stream().anyMatch(l -> keywords(l).contains(" REQUIRETLS"));
  }

  private static String keywords(String line) {
    return line.toUpperCase(Locale.ROOT);
  }

  private static boolean bounced(SightingFacts of) {
    return of.bounce().filter(b -> BOUNCES.contains(b.status())).isPresent();
  }

  /**
   * Whether the sender has shown that it supports REQUIRETLS, and that mail was submitted with it.
   */
  boolean known() {
    return keyword(at("g4")) || keyword(at("g3")) || bounced(at("g2")) || bounced(at("g3"));
  }

  /** The verdict on one of the test cases. */
  TrapJudge.TrapVerdict of(String label) {
    SightingFacts of = at(label);
    return switch (label) {
      case "g2" -> refused(label, of, "to a host without REQUIRETLS");
      case "g3" -> refused(label, of, "to a host with an invalid certificate");
      case "g4" -> queued(label, of);
      case "g5" -> optional(label, of);
      default -> throw new IllegalArgumentException(label);
    };
  }

  private TrapJudge.TrapVerdict refused(String label, SightingFacts of, String where) {
    if (!of.inPlaintext().isEmpty() || (label.equals("g3") && of.delivered())) {
      return TrapJudge.fail("leak", where + ", against the policy");
    }
    if (of.delivered()) {
      return known() || keyword(of)
          ? TrapJudge.fail("leak", where + ", although REQUIRETLS was requested")
          : without();
    }
    if (of.bounce().isPresent()) {
      if (bounced(of)) {
        return TrapJudge.PASS;
      }
      return known()
          ? new TrapJudge.TrapVerdict(CheckOutcome.PASS, "", "RFC 8689 requires 5.7.10 or 5.7.30")
          : without();
    }
    if (!isDecided.test(label)) {
      return TrapJudge.waiting("still queued");
    }
    return known()
        ? TrapJudge.fail("stuck", "neither delivered nor bounced; the sender must be notified")
        : without();
  }

  private TrapJudge.TrapVerdict queued(String label, SightingFacts of) {
    if (!of.delivered()) {
      if (of.bounce().isPresent()) {
        return TrapJudge.fail("loss", "this mail could be delivered");
      }
      return isDecided.test(label)
          ? TrapJudge.fail("stuck", "this mail could be delivered")
          : TrapJudge.waiting("still queued");
    }
    if (!of.inPlaintext().isEmpty()) {
      return TrapJudge.fail("leak", "in plaintext, against the policy");
    }
    if (keyword(of)) {
      return TrapJudge.PASS;
    }
    return known()
        ? TrapJudge.fail("weak", "REQUIRETLS was not passed to the next hop")
        : without();
  }

  private TrapJudge.TrapVerdict optional(String label, SightingFacts of) {
    if (of.delivered()) {
      return of.tlsOptional()
          ? TrapJudge.PASS
          : TrapJudge.fail(
              "leak", "to a host that the policy forbids, without TLS-Required: No in the message");
    }
    if (of.bounce().isPresent() && known()) {
      return TrapJudge.fail("loss", "TLS-Required: No requests delivery");
    }
    if (of.bounce().isEmpty() && !isDecided.test(label)) {
      return TrapJudge.waiting("still queued");
    }
    return new TrapJudge.TrapVerdict(
        CheckOutcome.INFO, "", "the header field did not arrive or was not honoured");
  }

  private static TrapJudge.TrapVerdict without() {
    return new TrapJudge.TrapVerdict(
        CheckOutcome.INFO,
        "",
        "the message arrived without REQUIRETLS: submitted without it, or the sender does not support it");
  }
}
