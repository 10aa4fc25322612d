package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.StatusReport;
import org.sealwax.router.wiring.OwnCertificates;
import tools.jackson.databind.JsonNode;

/** {@code sealwax status}: what this server shows to senders, and what needs a person. */
public final class StatusCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public StatusCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code status}. */
  public Command command() {
    return Command.of(
        """
        sealwax status
        show certificates, keys and records of this server and its domains

        Prints first what needs a person. Then for each host the certificate in force, the days
        that are left, its key, the next renewal, and its TLSA records as the resolver and each
        authoritative server have them; for each domain the MTA-STS record and policy, the days
        without failures in received TLS reports, and its DKIM keys. Looks all of that up now.
        Without a running server it shows what the next start would use. Exit code 0: nothing to
        do; 1: something needs a person.

        --json              print JSON

        $ sealwax status
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException {
    JsonNode report;
    try {
      report = report(configuration, arguments);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed(ExitStatus.TRY_AGAIN, "interrupted");
    }
    configuration.print(arguments, report, this::text);
    return report.path("attention").isEmpty() ? ExitStatus.OK : ExitStatus.WARNINGS;
  }

  /**
   * {@return the report of the running server, or without one what the next start would use}
   *
   * @throws IOException when the configuration or the state cannot be read
   */
  public static JsonNode report(ConfigurationSource configuration, Arguments arguments)
      throws IOException, InterruptedException {
    try {
      return configuration.ask(arguments, ControlClient.request("status"));
    } catch (ControlClient.ServerNotRunning e) {
      RouterSettings settings = configuration.valid(arguments).settings();
      Clock clock = Clock.system();
      RandomSource random = RandomSource.secure();
      Resolver resolver = new CachingResolver(settings.dns(), clock, random);
      return StatusReport.of(
          false, OwnCertificates.offlineStatus(settings, resolver, clock, random));
    }
  }

  private void text(JsonNode report) {
    PrintStream out = process.out();
    JsonNode attention = report.path("attention");
    out.println(attention.isEmpty() ? "nothing needs a person" : "needs a person:");
    attention.forEach(
        item -> {
          out.println("  " + line(item, "subject") + ": " + line(item, "text"));
          out.println("    " + line(item, "action"));
        });
    StatusReport.bySubject(report)
        .forEach(
            (subject, items) -> {
              out.println(Printable.of(subject));
              items.forEach(
                  item ->
                      out.println(
                          "  "
                              + line(item, "topic").replace('_', '-')
                              + ": "
                              + line(item, "text")));
            });
  }

  private static String line(JsonNode item, String member) {
    return Printable.of(item.path(member).asString(""));
  }
}
