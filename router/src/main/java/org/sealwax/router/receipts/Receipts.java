package org.sealwax.router.receipts;

/** The destination of receipts. Thread-safe; never throws, never waits for a disk. */
@FunctionalInterface
public interface Receipts {
  /** Gives a receipt; durable about a second later. */
  void add(Receipt receipt);

  /** Receipts switched off. */
  static Receipts none() {
    return receipt -> {};
  }
}
