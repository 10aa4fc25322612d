package org.sealwax.router.receive;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;

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
    purpose = "Listener for SMTP. Default: one at 127.0.0.1:2525 with STARTTLS.")
public record ListenerRow(
    @Setting(
            example = "*:25",
            required = true,
            unique = true,
            doc = "Address and port to listen on.")
        InetSocketAddress address,
    @Setting(
            name = "tls",
            fallback = "starttls",
            doc =
                "starttls: offered (port 25); implicit: from the first byte (port 465, RFC"
                    + " 8314); none: not offered.")
        ListenerSettings.ListenerTlsMode start,
    @Setting(fallback = "1.2", doc = "Lowest TLS version.") TlsFloor floor,
    @Setting(
            name = "client_certificate",
            fallback = "ask",
            doc =
                "Client certificates. none: not requested; ask: requested; require: requested, and clients without one are rejected. Any certificate is verified and recorded.")
        ClientCertificateMode clientCertificates,
    @Setting(fallback = "false", doc = "Offer AUTH (under TLS only; needs [auth] password_file).")
        boolean auth,
    @Setting(
            fallback = "relay",
            doc =
                "Clients that DSN is offered to (RFC 3461). relay: clients that may relay; auth: the same, and offered before AUTH, for listeners where users log in; all: every client (success notifications may go to forged senders); none: no client.")
        ListenerSettings.Dsn dsn,
    @Setting(
            fallback = "true",
            doc =
                "Allow resumption of TLS sessions. Some large senders abort on tickets at port 25.")
        boolean resumption) {
  /** The port of a server without configuration: free for every user. */
  public static final int DEFAULT_PORT = 2525;

  /** 127.0.0.1:2525 with STARTTLS. */
  public static ListenerRow byDefault() {
    return SettingsRecord.defaults(
        ListenerRow.class,
        Map.of("address", new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DEFAULT_PORT)));
  }

  /** The address at which this host reaches it: loopback where it listens at all addresses. */
  public InetSocketAddress loopback() {
    return address.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort())
        : address;
  }

  /** For logs and keys: {@code 127.0.0.1:2525}. */
  public String name() {
    if (address.getAddress().isAnyLocalAddress()) {
      return "*:" + address.getPort();
    }
    return AddressText.of(address);
  }
}
