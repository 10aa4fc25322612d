package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.https.HttpsEndpoint;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.route.RecipientDirectory;

/** All reports that this server reads itself: by the address that they came to. */
public final class IncomingReports implements Closeable {
  private final IncomingTlsReports tlsReports;
  private final IncomingFeedback feedback;

  /**
   * Opens nothing yet.
   *
   * @param settings those in force at the start
   * @param currentSettings those in force now
   * @param directory recipients of the configuration in force
   * @param resolver for the keys of signatures
   * @param tls of the listener for reports by POST
   * @param policies pages of our policy hosts, where they have the same address
   * @param counters what is counted
   */
  public IncomingReports(
      RouterSettings settings,
      Supplier<RouterSettings> currentSettings,
      Supplier<RecipientDirectory> directory,
      Resolver resolver,
      Supplier<TlsServer> tls,
      HttpsEndpoint policies,
      Counters counters,
      Clock clock,
      MailLog log) {
    this.tlsReports =
        new IncomingTlsReports(settings, currentSettings, resolver, tls, policies, clock, log);
    this.feedback =
        new IncomingFeedback(settings, currentSettings, directory, resolver, counters, clock, log);
  }

  /** Opens the folder of TLS reports; see {@link IncomingTlsReports#open}. */
  public void open() {
    tlsReports.open();
  }

  /** Reads the reports of a consignment. */
  public Map<Long, Outcome> read(Consignment consignment) throws InterruptedException {
    List<Recipient> ours =
        consignment.recipients().stream()
            .filter(r -> feedback.takes(r.target().mailbox()))
            .toList();
    if (ours.isEmpty()) {
      return tlsReports.read(consignment);
    }
    Map<Long, Outcome> outcomes = new HashMap<>(feedback.read(consignment.to(ours)));
    List<Recipient> others =
        consignment.recipients().stream().filter(r -> !ours.contains(r)).toList();
    if (!others.isEmpty()) {
      outcomes.putAll(tlsReports.read(consignment.to(others)));
    }
    return outcomes;
  }

  /** What others report about our mail. */
  public IncomingFeedback feedback() {
    return feedback;
  }

  /**
   * Begins to listen, where that is configured, and to be counted.
   *
   * @throws IOException when the address is not available
   */
  public void start(Counters counters) throws IOException {
    tlsReports.start(counters);
    feedback.start(counters);
  }

  /** Where it is to listen; empty: nowhere. */
  public Optional<InetSocketAddress> listenAddress() {
    return tlsReports.listenAddress();
  }

  /** Where it listens; empty when it does not. */
  public Optional<InetSocketAddress> address() {
    return tlsReports.address();
  }

  @Override
  public void close() throws IOException {
    try (tlsReports;
        feedback) {
      // Both, whatever one of them throws.
    }
  }
}
