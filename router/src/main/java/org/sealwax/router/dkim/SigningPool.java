package org.sealwax.router.dkim;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.net.Supervisor;

/**
 * The threads that make signatures. An RSA signature takes milliseconds of processor time: in the
 * virtual thread of a session it would hold one of the few threads that carry all sessions, and
 * many of them would hold all. Sessions wait for their turn in order, each with its two hashes
 * only. Thread-safe; starts its threads with the first signature.
 */
public final class SigningPool implements Closeable {
  private final int size;
  private final Semaphore turns;
  private final BlockingQueue<FutureTask<byte[]>> handedOver;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  /**
   * A pool.
   *
   * @param size signatures that are made at a time, at least 1
   */
  public SigningPool(int size) {
    this.size = size;
    this.turns = new Semaphore(size, true);
    this.handedOver = new ArrayBlockingQueue<>(size);
  }

  /** A pool of half of the processors, so that signatures leave the other half to sessions. */
  public static SigningPool ofProcessors(int processors) {
    return new SigningPool(Math.max(1, processors / 2));
  }

  /** Makes the signatures of one message. */
  @FunctionalInterface
  public interface SignatureWork {
    /** {@return the fields, as {@link DkimSigner#finish} makes them} */
    byte[] make() throws GeneralSecurityException, InterruptedException;
  }

  /**
   * {@return the fields of the signatures of one message} Waits for its turn.
   *
   * @param work makes them
   * @throws IOException when a key cannot sign, the caller is interrupted, or the pool is closed
   */
  public byte[] sign(SignatureWork work) throws IOException {
    try {
      turns.acquire();
      // The turn ends with the signature, also when the caller does not wait for it.
      FutureTask<byte[]> signature =
          new FutureTask<>(work::make) {
            @Override
            protected void done() {
              turns.release();
            }
          };
      start();
      handedOver.add(signature);
      if (closed) {
        signature.cancel(false);
      }
      return signature.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before the message was signed");
    } catch (CancellationException e) {
      throw new IOException("the message is not signed: the server is stopping", e);
    } catch (ExecutionException e) {
      throw new IOException("the message cannot be signed", e.getCause());
    }
  }

  private synchronized void start() {
    while (threads.size() < size && !closed) {
      threads.add(Supervisor.startPlatform("dkim-signer", () -> closed, this::run));
    }
  }

  private void run() {
    try {
      while (!closed) {
        handedOver.take().run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the threads; signatures that wait fail. */
  @Override
  public synchronized void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
    List<FutureTask<byte[]>> waiting = new ArrayList<>();
    handedOver.drainTo(waiting);
    waiting.forEach(task -> task.cancel(false));
  }
}
