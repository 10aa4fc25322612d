package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Rubric;

/**
 * The rules by which senders are graded. Each row of the lab earns one point of its category, a
 * category being as large as what was chosen of it; the caps are about the sender as a whole.
 */
final class SenderRubric {
  static final String VERSION = "sender 2026.2";

  private static final Set<Outcome> BAD = Set.of(Outcome.FAIL);
  private static final Set<Outcome> ANY = Set.of(Outcome.WARN, Outcome.FAIL);

  private SenderRubric() {}

  /**
   * The rules for these rows. What is not tested earns nothing, and neither does a refusal of a
   * sender that refuses legal mail as well: refusals count by the share of legal mail that was
   * delivered.
   */
  static Rubric rules(Profile profile, List<Finding> rows, Map<String, Deeds> deeds) {
    Rubric.Share delivered = delivered(profile, rows, deeds);
    List<Rubric.Category> categories = new ArrayList<>();
    for (Expectation.Category category : Expectation.Category.values()) {
      List<Rubric.Row> earning = new ArrayList<>();
      if (category == Expectation.Category.REPORTS) {
        earning.add(Rubric.Row.of("sender.tlsrpt", 2, 1));
      }
      for (Finding finding : rows) {
        if (SenderAssessment.categoryOf(finding).filter(category::equals).isPresent()) {
          // Plaintext where nothing forbids it is half of what was to be had: the mail arrived.
          earning.add(new Rubric.Row(finding.check().id(), 2, 1, Map.of("clear", 1), ""));
        }
      }
      if (!earning.isEmpty()) {
        categories.add(
            new Rubric.Category(
                category.title(),
                category.most(),
                earning.size() * 2,
                earning,
                category.refuses() ? delivered : Rubric.Share.ALL));
      }
    }
    return new Rubric(VERSION, categories, caps(), plus());
  }

  /** The share of legal mail that arrived, in whatever way. */
  private static Rubric.Share delivered(
      Profile profile, List<Finding> rows, Map<String, Deeds> deeds) {
    int legal = 0;
    int arrived = 0;
    int lost = 0;
    for (Finding row : rows) {
      String label = SenderAssessment.label(row);
      if (RowJudge.expected(label).legal(profile)) {
        legal++;
        if (deeds.getOrDefault(label, Deeds.none()).delivered()) {
          arrived++;
        } else if (row.outcome() == Outcome.FAIL) {
          lost++;
        }
      }
    }
    return legal == 0
        ? Rubric.Share.ALL
        : new Rubric.Share(100 * arrived / legal, 100 * (legal - lost) / legal);
  }

  private static Rubric.CapRow cap(
      Letter most, String check, String aspect, Set<Outcome> outcomes, String reason) {
    return new Rubric.CapRow(most, check, aspect, outcomes, reason);
  }

  private static List<Rubric.CapRow> caps() {
    return List.of(
        cap(Letter.F, "sender.starttls", "", BAD, "never uses STARTTLS"),
        cap(Letter.F, "sender.delivers", "most", BAD, "most legal mail does not arrive"),
        cap(Letter.D, "sender.delivers", "many", BAD, "more than a quarter of legal mail is lost"),
        cap(
            Letter.C,
            "sender.delivers",
            "some",
            BAD,
            "more than a twentieth of legal mail is lost"),
        cap(Letter.B, "sender.delivers", "few", BAD, "legal mail is lost"),
        cap(Letter.F, "lab.b11", "fooled", BAD, "response injection works"),
        cap(Letter.F, "sender.finished", "", BAD, "goes on after a wrong Finished or signature"),
        cap(Letter.F, "sender.broken-tls", "ssl", BAD, "SSL, export suites or none are agreed to"),
        cap(Letter.D, "sender.broken-tls", "rc4", BAD, "RC4 or Diffie-Hellman below 1,024 bits"),
        cap(Letter.F, "lab.e18", "leak", BAD, "delivers on bogus DNSSEC"),
        cap(Letter.F, "lab.e19", "leak", BAD, "delivers on bogus DNSSEC"),
        cap(Letter.D, "sender.policy", "neither", BAD, "neither DANE nor MTA-STS is enforced"),
        cap(Letter.D, "sender.policy", "ignored", BAD, "a policy is looked up and ignored"),
        cap(Letter.C, "sender.dane", "hole", ANY, "DANE with a hole"),
        cap(Letter.C, "sender.sts", "hole", ANY, "MTA-STS with a hole"),
        cap(Letter.C, "lab.e2", "loss", BAD, "DANE-EE with a bad certificate is refused"),
        cap(Letter.C, "lab.e2", "stuck", BAD, "DANE-EE with a bad certificate is refused"),
        cap(Letter.C, "lab.h1", "loss", BAD, "mail to a null MX is queued"),
        cap(Letter.C, "lab.h1", "stuck", BAD, "mail to a null MX is queued"),
        cap(Letter.B, "sender.policy", "one", ANY, "only one of DANE and MTA-STS"),
        cap(Letter.B, "sender.old-tls", "", ANY, "TLS 1.0 or 1.1 is negotiated"),
        cap(Letter.B, "sender.sni", "", ANY, "no server name, or not always"),
        cap(Letter.A_MINUS, "sender.tlsrpt", "", ANY, "no TLS reports, or wrong ones"),
        cap(Letter.A_MINUS, "sender.pq", "", ANY, "no post-quantum key exchange"));
  }

  private static List<Rubric.Plus> plus() {
    return List.of(
        new Rubric.Plus("sender.rows", "every row as it should be"),
        new Rubric.Plus("sender.tlsrpt", "right TLS reports about all failing traps"),
        new Rubric.Plus("sender.pq", "post-quantum key exchange"),
        new Rubric.Plus("lab.h5", "TLS at the second MX before clear text at the first"),
        new Rubric.Plus("sender.requiretls", "REQUIRETLS and TLS-Required"),
        new Rubric.Plus("sender.client-certificate", "a client certificate, shown and tolerated"));
  }
}
