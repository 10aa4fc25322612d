package org.sealwax.router.config;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.router.receive.ListenerSettings;

/**
 * One {@code [[listener]]}.
 *
 * @param address where
 * @param start how TLS starts
 * @param floor lowest version
 * @param clientCertificates asked for or not
 * @param auth offered inside TLS
 * @param dsn clients that DSN is offered to
 * @param resumption of TLS sessions
 */
@SettingTable(
    name = "listener",
    rows = true,
    purpose = "A place where mail comes in. Without any: 127.0.0.1:2525 with STARTTLS.")
public record ListenerRow(
    @Setting(example = "*:25", required = true, doc = "Where to listen.") InetSocketAddress address,
    @Setting(
            name = "tls",
            fallback = "starttls",
            doc =
                "starttls: offered (port 25); implicit: from the first byte (port 465, RFC"
                    + " 8314); none: not offered.")
        ListenerSettings.ListenerTlsMode start,
    @Setting(fallback = "1.2", doc = "The lowest TLS version that is spoken here.") TlsFloor floor,
    @Setting(
            name = "client_certificate",
            fallback = "ask",
            doc =
                "Whether clients are asked for a certificate. It is judged and recorded"
                    + " whatever it is; require refuses clients that show none.")
        ClientCertificateMode clientCertificates,
    @Setting(
            fallback = "false",
            doc = "Whether AUTH is offered (inside TLS only; needs [auth] password_file).")
        boolean auth,
    @Setting(
            fallback = "relay",
            doc =
                "Clients that DSN is offered to (RFC 3461). relay: clients that may relay;"
                    + " auth: the same, and offered before AUTH, for listeners where users"
                    + " log in; all: every client, which sends success notifications to"
                    + " forged senders; none: no client.")
        ListenerSettings.Dsn dsn,
    @Setting(
            fallback = "true",
            doc =
                "Whether TLS sessions may be resumed. Some large senders abort on tickets at"
                    + " port 25.")
        boolean resumption) {
  /** The port of a server without configuration: free for every user. */
  public static final int DEFAULT_PORT = 2525;

  /** 127.0.0.1:2525 with STARTTLS. */
  public static ListenerRow byDefault() {
    return SettingsRecord.defaults(
        ListenerRow.class,
        Map.of("address", new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DEFAULT_PORT)));
  }

  /** For logs and keys: {@code 127.0.0.1:2525}. */
  public String name() {
    if (address.getAddress().isAnyLocalAddress()) {
      return "*:" + address.getPort();
    }
    String host = address.getAddress().getHostAddress();
    return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host)
        + ":"
        + address.getPort();
  }
}
