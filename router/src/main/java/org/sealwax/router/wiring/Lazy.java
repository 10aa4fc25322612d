package org.sealwax.router.wiring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;

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

  /** Opens something. */
  interface Opener<T> {
    T open() throws IOException;
  }

  /**
   * What has files.
   *
   * @param failure what {@link #get} throws, without the reason
   */
  static <T> Lazy<T> opened(String failure, Opener<T> opener) {
    return new Lazy<>(
        () -> {
          try {
            return opener.open();
          } catch (IOException e) {
            throw new UncheckedIOException(failure + ": " + FailureText.of(e), e);
          }
        });
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
