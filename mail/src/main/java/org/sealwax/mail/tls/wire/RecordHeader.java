package org.sealwax.mail.tls.wire;

/**
 * The five bytes before every TLS record (RFC 8446 5.1).
 *
 * @param type {@link #HANDSHAKE} and its like
 * @param major 3 in every version of TLS
 * @param minor what the sender claims; means little since TLS 1.3
 * @param length bytes of the fragment that follows
 */
public record RecordHeader(int type, int major, int minor, int length) {
  /** Bytes of the header. */
  public static final int SIZE = 5;

  /** change_cipher_spec. */
  public static final int CHANGE_CIPHER_SPEC = 20;

  /** alert. */
  public static final int ALERT = 21;

  /** handshake. */
  public static final int HANDSHAKE = 22;

  /** application_data, and everything encrypted in TLS 1.3. */
  public static final int APPLICATION_DATA = 23;

  /** The longest fragment any version allows: TLS 1.2 ciphertext (RFC 5246 6.2.3). */
  public static final int MAX_FRAGMENT = (1 << 14) + 2048;

  /** The most that a record carries before encryption (RFC 5246 6.2.1). */
  public static final int MAX_PLAINTEXT = 1 << 14;

  /** The header at {@code offset}, of which {@link #SIZE} bytes must be there. */
  public static RecordHeader at(byte[] bytes, int offset) {
    return new RecordHeader(
        bytes[offset] & 0xff,
        bytes[offset + 1] & 0xff,
        bytes[offset + 2] & 0xff,
        (bytes[offset + 3] & 0xff) << 8 | (bytes[offset + 4] & 0xff));
  }

  /**
   * Whether this can be a record at all: a known type, a TLS version, a length within the limit.
   */
  public boolean plausible() {
    return type >= CHANGE_CIPHER_SPEC
        && type <= APPLICATION_DATA
        && major == 3
        && minor <= 4
        && length <= MAX_FRAGMENT;
  }
}
