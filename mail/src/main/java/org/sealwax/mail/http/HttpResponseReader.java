package org.sealwax.mail.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** Reads one answer of HTTP/1.1 (RFC 9112). */
final class HttpResponseReader extends HttpMessageReader {
  /** Interim answers (1xx) before the final one; none is asked for. */
  static final int MAX_INTERIM = 4;

  private boolean readUntilClose;

  HttpResponseReader(InputStream in, int maxBody) {
    super(in, maxBody);
  }

  /**
   * The final answer.
   *
   * @throws MalformedHttp when it is none
   * @throws OversizedHttp when its content is over the limit
   * @throws IOException when the connection fails
   */
  HttpResponse read() throws IOException {
    for (int interim = 0; interim <= MAX_INTERIM; interim++) {
      int status = statusLine(line(MAX_HEAD));
      List<HttpResponse.HttpField> fields = fields();
      if (status >= 200) {
        HttpResponse bare = new HttpResponse(status, fields, new byte[0]);
        return status < 300 && status != 204 ? new HttpResponse(status, fields, body(bare)) : bare;
      }
      if (status == 101) {
        throw new MalformedHttp("another protocol, which nobody asked for");
      }
    }
    throw new MalformedHttp("more than " + MAX_INTERIM + " interim answers");
  }

  /**
   * Whether only the end of the connection marks the end of the content: then an attacker who can
   * cut the connection can truncate the content, unless TLS authenticates the end.
   */
  boolean readUntilClose() {
    return readUntilClose;
  }

  private byte[] body(HttpResponse bare) throws IOException {
    Optional<byte[]> framed = content(bare.fields());
    if (framed.isPresent()) {
      return framed.get();
    }
    readUntilClose = true;
    return remainingBytes();
  }

  private static int statusLine(String line) throws MalformedHttp {
    boolean form =
        line.length() >= 12
            && (line.startsWith("HTTP/1.1 ") || line.startsWith("HTTP/1.0 "))
            && (line.length() == 12 || line.charAt(12) == ' ');
    if (!form) {
      throw new MalformedHttp("no status line of HTTP/1.1");
    }
    int status = 0;
    for (int i = 9; i < 12; i++) {
      char c = line.charAt(i);
      if (c < '0' || c > '9') {
        throw new MalformedHttp("no status");
      }
      status = status * 10 + (c - '0');
    }
    if (status < 100) {
      throw new MalformedHttp("no status");
    }
    return status;
  }
}
