package org.sealwax.router.spool;

import java.util.Set;

/**
 * Marks of the messages that the writer works on, kept where the next start finds them after a
 * crash. Thread-safe.
 */
public interface StepMarks {
  /** Whether the process has ended before while it worked on this message. */
  boolean isSuspect(QueueId message);

  /** A step with these messages begins. */
  void beginStep(Set<QueueId> messages);

  /** It is over, and the process goes on. */
  void endStep(Set<QueueId> messages);

  /** Marks nothing. */
  StepMarks NONE =
      new StepMarks() {
        @Override
        public boolean isSuspect(QueueId message) {
          return false;
        }

        @Override
        public void beginStep(Set<QueueId> messages) {}

        @Override
        public void endStep(Set<QueueId> messages) {}
      };
}
