package org.sealwax.app.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.assess.Assessor;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;

/**
 * How mail to our domains is protected: MX, DNSSEC, TLSA, MTA-STS, TLSRPT and the TLS of each host,
 * as {@code sealwax assess} examines it.
 */
record ReceivingReview(MailSite site, Assessor assessor) implements SiteReview {
  @Override
  public List<SiteFinding> findings() throws InterruptedException {
    List<SiteFinding> found = new ArrayList<>();
    for (Domain domain : site.receiverDomains()) {
      AssessmentReport report =
          assessor.assess(
              new AssessmentTarget.DomainTarget(domain),
              AssessmentBudget.of(ScanDepth.QUICK),
              ProgressListener.none());
      found.addAll(of(domain, report));
    }
    return found;
  }

  /**
   * The grade, and each fault once, whatever number of addresses has it. Checks that could not be
   * made for one reason are one finding.
   */
  static List<SiteFinding> of(Domain domain, AssessmentReport report) {
    List<SiteFinding> found = new ArrayList<>();
    SiteFinding.Checked receiving = SiteFinding.SiteCheck.RECEIVING.of(domain.name());
    found.add(
        report.graded().isPresent()
            ? receiving.note("grade " + report.letter() + ": sealwax assess " + domain)
            : receiving.unknown("no grade: " + report.ungraded()));
    Map<String, SiteFinding> byCode = new LinkedHashMap<>();
    Map<String, Integer> unknown = new LinkedHashMap<>();
    for (Finding finding : report.findings()) {
      SiteFinding.SiteVerdict verdict = verdict(finding.outcome());
      if (verdict == SiteFinding.SiteVerdict.UNKNOWN) {
        unknown.merge(finding.text(), 1, Integer::sum);
      }
    }
    for (Finding finding : report.findings()) {
      SiteFinding.SiteVerdict verdict = verdict(finding.outcome());
      int same =
          verdict == SiteFinding.SiteVerdict.UNKNOWN ? unknown.getOrDefault(finding.text(), 0) : 1;
      if (same > 1) {
        byCode.putIfAbsent(
            finding.text(),
            receiving.unknown(same + " checks could not be made: " + finding.text()));
      } else if (verdict.compareTo(SiteFinding.SiteVerdict.NOTE) > 0) {
        byCode.putIfAbsent(
            finding.code(),
            SiteFinding.Checked.of(finding.check(), domain)
                .found(verdict, finding.heading() + ": " + finding.text(), fix(finding)));
      }
    }
    found.addAll(byCode.values());
    return found;
  }

  private static SiteFinding.SiteVerdict verdict(CheckOutcome outcome) {
    return switch (outcome) {
      case FAIL -> SiteFinding.SiteVerdict.ERROR;
      case WARN -> SiteFinding.SiteVerdict.WARNING;
      case INCONCLUSIVE -> SiteFinding.SiteVerdict.UNKNOWN;
      case PASS, INFO, NOT_TESTED, NOT_NEEDED -> SiteFinding.SiteVerdict.OK;
    };
  }

  private static List<String> fix(Finding finding) {
    if (!finding.isFault()) {
      return List.of();
    }
    List<String> fix = new ArrayList<>(finding.lines());
    if (fix.isEmpty()) {
      String general = finding.check().advice().general();
      fix.addAll(general.isEmpty() ? List.of() : List.of(general));
      fix.addAll(finding.check().advice().settings().getOrDefault("Sealwax", List.of()));
    }
    return fix;
  }
}
