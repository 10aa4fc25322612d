package org.sealwax.router.log;

import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.log.LogLine.Severity;

/**
 * The log as lines: {@code time sealwax/service[session]: id: words} in the vocabulary that log
 * parsers for Postfix know, or one JSON object a line. The forms are in {@code docs/operating.md}
 * and pinned by a golden test: they are a promise. Each fact is counted as well, so that no package
 * has to count what it logs.
 */
public final class TextMailLog implements MailLog, AutoCloseable {
  /** Lines about one list that fails are this far apart. */
  private static final Duration LIST_FAILURES_APART = Duration.ofMinutes(30);

  private final LogSettings settings;
  private final Clock clock;
  private final RepeatLimit repeats;
  private final LogWriter sink;
  private final LogTimestamp timestamp = new LogTimestamp();
  private final Counters counters;
  private final LongAdder connections;
  private final LongAdder accepted;
  private final LongAdder bytes;
  private final LongAdder recipients;
  private final LongAdder delaySeconds;
  private final LongAdder removed;
  private final LongAdder bugs;

  /** Writes to {@code out}, which stays open; without metrics. */
  public TextMailLog(LogSettings settings, OutputStream out, Clock clock) {
    this(settings, out, clock, new Counters());
  }

  /** Writes to {@code out}, which stays open, and counts into {@code counters}. */
  public TextMailLog(LogSettings settings, OutputStream out, Clock clock, Counters counters) {
    this.counters = counters;
    this.settings = settings;
    this.connections = counters.count("sealwax_connections_total", "Accepted client connections");
    this.accepted =
        counters.count("sealwax_accepted_messages_total", "Messages accepted from clients");
    this.bytes = counters.count("sealwax_accepted_bytes_total", "Bytes of accepted messages");
    this.recipients =
        counters.count("sealwax_accepted_recipients_total", "Recipients of accepted messages");
    this.delaySeconds =
        counters.count(
            "sealwax_delivery_delay_seconds_total",
            "Seconds between arrival and delivery, over all delivered recipients");
    this.removed =
        counters.count("sealwax_finished_messages_total", "Messages that left the queue");
    this.bugs = counters.count("sealwax_bugs_total", "Internal errors of Sealwax");
    this.clock = clock;
    this.repeats = new RepeatLimit(clock);
    this.sink =
        new LogWriter(
            out,
            lost ->
                prefixed(
                        Severity.WARNING,
                        "log",
                        CountText.of(lost, "log line was | log lines were")
                            + " lost: the reader was too slow or writing failed")
                    .end());
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

  private void raise(String name, String help, String label, String value) {
    counters.count(name, help, label, value).increment();
  }

  private LogLine line(
      Severity severity,
      String service,
      String event,
      @Nullable String session,
      @Nullable String id) {
    return LogLine.begin(
        settings, sink, severity, timestamp.of(clock.now()), service, event, session, id);
  }

  private LogLine receive(String event, String session) {
    return line(Severity.FACT, "receive", event, session, null);
  }

  private LogLine prefixed(Severity severity, String service, String text) {
    return line(severity, service, severity.word(), null, null).sentence(text).data("text", text);
  }

  /** {@code [192.0.2.1]:4711}, without asking the DNS. */
  static String text(InetSocketAddress address) {
    if (address.isUnresolved()) {
      return address.getHostString();
    }
    return "[" + AddressText.of(address.getAddress()) + "]:" + address.getPort();
  }

  @Override
  public void connected(String session, String listener, InetSocketAddress client) {
    connections.increment();
    receive("connected", session)
        .words("connect from ")
        .client(text(client))
        .words(" to ")
        .quotedText(listener)
        .data("listener", listener)
        .put();
  }

  @Override
  public void disconnected(
      String session, InetSocketAddress client, int accepted, int refused, Duration lasted) {
    receive("disconnected", session)
        .words("disconnect from ")
        .client(text(client))
        .words(" ")
        .field("accepted", accepted)
        .field("refused", refused)
        .seconds("lasted", lasted)
        .put();
  }

  @Override
  public void turnedAway(InetSocketAddress client, String limit) {
    counters.count("sealwax_turned_away_total", "Clients rejected by a limit").increment();
    line(Severity.WARNING, "receive", "turned-away", null, null)
        .words("rejected ")
        .client(text(client))
        .words(": ")
        .quotedText(limit)
        .data("limit", limit)
        .put();
  }

  /** Postfix: {@code Trusted TLS connection established from …: TLSv1.3 with cipher …}. */
  private static LogLine handshake(LogLine line, String direction, String peer, TlsLogFields tls) {
    line.quotedText(tls.trust())
        .words(" TLS connection ")
        .words(tls.resumed() ? "reused " : "established ")
        .words(direction)
        .words(" ")
        .quotedText(peer)
        .words(": ")
        .quotedText(tls.version())
        .words(" with cipher ")
        .quotedText(tls.suite())
        .words(" (" + tls.bits() + "/" + tls.bits() + " bits)")
        .data("peer", peer)
        .data("trust", tls.trust())
        .data("version", tls.version())
        .data("cipher", tls.suite())
        .data("bits", tls.bits());
    if (tls.group() != null) {
      line.words(" key-exchange ").quotedText(tls.group()).data("group", tls.group());
    }
    line.words("; ").field("verdict", tls.verdict());
    return line.data("resumed", tls.resumed())
        .field("subject", tls.peerName())
        .field("key", tls.peerKey())
        .field("sni", tls.serverName());
  }

  private void countHandshake(String direction, TlsLogFields tls) {
    raise(
        "sealwax_tls_" + direction + "_total",
        "TLS handshakes by verdict on the peer's certificate",
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
    countHandshake("from_client", tls);
    handshake(receive("tls-from-client", session), "from", text(client), tls).put();
  }

  @Override
  public void tlsFromClientFailed(
      String session, InetSocketAddress client, String kind, String text) {
    raise("sealwax_tls_from_client_failed_total", "Failed TLS handshakes", "kind", kind);
    line(Severity.WARNING, "receive", "tls-from-client-failed", session, null)
        .words("TLS handshake failed from ")
        .words(text(client))
        .words(": ")
        .quotedText(kind)
        .last("text", text)
        .data("client", text(client))
        .data("kind", kind)
        .put();
  }

  @Override
  public void authenticated(
      String session, InetSocketAddress client, String mechanism, String user) {
    raise("sealwax_authenticated_total", "Successful AUTH commands", "mechanism", mechanism);
    receive("authenticated", session)
        .field("client", text(client))
        .field("sasl_method", mechanism)
        .field("sasl_username", user)
        .put();
  }

  @Override
  public void authenticationFailed(
      String session, InetSocketAddress client, String mechanism, String user) {
    counters.count("sealwax_authentication_failed_total", "Failed AUTH commands").increment();
    line(Severity.WARNING, "receive", "authentication-failed", session, null)
        .client(text(client))
        .words(": SASL ")
        .quotedText(mechanism)
        .words(" authentication failed: ")
        .data("sasl_method", mechanism)
        .field("sasl_username", user)
        .put();
  }

  @Override
  public void refused(
      String session,
      InetSocketAddress client,
      String stage,
      String from,
      String to,
      String reply) {
    raise("sealwax_refused_total", "Rejected commands and messages", "stage", stage);
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
        .put();
  }

  @Override
  public void listed(
      String session, InetSocketAddress client, Domain zone, List<String> codes, String action) {
    raise("sealwax_dnsbl_listed_total", "Clients listed by a DNS list", "zone", zone.name());
    receive("listed", session)
        .words("listed by ")
        .quotedText(zone.name())
        .words(": ")
        .words(text(client))
        .words("; ")
        .data("zone", zone.name())
        .data("client", text(client))
        .field("codes", String.join(" ", codes))
        .field("action", action)
        .put();
  }

  @Override
  public void listFailed(Domain zone, String reason) {
    raise("sealwax_dnsbl_failed_total", "DNS list look-ups without answer", "zone", zone.name());
    ignoredList(zone, "no answer (" + reason + ")");
  }

  @Override
  public void listRefusedQuery(Domain zone, String code) {
    raise(
        "sealwax_dnsbl_refused_total",
        "DNS list look-ups that the list refused",
        "zone",
        zone.name());
    ignoredList(zone, "it refuses our queries: " + code);
  }

  /** A dead list fails for every client: a line once in a while is enough. */
  private void ignoredList(Domain zone, String text) {
    OptionalLong others = repeats.next(zone + text, LIST_FAILURES_APART);
    if (others.isEmpty()) {
      return;
    }
    line(Severity.WARNING, "receive", "list-ignored", null, null)
        .words("DNS list ")
        .quotedText(zone.name())
        .words(" is ignored: ")
        .quotedText(RepeatLimit.noted(text, others.getAsLong()))
        .data("zone", zone.name())
        .data("text", text)
        .put();
  }

  @Override
  public void filtered(String id, FilterAction action, String detail) {
    String word = action.name().toLowerCase(java.util.Locale.ROOT);
    raise("sealwax_milter_actions_total", "What mail filters did with messages", "action", word);
    line(Severity.FACT, "milter", "filtered", null, id.isEmpty() ? null : id)
        .field("action", word)
        .last("text", detail)
        .put();
  }

  @Override
  public void filterFailed(String filter, Exception why) {
    raise("sealwax_milter_failed_total", "Failures of mail filters", "milter", filter);
    String text = String.valueOf(why.getMessage());
    OptionalLong others = repeats.next("milter " + filter + " " + text);
    if (others.isEmpty()) {
      return;
    }
    line(Severity.WARNING, "milter", "filter-failed", null, null)
        .quotedText(filter)
        .words(": ")
        .quotedText(RepeatLimit.noted(text, others.getAsLong()))
        .data("milter", filter)
        .data("text", text)
        .put();
  }

  @Override
  public void accepted(
      String id, String session, String from, int recipients, long bytes, String client) {
    accepted.increment();
    this.recipients.add(recipients);
    this.bytes.add(bytes);
    line(Severity.FACT, "receive", "accepted", session, id)
        .address("from", from)
        .field("size", bytes)
        .field("nrcpt", recipients)
        .field("client", client)
        .words(" (queue active)")
        .put();
  }

  @Override
  public void senderChecked(String id, String session, SenderCheckFields found) {
    raise("sealwax_spf_total", "Messages by the result of SPF", "result", found.spf());
    for (String result : found.dkim().split(",")) {
      raise("sealwax_dkim_total", "Messages by the results of DKIM", "result", result);
    }
    raise("sealwax_dmarc_total", "Messages by the result of DMARC", "result", found.dmarc());
    line(Severity.FACT, "receive", "sender-checked", session, id)
        .field("spf", found.spf())
        .field("dkim", found.dkim())
        .field("dmarc", found.dmarc())
        .field("header_from", found.from())
        .field("policy", found.policy())
        .last("action", found.action())
        .put();
  }

  @Override
  public void forwarded(String id, String original, String target) {
    counters
        .count("sealwax_forwarded_recipients_total", "Recipients redirected by an alias")
        .increment();
    line(Severity.FACT, "forward", "forwarded", null, id)
        .address("orig_to", original)
        .address("to", target)
        .put();
  }

  @Override
  public void demanded(String id, String host, String wanted, List<String> because) {
    line(Severity.FACT, "deliver", "demanded", null, id)
        .field("host", host)
        .field("wanted", wanted)
        .last("because", String.join("; ", because))
        .put();
  }

  @Override
  public void tlsToHost(String id, String host, InetSocketAddress address, TlsLogFields tls) {
    countHandshake("to_host", tls);
    LogLine line = line(Severity.FACT, "deliver", "tls-to-host", null, id);
    handshake(line, "to", host + text(address), tls).put();
  }

  @Override
  public void tlsToHostFailed(
      String id, String host, InetSocketAddress address, String kind, String text, String next) {
    raise("sealwax_tls_to_host_failed_total", "Failed TLS handshakes", "kind", kind);
    String peer = host + text(address);
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
        .put();
  }

  private LogLine attempt(Severity severity, String service, String event, String id, String to) {
    return line(severity, service, event, null, id).address("to", to);
  }

  @Override
  public void delivered(
      String id, String to, String host, String tls, String reply, Duration delay) {
    raise(
        "sealwax_delivered_recipients_total",
        "Delivered recipients by required and actual TLS level",
        "tls",
        tls);
    delaySeconds.add(Math.max(0, delay.toSeconds()));
    attempt(Severity.FACT, "deliver", "delivered", id, to)
        .field("relay", host)
        .seconds("delay", delay)
        .field("tls", tls)
        .field("dsn", LogLine.statusOf(reply, "2.0.0"))
        .field("status", "sent")
        .last("reply", reply)
        .put();
  }

  @Override
  public void deferred(
      String id, String to, String reason, String status, String text, Duration delay) {
    raise("sealwax_deferred_total", "Deferred delivery attempts", "reason", reason);
    attempt(Severity.FACT, "deliver", "deferred", id, to)
        .seconds("delay", delay)
        .field("reason", reason)
        .field("dsn", status)
        .field("status", "deferred")
        .last("text", text)
        .put();
  }

  @Override
  public void bounced(String id, String to, String reason, String status, String text) {
    raise("sealwax_bounced_recipients_total", "Bounced recipients", "reason", reason);
    attempt(Severity.FACT, "deliver", "bounced", id, to)
        .field("reason", reason)
        .field("dsn", status)
        .field("status", "bounced")
        .last("text", text)
        .put();
  }

  @Override
  public void held(String id, String to, String reason, String text) {
    raise("sealwax_held_recipients_total", "Recipients put on hold", "reason", reason);
    attempt(Severity.WARNING, "queue", "held", id, to)
        .field("reason", reason)
        .field("status", "held")
        .last("text", text)
        .put();
  }

  @Override
  public void refusedByHost(String refusal) {
    raise("sealwax_remote_refusals_total", "Negative replies of other hosts", "class", refusal);
  }

  @Override
  public void cutThrough(String id, String to, CutThroughEnd end, String detail) {
    raise("sealwax_cut_through_total", "Cut-through deliveries by result", "result", end.word());
    attempt(Severity.FACT, "deliver", "cut-through", id, to)
        .field("cut_through", end.word())
        .last("text", detail)
        .put();
  }

  @Override
  public void deleted(String id, String to, String reason, String text) {
    raise("sealwax_deleted_recipients_total", "Held recipients deleted", "reason", reason);
    attempt(Severity.WARNING, "queue", "deleted", id, to)
        .field("reason", reason)
        .field("status", "deleted")
        .last("text", text)
        .put();
  }

  @Override
  public void notified(String id, String dsn, String kind, String to) {
    raise("sealwax_notifications_total", "Delivery status notifications queued", "kind", kind);
    line(Severity.FACT, "queue", "notified", null, id)
        .words("sender ")
        .quotedText(kind)
        .words(" notification: ")
        .quotedText(dsn)
        .words("; ")
        .data("dsn", dsn)
        .data("kind", kind)
        .address("to", to)
        .put();
  }

  @Override
  public void removed(String id) {
    removed.increment();
    line(Severity.FACT, "queue", "removed", null, id).words("removed").put();
  }

  @Override
  public void identity(String name, String text) {
    line(Severity.FACT, "tls", "identity", null, null)
        .words("identity ")
        .quotedText(name)
        .words(": ")
        .sentence(text)
        .data("identity", name)
        .data("text", text)
        .put();
  }

  @Override
  public void certificateRefused(String source, boolean isUnusable, String text) {
    raise(
        "sealwax_certificates_refused_total",
        "Certificates that were not put in force",
        "reason",
        isUnusable ? "unusable" : "guard");
    line(Severity.WARNING, "tls", "certificate-refused", null, null)
        .sentence(text)
        .data("source", source)
        .data("text", text)
        .put();
  }

  @Override
  public void configuration(String text) {
    line(Severity.FACT, "config", "configuration", null, null)
        .sentence(text)
        .data("text", text)
        .put();
  }

  @Override
  public void storeTrouble(String text, @Nullable Throwable cause) {
    counters.count("sealwax_store_trouble_total", "Errors of the store").increment();
    // A full disk affects every client and every delivery: once a minute is enough.
    OptionalLong others = repeats.next(text);
    if (others.isEmpty()) {
      return;
    }
    line(Severity.ERROR, "spool", "store-trouble", null, null)
        .sentence(RepeatLimit.noted(text, others.getAsLong()))
        .data("text", text)
        .last("cause", cause == null ? null : cause.toString())
        .put();
  }

  @Override
  public void warning(String service, String text) {
    raise("sealwax_warnings_total", "Warnings in the log", "service", service);
    prefixed(Severity.WARNING, service, text).put();
  }

  @Override
  public void note(String service, String text) {
    prefixed(Severity.FACT, service, text).put();
  }

  @Override
  public void bug(String where, Throwable cause) {
    bugs.increment();
    line(Severity.ERROR, "bug", "bug", null, null)
        .words("in ")
        .quotedText(where)
        .words(": ")
        .sentence(cause.toString())
        .words("; ")
        .data("where", where)
        .data("cause", cause.toString())
        .field("stack", StackText.of(cause))
        .put();
  }
}
