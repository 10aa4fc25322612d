package org.sealwax.router.receipts;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Lines that are prepared in memory to follow the last line of the file, as bytes: each is encoded
 * once, for its hash and for the file. What {@link ReceiptLine} says of one line holds for each.
 * One thread owns it.
 */
final class Chain {
  private final MessageDigest sha = ReceiptLine.sha256();
  private byte[] out;
  private int length;
  private byte[] hash;
  private long number;

  /**
   * Goes on.
   *
   * @param hash of the line before
   * @param number of the line before
   * @param bytes that are expected
   */
  Chain(String hash, long number, int bytes) {
    this.hash = hash.getBytes(StandardCharsets.US_ASCII);
    this.number = number;
    this.out = new byte[bytes];
  }

  /** One more line, with members as {@link ReceiptLine#members} writes them. */
  void add(String kind, String members) {
    byte[] payload =
        ReceiptLine.payload(number + 1, kind, members).getBytes(StandardCharsets.UTF_8);
    sha.update(hash);
    sha.update((byte) ' ');
    hash = HexFormat.of().formatHex(sha.digest(payload)).getBytes(StandardCharsets.US_ASCII);
    number++;
    int needed = length + hash.length + payload.length + 2;
    if (needed > out.length) {
      out = Arrays.copyOf(out, Math.max(needed, 2 * out.length));
    }
    put(hash);
    out[length++] = ' ';
    put(payload);
    out[length++] = '\n';
  }

  private void put(byte[] bytes) {
    System.arraycopy(bytes, 0, out, length, bytes.length);
    length += bytes.length;
  }

  /** Number of the last line. */
  long number() {
    return number;
  }

  /** Hash of the last line, in hex. */
  String hash() {
    return new String(hash, StandardCharsets.US_ASCII);
  }

  /** All lines. */
  ByteBuffer bytes() {
    return ByteBuffer.wrap(out, 0, length);
  }
}
