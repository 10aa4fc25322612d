package org.sealwax.lab.site;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.sealwax.assess.model.FixAdvice;

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

  /** A Received field with the lines that continue it; routers name themselves in it. */
  private static final Pattern RECEIVED =
      Pattern.compile("(?im)^Received:[^\\r\\n]*(\\r\\n[ \\t][^\\r\\n]*)*");

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

  /**
   * The mail router that a Received field names: one of {@link FixAdvice#ROUTERS}, or empty.
   * Nothing else of the field is kept.
   */
  String router() {
    return RECEIVED
        .matcher(header())
        .results()
        .map(field -> FixAdvice.routerNamedBy(field.group()))
        .filter(name -> !name.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** Whether the header states that TLS may be done without. */
  boolean tlsOptional() {
    return OPTIONAL.matcher(header()).find();
  }

  private String header() {
    String text = headerBytes.toString(StandardCharsets.ISO_8859_1);
    int body = text.indexOf("\r\n\r\n");
    return body < 0 ? text : text.substring(0, body);
  }
}
