package org.sealwax.mail.net;

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
   * {@return a platform thread that the caller starts: a shutdown hook}
   *
   * @param name the name of the thread
   * @param task what the thread runs
   */
  public static Thread unstarted(String name, Runnable task) {
    return Thread.ofPlatform().name(name).unstarted(task);
  }
}
