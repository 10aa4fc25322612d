package org.sealwax.router.hosting;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/** Examines a domain as a receiver of mail; implemented outside of the router. */
@FunctionalInterface
public interface DomainAssessor {
  /** Nothing is assessed. */
  DomainAssessor NONE = _ -> Optional.empty();

  /**
   * The grade of one assessment.
   *
   * @param text for people
   * @param isGood whether it is A or A+, without a doubt
   */
  record DomainGrade(String text, boolean isGood) {}

  /** {@return the grade; empty: it could not be assessed, which is neither good nor bad} */
  Optional<DomainGrade> assess(Domain domain) throws InterruptedException;
}
