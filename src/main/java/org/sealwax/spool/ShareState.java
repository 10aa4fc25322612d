package org.sealwax.spool;

/** Where a share stands. The order is part of the format on disk: append only. */
public enum ShareState {
  /** Just accepted and in the hands of the running router; after a crash it becomes QUEUED. */
  FRESH,
  /** Ready, and waits for its turn. */
  QUEUED,
  /** Tried, and waits for its next round. */
  DEFERRED,
  /** Waits for a person. */
  HELD
}
