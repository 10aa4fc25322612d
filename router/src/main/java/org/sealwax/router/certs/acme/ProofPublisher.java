package org.sealwax.router.certs.acme;

import java.io.IOException;

/** Publishes proofs of one type; thread-safe. */
public interface ProofPublisher {
  /** A proof that can be seen now, until it is withdrawn. */
  interface PublishedProof {
    /**
     * Removes it, as far as that is possible; what fails is logged, not thrown.
     *
     * @throws InterruptedException when the thread is interrupted
     */
    void withdraw() throws InterruptedException;
  }

  /** {@return the type of challenge that it answers} */
  AcmeSettings.ChallengeType type();

  /**
   * Publishes a proof, and returns when the authority can see it.
   *
   * @param proof of this type
   * @return the published one
   * @throws IOException when it cannot be published; then nothing is left
   * @throws InterruptedException when the thread is interrupted
   */
  PublishedProof publish(Proof proof) throws IOException, InterruptedException;
}
