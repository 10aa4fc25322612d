package org.sealwax.router.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
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
public record ListenerRow(
    InetSocketAddress address,
    ListenerTlsStart start,
    TlsFloor floor,
    ClientCertificateMode clientCertificates,
    boolean auth,
    ListenerSettings.Dsn dsn,
    boolean resumption) {
  /** The start of TLS at a listener: by STARTTLS or at once. */
  public enum ListenerTlsStart {
    STARTTLS,
    IMPLICIT,
    NONE
  }

  /** The port of a server without configuration: free for every user. */
  public static final int DEFAULT_PORT = 2525;

  /** 127.0.0.1:2525 with STARTTLS. */
  public static ListenerRow byDefault() {
    return new ListenerRow(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DEFAULT_PORT),
        ListenerTlsStart.STARTTLS,
        TlsFloor.DEFAULT,
        ClientCertificateMode.ASK,
        false,
        ListenerSettings.Dsn.RELAY,
        true);
  }

  /** For logs and keys: {@code 127.0.0.1:2525}. */
  public String name() {
    return ListenAddresses.text(address);
  }
}
