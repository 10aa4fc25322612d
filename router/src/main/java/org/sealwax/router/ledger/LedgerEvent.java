package org.sealwax.router.ledger;

import java.util.Locale;

/** An event that can change a domain's level, for counters. */
public enum LedgerEvent {
  /** It was reached. */
  PROMOTED,
  /** A violation began. */
  VIOLATED,
  /** A violation ended by itself. */
  HEALED,
  /** The lesser state, or new hosts, were accepted. */
  ACCEPTED,
  /** It was not seen for too long. */
  DECAYED;

  /** In lower case, for labels. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static LedgerEvent of(LedgerChange.Fact fact) {
    return switch (fact) {
      case LedgerChange.Fact.Promoted p -> PROMOTED;
      case LedgerChange.Fact.Recovered h -> HEALED;
      case LedgerChange.Fact.Decayed d -> DECAYED;
      case LedgerChange.Fact.Accepted a -> ACCEPTED;
      case LedgerChange.Fact.HostsAccepted h -> ACCEPTED;
      case LedgerChange.Fact.Violated v -> VIOLATED;
    };
  }
}
