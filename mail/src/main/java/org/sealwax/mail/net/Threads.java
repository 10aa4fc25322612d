package org.sealwax.mail.net;

import org.jspecify.annotations.Nullable;

/** The only source of threads. */
public final class Threads {
  private Threads() {}

  /**
   * Starts a virtual thread that owns one session or task.
   *
   * @param name the name of the thread
   * @param task what the thread runs
   * @return the thread
   */
  public static Thread start(String name, Runnable task) {
    return Thread.ofVirtual().name(name).start(task);
  }

  /**
   * Starts a daemon platform thread: for work that pins or blocks in native code (the spool).
   *
   * @param name the name of the thread
   * @param task what the thread runs
   * @return the thread
   */
  public static Thread startPlatform(String name, Runnable task) {
    return Thread.ofPlatform().daemon().name(name).start(task);
  }

  /**
   * Waits for the end of a thread, also when the caller is interrupted: what closes a store must
   * not return before its last user has ended.
   *
   * @param thread null: there is nothing to wait for
   */
  public static void join(@Nullable Thread thread) {
    boolean interrupted = false;
    while (thread != null && thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * {@return a platform thread that the caller starts: a shutdown hook}
   *
   * @param name the name of the thread
   * @param task what the thread runs
   */
  public static Thread unstarted(String name, Runnable task) {
    return Thread.ofPlatform().name(name).unstarted(task);
  }
}
