package org.sealwax.router.ledger;

import java.util.Locale;

/** An event that can change a domain's level, for counters. */
public enum LedgerEvent {
  /** It was reached. */
  PROMOTED,
  /** A violation began. */
  VIOLATED,
  /** A violation ended by itself: every path keeps the level again. */
  HEALED,
  /** The lesser state, or new hosts, were accepted. */
  ACCEPTED,
  /** It was not seen for too long. */
  DECAYED;

  /** In lower case, for labels. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
