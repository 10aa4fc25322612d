package org.sealwax.router.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.HeapBudget;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.hosting.DomainAssessor;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.server.Router;
import org.sealwax.router.wiring.ListenAddress;
import org.sealwax.router.wiring.MemoryPlan;
import org.sealwax.router.wiring.StartFailure;

/** {@code sealwax serve}: from configuration to a running router, and down again. */
public final class ServeCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;
  private final Function<RouterSettings, DomainAssessor> assessors;
  private final Clock clock = Clock.system();

  /**
   * Runs nothing yet.
   *
   * @param assessors examine domains as the configuration at the start specifies
   */
  public ServeCommand(
      ProcessEnvironment process, Function<RouterSettings, DomainAssessor> assessors) {
    this.process = process;
    this.assessors = assessors;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code serve}. */
  public Command command() {
    return Command.of(
        """
        sealwax serve
        run the router

        Accepts, queues, forwards and delivers mail. Without a configuration it listens on
        127.0.0.1:2525 and relays for loopback only. SIGTERM stops the router after the current
        sessions and deliveries, a second one at once; SIGHUP reloads the configuration.

        $ sealwax serve --config sealwax.toml
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException {
    Configuration.ValidConfiguration valid = configuration.valid(arguments);
    TlsFactory.prepareJvm();
    try (Service service = new Service(process, arguments, valid)) {
      MailLog log = service.log();
      HeapBudget plan = MemoryPlan.of(valid.settings());
      if (!plan.fits()) {
        log.warning("app", plan.text());
      }
      Router router =
          new Router(valid.settings(), clock, RandomSource.secure(), log, service.counters());
      router.assessBy(assessors.apply(valid.settings()));
      router.start(forced -> service.reload(router::reload, forced));
      service.catchSignals(router::reload);
      // In a thread of its own: standard error may be a pipe that is not read.
      Threads.startPlatform("greeting", () -> logStart(configuration.file(arguments), router, log));
      Threads.start("resolvers", () -> checkResolvers(router.settingsNow().dns(), log));
      try {
        service.awaitEnd("listening at " + names(router), router::probe);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      log.note("app", "stopping: waiting for current sessions and deliveries");
      router.drain(Router.GRACE);
      log.note("app", "stopped");
      return ExitStatus.OK;
    } catch (StartFailure e) {
      throw new CommandFailed(e.exit(), String.valueOf(e.getMessage())).withHelp(e.help());
    }
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
    return String.join(", ", router.addresses().stream().map(ListenAddress::text).toList());
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
}
