package org.sealwax.testkit.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.net.Wire;

/**
 * One end of a connection in memory. Reads time out only when the test moves the time ({@link
 * #elapse}), never because the machine is slow.
 */
public final class MemoryWire implements Wire {
  /** Two ends. */
  public record MemoryWirePair(MemoryWire client, MemoryWire server) {}

  /** Bytes in flight, as a socket's buffers would hold them. */
  private static final int IN_FLIGHT = 64 * 1_024;

  private static final class Pipe {
    private final byte[] ring = new byte[IN_FLIGHT];
    private int start;
    private int count;
    private boolean ended;
    private boolean reset;
    private boolean timedOut;
    private Duration timeout = Duration.ofMinutes(5);
    private boolean waiting;

    synchronized int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      while (count == 0) {
        if (reset) {
          throw new SocketException("closed");
        }
        if (timedOut) {
          timedOut = false;
          throw new SocketTimeoutException("time passed");
        }
        if (ended) {
          return -1;
        }
        waiting = true;
        notifyAll();
        pause();
        waiting = false;
      }
      int taken = Math.min(length, count);
      for (int i = 0; i < taken; i++) {
        into[offset + i] = ring[(start + i) % IN_FLIGHT];
      }
      start = (start + taken) % IN_FLIGHT;
      count -= taken;
      notifyAll();
      return taken;
    }

    synchronized void write(byte[] from, int offset, int length) throws IOException {
      int at = offset;
      while (at < offset + length) {
        if (ended || reset) {
          throw new SocketException("broken pipe");
        }
        if (count == IN_FLIGHT) {
          notifyAll();
          pause();
          continue;
        }
        ring[(start + count) % IN_FLIGHT] = from[at++];
        count++;
      }
      notifyAll();
    }

    // Every caller loops.
    @SuppressWarnings("WaitNotInLoop")
    private void pause() throws InterruptedIOException {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }

    synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized void reset() {
      reset = true;
      count = 0;
      notifyAll();
    }

    synchronized int available() {
      return count;
    }

    synchronized void timeout(Duration value) {
      timeout = value;
    }

    /** Waits until the reader waits on nothing, then lets its time pass. */
    synchronized boolean elapse(Duration passed) throws InterruptedException {
      while (!(waiting && count == 0) && !ended && !reset) {
        wait();
      }
      if (passed.compareTo(timeout) < 0) {
        timeout = timeout.minus(passed);
        return false;
      }
      timedOut = true;
      notifyAll();
      return true;
    }
  }

  private final Pipe incoming;
  private final Pipe outgoing;
  private final InetSocketAddress local;
  private final InetSocketAddress peer;

  private MemoryWire(
      Pipe incoming, Pipe outgoing, InetSocketAddress local, InetSocketAddress peer) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.local = local;
    this.peer = peer;
  }

  /** A connection from {@code client}'s address to {@code server}'s. */
  public static MemoryWirePair pair(InetSocketAddress client, InetSocketAddress server) {
    Pipe up = new Pipe();
    Pipe down = new Pipe();
    return new MemoryWirePair(
        new MemoryWire(down, up, client, server), new MemoryWire(up, down, server, client));
  }

  /** A connection between two documentation addresses (RFC 5737). */
  public static MemoryWirePair pair() {
    return pair(
        new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 40_000),
        new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 25));
  }

  /**
   * Lets time pass for this end's reader, once it waits and has nothing to read.
   *
   * @return whether that was longer than its read may wait, and it got a timeout
   */
  public boolean elapse(Duration passed) throws InterruptedException {
    return incoming.elapse(passed);
  }

  /** Waits until this end's reader waits and has nothing to read, or the connection is over. */
  public void awaitReader() throws InterruptedException {
    var _ = incoming.elapse(Duration.ZERO);
  }

  /** Ends our direction, as a half-closed socket does. */
  public void endOutput() {
    outgoing.end();
  }

  @Override
  public InputStream in() {
    return new BlockInput() {

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return incoming.read(into, offset, length);
      }

      @Override
      public int available() {
        return incoming.available();
      }
    };
  }

  @Override
  public OutputStream out() {
    return new BlockOutput() {

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        outgoing.write(from, offset, length);
      }
    };
  }

  @Override
  public InetSocketAddress local() {
    return local;
  }

  @Override
  public InetSocketAddress peer() {
    return peer;
  }

  @Override
  public void readTimeout(Duration timeout) {
    incoming.timeout(timeout);
  }

  /** Ends both directions; what is in flight to the peer still arrives. */
  @Override
  public void close() {
    outgoing.end();
    incoming.reset();
  }
}
