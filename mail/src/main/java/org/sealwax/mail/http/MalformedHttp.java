package org.sealwax.mail.http;

import java.io.IOException;

/** Not a message of HTTP/1.1 (RFC 9112); the message gives the reason in our own words. */
public final class MalformedHttp extends IOException {
  private static final long serialVersionUID = 1L;

  /** The status with which a server answers. */
  private final int status;

  MalformedHttp(String text) {
    this(400, text);
  }

  MalformedHttp(int status, String text) {
    super(text);
    this.status = status;
  }

  /** The status with which a server answers it. */
  int status() {
    return status;
  }
}
