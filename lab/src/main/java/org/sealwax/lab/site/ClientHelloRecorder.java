package org.sealwax.lab.site;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.wire.RecordHeader;

/** A wire that keeps the first bytes that come in: the ClientHello, before any engine sees it. */
final class ClientHelloRecorder extends WireOver {
  private final ByteArrayOutputStream recorded = new ByteArrayOutputStream();
  private boolean first = true;
  private boolean answered;

  ClientHelloRecorder(Wire wire) {
    super(wire);
  }

  /** Whether we answered with a handshake message, and not only with an alert. */
  boolean answered() {
    return answered;
  }

  /** What came in before we first answered. */
  byte[] hello() {
    return recorded.toByteArray();
  }

  @Override
  public InputStream in() {
    InputStream source = super.in();
    return new BlockInput() {

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int count = source.read(into, offset, length);
        if (first && count > 0) {
          recorded.write(into, offset, Math.min(count, Sighting.MAX_HELLO - recorded.size()));
        }
        return count;
      }

      @Override
      public int available() throws IOException {
        return source.available();
      }
    };
  }

  private void began(int value) {
    if (first) {
      first = false;
      // The first record decides: after a handshake record an alert is an answer to the client's.
      answered = value == RecordHeader.HANDSHAKE;
    }
  }

  @Override
  public OutputStream out() {
    OutputStream sink = super.out();
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        began(b);
        sink.write(b);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        if (length > 0) {
          began(from[offset]);
        }
        sink.write(from, offset, length);
      }

      @Override
      public void flush() throws IOException {
        sink.flush();
      }
    };
  }
}
