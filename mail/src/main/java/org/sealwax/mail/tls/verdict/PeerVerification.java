package org.sealwax.mail.tls.verdict;

import java.util.List;

/**
 * The result of verifying a certificate chain.
 *
 * @param verdict the verdict
 * @param proof the evidence for it
 * @param notes findings that change nothing: {@code no clientAuth purpose}, {@code name mismatch:
 *     …}
 */
public record PeerVerification(Verdict verdict, Proof proof, List<String> notes) {
  /** Copies. */
  public PeerVerification {
    notes = List.copyOf(notes);
  }

  /**
   * A result without a proof beyond the verdict.
   *
   * @param verdict the verdict
   * @param notes remarks that change nothing
   */
  public PeerVerification(Verdict verdict, List<String> notes) {
    this(verdict, Proof.of(verdict), notes);
  }
}
