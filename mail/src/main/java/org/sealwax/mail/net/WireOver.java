package org.sealwax.mail.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A wire that goes over another one and changes some of what it does: TLS over TCP, a tap, a
 * scripted fault. Every method that is not overridden is delegated.
 */
public abstract class WireOver implements Wire {
  private final Wire below;

  /**
   * @param below what carries this wire; closed with it
   */
  protected WireOver(Wire below) {
    this.below = below;
  }

  /** {@return the wire that carries this one} */
  public final Wire below() {
    return below;
  }

  @Override
  public InputStream in() {
    return below.in();
  }

  @Override
  public OutputStream out() {
    return below.out();
  }

  @Override
  public InetSocketAddress local() {
    return below.local();
  }

  @Override
  public InetSocketAddress peer() {
    return below.peer();
  }

  @Override
  public void readTimeout(Duration timeout) throws IOException {
    below.readTimeout(timeout);
  }

  @Override
  public void finish() throws IOException {
    below.finish();
  }

  @Override
  public void close() throws IOException {
    below.close();
  }
}
