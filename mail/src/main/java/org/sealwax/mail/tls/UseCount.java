package org.sealwax.mail.tls;

import java.io.IOException;

/**
 * Counts the users of what belongs to one connection. The last user after the end releases it, so
 * that it happens exactly once and while no thread uses it. Thread-safe.
 */
final class UseCount {
  private int users;
  private boolean ended;
  private boolean released;

  /**
   * One more user.
   *
   * @throws IOException after the end
   */
  synchronized void enter() throws IOException {
    if (ended) {
      throw new IOException("the connection is closed");
    }
    users++;
  }

  /** {@return whether the caller, a user no longer, must release now} */
  synchronized boolean exit() {
    users--;
    boolean isLast = ended && users == 0 && !released;
    released |= isLast;
    return isLast;
  }

  /** {@return whether this ends it: then the caller is a user until it exits} */
  synchronized boolean end() {
    boolean first = !ended;
    ended = true;
    users += first ? 1 : 0;
    return first;
  }

  synchronized boolean isEnded() {
    return ended;
  }
}
