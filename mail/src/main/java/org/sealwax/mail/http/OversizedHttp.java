package org.sealwax.mail.http;

import java.io.IOException;

/** The content of a message of HTTP/1.1 is over the limit. */
public final class OversizedHttp extends IOException {
  private static final long serialVersionUID = 1L;

  OversizedHttp() {
    super("too large");
  }
}
