package org.sealwax.mail.tls.wire;

import java.io.ByteArrayOutputStream;
import java.util.List;

/** Writes TLS's presentation language (RFC 8446 3): numbers and vectors with their length first. */
public final class PresentationWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);

  /** Nothing yet. */
  public PresentationWriter() {}

  /** A number of so many bytes, most significant first. */
  public PresentationWriter number(int bytes, int value) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out.write(value >>> shift);
    }
    return this;
  }

  /** Bytes as they are. */
  public PresentationWriter bytes(byte... bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /**
   * A vector.
   *
   * @param bytes of its length field, 1 to 3
   * @throws IllegalArgumentException when it is too long for the field
   */
  public PresentationWriter vector(int bytes, byte[] body) {
    if (body.length >= 1 << (8 * bytes)) {
      throw new IllegalArgumentException(
          body.length + " bytes in a vector of " + bytes + " length bytes");
    }
    return number(bytes, body.length).bytes(body);
  }

  /** A vector of 16-bit numbers. */
  public PresentationWriter numbers(int bytes, List<Integer> values) {
    PresentationWriter body = new PresentationWriter();
    values.forEach(value -> body.number(2, value));
    return vector(bytes, body.done());
  }

  /** What was written. */
  public byte[] done() {
    return out.toByteArray();
  }

  /** A handshake message with its header (RFC 8446 4). */
  public static byte[] handshake(int type, byte[] body) {
    return new PresentationWriter().number(1, type).vector(3, body).done();
  }
}
