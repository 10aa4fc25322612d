package org.sealwax.router.server;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.ControlService;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.control.RolloverControlService;
import org.sealwax.router.hosting.DomainAssessor;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.ReceiveConfiguration;
import org.sealwax.router.receive.SaslMechanisms;
import org.sealwax.router.wiring.StartFailure;

/** The running router: the life of its {@link RouterParts}, from the start to the end. */
public final class Router implements Closeable {
  /** How long sessions and rounds may take to end; systemd's default patience is 90 seconds. */
  public static final Duration GRACE = Duration.ofSeconds(30);

  private final RouterParts parts;
  private @Nullable ControlServer control;
  private @Nullable TcpListener metrics;
  private volatile boolean stopping;

  /**
   * Opens the store and reads everything that the configuration names; nothing listens yet.
   *
   * @param systemClock the time as this machine has it
   * @param random randomness
   * @param log facts
   * @param counters what is counted
   * @throws StartFailure when that is not possible
   */
  public Router(
      RouterSettings settings,
      Clock systemClock,
      RandomSource random,
      MailLog log,
      Counters counters)
      throws StartFailure {
    this.parts = new RouterParts(settings, systemClock, random, log, counters);
  }

  /** {@return the settings in force} */
  public RouterSettings settingsNow() {
    return parts.settingsNow();
  }

  /** Listens and begins to deliver. */
  public void start(ControlService.ReloadAction reloading) throws StartFailure {
    RouterSettings now = parts.settingsNow();
    try {
      parts.stores.open();
      parts.reports.open();
      parts.reportsIn.open();
    } catch (UncheckedIOException e) {
      close();
      throw new StartFailure(
          FailureText.of(e), "the state folder must be writable for this user", e);
    }
    try {
      parts.listeners.open(now);
      Path socket = StateFolder.submissionSocket(now.server().state());
      ControlServer.checkLength(socket);
      parts.listeners.openLocal(socket);
      control =
          ControlServer.open(
              now.server().state(),
              new ControlService(
                  parts.queue,
                  parts.spool,
                  parts.stores::copyInto,
                  reloading,
                  parts.stores::ledger,
                  parts::explainer,
                  new RolloverControlService(parts.certificates, parts.rollovers.rollover()),
                  () ->
                      parts.ownCertificates.status(
                          parts.certificates, parts.acme, parts.stores::policies),
                  parts.steady),
              parts.log);
      try {
        parts.reportsIn.start(parts.counters);
      } catch (IOException e) {
        throw StartFailure.toListen(parts.reportsIn.listenAddress().orElseThrow(), e);
      }
      try {
        parts.hosting.start(
            () -> parts.listeners.pageTls("https", parts.acme.challengeIdentities()),
            parts.counters);
      } catch (IOException e) {
        throw StartFailure.toListen(parts.hosting.listenAddress().orElseThrow(), e);
      }
      try {
        parts.acme.start(special -> parts.listeners.pageTls("acme", special), parts.counters);
      } catch (IOException e) {
        throw StartFailure.toListen(parts.acme.listenAddress().orElseThrow(), e);
      }
      if (now.metrics().address().isPresent()) {
        metrics = openMetrics(now.metrics().address().get());
      }
    } catch (IOException | UncheckedIOException e) {
      close();
      if (e instanceof StartFailure trouble) {
        throw trouble;
      }
      throw new StartFailure(FailureText.of(e), "see sealwax(1), FILES", e);
    }
    parts.rollovers.start(parts.certificates);
    parts.stores.start();
    parts.reports.start();
    parts.peerIdentities.start();
    parts.mxHostProbe.start();
    parts.queue.start();
    parts.prefetch.start();
    parts.held.start(
        () ->
            Stream.of(
                    parts.acme.summary(),
                    parts.rollovers.summary(),
                    parts.hosting.summary(),
                    parts.reportsIn.feedback().summary())
                .flatMap(List::stream)
                .toList());
    parts.housekeeping.start(
        List.of(
            this::rereadFiles,
            parts.recipients::save,
            parts.reportsIn.feedback()::save,
            parts.certificates::reloadIfChanged,
            parts.dkim::keepUse));
  }

