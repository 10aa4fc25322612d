package org.sealwax.router.spool;

import java.util.zip.CRC32C;

/**
 * A part of a content with its CRC32C (RFC 3720 appendix B.4). The checksum of a content whose
 * beginning is known only at its end is made of those of its parts: a checksum is the remainder of
 * a polynomial over GF(2), so that appending zeros multiplies it by a power of x, which takes a
 * step for each bit of the length.
 *
 * @param checksum of the part
 * @param length bytes of the part
 */
record SummedPart(int checksum, long length) {
  /** A part that is in memory. */
  static SummedPart of(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes);
    return new SummedPart((int) sum.getValue(), bytes.length);
  }

  /** This part with another one after it. */
  SummedPart and(SummedPart next) {
    int shifted = new Remainder(checksum).times(Remainder.powerOfX(8 * next.length)).bits();
    return new SummedPart(shifted ^ next.checksum, length + next.length);
  }

  /**
   * A polynomial over GF(2) modulo that of CRC32C.
   *
   * @param bits the lowest power in the highest bit
   */
  private record Remainder(int bits) {
    private static final int POLYNOMIAL = 0x82F63B78;
    private static final int ONE = 0x80000000;

    static Remainder powerOfX(long exponent) {
      Remainder result = new Remainder(ONE);
      Remainder square = new Remainder(ONE >>> 1);
      for (long e = exponent; e > 0; e >>= 1) {
        if ((e & 1) == 1) {
          result = result.times(square);
        }
        square = square.times(square);
      }
      return result;
    }

    Remainder times(Remainder other) {
      int product = 0;
      int shifted = other.bits;
      for (int bit = ONE; bit != 0; bit >>>= 1) {
        if ((bits & bit) != 0) {
          product ^= shifted;
        }
        shifted = (shifted & 1) == 0 ? shifted >>> 1 : shifted >>> 1 ^ POLYNOMIAL;
      }
      return new Remainder(product);
    }
  }
}
