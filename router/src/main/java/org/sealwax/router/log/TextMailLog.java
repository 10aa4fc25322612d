package org.sealwax.router.log;

import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.LogLine.Severity;

/**
 * The log as lines: {@code time sealwax/room[session]: id: words} in the vocabulary that log
 * parsers for Postfix know, or one JSON object a line. The forms are in {@code docs/operating.md}
 * and pinned by a golden test: they are a promise.
 */
public final class TextMailLog implements MailLog, AutoCloseable {
  /** Lines of a stack that are logged: enough to find the place. */
  private static final int MAX_STACK = 30;

  private final LogSettings settings;
  private final Clock clock;
  private final RepeatLimit repeats;
  private final LogWriter sink;
  private final LogTimestamp timestamp = new LogTimestamp();

  /** Writes to {@code out}, which stays open. */
  public TextMailLog(LogSettings settings, OutputStream out, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.repeats = new RepeatLimit(clock);
    this.sink =
        new LogWriter(
            out,
            lost ->
                prefixed(
                    Severity.WARNING,
                    "log",
                    lost + " lines were lost: they were not read or could not be written"));
  }

  /** Lines that could not be written. */
  public long dropped() {
    return sink.dropped();
  }

  /** Writes what waits, for at most a second. */
  @Override
  public void close() {
    sink.close();
  }

  private LogLine line(
      Severity severity, String room, String event, @Nullable String session, @Nullable String id) {
    return LogLine.begin(settings, severity, timestamp.of(clock.now()), room, event, session, id);
  }

  private LogLine receive(String event, String session) {
    return line(Severity.FACT, "receive", event, session, null);
  }

  private String prefixed(Severity severity, String room, String text) {
    return line(severity, room, severity.word(), null, null)
        .quotedText(text)
        .data("text", text)
        .end();
  }

  /** {@code [192.0.2.1]:4711}, without asking the DNS. */
  static String text(InetSocketAddress address) {
    if (address.isUnresolved()) {
      return address.getHostString();
    }
    return "[" + plain(address) + "]:" + address.getPort();
  }

  private static String plain(InetSocketAddress address) {
    if (address.isUnresolved()) {
      return address.getHostString();
    }
    String text = address.getAddress().getHostAddress();
    int zone = text.indexOf('%');
    return zone < 0 ? text : text.substring(0, zone);
  }

  @Override
  public void connected(String session, String listener, InetSocketAddress client) {
    sink.put(
        receive("connected", session)
            .words("connect from ")
            .words(text(client))
            .words(" to ")
            .quotedText(listener)
            .data("client", text(client))
            .data("listener", listener)
            .end());
  }

  @Override
  public void disconnected(
      String session, InetSocketAddress client, int accepted, int refused, Duration lasted) {
    sink.put(
        receive("disconnected", session)
            .words("disconnect from ")
            .words(text(client))
            .words(" ")
            .data("client", text(client))
            .field("accepted", accepted)
            .field("refused", refused)
            .seconds("lasted", lasted)
            .end());
  }

  @Override
  public void turnedAway(InetSocketAddress client, String limit) {
    sink.put(
        line(Severity.WARNING, "receive", "turned-away", null, null)
            .words("turned away ")
            .words(text(client))
            .words(": ")
            .quotedText(limit)
            .data("client", text(client))
            .data("limit", limit)
            .end());
  }

  /** Postfix: {@code Trusted TLS connection established from …: TLSv1.3 with cipher …}. */
  private static LogLine handshake(LogLine line, String direction, String peer, TlsLogFields tls) {
    line.words(tls.trust())
        .words(" TLS connection ")
        .words(tls.resumed() ? "reused " : "established ")
        .words(direction)
        .words(" ")
        .quotedText(peer)
        .words(": ")
        .words(tls.version())
        .words(" with cipher ")
        .words(tls.suite())
        .words(" (" + tls.bits() + "/" + tls.bits() + " bits)")
        .data("peer", peer)
        .data("trust", tls.trust())
        .data("version", tls.version())
        .data("cipher", tls.suite())
        .data("bits", tls.bits());
    if (tls.group() != null) {
      line.words(" key-exchange ").words(tls.group()).data("group", tls.group());
    }
    line.words("; ").field("verdict", tls.verdict());
    return line.data("resumed", tls.resumed())
        .field("subject", tls.peerName())
        .field("key", tls.peerKey())
        .field("sni", tls.serverName());
  }

