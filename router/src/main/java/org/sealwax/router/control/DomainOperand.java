package org.sealwax.router.control;

import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.NamedDomain;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;

/** The domain of a request. */
final class DomainOperand {
  private DomainOperand() {}

  /**
   * Reads it.
   *
   * @throws ControlRequestRefused when it is something else, with what to write instead
   */
  static Domain of(String text) throws ControlRequestRefused {
    Optional<String> problem = NamedDomain.problem(text);
    if (problem.isPresent()) {
      throw new ControlRequestRefused(problem.get());
    }
    return Domain.of(text);
  }
}
