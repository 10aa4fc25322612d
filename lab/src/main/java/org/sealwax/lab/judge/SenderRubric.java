package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.Rubric;

/**
 * The rules by which senders are graded. Each test case of the lab earns one point of its category,
 * a category being as large as what was chosen of it; the caps are about the sender as a whole.
 */
final class SenderRubric {
  static final String VERSION = "sender 2026.2";

  private static final Set<CheckOutcome> BAD = Set.of(CheckOutcome.FAIL);
  private static final Set<CheckOutcome> ANY = Set.of(CheckOutcome.WARN, CheckOutcome.FAIL);

  private SenderRubric() {}

  /**
   * The rules for these test cases. What is not tested earns nothing, and neither does a refusal of
   * a sender that refuses legal mail as well: refusals count by the share of legal mail that was
   * delivered.
   */
  static Rubric rules(
      SenderProfile profile, List<Finding> findings, Map<String, SightingFacts> facts) {
    Rubric.ScoreShare delivered = delivered(profile, findings, facts);
    List<Rubric.ScoreCategory> categories = new ArrayList<>();
    for (TrapExpectation.SenderCategory category : TrapExpectation.SenderCategory.values()) {
      List<Rubric.PointsRule> earning = new ArrayList<>();
      if (category == TrapExpectation.SenderCategory.REPORTS) {
        earning.add(Rubric.PointsRule.of("sender.tlsrpt", 2, 1));
      }
      for (Finding finding : findings) {
        if (SenderAssessment.categoryOf(finding).filter(category::equals).isPresent()) {
          // Plaintext where nothing forbids it earns half of the points: the mail arrived.
          earning.add(new Rubric.PointsRule(finding.check().id(), 2, 1, Map.of("clear", 1), ""));
        }
      }
      if (!earning.isEmpty()) {
        categories.add(
            new Rubric.ScoreCategory(
                category.title(),
                category.most(),
                earning.size() * 2,
                earning,
                category.refuses() ? delivered : Rubric.ScoreShare.ALL));
      }
    }
    return new Rubric(VERSION, categories, caps(), plus());
  }

  /** The share of legal mail that arrived, in whatever way. */
  private static Rubric.ScoreShare delivered(
      SenderProfile profile, List<Finding> findings, Map<String, SightingFacts> facts) {
    int legal = 0;
    int arrived = 0;
    int lost = 0;
    for (Finding finding : findings) {
      String label = SenderAssessment.label(finding);
      if (TrapJudge.expected(label).legal(profile)) {
        legal++;
        if (facts.getOrDefault(label, SightingFacts.none()).delivered()) {
          arrived++;
        } else if (finding.outcome() == CheckOutcome.FAIL) {
          lost++;
        }
      }
    }
    return legal == 0
        ? Rubric.ScoreShare.ALL
        : new Rubric.ScoreShare(100 * arrived / legal, 100 * (legal - lost) / legal);
  }

  private static Rubric.CapRule cap(
      GradeLetter most, String check, String aspect, Set<CheckOutcome> outcomes, String reason) {
    return new Rubric.CapRule(most, check, aspect, outcomes, reason);
  }

  private static List<Rubric.CapRule> caps() {
    return List.of(
        cap(GradeLetter.F, "sender.starttls", "", BAD, "never uses STARTTLS"),
        cap(GradeLetter.F, "sender.delivers", "most", BAD, "most legal mail does not arrive"),
        cap(
            GradeLetter.D,
            "sender.delivers",
            "many",
            BAD,
            "more than a quarter of legal mail is lost"),
        cap(
            GradeLetter.C,
            "sender.delivers",
            "some",
            BAD,
            "more than a twentieth of legal mail is lost"),
        cap(GradeLetter.B, "sender.delivers", "few", BAD, "legal mail is lost"),
        cap(GradeLetter.F, "lab.b11", "fooled", BAD, "response injection works"),
        cap(
            GradeLetter.F,
            "sender.finished",
            "",
            BAD,
            "goes on after a wrong Finished or signature"),
        cap(
            GradeLetter.F,
            "sender.broken-tls",
            "ssl",
            BAD,
            "SSL, export suites or none are agreed to"),
        cap(
            GradeLetter.D,
            "sender.broken-tls",
            "rc4",
            BAD,
            "RC4 or Diffie-Hellman below 1,024 bits"),
        cap(GradeLetter.F, "lab.e18", "leak", BAD, "delivers on bogus DNSSEC"),
        cap(GradeLetter.F, "lab.e19", "leak", BAD, "delivers on bogus DNSSEC"),
        cap(GradeLetter.D, "sender.policy", "neither", BAD, "neither DANE nor MTA-STS is enforced"),
        cap(GradeLetter.D, "sender.policy", "ignored", BAD, "a policy is looked up and ignored"),
        cap(GradeLetter.C, "sender.dane", "hole", ANY, "DANE with a hole"),
        cap(GradeLetter.C, "sender.sts", "hole", ANY, "MTA-STS with a hole"),
        cap(GradeLetter.C, "lab.e2", "loss", BAD, "DANE-EE with a bad certificate is refused"),
        cap(GradeLetter.C, "lab.e2", "stuck", BAD, "DANE-EE with a bad certificate is refused"),
        cap(GradeLetter.C, "lab.h1", "loss", BAD, "mail to a null MX is queued"),
        cap(GradeLetter.C, "lab.h1", "stuck", BAD, "mail to a null MX is queued"),
        cap(GradeLetter.B, "sender.policy", "one", ANY, "only one of DANE and MTA-STS"),
        cap(GradeLetter.B, "sender.old-tls", "", ANY, "TLS 1.0 or 1.1 is negotiated"),
        cap(GradeLetter.B, "sender.sni", "", ANY, "no server name, or not always"),
        cap(GradeLetter.A_MINUS, "sender.tlsrpt", "", ANY, "no TLS reports, or wrong ones"),
        cap(GradeLetter.A_MINUS, "sender.pq", "", ANY, "no post-quantum key exchange"));
  }

  private static List<Rubric.PlusRule> plus() {
    return List.of(
        new Rubric.PlusRule("sender.rows", "every row as it should be"),
        new Rubric.PlusRule("sender.tlsrpt", "right TLS reports about all failing traps"),
        new Rubric.PlusRule("sender.pq", "post-quantum key exchange"),
        new Rubric.PlusRule("lab.h5", "TLS at the second MX before clear text at the first"),
        new Rubric.PlusRule("sender.requiretls", "REQUIRETLS and TLS-Required"),
        new Rubric.PlusRule(
            "sender.client-certificate", "a client certificate, shown and tolerated"));
  }
}
