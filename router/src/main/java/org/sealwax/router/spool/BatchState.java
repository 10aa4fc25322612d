package org.sealwax.router.spool;

import java.util.List;

/** The state of a batch. */
public enum BatchState {
  /** Just accepted and in the hands of the running router; after a crash it becomes QUEUED. */
  FRESH(0),
  /** Ready, and waits for its turn. */
  QUEUED(1),
  /** Tried, and waits for its next round. */
  DEFERRED(2),
  /** Held until an admin releases, bounces or deletes it. */
  HELD(3),
  /**
   * Complete, not acknowledged, and being delivered while the client waits for our reply; after a
   * crash it is dropped, because the client still has it.
   */
  PROVISIONAL(4);

  private static final List<BatchState> ALL = List.of(values());

  /** The number in the store; the indexes and statements of the format know it. */
  private final int code;

  BatchState(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  /** Whether a batch in this state has a time. */
  boolean isTimed() {
    return this == QUEUED || this == DEFERRED;
  }

  /** Whether a state has this number. */
  static boolean isKnown(int code) {
    return code >= FRESH.code && code <= PROVISIONAL.code;
  }

  /**
   * The state of a number.
   *
   * @throws IllegalArgumentException when no state has it
   */
  static BatchState of(int code) {
    if (!isKnown(code)) {
      throw new IllegalArgumentException("no state " + code);
    }
    return ALL.get(code);
  }
}
