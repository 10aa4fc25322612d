package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.dmarc.SenderChecks;
import org.sealwax.router.dnsbl.ClientListing;
import org.sealwax.router.dnsbl.DnsListClient;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.milter.Milters;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.receive.ClientNames.ClientName;

/**
 * The SMTP server of the process: opens listeners, and keeps the limits that hold over all of them.
 * Thread-safe.
 *
 * @param configurations the configuration in force; a session keeps the one that it began with
 * @param intake where mail goes
 * @param limits limits of one client, over all listeners
 * @param sessions limits of all sessions together
 * @param auth limits checks of passwords
 * @param checks runs the checks of senders, or null for none
 * @param names looks up the names of clients, or null for none
 * @param milters connections to mail filters
 * @param lists asks DNS block and allow lists, or null for none
 */
public record SmtpServer(
    Supplier<ReceiveConfiguration> configurations,
    Intake intake,
    ClientLimits limits,
    SessionLimit sessions,
    AuthGuard auth,
    @Nullable SenderChecks checks,
    @Nullable ClientNames names,
    Milters milters,
    @Nullable DnsListClient lists,
    MailLog log,
    Clock clock) {
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
    return configurations.get();
  }

  /** The state of a client that has connected; its name is looked up from now on. */
  ClientState client(
      String session, InetSocketAddress address, boolean local, ReceiveConfiguration reception) {
    return new ClientState(
        session,
        address,
        local,
        name(reception.settings(), address.getAddress(), local),
        local ? new ClientTrust.LocalProgram() : reception.rules().trust(address.getAddress()),
        lists == null || reception.dnsLists().isEmpty()
            ? null
            : new ClientListing(lists, reception.dnsLists(), address, session));
  }

  private ClientName name(ReceiveSettings settings, InetAddress client, boolean local) {
    if (names == null || !settings.looksUpNames() || local || client.isLoopbackAddress()) {
      return ClientNames.withoutLookup(clock);
    }
    return names.start(client, settings.nameWait());
  }
}
