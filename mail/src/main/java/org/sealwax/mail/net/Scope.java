package org.sealwax.mail.net;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * Structured tasks: what is forked inside ends inside. Has the shape of {@code
 * StructuredTaskScope}, which is still a preview in JDK 25, and stands in for it.
 *
 * <pre>{@code
 * try (var scope = new Scope("evidence")) {
 *   var mx = scope.fork(() -> resolver.mx(domain));
 *   var sts = scope.fork(() -> policies.find(domain));
 *   scope.join();
 *   use(mx.get(), sts.get());
 * }
 * }</pre>
 */
public final class Scope implements AutoCloseable {
  private final String name;
  private final List<Thread> threads = new ArrayList<>();
  private boolean joined;

  /**
   * A scope whose threads carry {@code name}.
   *
   * @param name the name of the threads
   */
  public Scope(String name) {
    this.name = name;
  }

  /**
   * One forked task.
   *
   * @param <T> the type of the result
   */
  public static final class ForkedTask<T> {
    private final FutureTask<T> future;

    /** {@return whether it has a result} */
    public boolean succeeded() {
      return future.state() == Future.State.SUCCESS;
    }

    private ForkedTask(Callable<T> body) {
      this.future = new FutureTask<>(body);
    }

    /**
     * {@return the result, after {@link Scope#join}}
     *
     * @throws IllegalStateException when the task failed (with its cause), was interrupted, or has
     *     not been joined
     */
    public T get() {
      if (!future.isDone()) {
        throw new IllegalStateException("not joined");
      }
      try {
        return future.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("task failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /**
   * Starts {@code body} in a virtual thread of its own.
   *
   * @param <T> the type of the result
   * @param body what the thread computes
   * @return the task, whose result is available after {@link #join}
   */
  public <T> ForkedTask<T> fork(Callable<T> body) {
    ForkedTask<T> task = new ForkedTask<>(body);
    threads.add(Threads.start(name, task.future));
    return task;
  }

  /**
   * Waits for all tasks.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  public void join() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
    joined = true;
  }

  /**
   * Waits for all tasks, and interrupts those that have not ended after {@code limit} in all.
   *
   * @param limit for all of them together
   * @throws InterruptedException when the thread is interrupted
   */
  public void join(Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    for (Thread thread : threads) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      if (left.isPositive()) {
        thread.join(left);
      }
    }
    threads.forEach(Thread::interrupt);
    join();
  }

  /** Interrupts and awaits what is still running. */
  @Override
  public void close() {
    if (joined) {
      return;
    }
    threads.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
