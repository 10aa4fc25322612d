package org.sealwax.router.wiring;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A value that is created at its first use, so that start-up does not wait for it: the DNS library,
 * the roots, the delivery agent. Thread-safe.
 */
public final class Lazy<T> implements Supplier<T> {
  private final Supplier<T> supplier;
  private @Nullable T value;

  public Lazy(Supplier<T> maker) {
    this.supplier = maker;
  }

  @Override
  public synchronized T get() {
    T there = value;
    if (there == null) {
      there = supplier.get();
      value = there;
    }
    return there;
  }

  /** What was made, or null when it was not asked for yet. */
  synchronized @Nullable public T ifCreated() {
    return value;
  }
}
