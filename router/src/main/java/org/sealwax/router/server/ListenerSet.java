package org.sealwax.router.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.ProtocolIdentities;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.Listener;
import org.sealwax.router.receive.ListenerRow;
import org.sealwax.router.receive.ListenerSettings;
import org.sealwax.router.receive.SmtpServer;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.ListenAddress;
import org.sealwax.router.wiring.StartFailure;

/** The listeners: opened, replaced by a reload, drained and closed. */
final class ListenerSet {
  private final SmtpServer smtpServer;
  private final TlsFactory tls;
  private final Supplier<IdentityStore> identities;
  private final Supplier<CertificateAuthorities> authorities;
  private final Duration grace;
  private final Clock clock;
  private final MailLog log;
  private final Map<ListenerRow, Listener> listeners = new LinkedHashMap<>();

  /** Removed by a reload; their last sessions end. */
  private final Set<Listener> stopped = ConcurrentHashMap.newKeySet();

  private @Nullable Listener local;

  /**
   * None is open yet.
   *
   * @param authorities those in force
   * @param grace for sessions at a listener that a reload removed
   */
  ListenerSet(
      SmtpServer smtpServer,
      TlsFactory tls,
      Supplier<IdentityStore> identities,
      Supplier<CertificateAuthorities> authorities,
      Duration grace,
      Clock clock,
      MailLog log) {
    this.smtpServer = smtpServer;
    this.tls = tls;
    this.identities = identities;
    this.authorities = authorities;
    this.grace = grace;
    this.clock = clock;
    this.log = log;
  }

  /** Opens all of a configuration. */
  synchronized void open(RouterSettings now) throws StartFailure {
    for (ListenerRow row : now.listeners()) {
      listeners.put(row, open(row, now));
    }
  }

  /** Opens the socket for programs of this machine. */
  void openLocal(Path socket) throws IOException {
    local = smtpServer.listen(ListenerSettings.local(socket), null);
  }

  private Listener open(ListenerRow row, RouterSettings now) throws StartFailure {
    ListenerSettings listener =
        SettingsRecord.with(
            ListenerSettings.smtp(row.address()),
            Map.of(
                "name", row.name(),
                "encryption", row.start(),
                "certificates", row.clientCertificates(),
                "offersAuth", row.auth(),
                "dsn", row.dsn(),
                "sessions", now.receive().sessions()));
    ListenerTlsSettings listenerTls =
        ListenerTlsSettings.defaults(row.name())
            .withFloor(row.floor())
            .withClientCertificates(row.clientCertificates())
            .withResumption(row.resumption(), row.resumption());
    TlsServer late =
        row.start() == ListenerSettings.ListenerTlsMode.NONE
            ? null
            : server(listenerTls, ProtocolIdentities.NONE);
    try {
      return smtpServer.listen(listener, late);
    } catch (IOException e) {
      throw StartFailure.toListen(row.address(), e);
    }
  }

  /**
   * For HTTPS: the certificates of the listeners, clients are not asked for theirs, and an
   * authority that validates an order gets the certificate of its challenge.
   */
  TlsServer pageTls(String name, ProtocolIdentities challenges) {
    return server(
        ListenerTlsSettings.defaults(name)
            .withClientCertificates(ClientCertificateMode.NONE)
            .withProtocols(List.of("http/1.1")),
        challenges);
  }

  /**
   * The TLS of a listener. Roots and identity are read with the first handshake, not on the way to
   * listening; and a configuration with other authorities makes another one, whose sessions cannot
   * be resumed from the one before.
   */
  private TlsServer server(ListenerTlsSettings listener, ProtocolIdentities special) {
    AtomicReference<@Nullable ServerTls> made = new AtomicReference<>();
    return (wire, total) -> {
      ServerTls there = made.get();
      CertificateAuthorities now = authorities.get();
      if (there == null || !there.authorities().equals(now)) {
        ReferenceIdentity references = now.forClients();
        boolean same = there != null && there.references().equals(references);
        TlsServer server =
            there != null && same
                ? there.server()
                : tls.server(listener, identities.get(), special, references);
        there = new ServerTls(now, references, server);
        made.set(there);
      }
      return there.server().accept(wire, total);
    };
  }

