package org.sealwax.assess.sender;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Letter;
import org.sealwax.assess.Outcome;
import org.sealwax.assess.Rubric;

/**
 * The rules by which senders are graded. Each row of the lab earns one point of its category, a
 * category being as large as what was tested of it; the caps are about the sender as a whole.
 */
final class SenderRubric {
  static final String VERSION = "sender 2026.1";

  private static final Set<Outcome> BAD = Set.of(Outcome.FAIL);
  private static final Set<Outcome> ANY = Set.of(Outcome.WARN, Outcome.FAIL);

  private SenderRubric() {}

  /** The rules for what was tested. */
  static Rubric rules(List<Finding> findings) {
    List<Rubric.Category> categories = new ArrayList<>();
    for (Expectation.Category category : Expectation.Category.values()) {
      List<Rubric.Row> rows = new ArrayList<>();
      for (Finding finding : findings) {
        boolean tested = finding.outcome() != Outcome.NOT_TESTED;
        if (tested && SenderAssessment.categoryOf(finding).filter(category::equals).isPresent()) {
          rows.add(Rubric.Row.of(finding.check().id(), 2, 1));
        }
      }
      if (!rows.isEmpty()) {
        categories.add(
            new Rubric.Category(category.title(), category.most(), rows.size() * 2, rows));
      }
    }
    return new Rubric(VERSION, categories, caps(), plus());
  }

  private static Rubric.CapRow cap(
      Letter most, String check, String aspect, Set<Outcome> outcomes, String reason) {
    return new Rubric.CapRow(most, check, aspect, outcomes, reason);
  }

  private static List<Rubric.CapRow> caps() {
    return List.of(
        cap(Letter.F, "sender.starttls", "", BAD, "never uses STARTTLS"),
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
        cap(Letter.C, "lab.h1", "loss", BAD, "mail to a null MX is queued"),
        cap(Letter.B, "sender.policy", "one", ANY, "only one of DANE and MTA-STS"),
        cap(Letter.B, "sender.old-tls", "", ANY, "TLS 1.0 or 1.1 is negotiated"),
        cap(Letter.B, "sender.sni", "", BAD, "no server name"),
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
