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

/** A connection under TLS, as {@link LookClient} made it. One thread. */
public final class LookWire extends WireOver {
  private final LookClient.Talk talk;
  private final LookClient.Peer peer;
  private final InputStream in = new Named();

  LookWire(Wire clear, LookClient.Talk talk, LookClient.Peer peer) {
    super(clear);
    this.talk = talk;
    this.peer = peer;
  }

  /** What was seen so far; tickets may come with the first data. */
  public LookFacts facts() {
    return peer.facts();
  }

  /** How a server took something unusual. */
  public enum Taken {
    /** As if nothing were wrong: it went on. */
    ACCEPTED,
    /** It refused, and said so or went on as before. */
    REFUSED,
    /** It closed the connection. */
    CLOSED,
    /** It said nothing in the time. */
    SILENT
  }

  /**
   * Asks for a renegotiation (RFC 5246 7.4.1.1; RFC 5746 3.5) and waits for the answer; the
   * connection is of no use afterwards. Before TLS 1.3 only.
   *
   * @param suites to offer
   */
  public Taken renegotiate(List<Integer> suites) {
    try {
      talk.renegotiate(suites, facts().secureRenegotiation());
      byte[] some = new byte[512];
      int count = in().read(some);
      return talk.renegotiated() ? Taken.ACCEPTED : count < 0 ? Taken.CLOSED : Taken.REFUSED;
    } catch (InterruptedIOException e) {
      return Taken.SILENT;
    } catch (LookAlert e) {
      return Taken.REFUSED;
    } catch (IOException | RuntimeException e) {
      return talk.renegotiated() ? Taken.ACCEPTED : Taken.CLOSED;
    }
  }

  /**
   * From now on the padding of our records is wrong while data and MAC are right: whoever takes
   * them is open to POODLE against TLS (CVE-2014-8730). CBC suites only.
   */
  public void alterPadding() {
    talk.alterPadding();
  }

  /** Whether any record was altered: one without blocks cannot be. */
  public boolean altered() {
    return talk.altered() > 0;
  }

  @Override
  public InputStream in() {
    return in;
  }

  @Override
  public OutputStream out() {
    return talk.getOutputStream();
  }

  /** The library's stream, with the alert in the exception. */
  private final class Named extends BlockInput {

    @Override
    public int read(byte[] octets, int offset, int length) throws IOException {
      try {
        return talk.getInputStream().read(octets, offset, length);
      } catch (TlsFatalAlertReceived e) {
        throw new LookAlert(e.getAlertDescription(), e);
      } catch (RuntimeException e) {
        throw new IOException("the TLS engine gave up", e);
      }
    }
  }
}
