package org.sealwax.router.store;

import java.io.IOException;

/** A database that this program must not use: it is another program's, newer, or damaged. */
public final class StoreFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean damaged;

  StoreFormatException(String message, boolean damaged) {
    super(message);
    this.damaged = damaged;
  }

  /** Whether the tables are ours and the header of the file is not: it was damaged. */
  public boolean isDamaged() {
    return damaged;
  }
}
