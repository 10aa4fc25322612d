package org.sealwax.router.store;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The bytes of a row that is being read. Every method throws IllegalArgumentException or
 * IndexOutOfBoundsException when the next bytes are something else.
 */
public final class RecordInput {
  private final byte[] bytes;
  private int at;

  RecordInput(byte[] bytes, int version) {
    this.bytes = bytes;
    int found = bytes[at++];
    if (found != version) {
      throw new IllegalArgumentException("version " + found);
    }
  }

  /** The next number. */
  public long number() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte b = bytes[at++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("number too long");
  }

  /** The next number, from 0 to {@link FieldCodec#MAX_COUNT}. */
  public int count() {
    long value = number();
    if (value < 0 || value > FieldCodec.MAX_COUNT) {
      throw new IllegalArgumentException("count " + value);
    }
    return (int) value;
  }

  /** The next byte, 0 or 1. */
  public boolean flag() {
    byte b = bytes[at++];
    if (b != 0 && b != 1) {
      throw new IllegalArgumentException("flag " + b);
    }
    return b == 1;
  }

  /** A length in bytes, and a text in UTF-8. */
  public String text() {
    int length = count();
    Objects.checkFromIndexSize(at, length, bytes.length);
    at += length;
    return new String(bytes, at - length, length, StandardCharsets.UTF_8);
  }

  void end() {
    if (at != bytes.length) {
      throw new IllegalArgumentException("bytes left over");
    }
  }
}
