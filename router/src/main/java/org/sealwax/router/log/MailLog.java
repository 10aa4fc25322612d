package org.sealwax.router.log;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;

/**
 * The mail log: one method per fact, one line per call. Thread-safe; never throws; never blocks on
 * a slow reader for longer than its own bounded buffer allows.
 *
 * <p>{@code session} is the short identifier of one SMTP session, {@code id} the queue identifier
 * of one message; both appear in every line that concerns them, so that {@code grep} finds all
 * lines of one session or message. A log ignores the facts that it does not record.
 */
public interface MailLog {
  /** A client connected and was accepted. */
  default void connected(String session, String listener, InetSocketAddress client) {}

  /** A session ended; counts are transactions accepted and commands refused. */
  default void disconnected(
      String session, InetSocketAddress client, int accepted, int refused, Duration lasted) {}

  /** A client was rejected before or during the session by a limit or a reject row. */
  default void turnedAway(InetSocketAddress client, String limit) {}

  /** TLS with a client was established. */
  default void tlsFromClient(String session, InetSocketAddress client, TlsLogFields tls) {}

  /** TLS with a client failed. */
  default void tlsFromClientFailed(
      String session, InetSocketAddress client, String kind, String text) {}

  /** A client identified itself by AUTH. */
  default void authenticated(
      String session, InetSocketAddress client, String mechanism, String user) {}

  /** AUTH failed; the user name is logged only when it is known here. */
  default void authenticationFailed(
      String session, InetSocketAddress client, String mechanism, String user) {}

  /** A command or message was refused. */
  default void refused(
      String session,
      InetSocketAddress client,
      String stage,
      String from,
      String to,
      String reply) {}

  /**
   * A DNS list has the client.
   *
   * @param codes the configured return codes of the answer
   * @param action what the configuration states about such clients
   */
  default void listed(
      String session, InetSocketAddress client, Domain zone, List<String> codes, String action) {}

  /** A DNS list did not answer; it was ignored. */
  default void listFailed(Domain zone, String reason) {}

  /** A DNS list refuses our queries, by this return code; it was ignored. */
  default void listRefusedQuery(Domain zone, String code) {}

  /** What a mail filter did with a message. */
  enum FilterAction {
    /** Accepted from the client, and dropped. */
    DISCARDED,
    /** Put on hold. */
    QUARANTINED,
    /** A change that is not made. */
    IGNORED
  }

  /** A mail filter acted on a message; {@code id} is empty before the message has one. */
  default void filtered(String id, FilterAction action, String detail) {}

  /** A mail filter failed. */
  default void filterFailed(String filter, Exception why) {}

  /** A message is on stable storage and was acknowledged. */
  default void accepted(
      String id, String session, String from, int recipients, long bytes, String client) {}

  /** What SPF, DKIM and DMARC found about the sender of a message. */
  default void senderChecked(String id, String session, SenderCheckFields found) {}

  /** A recipient's address was replaced by a target of its alias. */
  default void forwarded(String id, String original, String target) {}

  /**
   * The requirement for a host, where it does not come from the configuration alone.
   *
   * @param wanted the level's word
   * @param because the evidence, as text
   */
  default void demanded(String id, String host, String wanted, List<String> because) {}

  /** TLS to a host was established. */
  default void tlsToHost(String id, String host, InetSocketAddress address, TlsLogFields tls) {}

  /** TLS to a host failed; {@code next} is what the fallback ladder does next. */
  default void tlsToHostFailed(
      String id, String host, InetSocketAddress address, String kind, String text, String next) {}

  /**
   * A recipient was delivered.
   *
   * @param tls wanted and got level, with a mark for a downgrade: {@code may:trusted}
   * @param delay since arrival
   */
  default void delivered(
      String id, String to, String host, String tls, String reply, Duration delay) {}

  /** A recipient was deferred; {@code reason} is the queue's word for the cause. */
  default void deferred(
      String id, String to, String reason, String status, String text, Duration delay) {}

  /** A recipient was given up; a DSN follows unless the sender is null. */
  default void bounced(String id, String to, String reason, String status, String text) {}

  /** A recipient was held until an admin releases, bounces or deletes it. */
  default void held(String id, String to, String reason, String text) {}

  /**
   * Another server did not take a recipient, temporarily or permanently; counted only, as the line
   * of the recipient has the reply.
   *
   * @param refusal class of the reply, from a fixed list
   */
  default void refusedByHost(String refusal) {}

  /** The end of a delivery for which a client waited. */
  enum CutThroughEnd {
    DELIVERED,
    QUEUED,
    REFUSED,
    DROPPED;

    /** In the log and in metrics. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A delivery for which a client waited has ended; {@code detail} is empty when delivered. */
  default void cutThrough(String id, String to, CutThroughEnd end, String detail) {}

  /** A held recipient was deleted without a notification, {@code text} gives the reason. */
  default void deleted(String id, String to, String reason, String text) {}

  /** A delivery status notification was queued as {@code dsn} about {@code id}. */
  default void notified(String id, String dsn, String kind, String to) {}

  /** A message was removed from the queue: it has no recipients left. */
  default void removed(String id) {}

  /** An identity was loaded or reloaded. */
  default void identity(String name, String text) {}

  /**
   * The pair of a source was not put in force; {@code text} gives the reason, and what is in force.
   *
   * @param isUnusable it cannot be read; else the guard refuses it
   */
  default void certificateRefused(String source, boolean isUnusable, String text) {}

  /** A configuration was taken, or refused with the old one kept. */
  default void configuration(String text) {}

  /** The store failed; the text shows what that means for mail. */
  default void storeTrouble(String text, @Nullable Throwable cause) {}

  /** Something the admin should see: one plain sentence. */
  default void warning(String service, String text) {}

  /** A step of starting, stopping, or housekeeping. */
  default void note(String service, String text) {}

  /**
   * A bug in Sealwax, caught at a session or attempt boundary; logged with its stack and counted.
   */
  default void bug(String where, Throwable cause) {}
}
