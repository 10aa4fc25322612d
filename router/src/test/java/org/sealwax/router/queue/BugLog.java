package org.sealwax.router.queue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sealwax.router.log.MailLog;

/** A log that remembers the bugs and errors reported to it, and forgets the rest. */
public final class BugLog {
  /** Reports of bugs and of the store. */
  public final List<String> bugs = new CopyOnWriteArrayList<>();

  /** Recipients given up and notifications, by the names of their facts. */
  public final List<String> ended = new CopyOnWriteArrayList<>();

  /** Results of deliveries for which a client waited. */
  public final List<String> cutThrough = new CopyOnWriteArrayList<>();

  /** The log. */
  public final MailLog log =
      (MailLog)
          Proxy.newProxyInstance(
              MailLog.class.getClassLoader(),
              new Class<?>[] {MailLog.class},
              (proxy, method, args) -> {
                if (method.getName().equals("bounced") || method.getName().equals("notified")) {
                  ended.add(method.getName() + " " + args[0]);
                }
                if (method.getName().equals("cutThrough")) {
                  cutThrough.add(args[2].toString().toLowerCase(Locale.ROOT));
                }
                if (method.getName().equals("bug") || method.getName().equals("storeTrouble")) {
                  StringBuilder line = new StringBuilder(method.getName());
                  for (Object arg : args) {
                    line.append(' ').append(arg);
                    if (arg instanceof Throwable t && t.getStackTrace().length > 0) {
                      line.append(" at ").append(t.getStackTrace()[0]);
                    }
                  }
                  bugs.add(line.toString());
                }
                return null;
              });
}
