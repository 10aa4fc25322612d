package org.sealwax.router.log;

import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A log that a test reads: every fact as its method's name and its values. */
public final class RecordingMailLog {
  private final List<String> facts = new CopyOnWriteArrayList<>();

  /** The log to give away. */
  public MailLog log() {
    return (MailLog)
        Proxy.newProxyInstance(
            MailLog.class.getClassLoader(),
            new Class<?>[] {MailLog.class},
            (proxy, method, values) -> {
              facts.add(method.getName() + " " + Arrays.toString(values));
              return null;
            });
  }

  /** The calls so far. */
  public List<String> facts() {
    return List.copyOf(facts);
  }

  /** Whether one fact holds all these words. */
  public boolean recorded(String... words) {
    return facts.stream().anyMatch(f -> Arrays.stream(words).allMatch(f::contains));
  }
}
