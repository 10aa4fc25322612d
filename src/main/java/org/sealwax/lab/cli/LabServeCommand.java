package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.serve.LabService;
import org.sealwax.lab.serve.LabSite;
import org.sealwax.lab.serve.ServiceSettings;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.ProcessEnd;
import org.sealwax.mail.cli.ServiceManager;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTls;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TrustRoots;

/** {@code sealwax lab serve}: the lab for everybody, behind a delegated zone. */
public final class LabServeCommand {
  /** For the handshakes of browsers. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  /** How often the files of the certificate are looked at. */
  private static final Duration LOOK = Duration.ofMinutes(1);

  /** No privileges are needed for these. */
  private static final ServiceSettings.Ports HIGH = new ServiceSettings.Ports(5_300, 2_525, 8_443);

  private final Surroundings around;
  private final Clock clock = Clock.system();

  public LabServeCommand(Surroundings around) {
    this.around = around;
  }

  /** On loopback, without a configuration: for whoever wants to look at it. */
  int loopback(Path state) {
    return run(
        ServiceSettings.loopback(HIGH),
        state,
        IdentitySettings.defaults(state.resolve("lab").resolve("pages"), Domain.of("lab.example")),
        true);
  }

  /**
   * As configured.
   *
   * @param pair certificate and key of the pages
   */
  public int run(ServiceSettings lab, Path state, IdentitySettings.@Nullable Pair pair) {
    IdentitySettings identity =
        new IdentitySettings(
            pair, List.of(), state.resolve("lab").resolve("pages"), Domain.of(lab.zone()));
    return run(lab, state, identity, false);
  }

  private int run(
      ServiceSettings settings, Path state, IdentitySettings identity, boolean loopback) {
    TlsRoom.beforeAnything();
    try {
      StateFolder.make(state);
      Path folder = Files.createDirectories(state.resolve("lab"));
      IdentityStore store = IdentityStore.open(identity, clock, Chance.secure());
      AtomicReference<@Nullable LabSite> site = new AtomicReference<>();
      TlsServer tls =
          new TlsRoom(TlsSettings.defaults(), clock, Chance.secure())
              .server(
                  ListenerTls.defaults("pages").withClientCertificates(ClientCertificates.NONE),
                  store,
                  new References(List.of(), Set.of(), TrustRoots.none()));
      try (LabService lab =
          new LabService(
              settings,
              new LabService.World(folder, clock, Chance.secure()),
              wire -> pages(wire, tls, site.get()))) {
        ProcessEnd.whenThreadsEnd(around.err());
        site.set(new LabSite(lab, new LabSite.Downloads(LabText::json, LabText::junit), clock));
        around.out().print(text(lab, loopback));
        around.out().flush();
        await(settings, store);
        return Exit.OK;
      }
    } catch (IOException e) {
      around.err().println("sealwax: " + e.getMessage());
      around
          .err()
          .println(
              "help: the ports 53, 25 and 443 need privileges (CAP_NET_BIND_SERVICE), and addresses"
                  + " must be this machine's; docs/lab.md");
      return Exit.UNAVAILABLE;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.OK;
    }
  }

  private static void pages(Wire wire, TlsServer tls, @Nullable LabSite site) {
    try (Wire _ = wire) {
      if (site != null) {
        site.serve(tls.accept(wire, HANDSHAKE));
      }
    } catch (IOException e) {
      // No browser, or one that did not like the certificate.
    }
  }

  private void await(ServiceSettings settings, IdentityStore store) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    boolean term = Signals.on("TERM", ended::countDown);
    if (!Signals.on("INT", ended::countDown) || !term) {
      Runtime.getRuntime().addShutdownHook(Threads.unstarted("stop", ended::countDown));
    }
    ServiceManager manager = new ServiceManager(around);
    manager.ready("serving " + settings.zone());
    Duration beat = manager.beat().filter(b -> b.compareTo(LOOK) < 0).orElse(LOOK);
    long looked = clock.nanoTime();
    while (!ended.await(beat.toMillis(), TimeUnit.MILLISECONDS)) {
      manager.aliveIf(() -> {});
      if (clock.nanoTime() - looked >= LOOK.toNanos()) {
        looked = clock.nanoTime();
        store.reloadIfChanged().forEach(this::told);
      }
    }
    manager.stopping();
  }

  private void told(IdentityStore.Reload reload) {
    switch (reload) {
      case IdentityStore.Reload.Replaced(String file, var identity) ->
          around.out().println("certificate read again: " + file);
      case IdentityStore.Reload.Kept(String file, String why) ->
          around.err().println("certificate not taken: " + file + ": " + why);
    }
    around.out().flush();
  }

  private static String text(LabService lab, boolean loopback) {
    ServiceSettings settings = lab.settings();
    StringBuilder out = new StringBuilder();
    out.append("The lab serves " + settings.zone() + ". It sends no mail.\n\n");
    out.append("  pages              " + settings.pages() + "/\n");
    if (loopback) {
      out.append(
          "                     https://"
              + settings.addresses().getFirst().getHostAddress()
              + ":"
              + settings.ports().https()
              + "/ (a certificate of our own)\n");
    }
    for (InetSocketAddress at : lab.resolvers()) {
      out.append("  name server        " + at.getAddress().getHostAddress() + ":" + at.getPort());
      out.append("\n");
    }
    out.append("  in the parent zone\n");
    for (String server : settings.nameServers()) {
      out.append("                     " + settings.zone() + ". NS " + server + ".\n");
      if (server.endsWith("." + settings.zone())) {
        for (InetAddress address : settings.addresses()) {
          out.append(
              "                     "
                  + server
                  + ". "
                  + (address instanceof java.net.Inet6Address ? "AAAA " : "A ")
                  + address.getHostAddress()
                  + "\n");
        }
      }
    }
    lab.delegation().forEach(ds -> out.append("                     " + ds + "\n"));
    return out.append("\n").toString();
  }
}
