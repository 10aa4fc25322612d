package org.sealwax.mail.smtp;

import org.jspecify.annotations.Nullable;

/** Scans text that comes in pieces: line ends, line lengths, bytes above 127, NUL. */
final class TextScan {
  private boolean afterCr;
  private long lineLength;
  private long longest;
  private int allBytes;
  private @Nullable SmtpFlaw flaw;

  /** Scans one part. */
  void scan(byte[] block, int from, int to) {
    int all = allBytes;
    boolean cr = afterCr;
    int i = from;
    int lineStart = from;
    while (i < to) {
      byte b = block[i++];
      all |= b;
      if (!cr && (b > '\r' || b < 0)) {
        i = EightOctetScan.skipPlain(block, i, to);
        continue;
      }
      if (cr) {
        cr = false;
        if (b == '\n') {
          lineLength += i - lineStart;
          lineStart = i;
          endLine();
          continue;
        }
        spot(SmtpFlaw.BARE_CR);
      }
      switch (b) {
        case '\r' -> cr = true;
        case '\n' -> spot(SmtpFlaw.BARE_LF);
        case 0 -> spot(SmtpFlaw.NUL);
        default -> {}
      }
    }
    lineLength += to - lineStart;
    if (lineLength > SmtpLimits.TEXT_LINE) {
      spot(SmtpFlaw.TOO_LONG);
    }
    allBytes = all;
    afterCr = cr;
  }

  private void endLine() {
    if (lineLength > longest) {
      longest = lineLength;
      if (longest > SmtpLimits.TEXT_LINE) {
        spot(SmtpFlaw.TOO_LONG);
      }
    }
    lineLength = 0;
  }

  private void spot(SmtpFlaw seen) {
    if (flaw == null) {
      flaw = seen;
    }
  }

  /** No more will come. */
  void end() {
    if (afterCr) {
      spot(SmtpFlaw.BARE_CR);
      afterCr = false;
    }
    endLine();
  }

  /** The first flaw, or null. */
  @Nullable SmtpFlaw flaw() {
    return flaw;
  }

  boolean eightBit() {
    return allBytes < 0;
  }

  int longestLine() {
    return (int) Math.min(Math.max(longest, lineLength), Integer.MAX_VALUE);
  }
}
