package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.serve.LabService;
import org.sealwax.lab.serve.LabServiceSettings;
import org.sealwax.lab.serve.LabWebSite;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.SystemdNotifier;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;

/** {@code sealwax lab serve}: the public lab, behind a delegated zone. */
public final class LabServeCommand {
  /** For the handshakes of browsers. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  /** Interval of the checks of the certificate's files. */
  private static final Duration POLL_INTERVAL = Duration.ofMinutes(1);

  /** No privileges are needed for these. */
  private static final LabServiceSettings.LabPorts HIGH =
      new LabServiceSettings.LabPorts(5_300, 2_525, 8_443);

  /** Below what stands on the right. */
  private static final String NEXT = " ".repeat(21);

  private final ProcessEnvironment process;
  private final Clock clock = Clock.system();

  public LabServeCommand(ProcessEnvironment around) {
    this.process = around;
  }

  /** {@code lab serve}. */
  static Command command(ProcessEnvironment process, Command.Action configured) {
    return Command.of(
        """
        sealwax lab serve
        serve a lab for everybody, behind a delegated zone

        The zone is delegated to this machine ([lab] of the configuration): people get a token on
        its pages and see their table fill.

        --loopback          on this machine only, with high ports and without a configuration
        --folder FOLDER     with --loopback: the state folder (a new one)

        $ sealwax lab serve --loopback
        """,
        arguments ->
            arguments.has("--loopback")
                ? new LabServeCommand(process).loopback(arguments)
                : configured.run(arguments));
  }

  /** On loopback, without a configuration: to try it out. */
  private int loopback(Arguments arguments) throws IOException {
    Optional<String> named = arguments.value("--folder");
    Path state =
        named.isPresent() ? process.path(named.get()) : Files.createTempDirectory("sealwax-lab");
    return run(
        LabServiceSettings.loopback(HIGH),
        state,
        IdentitySettings.defaults(state.resolve("lab").resolve("pages"), Domain.of("lab.example")),
        true);
  }

  /**
   * As configured.
   *
   * @param pair certificate and key of the pages
   */
  public int run(
      LabServiceSettings lab, Path state, IdentitySettings.@Nullable CertificatePair pair)
      throws CommandFailed {
    IdentitySettings identity =
        new IdentitySettings(
            pair, List.of(), state.resolve("lab").resolve("pages"), Domain.of(lab.zone()));
    return run(lab, state, identity, false);
  }

  private int run(
      LabServiceSettings settings, Path state, IdentitySettings identity, boolean loopback)
      throws CommandFailed {
    TlsFactory.prepareJvm();
    try {
      StateFolder.create(state);
      Path folder = Files.createDirectories(state.resolve("lab"));
      IdentityStore store = IdentityStore.open(identity, clock, RandomSource.secure());
      AtomicReference<@Nullable LabWebSite> site = new AtomicReference<>();
      TlsServer tls =
          new TlsFactory(TlsSettings.defaults(), clock, RandomSource.secure())
              .server(
                  ListenerTlsSettings.defaults("pages")
                      .withClientCertificates(ClientCertificateMode.NONE),
                  store,
                  new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()));
      try (LabService lab =
          new LabService(
              settings,
              folder,
              clock,
              RandomSource.secure(),
              wire -> pages(wire, tls, site.get()))) {
        ProcessExit.exitWhenThreadEnds(process.err());
        site.set(
            new LabWebSite(
                lab,
                new LabWebSite.ReportDownloads(SenderReportText::json, SenderReportText::junit),
                clock));
        process.out().print(text(lab, loopback));
        process.out().flush();
        await(settings, store);
        return ExitStatus.OK;
      }
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.UNAVAILABLE, FailureText.of(e))
          .withHelp(
              "the ports 53, 25 and 443 need privileges (CAP_NET_BIND_SERVICE), and addresses must be"
                  + " this machine's; docs/lab.md");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitStatus.OK;
    }
  }

  private static void pages(Wire wire, TlsServer tls, @Nullable LabWebSite site) {
    try (Wire _ = wire) {
      if (site != null) {
        site.serve(tls.accept(wire, HANDSHAKE));
      }
    } catch (IOException e) {
      // Not a browser, or one that rejected the certificate.
    }
  }

  private void await(LabServiceSettings settings, IdentityStore store) throws InterruptedException {
    CountDownLatch ended = Signals.end();
    SystemdNotifier manager = new SystemdNotifier(process);
    manager.ready("serving " + settings.zone());
    Duration beat =
        manager
            .watchdogInterval()
            .filter(b -> b.compareTo(POLL_INTERVAL) < 0)
            .orElse(POLL_INTERVAL);
    long looked = clock.nanoTime();
    while (!ended.await(beat.toMillis(), TimeUnit.MILLISECONDS)) {
      manager.aliveIf(() -> {});
      if (clock.nanoTime() - looked >= POLL_INTERVAL.toNanos()) {
        looked = clock.nanoTime();
        store.reloadIfChanged().forEach(this::printReload);
      }
    }
    manager.stopping();
  }

  private void printReload(IdentityStore.Reload reload) {
    switch (reload) {
      case IdentityStore.Reload.Replaced(String file, var identity) ->
          process.out().println("certificate read again: " + file);
      case IdentityStore.Reload.KeptFormer(String file, String why) ->
          process.err().println("certificate rejected: " + file + ": " + why);
    }
    process.out().flush();
  }

  private static String text(LabService lab, boolean loopback) {
    LabServiceSettings settings = lab.settings();
    List<String> out = new ArrayList<>();
    out.add("The lab serves " + settings.zone() + ". It sends no mail.\n");
    out.add("  pages              " + settings.pages() + "/");
    if (loopback) {
      String at = settings.addresses().getFirst().getHostAddress();
      int port = settings.ports().https();
      out.add(NEXT + "https://" + at + ":" + port + "/ (self-signed certificate)");
    }
    for (InetSocketAddress at : lab.resolvers()) {
      out.add("  name server        " + at.getAddress().getHostAddress() + ":" + at.getPort());
    }
    out.add("  in the parent zone");
    for (String server : settings.nameServers()) {
      out.add(NEXT + settings.zone() + ". NS " + server + ".");
      if (server.endsWith("." + settings.zone())) {
        for (InetAddress address : settings.addresses()) {
          String type = address instanceof Inet6Address ? "AAAA" : "A";
          out.add(NEXT + server + ". " + type + " " + address.getHostAddress());
        }
      }
    }
    lab.delegation().forEach(ds -> out.add(NEXT + ds));
    return String.join("\n", out) + "\n\n";
  }
}
