package org.sealwax.router.wiring;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that is made when it is first asked for, so that it is not on the way to listening: the
 * DNS library, the roots, the courier. Thread-safe.
 */
public final class Late<T> implements Supplier<T> {
  private final Supplier<T> maker;
  private @Nullable T made;

  public Late(Supplier<T> maker) {
    this.maker = maker;
  }

  @Override
  public synchronized T get() {
    T there = made;
    if (there == null) {
      there = maker.get();
      made = there;
    }
    return there;
  }

  /** What was made, or null when nobody asked yet. */
  synchronized @Nullable public T ifMade() {
    return made;
  }
}
