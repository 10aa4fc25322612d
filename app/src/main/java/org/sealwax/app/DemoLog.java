package org.sealwax.app;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TlsLogFields;

/** The router's log as the demo reads it: the outcome of each recipient, and its cause. */
final class DemoLog implements MailLog {
  /** The result for a recipient in one round. */
  enum DemoRecipientStatus {
    DELIVERED,
    WAITS,
    RETURNED
  }

  /**
   * One result for a recipient.
   *
   * @param to the recipient
   * @param status its status
   * @param text of the router
   * @param reason what demanded more than the configuration does, in the router's words
   * @param tls the session, or null when there was none
   */
  record DemoRecipientEvent(
      String to,
      DemoRecipientStatus status,
      String text,
      List<String> reason,
      @Nullable TlsLogFields tls) {
    /** Copies. */
    DemoRecipientEvent {
      reason = List.copyOf(reason);
    }

    /** The first label of the recipient's domain, which names the test case of the lab. */
    String label() {
      String domain = to.substring(to.indexOf('@') + 1);
      int dot = domain.indexOf('.');
      return dot < 0 ? domain : domain.substring(0, dot);
    }
  }

  private final BlockingQueue<DemoRecipientEvent> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> errors = new LinkedBlockingQueue<>();
  private final Map<String, List<String>> demands = new ConcurrentHashMap<>();
  private final Map<String, TlsLogFields> sessions = new ConcurrentHashMap<>();

  /** The next fact of the log, or null when there is none within that time. */
  @Nullable DemoRecipientEvent next(Duration atMost) throws InterruptedException {
    return events.poll(atMost.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
  }

  /** Internal errors: there should be none. */
  List<String> errors() {
    return List.copyOf(errors);
  }

  private void record(String id, String to, DemoRecipientStatus status, String text) {
    events.add(
        new DemoRecipientEvent(
            to, status, text, demands.getOrDefault(id, List.of()), sessions.get(id)));
  }

  @Override
  public void demanded(String id, String host, String wanted, List<String> because) {
    demands.put(id, because);
  }

  @Override
  public void tlsToHost(String id, String host, InetSocketAddress address, TlsLogFields tls) {
    sessions.put(id, tls);
  }

  @Override
  public void tlsToHostFailed(
      String id, String host, InetSocketAddress address, String kind, String text, String next) {
    sessions.remove(id);
  }

  @Override
  public void delivered(
      String id, String to, String host, String tls, String reply, Duration delay) {
    record(id, to, DemoRecipientStatus.DELIVERED, host + ", " + tls);
  }

  @Override
  public void deferred(
      String id, String to, String reason, String status, String text, Duration delay) {
    record(id, to, DemoRecipientStatus.WAITS, text);
  }

  @Override
  public void bounced(String id, String to, String reason, String status, String text) {
    record(id, to, DemoRecipientStatus.RETURNED, status + " " + text);
  }

  @Override
  public void held(String id, String to, String reason, String text) {
    record(id, to, DemoRecipientStatus.WAITS, "held: " + text);
  }

  @Override
  public void bug(String where, Throwable cause) {
    errors.add(where + ": " + FailureText.of(cause));
  }

  @Override
  public void storeTrouble(String text, @Nullable Throwable cause) {
    errors.add(text);
  }
}
