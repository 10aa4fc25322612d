package org.sealwax.router.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.StandardOutput;
import org.sealwax.mail.cli.SystemdNotifier;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.CountingMailLog;
import org.sealwax.router.log.LibraryLog;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.server.Router;
import org.sealwax.router.wiring.LastLogLine;
import org.sealwax.router.wiring.MemoryPlan;
import org.sealwax.router.wiring.StartFailure;

/** {@code sealwax serve}: from configuration to a running router, and down again. */
public final class ServeCommand {
  /** What follows from a reload that failed. */
  private static final String KEPT_TEXT = "the running server keeps the old configuration";

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;
  private final Clock clock = Clock.system();

  public ServeCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code serve}. */
  public Command command() {
    return Command.of(
        """
        sealwax serve
        run the router

        Listens, accepts, keeps, forwards and delivers mail. Without a configuration it listens on
        127.0.0.1:2525 and relays for loopback only. SIGTERM drains, a second one ends at once;
        SIGHUP reloads.

        $ sealwax serve --config sealwax.toml
        """,
        arguments -> run(configuration.file(arguments), configuration.valid(arguments)));
  }

  private int run(Optional<Path> file, Configuration.ValidConfiguration sound)
      throws CommandFailed {
    TlsFactory.prepareJvm();
    RouterSettings settings = sound.settings();
    // systemd sets it when stdout is the journal, which then has time and priority.
    boolean journal = process.variable("JOURNAL_STREAM").isPresent();
    LogSettings logSettings = new LogSettings(settings.log(), journal);
    try (TextMailLog lines =
        new TextMailLog(logSettings, StandardOutput.forLog(process.out()), clock)) {
      Counters counters = new Counters();
      counters.gauge("sealwax_log_lost_lines", "Log lines that nobody read", lines::dropped);
      MailLog log = new CountingMailLog(lines, counters);
      LibraryLog.lead(log);
      ProcessExit.exitWhenThreadEnds(LastLogLine.in(log, lines::close), process.err());
      sound.problems().forEach(c -> log.warning("config", c.text()));
      MemoryPlan plan = MemoryPlan.of(settings);
      if (!plan.fits()) {
        log.warning("app", plan.text());
      }
      Router router = new Router(settings, clock, RandomSource.secure(), log, counters);
      Reloader reloader = new Reloader(file, router, log);
      router.start(reloader::reload);
      return serve(file, router, reloader, log);
    } catch (StartFailure e) {
      throw new CommandFailed(e.exit(), String.valueOf(e.getMessage()), e.help());
    }
  }

  private int serve(Optional<Path> file, Router router, Reloader reloader, MailLog log) {
    SystemdNotifier manager = new SystemdNotifier(process);
    CountDownLatch ended = new CountDownLatch(1);
    AtomicBoolean asked = new AtomicBoolean();
    Runnable stop =
        () -> {
          if (asked.compareAndSet(false, true)) {
            ended.countDown();
          } else {
            // A second signal: exit at once. The store is consistent at any time.
            Runtime.getRuntime().halt(ExitStatus.TRY_AGAIN);
          }
        };
    boolean term = Signals.on("TERM", stop);
    boolean signals = Signals.on("INT", stop) && term;
    Signals.on(
        "HUP",
        () -> {
          manager.reloading(clock.nanoTime());
          try {
            var _ = reloader.reload();
          } catch (ControlRequestRefused e) {
            // Logged already; the former configuration stays in force.
          }
          manager.ready("reloaded");
        });
    if (!signals) {
      Runtime.getRuntime().addShutdownHook(Threads.unstarted("stop", stop));
    }
    // In a thread of its own: standard error may be a pipe that is not read.
    Threads.startPlatform("greeting", () -> logStart(file, router, log));
    Threads.start("resolvers", () -> checkResolvers(router.settingsNow().dns(), log));
    manager.ready("listening at " + names(router));
    try {
      manager.awaitEnd(ended, router::probe);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    manager.stopping();
    log.note("app", "stopping: sessions and deliveries under way may end");
    router.drain(Router.GRACE);
    log.note("app", "stopped");
    return ExitStatus.OK;
  }

  /** In the background: mail that comes before the result does its own look-ups. */
  private void checkResolvers(DnsSettings dns, MailLog log) {
    dns.negativeAnchors().stream()
        .filter(anchor -> anchor.isInForce(clock.now()))
        .forEach(
            anchor ->
                log.warning(
                    "dns",
                    "negative trust anchor "
                        + anchor.zone()
                        + " until "
                        + anchor.until()
                        + ": no DNSSEC and no DANE there ("
                        + anchor.owner()
                        + ": "
                        + anchor.note()
                        + ")"));
    try {
      for (ResolverCheck check :
          new CachingResolver(dns, clock, RandomSource.secure()).checkResolvers()) {
        if (check.isProblem()) {
          log.warning("dns", check.toString());
        } else {
          log.note("dns", check.toString());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String names(Router router) {
    return String.join(", ", router.addresses().stream().map(ServeCommand::name).toList());
  }

  private static String name(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    boolean all = address.getAddress().isAnyLocalAddress();
    String shown = all ? "*" : host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return shown + ":" + address.getPort();
  }

  /** Without a configuration: what it does, what to try, and where to go from here. */
  private void logStart(Optional<Path> file, Router router, MailLog log) {
    String at = names(router);
    if (file.isPresent()) {
      log.note("app", "sealwax " + Version.text() + " listens at " + at + ", by " + file.get());
      return;
    }
    Path state = router.settingsNow().server().state();
    process
        .err()
        .println(
            "Sealwax listens at "
                + at
                + " (STARTTLS), relays for this machine only, delivers by MX; spool in "
                + state
                + ".");
    process
        .err()
        .println(
            "Try:  swaks --server " + at + " --tls --from you@example.org --to you@example.org");
    process
        .err()
        .println(
            "Configure: "
                + configuration.paths().configurations().getFirst()
                + " (docs/sealwax.toml.sample).");
  }

  /**
   * Reads the configuration and all files that it names, and puts them in force; what is wrong
   * changes nothing. The same text may name files with other contents, so nothing is compared.
   */
  private final class Reloader {
    private final Optional<Path> file;
    private final Router router;
    private final MailLog log;

    private Reloader(Optional<Path> file, Router router, MailLog log) {
      this.file = file;
      this.router = router;
      this.log = log;
    }

    private synchronized String reload() throws ControlRequestRefused {
      try {
        return switch (configuration.read(file.orElse(null))) {
          case Configuration.InvalidConfiguration b -> throw refused(b.firstError(), b.report());
          case Configuration.ValidConfiguration s -> apply(s);
        };
      } catch (IOException e) {
        String why = String.valueOf(e.getMessage());
        throw refused(why, why + "\n");
      }
    }

    private ControlRequestRefused refused(String first, String report) {
      log.warning("config", "reload failed: " + first + "; " + KEPT_TEXT);
      return new ControlRequestRefused(report + KEPT_TEXT);
    }

    private String apply(Configuration.ValidConfiguration sound) throws IOException {
      Set<String> later = router.reload(sound.settings());
      sound.problems().forEach(c -> log.warning("config", c.text()));
      String text = "the configuration was read again";
      text = later.isEmpty() ? text : text + "; after a restart only: " + String.join(", ", later);
      log.configuration(text);
      return text;
    }
  }
}
