package org.sealwax.assess.tlsclient;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.List;
import org.bouncycastle.tls.TlsFatalAlertReceived;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;

/** A connection under TLS, as {@link ScanTlsClient} made it. One thread. */
public final class ScanTlsWire extends WireOver {
  private final ScanTlsClient.ScanTlsProtocol protocol;
  private final ScanTlsClient.ScanTlsPeer peer;
  private final InputStream in = new AlertNamingInput();

  ScanTlsWire(Wire clear, ScanTlsClient.ScanTlsProtocol protocol, ScanTlsClient.ScanTlsPeer peer) {
    super(clear);
    this.protocol = protocol;
    this.peer = peer;
  }

  /** What was seen so far; tickets may come with the first data. */
  public ScanHandshakeFacts facts() {
    return peer.facts();
  }

  /** The reaction of a server to unusual input. */
  public enum ServerReaction {
    /** It ignored the alert and continued. */
    ACCEPTED,
    /** It refused, with an alert or without effect on the session. */
    REFUSED,
    /** It closed the connection. */
    CLOSED,
    /** It did not answer in time. */
    SILENT
  }

  /**
   * Asks for a renegotiation (RFC 5246 7.4.1.1; RFC 5746 3.5) and waits for the answer; the
   * connection is unusable afterwards. Before TLS 1.3 only.
   *
   * @param suites to offer
   */
  public ServerReaction renegotiate(List<Integer> suites) {
    try {
      protocol.renegotiate(suites, facts().secureRenegotiation());
      byte[] some = new byte[512];
      int count = in().read(some);
      return protocol.renegotiated()
          ? ServerReaction.ACCEPTED
          : count < 0 ? ServerReaction.CLOSED : ServerReaction.REFUSED;
    } catch (InterruptedIOException e) {
      return ServerReaction.SILENT;
    } catch (ScanTlsAlert e) {
      return ServerReaction.REFUSED;
    } catch (IOException | RuntimeException e) {
      return protocol.renegotiated() ? ServerReaction.ACCEPTED : ServerReaction.CLOSED;
    }
  }

  /**
   * From now on the padding of our records is wrong while data and MAC are right: a server that
   * accepts them is open to POODLE against TLS (CVE-2014-8730). CBC suites only.
   */
  public void alterPadding() {
    protocol.alterPadding();
  }

  /** Whether any record was altered: one without blocks cannot be. */
  public boolean altered() {
    return protocol.altered() > 0;
  }

  @Override
  public InputStream in() {
    return in;
  }

  @Override
  public OutputStream out() {
    return protocol.getOutputStream();
  }

  /** The library's stream, with the alert in the exception. */
  private final class AlertNamingInput extends BlockInput {

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return protocol.getInputStream().read(bytes, offset, length);
      } catch (TlsFatalAlertReceived e) {
        throw new ScanTlsAlert(e.getAlertDescription(), e);
      } catch (RuntimeException e) {
        throw new IOException("the TLS engine failed", e);
      }
    }
  }
}
