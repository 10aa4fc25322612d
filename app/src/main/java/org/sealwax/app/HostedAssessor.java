package org.sealwax.app;

import java.io.IOException;
import java.util.Optional;
import org.sealwax.assess.Assessor;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.cli.AssessmentSetup;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.hosting.DomainAssessor;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.router.wiring.CertificateAuthorities;

/**
 * Assesses the domains whose MTA-STS policy the router serves, as {@code sealwax assess} does.
 *
 * @param settings of the router at its start
 */
record HostedAssessor(RouterSettings settings) implements DomainAssessor {
  /** {@return an assessor; nothing is loaded before the first assessment} */
  static DomainAssessor of(RouterSettings settings) {
    return new HostedAssessor(settings);
  }

  @Override
  public Optional<DomainGrade> assess(Domain domain) throws InterruptedException {
    Assessor assessor;
    try {
      assessor = setup().assessor();
    } catch (IOException e) {
      return Optional.empty(); // a file of authorities cannot be read now
    }
    return assessor
        .assess(
            new AssessmentTarget.DomainTarget(domain),
            AssessmentBudget.of(ScanDepth.STANDARD),
            ProgressListener.none())
        .graded()
        .map(HostedAssessor::grade);
  }

  private AssessmentSetup setup() throws IOException {
    return AssessmentSetup.configured(
        new AssessmentSetup.ScanSettings(
            settings.dns(),
            new CertificateAuthorities(settings).standard(),
            settings.server().hostname(),
            settings.deliver().mxPort(),
            settings.sts().map(StsSettings::port)),
        SystemDialer.guarded(settings.dialer()),
        !settings.dialer().allowTargets().isEmpty());
  }

  /** What was not tested or was inconclusive is no A. */
  static DomainGrade grade(Grade grade) {
    return new DomainGrade(
        grade.text(), grade.letter().compareTo(GradeLetter.A) <= 0 && !grade.uncertain());
  }
}
