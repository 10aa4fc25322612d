package org.sealwax.mail.cli;

import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sealwax.mail.net.Threads;

/**
 * Signals of the system. {@code sun.misc.Signal} is the only way Java has; it is used by
 * reflection, because the compiler's warning about it cannot be suppressed.
 */
public final class Signals {
  private Signals() {}

  /**
   * Runs {@code action} in a thread of the JVM when the signal comes.
   *
   * @param name without SIG: {@code TERM}
   * @return whether this system lets us
   */
  public static boolean on(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                switch (method.getName()) {
                  case "handle" -> action.run();
                  case "equals" -> {
                    return self.hashCode() == System.identityHashCode(args[0]);
                  }
                  case "hashCode" -> {
                    return System.identityHashCode(self);
                  }
                  case "toString" -> {
                    return "on " + name;
                  }
                  default -> {}
                }
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * The end of a service: counted down by SIGTERM or SIGINT, or by the JVM's end where signals
   * cannot be handled. A second signal ends the process at once, with {@link ExitStatus#TRY_AGAIN}:
   * stores are consistent at any time.
   */
  public static CountDownLatch end() {
    CountDownLatch ended = new CountDownLatch(1);
    AtomicBoolean asked = new AtomicBoolean();
    Runnable stop =
        () -> {
          if (asked.compareAndSet(false, true)) {
            ended.countDown();
          } else {
            Runtime.getRuntime().halt(ExitStatus.TRY_AGAIN);
          }
        };
    boolean term = on("TERM", stop);
    if (!on("INT", stop) || !term) {
      Runtime.getRuntime().addShutdownHook(Threads.unstarted("stop", stop));
    }
    return ended;
  }

  /**
   * Sends the signal to this process. Its default action may end the process at once: only after
   * {@link #on}.
   *
   * @param name without SIG: {@code TERM}
   */
  public static void raise(String name) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      signal
          .getMethod("raise", signal)
          .invoke(null, signal.getConstructor(String.class).newInstance(name));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this system has no signals", e);
    }
  }
}
