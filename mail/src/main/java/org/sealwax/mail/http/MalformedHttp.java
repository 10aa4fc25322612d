package org.sealwax.mail.http;

import java.io.IOException;

/** Not a message of HTTP/1.1 (RFC 9112); the message gives the reason in our own words. */
public final class MalformedHttp extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedHttp(String text) {
    super(text);
  }
}
