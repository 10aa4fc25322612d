package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.wire.ClientHello;

/** A wire whose ClientHello was inspected, and is read again. */
public final class PeekedWire extends WireOver {
  private byte[] held = new byte[0];
  private int at;

  /** Over {@code below}, of which nothing was read. */
  public PeekedWire(Wire below) {
    super(below);
  }

  /**
   * Reads the ClientHello.
   *
   * @return it, or what is wrong; a partial one when the stream ended in it
   * @throws IOException when the connection fails
   */
  public ClientHello.ClientHelloParse hello() throws IOException {
    while (true) {
      ClientHello.ClientHelloParse parse = ClientHello.read(held, 0, held.length);
      if (!(parse instanceof ClientHello.ClientHelloParse.Partial(int missing))) {
        return parse;
      }
      byte[] more = below().in().readNBytes(missing);
      held = Arrays.copyOf(held, held.length + more.length);
      System.arraycopy(more, 0, held, held.length - more.length, more.length);
      if (more.length < missing) {
        return parse;
      }
    }
  }

  /** What was read so far. */
  byte[] held() {
    return held.clone();
  }

  @Override
  public InputStream in() {
    InputStream rest = super.in();
    return new BlockInput() {
      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        if (at == held.length) {
          return rest.read(into, offset, length);
        }
        int count = Math.min(length, held.length - at);
        System.arraycopy(held, at, into, offset, count);
        at += count;
        return count;
      }

      @Override
      public int available() throws IOException {
        return held.length - at + rest.available();
      }
    };
  }
}
