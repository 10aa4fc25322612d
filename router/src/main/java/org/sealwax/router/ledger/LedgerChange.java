package org.sealwax.router.ledger;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row after something happened, and what that means for the admin.
 *
 * @param row as it is now
 * @param facts in order; empty for the ordinary case
 */
public record LedgerChange(DomainRecord row, List<Fact> facts) {
  /**
   * A change of a level, or of what stands against it.
   *
   * @param event its kind; null for one that is not counted
   * @param text in plain words, to stand after the domain's name
   */
  public record Fact(@Nullable LedgerEvent event, String text) {}

  /** Copies. */
  public LedgerChange {
    facts = List.copyOf(facts);
  }

  static LedgerChange none(DomainRecord row) {
    return new LedgerChange(row, List.of());
  }
}