  private TcpListener openMetrics(InetSocketAddress address) throws StartFailure {
    RouterMetrics.show(parts.counters, parts.queue, parts.spool, parts.stores, this::sessions);
    parts.certificates.showIn(parts.counters);
    return RouterMetrics.serve(address, parts.counters, this::unreadyReason, parts.log);
  }

  /** Returns when the queue answers: for the watchdog. */
  public void probe() {
    var _ = parts.queue.figures();
  }

  /** Why mail is not taken now, or null when it is. */
  @Nullable String unreadyReason() {
    return stopping ? "stopping" : parts.spool.failure();
  }

  private void rereadFiles() {
    ReceiveConfiguration in = parts.activeNow().reception();
    in.directory().reloadIfChanged();
    SaslMechanisms sasl = in.sasl();
    if (sasl != null) {
      sasl.reloadIfChanged();
    }
  }

  /**
   * Puts another configuration in force: opens and closes listeners, swaps both directions.
   *
   * @param forced certificates are loaded without the guard
   * @return what was not taken
   * @throws IOException when it cannot be; then the old one stays in force
   */
  public synchronized ReloadReport reload(RouterSettings next, boolean forced) throws IOException {
    RouterSettings old = parts.settingsNow();
    List<String> refused = parts.certificates.reload(parts.ownCertificates.slots(next), forced);
    try {
      RootStore.rereadPublicRoots();
    } catch (IllegalStateException e) {
      throw new IOException(FailureText.of(e), e);
    }
    ListenerSet.ListenerChange change = parts.listeners.change(next);
    try {
      parts.apply(next);
    } catch (IOException | RuntimeException e) {
      change.abandon();
      throw e;
    }
    change.complete();
    return new ReloadReport(next.needingRestart(old), refused);
  }

  /** Where it listens, in the order of the configuration; the ports are the real ones. */
  public List<InetSocketAddress> addresses() {
    return parts.listeners.addresses();
  }

  /** Where reports by POST are taken; empty when nowhere. */
  Optional<InetSocketAddress> reportAddress() {
    return parts.reportsIn.address();
  }

  /** Has the hosted domains assessed, before the start. */
  public void assessBy(DomainAssessor assessor) {
    parts.hosting.assessBy(assessor);
  }

  /** Messages taken since the start. */
  public long accepted() {
    return parts.queue.figures().accepted();
  }

  /** Sessions now. */
  int sessions() {
    return parts.listeners.sessions();
  }

  /**
   * Stops: no more sessions, running ones finish their message, rounds of delivery end, the store
   * is closed. Bounded by twice {@code grace}.
   */
  public void drain(Duration grace) {
    stopping = true;
    try {
      parts.listeners.drain(grace);
      if (!parts.queue.drain(grace)) {
        parts.log.warning(
            "app", "some deliveries were interrupted; they are repeated after the next start");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  /** Ends at once; the store is closed in order. */
  @Override
  public void close() {
    stopping = true;
    parts.housekeeping.end();
    parts.listeners.close();
    parts.closeQuietly(
        parts.hosting,
        parts.rollovers,
        parts.acme,
        control,
        metrics,
        parts.prefetch,
        parts.held,
        parts.queue,
        parts.dkim);
    parts.retire();
    parts.mxHostProbe.close();
    parts.recipients.save();
    parts.peerIdentities.close();
    parts.closeQuietly(parts.crashMarks, parts.reportsIn, parts.reports, parts.stores, parts.spool);
    // The identity of a first start may be in the making: its files are whole when this returns.
    parts.housekeeping.await(GRACE);
    parts.certificates.await();
    parts.housekeeping.checkClock();
    parts.closeQuietly(parts.stateLock);
  }
}