  @Override
  public void tlsFromClient(String session, InetSocketAddress client, TlsLogFields tls) {
    sink.put(handshake(receive("tls-from-client", session), "from", text(client), tls).end());
  }

  @Override
  public void tlsFromClientFailed(
      String session, InetSocketAddress client, String kind, String text) {
    sink.put(
        line(Severity.WARNING, "receive", "tls-from-client-failed", session, null)
            .words("TLS handshake failed from ")
            .words(text(client))
            .words(": ")
            .quotedText(kind)
            .last("text", text)
            .data("client", text(client))
            .data("kind", kind)
            .end());
  }

  @Override
  public void authenticated(
      String session, InetSocketAddress client, String mechanism, String user) {
    sink.put(
        receive("authenticated", session)
            .field("client", text(client))
            .field("sasl_method", mechanism)
            .field("sasl_username", user)
            .end());
  }

  @Override
  public void authenticationFailed(
      String session, InetSocketAddress client, String mechanism, String user) {
    sink.put(
        line(Severity.WARNING, "receive", "authentication-failed", session, null)
            .words(text(client))
            .words(": SASL ")
            .quotedText(mechanism)
            .words(" authentication failed: ")
            .data("client", text(client))
            .data("sasl_method", mechanism)
            .field("sasl_username", user)
            .end());
  }

  @Override
  public void refused(
      String session,
      InetSocketAddress client,
      String stage,
      String from,
      String to,
      String reply) {
    sink.put(
        receive("refused", session)
            .words("reject: ")
            .quotedText(stage)
            .words(" from ")
            .words(text(client))
            .words(": ")
            .quotedText(reply)
            .words("; ")
            .data("client", text(client))
            .data("stage", stage)
            .data("reply", reply)
            .address("from", from)
            .address("to", to)
            .end());
  }

  @Override
  public void accepted(
      String id, String session, String from, int recipients, long bytes, String client) {
    sink.put(
        line(Severity.FACT, "receive", "accepted", session, id)
            .address("from", from)
            .field("size", bytes)
            .field("nrcpt", recipients)
            .field("client", client)
            .words(" (queue active)")
            .end());
  }

  @Override
  public void forwarded(String id, String original, String target) {
    sink.put(
        line(Severity.FACT, "forward", "forwarded", null, id)
            .address("orig_to", original)
            .address("to", target)
            .end());
  }

  @Override
  public void demanded(String id, String host, String wanted, List<String> because) {
    sink.put(
        line(Severity.FACT, "deliver", "demanded", null, id)
            .field("host", host)
            .field("wanted", wanted)
            .last("because", String.join("; ", because))
            .end());
  }

  @Override
  public void tlsToHost(String id, String host, InetSocketAddress address, TlsLogFields tls) {
    sink.put(
        handshake(
                line(Severity.FACT, "deliver", "tls-to-host", null, id),
                "to",
                host + text(address),
                tls)
            .end());
  }

  @Override
  public void tlsToHostFailed(
      String id, String host, InetSocketAddress address, String kind, String text, String next) {
    String peer = host + text(address);
    sink.put(
        line(Severity.WARNING, "deliver", "tls-to-host-failed", null, id)
            .words("TLS handshake failed to ")
            .quotedText(peer)
            .words(": ")
            .quotedText(kind)
            .words("; ")
            .data("peer", peer)
            .data("kind", kind)
            .field("next", next)
            .last("text", text)
            .end());
  }

  private LogLine attempt(Severity severity, String room, String event, String id, String to) {
    return line(severity, room, event, null, id).address("to", to);
  }

  @Override
  public void delivered(
      String id, String to, String host, String tls, String reply, Duration delay) {
    sink.put(
        attempt(Severity.FACT, "deliver", "delivered", id, to)
            .field("relay", host)
            .seconds("delay", delay)
            .field("tls", tls)
            .field("dsn", statusOf(reply, "2.0.0"))
            .field("status", "sent")
            .last("reply", reply)
            .end());
  }

  @Override
  public void deferred(
      String id, String to, String reason, String status, String text, Duration delay) {
    sink.put(
        attempt(Severity.FACT, "deliver", "deferred", id, to)
            .seconds("delay", delay)
            .field("reason", reason)
            .field("dsn", status)
            .field("status", "deferred")
            .last("text", text)
            .end());
  }

