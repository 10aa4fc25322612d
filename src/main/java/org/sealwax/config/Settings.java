package org.sealwax.config;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.dns.DnsSettings;
import org.sealwax.log.LogSettings;

/**
 * What the rooms get.
 *
 * @param server what this server is
 * @param listeners at least one
 * @param dns how the DNS is asked
 * @param log how the log is written, as far as the file says
 * @param metrics where metrics are served, if anywhere
 */
public record Settings(
    Server server,
    List<ListenerRow> listeners,
    DnsSettings dns,
    LogSettings.Format log,
    Optional<InetSocketAddress> metrics) {
  /** Copies. */
  public Settings {
    listeners = List.copyOf(listeners);
  }
}
