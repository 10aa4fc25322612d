package org.sealwax.router.cli;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.StandardOutput;
import org.sealwax.mail.cli.SystemdNotifier;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LibraryLog;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.wiring.LastLogLine;

/**
 * The process of a service ({@code serve}, {@code policyd}): its log and counters, its signals, the
 * service manager, and the configuration that is read again.
 */
final class Service implements Closeable {
  /** What follows from a reload that failed. */
  private static final String KEPT_TEXT = "the running server keeps the old configuration";

  private final ConfigurationSource configuration;
  private final @Nullable Path file;
  private final TextMailLog lines;
  private final Counters counters = new Counters();
  private final SystemdNotifier manager;
  private CountDownLatch ended = new CountDownLatch(1);

  /** Puts settings in force. */
  @FunctionalInterface
  interface Reload {
    /**
     * Puts them in force.
     *
     * @param forced certificates are loaded without the guard
     * @return what was not taken
     */
    ReloadReport use(RouterSettings settings, boolean forced) throws IOException;
  }

  /** Opens the log and reports the warnings of the configuration. */
  Service(ProcessEnvironment process, Arguments arguments, Configuration.ValidConfiguration valid) {
    this.configuration = new ConfigurationSource(process);
    this.manager = new SystemdNotifier(process);
    this.file = configuration.file(arguments).orElse(null);
    // systemd sets it when stdout is the journal, which then has time and priority.
    boolean journal = process.variable("JOURNAL_STREAM").isPresent();
    this.lines =
        new TextMailLog(
            new LogSettings(valid.settings().log().format(), journal),
            StandardOutput.forLog(process.out()),
            Clock.system(),
            counters);
    counters.gauge("sealwax_log_lost_lines", "Lost log lines", lines::dropped);
    LibraryLog.lead(lines);
    ProcessExit.exitWhenThreadEnds(LastLogLine.in(lines, lines::close), process.err());
    valid.problems().forEach(c -> lines.warning("config", c.text()));
  }

  MailLog log() {
    return lines;
  }

  Counters counters() {
    return counters;
  }

  /**
   * Reads the configuration and all files that it names, and puts them in force; what is wrong
   * changes nothing. The same text may name files with other contents, so nothing is compared.
   *
   * @param forced certificates are loaded without the guard
   * @return what was done, for the admin
   */
  synchronized ReloadReport reload(Reload reload, boolean forced) throws ControlRequestRefused {
    try {
      return switch (configuration.read(file)) {
        case Configuration.InvalidConfiguration b -> throw refused(b.firstError(), b.report());
        case Configuration.ValidConfiguration valid -> {
          ReloadReport report = reload.use(valid.settings(), forced);
          valid.problems().forEach(c -> lines.warning("config", c.text()));
          lines.configuration(report.text());
          yield report;
        }
      };
    } catch (ControlRequestRefused e) {
      throw e;
    } catch (IOException e) {
      String why = FailureText.of(e);
      throw refused(why, why + "\n");
    }
  }

  private ControlRequestRefused refused(String first, String report) {
    lines.warning("config", "reload failed: " + first + "; " + KEPT_TEXT);
    return new ControlRequestRefused(report + KEPT_TEXT);
  }

  /**
   * From now on SIGHUP reloads, and SIGTERM and SIGINT end {@link #awaitEnd}. To be called before
   * the log states that the service listens: until then a SIGHUP ends the process.
   */
  void catchSignals(Reload reload) {
    ended = Signals.end();
    Signals.on(
        "HUP",
        () -> {
          manager.reloading(Clock.system().nanoTime());
          try {
            var _ = reload(reload, false);
          } catch (ControlRequestRefused e) {
            // Logged already; the former configuration stays in force.
          }
          manager.ready("reloaded");
        });
  }

  /**
   * Returns when a signal ends the service, after {@link #catchSignals}.
   *
   * @param status for the service manager
   * @param probe returns while the service works
   */
  void awaitEnd(String status, Runnable probe) throws InterruptedException {
    manager.ready(status);
    manager.awaitEnd(ended, probe);
    manager.stopping();
  }

  @Override
  public void close() {
    lines.close();
  }
}