  @Override
  public void bounced(String id, String to, String reason, String status, String text) {
    sink.put(
        attempt(Severity.FACT, "deliver", "bounced", id, to)
            .field("reason", reason)
            .field("dsn", status)
            .field("status", "bounced")
            .last("text", text)
            .end());
  }

  @Override
  public void held(String id, String to, String reason, String text) {
    sink.put(
        attempt(Severity.WARNING, "queue", "held", id, to)
            .field("reason", reason)
            .field("status", "held")
            .last("text", text)
            .end());
  }

  @Override
  public void deleted(String id, String to, String reason, String text) {
    sink.put(
        attempt(Severity.WARNING, "queue", "deleted", id, to)
            .field("reason", reason)
            .field("status", "deleted")
            .last("text", text)
            .end());
  }

  @Override
  public void notified(String id, String dsn, String kind, String to) {
    sink.put(
        line(Severity.FACT, "queue", "notified", null, id)
            .words("sender ")
            .quotedText(kind)
            .words(" notification: ")
            .quotedText(dsn)
            .words("; ")
            .data("dsn", dsn)
            .data("kind", kind)
            .address("to", to)
            .end());
  }

  @Override
  public void removed(String id) {
    sink.put(line(Severity.FACT, "queue", "removed", null, id).words("removed").end());
  }

  @Override
  public void identity(String name, String text) {
    sink.put(
        line(Severity.FACT, "tls", "identity", null, null)
            .words("identity ")
            .quotedText(name)
            .words(": ")
            .quotedText(text)
            .data("identity", name)
            .data("text", text)
            .end());
  }

  @Override
  public void configuration(String text) {
    sink.put(
        line(Severity.FACT, "config", "configuration", null, null)
            .quotedText(text)
            .data("text", text)
            .end());
  }

  @Override
  public void storeTrouble(String text, @Nullable Throwable cause) {
    // A full disk affects every client and every delivery: once a minute is enough.
    OptionalLong others = repeats.next(text);
    if (others.isEmpty()) {
      return;
    }
    long more = others.getAsLong();
    sink.put(
        line(Severity.ERROR, "spool", "store-trouble", null, null)
            .quotedText(more == 0 ? text : text + " (" + more + " times more since the last line)")
            .data("text", text)
            .last("cause", cause == null ? null : cause.toString())
            .end());
  }

  @Override
  public void warning(String room, String text) {
    sink.put(prefixed(Severity.WARNING, room, text));
  }

  @Override
  public void note(String room, String text) {
    sink.put(prefixed(Severity.FACT, room, text));
  }

  @Override
  public void bug(String where, Throwable cause) {
    sink.put(
        line(Severity.ERROR, "bug", "bug", null, null)
            .words("in ")
            .quotedText(where)
            .words(": ")
            .quotedText(cause.toString())
            .words("; ")
            .data("where", where)
            .data("cause", cause.toString())
            .field("stack", stack(cause))
            .end());
  }

  /** In one line, innermost cause included, cut at {@link #MAX_STACK} frames. */
  private static String stack(Throwable cause) {
    StringBuilder out = new StringBuilder();
    int frames = 0;
    Throwable t = cause;
    for (int depth = 0; t != null && depth < 4; depth++, t = t.getCause()) {
      if (depth > 0) {
        out.append(" caused by ").append(t).append(':');
      }
      for (StackTraceElement frame : t.getStackTrace()) {
        if (frames++ >= MAX_STACK || out.length() > LogLine.MAX_VALUE - 100) {
          return out.toString();
        }
        out.append(' ').append(frame.getClassName()).append('.').append(frame.getMethodName());
        out.append(':').append(frame.getLineNumber());
      }
    }
    return out.toString();
  }

  /** The enhanced status in a reply like {@code 250 2.0.0 Ok}, else {@code other}. */
  static String statusOf(String reply, String other) {
    int from = reply.indexOf(' ') + 1;
    int end = from;
    int dots = 0;
    while (end < reply.length()) {
      char c = reply.charAt(end);
      if (c == '.') {
        dots++;
      } else if (c < '0' || c > '9') {
        break;
      }
      end++;
    }
    return dots == 2 && end - from >= 5 && end - from <= 9 ? reply.substring(from, end) : other;
  }
}
