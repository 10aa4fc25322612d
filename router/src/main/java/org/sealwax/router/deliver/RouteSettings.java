package org.sealwax.router.deliver;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.route.ConfiguredHop;
import org.sealwax.router.route.ForwardSettings.TransportRoute;

/**
 * A configured next hop: smart host or relay domain's host.
 *
 * @param name by which {@code NextHopKey.Fixed} refers to it
 * @param host name or literal
 * @param port 1 to 65535
 * @param implicitTls TLS from the first byte (RFC 8314 3.3) instead of STARTTLS
 * @param credentials for AUTH, or null
 * @param row what is demanded of it, or null: {@code secure} with credentials, {@code encrypt} with
 *     implicit TLS, else the default
 */
public record RouteSettings(
    String name,
    MailHost host,
    int port,
    boolean implicitTls,
    @Nullable Credentials credentials,
    @Nullable PolicyRow row) {
  /** Checks the port. */
  public RouteSettings {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port: 1 to 65535");
    }
    if (implicitTls && row != null && !row.level().demandsTls()) {
      throw new IllegalArgumentException("implicit TLS conflicts with a level without TLS");
    }
  }

  /** A route without credentials or demands of its own. */
  public static RouteSettings plain(String name, MailHost host, int port) {
    return new RouteSettings(name, host, port, false, null, null);
  }

  /**
   * The route of an entry of {@code [[transport]]}.
   *
   * @param readsPassword reads the file with the password; else the route is for checks alone
   * @throws IllegalArgumentException with a sentence for the admin when its parts contradict, or
   *     the file has no password
   */
  public static RouteSettings of(
      TransportRoute entry, ConfiguredHop.Host host, boolean readsPassword) {
    Path file = entry.passwordFile();
    String password = file == null || !readsPassword ? "" : Credentials.password(file);
    Credentials credentials =
        entry.user() == null || file == null ? null : new Credentials(entry.user(), password);
    return new RouteSettings(
        entry.name(), host.host(), host.port(), entry.implicitTls(), credentials, entry.demand());
  }

  /** What this route adds to the evidence, or null. */
  public @Nullable Evidence evidence() {
    if (row != null) {
      return new Evidence.Route(name, row, false);
    }
    if (credentials != null) {
      return implied(TlsLevel.SECURE);
    }
    return implicitTls ? implied(TlsLevel.ENCRYPT) : null;
  }

  private Evidence implied(TlsLevel level) {
    return new Evidence.Route(name, PolicyRow.of(new DomainPattern.Any(), level), true);
  }
}
