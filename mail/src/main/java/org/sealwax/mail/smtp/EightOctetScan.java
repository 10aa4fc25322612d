package org.sealwax.mail.smtp;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Scans eight bytes at a time: bodies are long, and each byte is scanned twice. */
final class EightOctetScan {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH = 0x8080808080808080L;

  private EightOctetScan() {}

  /** The first CR in {@code [from, to)}, or {@code to}. */
  static int findCr(byte[] block, int from, int to) {
    int i = from;
    while (to - i >= 8) {
      long v = (long) LONG.get(block, i) ^ (ONES * '\r');
      if (((v - ONES) & ~v & HIGH) != 0) {
        break;
      }
      i += 8;
    }
    while (i < to && block[i] != '\r') {
      i++;
    }
    return i;
  }

  /**
   * How far from {@code from} there are only bytes of 14 to 127, in steps of eight; stops at the
   * first eight among which is another, or at {@code to}.
   */
  static int skipPlain(byte[] block, int from, int to) {
    int i = from;
    while (to - i >= 8) {
      long v = (long) LONG.get(block, i);
      if (((v | (v - ONES * 14)) & HIGH) != 0) {
        break;
      }
      i += 8;
    }
    return i;
  }
}
