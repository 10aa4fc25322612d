package org.sealwax.router.store;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes of a row that is being written. */
public final class RecordOutput {
  private byte[] bytes = new byte[256];
  private int length;

  RecordOutput(int version) {
    bytes[length++] = (byte) version;
  }

  private void ensureCapacity(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }

  /** Appends a number: one byte below 128, at most ten. */
  public void number(long value) {
    ensureCapacity(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[length++] = (byte) (rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
  }

  /** Appends a byte, 0 or 1. */
  public void flag(boolean value) {
    ensureCapacity(1);
    bytes[length++] = (byte) (value ? 1 : 0);
  }

  /** Appends the length of a text in UTF-8, and the text. */
  public void text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    number(utf8.length);
    ensureCapacity(utf8.length);
    System.arraycopy(utf8, 0, bytes, length, utf8.length);
    length += utf8.length;
  }

  byte[] written() {
    return Arrays.copyOf(bytes, length);
  }
}
