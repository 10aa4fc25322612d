package org.sealwax.mail.tls.wire;

import java.util.Arrays;

/** A bounded cursor over TLS's presentation language (RFC 8446 3); running over marks it broken. */
final class PresentationReader {
  private final byte[] bytes;
  private final int end;
  private int at;
  private boolean broken;

  PresentationReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  boolean broken() {
    return broken;
  }

  int left() {
    return broken ? 0 : end - at;
  }

  int u8() {
    return number(1);
  }

  int u16() {
    return number(2);
  }

  int u24() {
    return number(3);
  }

  private int number(int octets) {
    if (left() < octets) {
      broken = true;
      return 0;
    }
    int value = 0;
    for (int i = 0; i < octets; i++) {
      value = value << 8 | (bytes[at++] & 0xff);
    }
    return value;
  }

  byte[] take(int count) {
    if (left() < count) {
      broken = true;
      return new byte[0];
    }
    at += count;
    return Arrays.copyOfRange(bytes, at - count, at);
  }

  /** The next {@code count} bytes as a cursor of their own. */
  PresentationReader sub(int count) {
    if (left() < count) {
      broken = true;
      return new PresentationReader(bytes, 0, 0);
    }
    at += count;
    return new PresentationReader(bytes, at - count, at);
  }
}
