package org.sealwax.router.receive;

import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sealwax.router.log.MailLog;

/** A log that remembers its facts as {@code method[arguments]}. */
final class FactLog {
  private final List<String> lines = new CopyOnWriteArrayList<>();
  final MailLog log =
      (MailLog)
          Proxy.newProxyInstance(
              MailLog.class.getClassLoader(),
              new Class<?>[] {MailLog.class},
              (proxy, method, arguments) -> {
                lines.add(method.getName() + Arrays.toString(arguments));
                return null;
              });

  List<String> lines() {
    return lines;
  }

  boolean has(String start) {
    return lines.stream().anyMatch(l -> l.startsWith(start));
  }
}
