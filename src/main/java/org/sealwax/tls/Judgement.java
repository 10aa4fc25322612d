package org.sealwax.tls;

import java.util.List;

/**
 * What a {@link Judge} says of a chain.
 *
 * @param verdict what it is worth
 * @param notes findings that change nothing: {@code no clientAuth purpose}, {@code name mismatch:
 *     …}
 */
public record Judgement(Verdict verdict, List<String> notes) {
  /** Copies. */
  public Judgement {
    notes = List.copyOf(notes);
  }
}
