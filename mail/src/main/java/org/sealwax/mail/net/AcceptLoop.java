package org.sealwax.mail.net;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Takes connections until its owner is closed. A failure of accept never ends it: after one the
 * loop pauses, so that it does not spin, and reports at most once a minute.
 */
public final class AcceptLoop {
  /** The pause after a failure: descriptors come back when other connections end. */
  private static final long PAUSE_MILLIS = 100;

  private static final long REPORT_EVERY = 60_000_000_000L;

  private AcceptLoop() {}

  /**
   * The source of connections.
   *
   * @param <T> the type of the connections
   */
  @FunctionalInterface
  public interface ConnectionSource<T> {
    /**
     * Waits for the next one.
     *
     * @return the connection
     * @throws IOException when the connection or file fails
     * @throws InterruptedException when the thread is interrupted
     */
    T next() throws IOException, InterruptedException;
  }

  /**
   * The handler of connections.
   *
   * @param <T> the type of the connections
   */
  @FunctionalInterface
  public interface ConnectionHandler<T> {
    /**
     * Takes one, or closes it; must not wait.
     *
     * @param connection the accepted connection
     * @throws IOException when the connection or file fails
     */
    void take(T connection) throws IOException;
  }

  /**
   * Starts a supervised thread that takes connections.
   *
   * @param <T> the type of the connections
   * @param name the name of the thread
   * @param isClosed whether the owner was closed
   * @param source where they come from
   * @param taker gets each one
   * @param onProblem gets a sentence when accept fails
   * @return the thread
   */
  public static <T> Thread start(
      String name,
      BooleanSupplier isClosed,
      ConnectionSource<T> source,
      ConnectionHandler<T> taker,
      Consumer<String> onProblem) {
    return Supervisor.start(name, isClosed, () -> run(isClosed, source, taker, onProblem));
  }

  private static <T> void run(
      BooleanSupplier isClosed,
      ConnectionSource<T> source,
      ConnectionHandler<T> taker,
      Consumer<String> onProblem) {
    long reported = System.nanoTime() - REPORT_EVERY;
    try {
      while (!isClosed.getAsBoolean()) {
        try {
          taker.take(source.next());
        } catch (IOException
            | RuntimeException
            | StackOverflowError
            | LinkageError
            | AssertionError e) {
          if (isClosed.getAsBoolean()) {
            return;
          }
          if (System.nanoTime() - reported >= REPORT_EVERY) {
            reported = System.nanoTime();
            onProblem.accept(
                FileDescriptors.areExhausted(e)
                    ? FileDescriptors.TEXT
                    : "accepting connections failed: " + FailureText.of(e));
          }
          Thread.sleep(PAUSE_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
