package org.sealwax.mail.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;

/**
 * A response that goes on: server-sent events (WHATWG HTML 9.2). Its source decides how long; each
 * event has the time of the listener.
 *
 * @param source sends the events, on the thread of the connection
 */
public record HttpEvents(EventSource source) implements HttpReply {
  /** Sends events until there are no more. */
  @FunctionalInterface
  public interface EventSource {
    /**
     * Sends them. It is called exactly once, even when the client has gone.
     *
     * @param client gets the events
     * @throws IOException when the client has gone, or is too slow
     * @throws InterruptedException when the thread is interrupted
     */
    void sendTo(EventClient client) throws IOException, InterruptedException;
  }

  /** A browser that waits for events. */
  public static final class EventClient {
    private final Wire wire;
    private final Duration time;
    private String head;

    EventClient(Wire wire, Duration time, String head) {
      this.wire = wire;
      this.time = time;
      this.head = head + "retry: 3000\n\n";
    }

    /**
     * Sends one.
     *
     * @param name of the event
     * @param text its data; line ends become blanks
     * @throws IOException when the client has gone, or is too slow
     */
    public void event(String name, String text) throws IOException {
      send("event: " + name + "\ndata: " + text.replaceAll("[\\r\\n]+", " ") + "\n\n");
    }

    /**
     * Sends a comment, which shows whether the client is still there.
     *
     * @throws IOException when the client has gone, or is too slow
     */
    public void alive() throws IOException {
      send(":\n\n");
    }

    private void send(String text) throws IOException {
      try (Deadline _ = Deadline.after(time, wire)) {
        wire.out().write((head + text).getBytes(StandardCharsets.UTF_8));
        wire.out().flush();
        head = "";
      }
    }
  }
}