  /** The TLS of a listener, and the authorities it was made with. */
  private record ServerTls(
      CertificateAuthorities authorities, ReferenceIdentity references, TlsServer server) {}

  /**
   * The change to the listeners of another configuration: new ones are open, and nothing is closed
   * before {@link #complete}.
   */
  final class ListenerChange {
    private final RouterSettings next;
    private final List<ListenerRow> gone;
    private final Map<ListenerRow, Listener> opened = new LinkedHashMap<>();

    /** At an address whose listener has other properties now: that one closes first. */
    private final List<ListenerRow> later = new ArrayList<>();

    private ListenerChange(RouterSettings next) {
      this.next = next;
      this.gone = new ArrayList<>(listeners.keySet());
      gone.removeAll(next.listeners());
    }

    /** Closes what was opened: the configuration is not taken. */
    void abandon() {
      opened.values().forEach(Listener::close);
    }

    /** Closes what the configuration does not have any more. */
    void complete() {
      synchronized (ListenerSet.this) {
        for (ListenerRow row : gone) {
          Listener listener = listeners.remove(row);
          if (listener != null) {
            stop(listener);
          }
        }
        listeners.putAll(opened);
        for (ListenerRow row : later) {
          try {
            listeners.put(row, open(row, next));
          } catch (StartFailure e) {
            // The rest is in force already; a wrong answer would be worse than a closed port.
            log.warning("receive", row.name() + " stays closed: " + FailureText.of(e));
          }
        }
      }
    }
  }

  /**
   * Opens what another configuration has more.
   *
   * @throws StartFailure when one cannot be opened; then none is
   */
  synchronized ListenerChange change(RouterSettings next) throws StartFailure {
    ListenerChange change = new ListenerChange(next);
    Set<InetSocketAddress> staying = new HashSet<>();
    change.gone.forEach(row -> staying.add(row.address()));
    try {
      for (ListenerRow row : next.listeners()) {
        if (listeners.containsKey(row)) {
          continue;
        }
        if (staying.contains(row.address())) {
          change.later.add(row);
        } else {
          change.opened.put(row, open(row, next));
        }
      }
    } catch (StartFailure | RuntimeException e) {
      change.abandon();
      throw e;
    }
    return change;
  }

  /** Lets the sessions of a listener that was removed end, as at a stop. */
  private void stop(Listener listener) {
    listener.stopAccepting();
    stopped.add(listener);
    Threads.start(
        "removed-listener",
        () -> {
          try {
            if (!listener.drain(grace)) {
              log.warning(
                  "receive",
                  "sessions at " + ListenAddress.text(listener.address()) + " did not end in time");
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            stopped.remove(listener);
          }
        });
  }

  /** Where they listen, in the order of the configuration; the ports are the real ones. */
  synchronized List<InetSocketAddress> addresses() {
    return listeners.values().stream().map(Listener::address).toList();
  }

  /** Sessions now, without those of local programs. */
  synchronized int sessions() {
    return Stream.concat(listeners.values().stream(), stopped.stream())
        .mapToInt(Listener::sessions)
        .sum();
  }

  private synchronized List<Listener> all() {
    List<Listener> all = new ArrayList<>(listeners.values());
    all.addAll(stopped);
    Listener socket = local;
    if (socket != null) {
      all.add(socket);
    }
    return all;
  }

  /** Takes no more sessions, and waits until the others have ended their message. */
  void drain(Duration most) throws InterruptedException {
    List<Listener> open = all();
    open.forEach(Listener::stopAccepting);
    long end = clock.nanoTime() + most.toNanos();
    for (Listener one : open) {
      if (!one.drain(Duration.ofNanos(Math.max(0, end - clock.nanoTime())))) {
        log.warning(
            "app", "sessions at " + ListenAddress.text(one.address()) + " did not end in time");
      }
    }
  }

  /** Ends all sessions at once. */
  void close() {
    all().forEach(Listener::close);
  }
}
