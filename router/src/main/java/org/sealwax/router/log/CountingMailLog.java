package org.sealwax.router.log;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A mail log that counts each fact and passes it on: one place names all metrics of the mail flow,
 * and no package has to count what it logs.
 */
public final class CountingMailLog implements MailLog {
  private final MailLog next;
  private final Counters counters;
  private final LongAdder connections;
  private final LongAdder accepted;
  private final LongAdder bytes;
  private final LongAdder recipients;
  private final LongAdder delaySeconds;
  private final LongAdder removed;
  private final LongAdder bugs;

  /** Counts into {@code counters}, logs to {@code next}. */
  public CountingMailLog(MailLog next, Counters counters) {
    this.next = next;
    this.counters = counters;
    this.connections = counters.count("sealwax_connections_total", "Client connections let in");
    this.accepted =
        counters.count("sealwax_accepted_messages_total", "Messages acknowledged to a client");
    this.bytes = counters.count("sealwax_accepted_bytes_total", "Octets of acknowledged messages");
    this.recipients =
        counters.count("sealwax_accepted_recipients_total", "Recipients of acknowledged messages");
    this.delaySeconds =
        counters.count(
            "sealwax_delivery_delay_seconds_total",
            "Seconds between arrival and delivery, over all delivered recipients");
    this.removed =
        counters.count("sealwax_finished_messages_total", "Messages that left the queue");
    this.bugs =
        counters.count("sealwax_bugs_total", "Errors of Sealwax itself, caught at a boundary");
  }

  private void raise(String name, String help, String label, String value) {
    counters.count(name, help, label, value).increment();
  }

  @Override
  public void connected(String session, String listener, InetSocketAddress client) {
    connections.increment();
    next.connected(session, listener, client);
  }

  @Override
  public void disconnected(
      String session, InetSocketAddress client, int accepted, int refused, Duration lasted) {
    next.disconnected(session, client, accepted, refused, lasted);
  }

  @Override
  public void turnedAway(InetSocketAddress client, String limit) {
    counters.count("sealwax_turned_away_total", "Clients turned away by a limit").increment();
    next.turnedAway(client, limit);
  }

  private void handshake(String direction, TlsLogFields tls) {
    raise(
        "sealwax_tls_" + direction + "_total",
        "TLS handshakes by the verdict on the peer's certificate",
        "trust",
        tls.trust());
    raise(
        "sealwax_tls_" + direction + "_version_total",
        "TLS handshakes by version",
        "version",
        tls.version());
  }

  @Override
  public void tlsFromClient(String session, InetSocketAddress client, TlsLogFields tls) {
    handshake("from_client", tls);
    next.tlsFromClient(session, client, tls);
  }

  @Override
  public void tlsFromClientFailed(
      String session, InetSocketAddress client, String kind, String text) {
    raise("sealwax_tls_from_client_failed_total", "Broken TLS handshakes", "kind", kind);
    next.tlsFromClientFailed(session, client, kind, text);
  }

  @Override
  public void authenticated(
      String session, InetSocketAddress client, String mechanism, String user) {
    raise("sealwax_authenticated_total", "AUTH that succeeded", "mechanism", mechanism);
    next.authenticated(session, client, mechanism, user);
  }

  @Override
  public void authenticationFailed(
      String session, InetSocketAddress client, String mechanism, String user) {
    counters.count("sealwax_authentication_failed_total", "AUTH that failed").increment();
    next.authenticationFailed(session, client, mechanism, user);
  }

  @Override
  public void refused(
      String session,
      InetSocketAddress client,
      String stage,
      String from,
      String to,
      String reply) {
    raise("sealwax_refused_total", "Refused commands and messages", "stage", stage);
    next.refused(session, client, stage, from, to, reply);
  }

  @Override
  public void accepted(
      String id, String session, String from, int count, long size, String client) {
    accepted.increment();
    recipients.add(count);
    bytes.add(size);
    next.accepted(id, session, from, count, size, client);
  }

  @Override
  public void forwarded(String id, String original, String target) {
    counters
        .count("sealwax_forwarded_recipients_total", "Recipients led on by an alias")
        .increment();
    next.forwarded(id, original, target);
  }

  @Override
  public void demanded(String id, String host, String wanted, List<String> because) {
    next.demanded(id, host, wanted, because);
  }

  @Override
  public void tlsToHost(String id, String host, InetSocketAddress address, TlsLogFields tls) {
    handshake("to_host", tls);
    next.tlsToHost(id, host, address, tls);
  }

  @Override
  public void tlsToHostFailed(
      String id, String host, InetSocketAddress address, String kind, String text, String step) {
    raise("sealwax_tls_to_host_failed_total", "Broken TLS handshakes", "kind", kind);
    next.tlsToHostFailed(id, host, address, kind, text, step);
  }

  @Override
  public void delivered(
      String id, String to, String host, String tls, String reply, Duration delay) {
    raise(
        "sealwax_delivered_recipients_total",
        "Delivered recipients by wanted and got level",
        "tls",
        tls);
    delaySeconds.add(Math.max(0, delay.toSeconds()));
    next.delivered(id, to, host, tls, reply, delay);
  }

  @Override
  public void deferred(
      String id, String to, String reason, String status, String text, Duration delay) {
    raise("sealwax_deferred_total", "Attempts that ended in waiting", "reason", reason);
    next.deferred(id, to, reason, status, text, delay);
  }

  @Override
  public void bounced(String id, String to, String reason, String status, String text) {
    raise("sealwax_bounced_recipients_total", "Recipients given up", "reason", reason);
    next.bounced(id, to, reason, status, text);
  }

  @Override
  public void held(String id, String to, String reason, String text) {
    raise("sealwax_held_recipients_total", "Recipients put on hold", "reason", reason);
    next.held(id, to, reason, text);
  }

  @Override
  public void deleted(String id, String to, String reason, String text) {
    raise("sealwax_deleted_recipients_total", "Held recipients deleted", "reason", reason);
    next.deleted(id, to, reason, text);
  }

  @Override
  public void notified(String id, String dsn, String kind, String to) {
    raise("sealwax_notifications_total", "Delivery status notifications queued", "kind", kind);
    next.notified(id, dsn, kind, to);
  }

  @Override
  public void removed(String id) {
    removed.increment();
    next.removed(id);
  }

  @Override
  public void identity(String name, String text) {
    next.identity(name, text);
  }

  @Override
  public void configuration(String text) {
    next.configuration(text);
  }

  @Override
  public void storeTrouble(String text, @Nullable Throwable cause) {
    counters.count("sealwax_store_trouble_total", "Trouble of the store").increment();
    next.storeTrouble(text, cause);
  }

  @Override
  public void warning(String room, String text) {
    raise("sealwax_warnings_total", "Warnings in the log", "room", room);
    next.warning(room, text);
  }

  @Override
  public void note(String room, String text) {
    next.note(room, text);
  }

  @Override
  public void bug(String where, Throwable cause) {
    bugs.increment();
    next.bug(where, cause);
  }
}
