package org.sealwax.mail.net;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Starts the threads that the process cannot work without: listeners, the queue, the writers of the
 * spool, the log and the ledger, and the loops that keep certificates and policies. When one of
 * them ends before its owner was closed, for any reason, the process ends and a service manager
 * starts it again. A process that runs without its queue would go unnoticed.
 *
 * <p>Supervision is of the process, so what happens at the end is set once, by the subcommand that
 * runs as a service; until then nothing happens but that {@link #ended} names the thread.
 */
public final class Supervisor {
  /**
   * The end of a supervised thread.
   *
   * @param thread its name
   * @param why what it threw; null when it returned
   */
  public record ThreadEnd(String thread, @Nullable Throwable why) {
    /** {@return one sentence for the log} */
    public String text() {
      return "thread \""
          + thread
          + "\" ended"
          + (why == null ? "" : ": " + why)
          + "; the process cannot work without it and ends";
    }
  }

  private static final Set<String> ENDED = ConcurrentHashMap.newKeySet();
  private static volatile Consumer<ThreadEnd> onEnd = end -> {};

  private Supervisor() {}

  /**
   * Sets what happens when a supervised thread ends. It runs in that thread.
   *
   * @param then is called with the thread and its failure
   */
  public static void onEnd(Consumer<ThreadEnd> then) {
    onEnd = then;
  }

  /** {@return names of the supervised threads that ended unexpectedly; empty when none did} */
  public static List<String> ended() {
    return List.copyOf(ENDED);
  }

  /**
   * Starts a supervised virtual thread.
   *
   * @param name the name of the thread
   * @param isClosed whether the owner was closed, so that the thread may end
   * @param task what the thread runs
   * @return the thread
   */
  public static Thread start(String name, BooleanSupplier isClosed, Runnable task) {
    return Threads.start(name, supervised(name, isClosed, task));
  }

  /**
   * {@return the same with a platform thread: for work that blocks in native code}
   *
   * @param name the name of the thread
   * @param isClosed whether the thread may end now
   * @param task what the thread runs
   */
  public static Thread startPlatform(String name, BooleanSupplier isClosed, Runnable task) {
    return Threads.startPlatform(name, supervised(name, isClosed, task));
  }

  /**
   * {@return the same task, supervised, for another to start}
   *
   * @param name the name of the thread
   * @param isClosed whether the thread may end now
   * @param task what the thread runs
   */
  public static Runnable supervised(String name, BooleanSupplier isClosed, Runnable task) {
    return () -> run(name, isClosed, task);
  }

  private static void run(String name, BooleanSupplier isClosed, Runnable task) {
    Throwable why = null;
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      why = e;
      throw e;
    } finally {
      if (!isClosed.getAsBoolean()) {
        ENDED.add(name);
        onEnd.accept(new ThreadEnd(name, why));
      }
    }
  }
}
