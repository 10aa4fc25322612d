package org.sealwax.router.receive;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Recipient;

/**
 * Sessions of all listeners together: how many there are at a time, and the memory that they hold.
 * Each listener has a reserve that the others cannot take, so that a flood at port 25 leaves
 * sessions for our own users. Thread-safe.
 */
public final class SessionLimit {
  /** Bytes of a session that waits for a command: thread, read buffer, replies. */
  public static final long SESSION = 24 * 1024;

  /** A listener's reserve is this part of all sessions, and at least one. */
  static final int RESERVE = 20;

  /** This part of the memory is left to programs of this machine. */
  static final int LOCAL = 16;

  /** Silent clients are waited for only briefly once this part of all sessions is taken. */
  private static final double SCARCE = 0.8;

  private final int most;
  private final ByteBudget memory;
  private final ByteBudget overTcp;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition freed = lock.newCondition();
  private final List<ListenerShare> listenerShares = new ArrayList<>();
  private final AtomicInteger taken = new AtomicInteger();

  /**
   * A limit.
   *
   * @param most sessions at a time
   * @param memory what they may hold
   */
  public SessionLimit(int most, ByteBudget memory) {
    this.most = most;
    this.memory = memory;
    this.overTcp = memory.withReserve(memory.most() / LOCAL);
  }

  /** The memory of a new session: that of programs of this machine has a reserve. */
  SessionMemory memory(boolean local) {
    return new SessionMemory(local ? memory : overTcp);
  }

  /** Sessions now. */
  public int taken() {
    return taken.get();
  }

  /** Whether sessions or their memory run short: none should be kept for a silent client. */
  public boolean areSessionsScarce() {
    return taken.get() >= most * SCARCE || memory.taken() >= memory.most() * SCARCE;
  }

  /** The sessions of one listener. */
  ListenerShare newShare(int cap) {
    ListenerShare listenerShare = new ListenerShare(Math.max(1, most / RESERVE), cap);
    lock.lock();
    try {
      listenerShares.add(listenerShare);
    } finally {
      lock.unlock();
    }
    return listenerShare;
  }

  /** The sessions of one listener, until it is closed. */
  final class ListenerShare {
    private final int reserve;
    private final int cap;
    private int own;
    private boolean closed;

    private ListenerShare(int reserve, int cap) {
      this.reserve = Math.min(reserve, cap);
      this.cap = cap;
    }

    /** Takes a session, and waits for one; false when the listener was closed meanwhile. */
    boolean take() throws InterruptedException {
      lock.lock();
      try {
        while (!closed && !mayTake()) {
          freed.await();
        }
        if (!closed) {
          own++;
          taken.incrementAndGet();
        }
        return !closed;
      } finally {
        lock.unlock();
      }
    }

    private boolean mayTake() {
      if (own >= cap || taken.get() >= most) {
        return false;
      }
      int reserved = 0;
      for (ListenerShare other : listenerShares) {
        reserved += other == this ? 0 : Math.max(0, other.reserve - other.own);
      }
      return own < reserve || taken.get() + reserved < most;
    }

    void give() {
      lock.lock();
      try {
        own--;
        taken.decrementAndGet();
        freed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Sessions now. */
    int sessions() {
      lock.lock();
      try {
        return own;
      } finally {
        lock.unlock();
      }
    }

    /** Gives the reserve up, and lets no more sessions in. */
    void close() {
      lock.lock();
      try {
        closed = true;
        listenerShares.remove(this);
        freed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Waits until no session is left; false when the time is up. */
    boolean awaitEnd(long nanos) throws InterruptedException {
      lock.lock();
      try {
        long left = nanos;
        while (own > 0 && left > 0) {
          left = freed.awaitNanos(left);
        }
        return own == 0;
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * The part of the memory of all sessions that one session holds. The bytes are what was measured
   * for each stage, rounded up, so that the sum stays below what the heap really carries. Owned by
   * the session's thread.
   */
  static final class SessionMemory implements AutoCloseable {
    /** TLS around it, with a record that came in half. */
    static final int TLS = 32 * 1024;

    /**
     * A body on its way: one read buffer and what is noted of its header; the draft counts itself.
     */
    static final int BODY = 24 * 1024;

    /** The larger read buffer of a large body. */
    static final int WIDE = 64 * 1024;

    /** What a recipient takes besides its text. */
    static final int RECIPIENT = 512;

    /** Of the header, this much may be kept (Delivered-To fields); the rest is only scanned. */
    static final int HEADER = 64 * 1024;

    /** A header that may be signed is kept until it is complete. */
    static final int SIGNED_HEADER = ReceivedContent.SIGNED_COPIES * HeaderScanner.DEFAULT_LIMIT;

    private final ByteBudget all;
    private long held;
    private long ofTransaction;
    private boolean wide;

    private SessionMemory(ByteBudget all) {
      this.all = all;
    }

    ByteBudget all() {
      return all;
    }

    /** Takes bytes until the session ends. */
    boolean tryTake(long bytes) {
      if (!all.tryTake(bytes)) {
        return false;
      }
      held += bytes;
      return true;
    }

    /** Takes bytes until the transaction ends. */
    boolean tryTakeForTransaction(long bytes) {
      if (!all.tryTake(bytes)) {
        return false;
      }
      ofTransaction += bytes;
      return true;
    }

    /** Takes the larger read buffer while there is memory to spare. */
    boolean tryGrowBuffer() {
      if (!wide && !all.tryTakeOptional(WIDE)) {
        return false;
      }
      held += wide ? 0 : WIDE;
      wide = true;
      return true;
    }

    /** The read buffer is small again. */
    void bufferShrunk() {
      if (wide) {
        wide = false;
        held -= WIDE;
        all.give(WIDE);
      }
    }

    void endTransaction() {
      all.give(ofTransaction);
      ofTransaction = 0;
    }

    /** A recipient in bytes. */
    static long of(Recipient r) {
      String wished = r.dsn().originalRecipient();
      long target =
          r.target() instanceof DeliveryTarget.Remote(Mailbox mailbox)
              ? length(mailbox)
              : r.target().toString().length();
      return RECIPIENT
          + 2 * (target + length(r.original()))
          + (r.forwarded() ? r.sender().toString().length() : 0)
          + (wished == null ? 0 : wished.length());
    }

    /** Characters of a mailbox, whose text is not needed yet. */
    private static long length(Mailbox mailbox) {
      return mailbox.localPart().length() + 1L + mailbox.domain().toString().length();
    }

    @Override
    public void close() {
      endTransaction();
      all.give(held);
      held = 0;
      wide = false;
    }
  }
}
