package org.sealwax.router.receive;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.session.SessionSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;

/**
 * Settings of one listener.
 *
 * @param name for the log
 * @param place where it is
 * @param encryption how TLS begins
 * @param certificates what is done about the client's certificate
 * @param offersAuth whether AUTH is offered, inside TLS
 * @param dsn clients that may ask for delivery status notifications
 * @param sessions at a time; when all are taken, clients wait in the backlog
 * @param backlog connections that the kernel keeps for us
 * @param handshake the longest handshake of implicit TLS
 * @param dialogue limits of one session
 */
public record ListenerSettings(
    String name,
    ListenAddress place,
    ListenerTlsMode encryption,
    ClientCertificateMode certificates,
    boolean offersAuth,
    Dsn dsn,
    int sessions,
    int backlog,
    Duration handshake,
    SessionSettings dialogue) {
  /** The address of a listener. */
  public sealed interface ListenAddress {
    /** TCP; port 0 lets the system choose. */
    record Tcp(InetSocketAddress address) implements ListenAddress {}

    /** A Unix-domain socket for programs of this machine, which are trusted. */
    record Unix(Path path) implements ListenAddress {}
  }

  /** The start of TLS. */
  public enum ListenerTlsMode {
    /** STARTTLS is offered (RFC 3207), as on port 25. */
    STARTTLS,
    /** At once (RFC 8314 3.3), as on port 465. */
    IMPLICIT,
    /** Not at all. */
    NONE
  }

  /**
   * Clients that DSN is offered to (RFC 3461). A notification of success goes to a reverse-path
   * that the client chose, with a header of the client. Where DSN is not offered, the client's own
   * server issues it, as "relayed" (RFC 3461 section 5.2.2).
   */
  public enum Dsn {
    /** Clients that may relay. */
    RELAY,
    /** The same, and offered also to clients that may still log in by AUTH. */
    AUTH,
    /** All clients. */
    ALL,
    /** No client. */
    NONE
  }

  /** A port-25 listener; 2,000 sessions need some 70 MB when all are idle. */
  public static ListenerSettings smtp(InetSocketAddress address) {
    return new ListenerSettings(
        "smtp",
        new ListenAddress.Tcp(address),
        ListenerTlsMode.STARTTLS,
        ClientCertificateMode.ASK,
        false,
        Dsn.RELAY,
        2_000,
        512,
        Duration.ofSeconds(60),
        SessionSettings.defaults());
  }

  /** The socket that {@code sealwax sendmail} uses. */
  public static ListenerSettings local(Path path) {
    return SettingsRecord.with(
        smtp(new InetSocketAddress(0)),
        Map.of(
            "name",
            "local",
            "place",
            new ListenAddress.Unix(path),
            "encryption",
            ListenerTlsMode.NONE,
            "certificates",
            ClientCertificateMode.NONE,
            "sessions",
            100,
            "backlog",
            64));
  }
}
