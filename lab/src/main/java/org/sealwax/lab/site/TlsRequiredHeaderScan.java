package org.sealwax.lab.site;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Scans the first bytes of a message that is being read, for the one header field that changes what
 * its sender may do. Nothing of it is kept.
 */
final class TlsRequiredHeaderScan implements LiveSite.BodyScan {
  /**
   * Maximum number of bytes scanned: probes are short, and so are the trace fields that routers
   * add.
   */
  static final int MAX_HEADER = 16 * 1_024;

  /** RFC 8689 section 3: the one value that the field has. */
  private static final Pattern OPTIONAL =
      Pattern.compile("(?im)^TLS-Required:[ \\t]*No[ \\t]*\\r?$");

  private final LiveSite.BodyScan next;
  private final ByteArrayOutputStream headerBytes = new ByteArrayOutputStream();

  TlsRequiredHeaderScan(LiveSite.BodyScan next) {
    this.next = next;
  }

  @Override
  public void take(byte[] block, int offset, int length) throws IOException {
    headerBytes.write(block, offset, Math.min(length, MAX_HEADER - headerBytes.size()));
    next.take(block, offset, length);
  }

  @Override
  public void ended() {
    next.ended();
  }

  /** Whether the header says that TLS may be done without. */
  boolean tlsOptional() {
    String text = headerBytes.toString(StandardCharsets.ISO_8859_1);
    int body = text.indexOf("\r\n\r\n");
    return OPTIONAL.matcher(body < 0 ? text : text.substring(0, body)).find();
  }
}
