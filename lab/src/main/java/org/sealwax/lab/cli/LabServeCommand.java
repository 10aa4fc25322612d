package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.serve.LabService;
import org.sealwax.lab.serve.LabServiceSettings;
import org.sealwax.lab.serve.LabWebSite;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.PageTls;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.SystemdNotifier;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.TlsFactory;

/** {@code sealwax lab serve}: the public lab, behind a delegated zone. */
public final class LabServeCommand {
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
        serve a public lab in a delegated zone

        The zone is delegated to this machine ([lab] of the configuration): visitors get a token
        on its pages, and a table of the results of their router.

        --loopback          serve on this machine only, with high ports and without a configuration
        --folder FOLDER     state folder, with --loopback (a new one)

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
      PageTls tls = PageTls.open(identity, clock);
      AtomicReference<@Nullable LabWebSite> site = new AtomicReference<>();
      TcpListener.ConnectionHandler pages =
          tls.over(
              wire -> {
                LabWebSite there = site.get();
                if (there != null) {
                  there.serve(wire);
                }
              });
      try (LabService lab =
          new LabService(
              settings, folder, clock, RandomSource.secure(), wire -> serve(wire, pages))) {
        ProcessExit.exitWhenThreadEnds(process.err());
        site.set(
            new LabWebSite(
                lab,
                new LabWebSite.ReportDownloads(SenderReportText::json, SenderReportText::junit),
                clock));
        process.out().print(text(lab, loopback));
        process.out().flush();
        new SystemdNotifier(process).serve("serving " + settings.zone(), () -> tls.reload(process));
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

  private static void serve(Wire wire, TcpListener.ConnectionHandler pages) {
    try (Wire _ = wire) {
      pages.serve(wire);
    } catch (IOException e) {
      // Not a browser, or one that rejected the certificate.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String text(LabService lab, boolean loopback) {
    LabServiceSettings settings = lab.settings();
    List<String> out = new ArrayList<>();
    out.add("The lab serves " + settings.zone() + ". It sends no mail.\n");
    out.add("  pages              " + settings.pages() + "/");
    if (loopback) {
      String at = AddressText.of(settings.addresses().getFirst());
      int port = settings.ports().https();
      out.add(NEXT + "https://" + at + ":" + port + "/ (self-signed certificate)");
    }
    for (InetSocketAddress at : lab.resolvers()) {
      out.add("  name server        " + AddressText.of(at.getAddress()) + ":" + at.getPort());
    }
    out.add("  in the parent zone");
    for (String server : settings.nameServers()) {
      out.add(NEXT + settings.zone() + ". NS " + server + ".");
      if (server.endsWith("." + settings.zone())) {
        for (InetAddress address : settings.addresses()) {
          String type = address instanceof Inet6Address ? "AAAA" : "A";
          out.add(NEXT + server + ". " + type + " " + AddressText.of(address));
        }
      }
    }
    lab.delegation().forEach(ds -> out.add(NEXT + ds));
    return String.join("\n", out) + "\n\n";
  }
}
