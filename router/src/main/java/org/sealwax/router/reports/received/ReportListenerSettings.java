package org.sealwax.router.reports.received;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.router.receive.ClientLimits;

/**
 * Settings of the listener for reports by POST.
 *
 * @param address where to listen
 * @param path what is asked for, beginning with a slash; nothing else is there
 * @param connections at a time
 * @param perClient what one client may do in a minute
 * @param handshake how long TLS may take
 * @param total how long the whole exchange may take after it
 */
public record ReportListenerSettings(
    InetSocketAddress address,
    String path,
    int connections,
    ClientLimits.ClientLimitSettings perClient,
    Duration handshake,
    Duration total) {
  /** Each may hold a report in memory. */
  static final int CONNECTIONS = 10;

  /** Checks the path. */
  public ReportListenerSettings {
    checkPath(path);
  }

  /**
   * Checks a path.
   *
   * @throws InvalidSetting when it is none
   */
  public static void checkPath(String path) {
    InvalidSetting.because("a path must begin with a slash and have no spaces, \"?\" or \"#\"")
        .of("path")
        .help("/v1/tlsrpt is usual")
        .throwIf(
            !path.startsWith("/")
                || path.length() > 200
                || !path.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '?' && c != '#'));
  }

  /** With the usual limits: a reporter posts once a day for each domain. */
  public static ReportListenerSettings at(InetSocketAddress address, String path) {
    return new ReportListenerSettings(
        address,
        path,
        CONNECTIONS,
        new ClientLimits.ClientLimitSettings(4, 60, 60, 60, 20, 60, List.of()),
        Duration.ofSeconds(20),
        Duration.ofSeconds(60));
  }
}
