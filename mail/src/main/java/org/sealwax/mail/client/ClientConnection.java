package org.sealwax.mail.client;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.smtp.session.ClientSession;

/**
 * The outcome of one connection to one host.
 *
 * @param observation what the connection showed; null when the requirement excludes the host, so
 *     that no connection was made
 * @param decision what follows from the requirement and the observation
 * @param session the open session, ready for MAIL; null unless the decision is {@link
 *     Decision.Proceed}. The caller ends it with {@link ClientSession#quit}
 */
public record ClientConnection(
    @Nullable Observation observation, Decision decision, @Nullable ClientSession session) {
  /**
   * Checks that there is a session exactly when mail may be sent.
   *
   * @throws IllegalArgumentException when a session and the decision disagree
   */
  public ClientConnection {
    if ((session != null) != (decision instanceof Decision.Proceed)) {
      throw new IllegalArgumentException("the session must not send mail: " + decision);
    }
  }
}
