package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ProtocolIdentities;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.log.MailLog;

/**
 * Answers {@code tls-alpn-01} (RFC 8737): certificates for clients that ask for {@code acme-tls/1}.
 */
public final class AlpnProofs implements ProofPublisher {
  private static final String PROTOCOL = "acme-tls/1";
  private static final int BACKLOG = 20;
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private final Map<String, Identity> certificates = new ConcurrentHashMap<>();

  @Override
  public AcmeSettings.ChallengeType type() {
    return AcmeSettings.ChallengeType.TLS_ALPN_01;
  }

  @Override
  public PublishedProof publish(Proof proof) throws IOException {
    if (!(proof instanceof Proof.AlpnCertificate alpn)) {
      throw new IOException("not a proof of tls-alpn-01");
    }
    certificates.put(alpn.name().name(), alpn.certificate());
    return () -> certificates.remove(alpn.name().name(), alpn.certificate());
  }

  /** {@return the certificates, for a listener} */
  public ProtocolIdentities identities() {
    return new ProtocolIdentities(PROTOCOL, certificates::get);
  }

  /**
   * Listens for the authority alone; any other client gets the ordinary certificate, and no page.
   *
   * @param address to listen at
   * @param tls with {@link #identities}
   * @return the listener
   * @throws IOException when the address is not available
   */
  public TcpListener listen(InetSocketAddress address, TlsServer tls, MailLog log)
      throws IOException {
    HttpService none =
        new HttpService(
            HttpService.HttpLimits.SMALL,
            HttpHandler.readOnly(path -> HttpResponse.of(404, HttpResponse.TEXT, "not found\n")));
    return TcpListener.start(
        "acme",
        address,
        BACKLOG,
        TcpListener.ClientGate.of(HttpService.CONNECTIONS),
        clear -> {
          try (Wire wire = tls.accept(clear, HANDSHAKE)) {
            none.serve(wire);
          }
        },
        text -> log.warning("acme", text));
  }
}
