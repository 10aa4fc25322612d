package org.sealwax.router.receive;

import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Recipient;

/**
 * The part of the memory of all sessions that one session holds. The bytes are what was measured
 * for each stage, rounded up, so that the sum stays below what the heap really carries. Owned by
 * the session's thread.
 */
final class SessionMemory implements AutoCloseable {
  /** A session that waits for a command: thread, read buffer, replies. */
  static final int SESSION = 24 * 1024;

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

  private final ByteBudget all;
  private long held;
  private long ofTransaction;
  private boolean wide;

  SessionMemory(ByteBudget all) {
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
