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
 * The rules by which senders are graded. Each test case earns one point of its category, whose
 * maximum is the number of chosen test cases in it. The caps concern the sender as a whole.
 */
final class SenderRubric {
  static final String VERSION = "sender 2026.2";

  private static final Set<CheckOutcome> BAD = Set.of(CheckOutcome.FAIL);
  private static final Set<CheckOutcome> ANY = Set.of(CheckOutcome.WARN, CheckOutcome.FAIL);

  /** Checks that pass once one of others passes. */
  private static final Map<String, Set<String>> CONSEQUENCES =
      Map.of("sender.policy", Set.of("sender.dane", "sender.sts"));

  /** The cap, the check with its aspect, its outcome (ANY: also a warning), and the reason. */
  private static final String CAPS =
      """
      F       sender.starttls            FAIL mail in plaintext only
      F       sender.delivers/most       FAIL the loss of most legitimate mail
      D       sender.delivers/many       FAIL the loss of more than a quarter of legitimate mail
      C       sender.delivers/some       FAIL the loss of more than a twentieth of legitimate mail
      B       sender.delivers/few        FAIL the loss of legitimate mail
      F       lab.b11/fooled             FAIL acceptance of injected replies
      F       sender.finished            FAIL acceptance of a wrong Finished or signature
      F       sender.broken-tls/ssl      FAIL SSL, export suites or no encryption
      D       sender.broken-tls/rc4      FAIL RC4 or Diffie-Hellman below 1,024 bits
      F       lab.e18/leak               FAIL delivery although DNSSEC does not validate
      F       lab.e19/leak               FAIL delivery although DNSSEC does not validate
      D       sender.policy/neither      FAIL no protection by DANE or MTA-STS
      D       sender.policy/ignored      FAIL policies that are looked up and ignored
      C       sender.dane/hole           ANY  gaps in DANE
      C       sender.sts/hole            ANY  gaps in MTA-STS
      C       lab.e2/loss                FAIL the refusal of DANE-EE with a bad certificate
      C       lab.e2/stuck               FAIL the refusal of DANE-EE with a bad certificate
      C       lab.h1/loss                FAIL queued mail to a null MX
      C       lab.h1/stuck               FAIL queued mail to a null MX
      B       sender.policy/one          ANY  missing support of DANE or MTA-STS
      B       sender.old-tls             ANY  TLS 1.0 or 1.1
      B       sender.sni                 ANY  a missing server name
      A_MINUS sender.tlsrpt              ANY  missing or wrong TLS reports
      A_MINUS sender.pq                  ANY  missing post-quantum key exchange
      """;

  private SenderRubric() {}

  /**
   * The rules for these test cases. A test case that is not tested earns nothing. Points for
   * refusals are multiplied by the share of legitimate mail that was delivered, so a sender that
   * refuses all mail earns none.
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
    return new Rubric(VERSION, categories, caps(), plus(), CONSEQUENCES);
  }

  /** The share of legitimate mail that arrived, in whatever way. */
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

  private static List<Rubric.CapRule> caps() {
    return CAPS.lines().map(line -> cap(line.split(" +", 4))).toList();
  }

  private static Rubric.CapRule cap(String[] row) {
    String[] check = row[1].split("/");
    return new Rubric.CapRule(
        GradeLetter.valueOf(row[0]),
        check[0],
        check.length == 1 ? "" : check[1],
        row[2].equals("FAIL") ? BAD : ANY,
        row[3]);
  }

  private static List<Rubric.PlusRule> plus() {
    return List.of(
        new Rubric.PlusRule("sender.rows", "all traps passed"),
        new Rubric.PlusRule(
            "sender.tlsrpt", "correct TLS reports about all traps in which sessions fail"),
        new Rubric.PlusRule("sender.pq", "post-quantum key exchange"),
        new Rubric.PlusRule("lab.h5", "TLS at the second MX before plaintext at the first"),
        new Rubric.PlusRule("sender.requiretls", "REQUIRETLS and TLS-Required"),
        new Rubric.PlusRule(
            "sender.client-certificate", "a client certificate, sent and tolerated"));
  }
}
