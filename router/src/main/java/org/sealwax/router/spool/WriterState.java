package org.sealwax.router.spool;

import static org.sealwax.router.spool.SpoolStep.ANSWER;
import static org.sealwax.router.spool.SpoolStep.BEGIN;
import static org.sealwax.router.spool.SpoolStep.BEGIN_SYNCED;
import static org.sealwax.router.spool.SpoolStep.CLOSE;
import static org.sealwax.router.spool.SpoolStep.COMMIT;
import static org.sealwax.router.spool.SpoolStep.DIVIDE;
import static org.sealwax.router.spool.SpoolStep.EMPTY_LOG;
import static org.sealwax.router.spool.SpoolStep.FINISH_LOG;
import static org.sealwax.router.spool.SpoolStep.NAME_CONTENTS;
import static org.sealwax.router.spool.SpoolStep.OPEN;
import static org.sealwax.router.spool.SpoolStep.REFUSE;
import static org.sealwax.router.spool.SpoolStep.REMOVE_CONTENTS;
import static org.sealwax.router.spool.SpoolStep.ROLLBACK;
import static org.sealwax.router.spool.SpoolStep.SALVAGE;
import static org.sealwax.router.spool.SpoolStep.SYNC_NAMES;
import static org.sealwax.router.spool.SpoolStep.TIDY;
import static org.sealwax.router.spool.SpoolStep.TOUCH;
import static org.sealwax.router.spool.SpoolStep.WRITE;

import java.util.List;

/**
 * The states of the writer, and the steps that follow from each event: a table without any effect.
 * {@link SpoolWriter} takes the steps, in order, in its one thread.
 *
 * <p>What every row keeps: no answer is given before the commit; the answer to mail follows a
 * commit that waited for the disk; a content's file gets its name before the answer; and a file is
 * only removed after a commit that waited for the disk, so that no row comes back without its
 * content.
 */
enum WriterState {
  /** Open; all that was committed is on stable storage. */
  SYNCED,
  /** Open; a power failure may undo the changes of the last second. */
  UNSYNCED,
  /** Closed after a failure, until the next try to open. */
  BROKEN,
  /** Closed; what is readable must be copied out first. */
  DAMAGED,
  /** Closed in order. */
  CLOSED;

  /** What happens to the writer. */
  enum Event {
    /** A batch with a job whose caller waits, or with one that comes when a sync is due. */
    MAIL,
    /** A batch of nothing but changes. */
    CHANGES,
    /** A change has not been on stable storage for a second. */
    SYNC_DUE,
    /** There is time to delete old trace entries or to give free pages back. */
    TIDY_DUE,
    /** The log may have grown long. */
    LOG_DUE,
    /** One of our statements or values is wrong; the engine works. */
    MISTAKE,
    /** The engine or the disk failed. */
    FAILURE,
    /** The database is damaged, or an admin asks for the salvage. */
    DAMAGE,
    /** It is time to open the database again. */
    RETRY,
    /** The spool is closed, and all jobs are done. */
    END
  }

  /**
   * What an event leads to.
   *
   * @param next the state after the last step
   * @param steps to be taken in this order; a step that fails is another event in the former state
   */
  record Transition(WriterState next, List<SpoolStep> steps) {}

  boolean isOpen() {
    return this == SYNCED || this == UNSYNCED;
  }

  /**
   * The row of this state and an event.
   *
   * @throws IllegalStateException when the event cannot come in this state
   */
  Transition on(Event event) {
    return switch (event) {
      case MAIL ->
          open(
              SYNCED,
              SYNC_NAMES,
              BEGIN_SYNCED,
              WRITE,
              COMMIT,
              REMOVE_CONTENTS,
              NAME_CONTENTS,
              ANSWER);
      case CHANGES -> open(UNSYNCED, BEGIN, WRITE, COMMIT, ANSWER);
      case SYNC_DUE -> open(SYNCED, BEGIN_SYNCED, TOUCH, COMMIT, REMOVE_CONTENTS);
      case TIDY_DUE -> open(UNSYNCED, BEGIN, TIDY, COMMIT);
      case LOG_DUE -> open(this, FINISH_LOG);
      case MISTAKE -> open(this, ROLLBACK, DIVIDE);
      case FAILURE -> row(this != CLOSED, BROKEN, CLOSE, REFUSE);
      case DAMAGE -> row(this != CLOSED, DAMAGED, CLOSE, REFUSE);
      case RETRY ->
          this == DAMAGED ? row(true, SYNCED, SALVAGE, OPEN) : row(this == BROKEN, SYNCED, OPEN);
      case END -> open(CLOSED, EMPTY_LOG, CLOSE);
    };
  }

  private Transition open(WriterState next, SpoolStep... steps) {
    return row(isOpen(), next, steps);
  }

  private Transition row(boolean isPossible, WriterState next, SpoolStep... steps) {
    if (!isPossible) {
      throw new IllegalStateException("not when " + this);
    }
    return new Transition(next, List.of(steps));
  }
}
