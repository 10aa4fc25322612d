package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Intake;

/**
 * The SMTP server of the process: opens listeners, begins their sessions and transactions, and
 * keeps the limits that hold over all of them. Thread-safe.
 */
public final class SmtpServer {
  private final Supplier<ReceiveConfiguration> configuration;
  private final Intake intake;
  private final ClientLimits limits;
  private final SessionLimit sessions;
  private final AuthGuard auth;
  private final @Nullable ClientNames names;
  private final MailLog log;
  private final Clock clock;

  /**
   * A server without listeners.
   *
   * @param configuration the configuration in force; a session keeps the one that it began with
   * @param intake where mail goes
   * @param limits limits of one client, over all listeners
   * @param sessions limits of all sessions together
   * @param auth limits checks of passwords
   * @param names looks up the names of clients, or null for none
   */
  public SmtpServer(
      Supplier<ReceiveConfiguration> configuration,
      Intake intake,
      ClientLimits limits,
      SessionLimit sessions,
      AuthGuard auth,
      @Nullable ClientNames names,
      MailLog log,
      Clock clock) {
    this.configuration = configuration;
    this.intake = intake;
    this.limits = limits;
    this.sessions = sessions;
    this.auth = auth;
    this.names = names;
    this.log = log;
    this.clock = clock;
  }

  /**
   * Binds a listener and starts to accept.
   *
   * @param tls for STARTTLS and implicit TLS; null when the listener has none
   * @throws IOException when the address is taken or not allowed
   */
  public Listener listen(ListenerSettings settings, @Nullable TlsServer tls) throws IOException {
    return Listener.start(settings, this, tls);
  }

  /** The configuration in force. */
  ReceiveConfiguration configuration() {
    return configuration.get();
  }

  /** The sessions of a new listener. */
  SessionLimit.ListenerShare newShare(int cap) {
    return sessions.newShare(cap);
  }

  /** The memory of a new session. */
  SessionMemory memory(boolean local) {
    return sessions.memory(local);
  }

  /** Whether no session should be kept for a silent client. */
  boolean areSessionsScarce() {
    return sessions.areSessionsScarce();
  }

  /** Counts a new session of a client; empty, or the limit that it has reached. */
  String enter(InetAddress client) {
    return limits.enter(client);
  }

  /** A session of a client has ended. */
  void leave(InetAddress client) {
    limits.leave(client);
  }

  /** Counts one event of a client; false when it has reached the rate. */
  boolean count(InetAddress client, ClientLimits.ClientRate rate) {
    return limits.count(client, rate);
  }

  /** The state of a client that has connected; its name is looked up from now on. */
  ClientState client(
      String session, InetSocketAddress address, boolean local, ReceiveConfiguration reception) {
    return new ClientState(
        session,
        address,
        local,
        name(reception.settings(), address.getAddress(), local),
        local ? new ClientTrust.LocalProgram() : reception.rules().trust(address.getAddress()));
  }

  private ClientName name(ReceiveSettings settings, InetAddress client, boolean local) {
    if (names == null || !settings.looksUpNames() || local || client.isLoopbackAddress()) {
      return ClientName.withoutLookup(clock);
    }
    return names.start(client, settings.nameWait());
  }

  /** The transaction that a MAIL command begins. */
  Transaction transaction(
      ReceiveConfiguration reception, ClientState client, SessionMemory memory, Command.Mail mail) {
    return new Transaction(intake, limits, log, clock, reception, client, memory, mail);
  }

  AuthGuard auth() {
    return auth;
  }

  MailLog log() {
    return log;
  }

  Clock clock() {
    return clock;
  }
}
