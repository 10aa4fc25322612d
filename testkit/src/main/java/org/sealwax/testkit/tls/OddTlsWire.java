package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.bouncycastle.tls.TlsServerProtocol;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;

/** A wire under odd TLS. */
public final class OddTlsWire extends WireOver {
  /**
   * What was negotiated.
   *
   * @param version as on the wire
   * @param suite as on the wire
   * @param group as on the wire; -1 where there was none
   * @param serverName SNI, or null
   * @param clientChain the client's certificates, leaf first, in DER; empty when it showed none
   */
  public record NegotiatedTls(
      int version, int suite, int group, @Nullable String serverName, List<byte[]> clientChain) {
    /** Copies. */
    public NegotiatedTls {
      clientChain = List.copyOf(clientChain);
    }
  }

  private final @Nullable TlsServerProtocol protocol;
  private final NegotiatedTls negotiated;

  /**
   * @param protocol null when both agreed, and there it ends
   */
  OddTlsWire(Wire clear, @Nullable TlsServerProtocol protocol, NegotiatedTls negotiated) {
    super(clear);
    this.protocol = protocol;
    this.negotiated = negotiated;
  }

  /** The result of the handshake. */
  public NegotiatedTls negotiated() {
    return negotiated;
  }

  @Override
  public InputStream in() {
    return protocol == null ? InputStream.nullInputStream() : protocol.getInputStream();
  }

  @Override
  public OutputStream out() {
    return protocol == null ? OutputStream.nullOutputStream() : protocol.getOutputStream();
  }

  @Override
  public void finish() throws IOException {
    try {
      if (protocol != null) {
        protocol.close();
      }
    } finally {
      super.finish();
    }
  }
}
