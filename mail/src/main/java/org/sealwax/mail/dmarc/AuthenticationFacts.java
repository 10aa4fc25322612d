package org.sealwax.mail.dmarc;

import java.util.List;

/**
 * What SPF and DKIM found about one message.
 *
 * @param passed identifiers that were authenticated
 * @param undecided identifiers whose check ended with a failed look-up
 */
public record AuthenticationFacts(
    List<AuthenticatedIdentifier> passed, List<AuthenticatedIdentifier> undecided) {
  /** Copies. */
  public AuthenticationFacts {
    passed = List.copyOf(passed);
    undecided = List.copyOf(undecided);
  }
}
