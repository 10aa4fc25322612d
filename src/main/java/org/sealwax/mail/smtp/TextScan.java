package org.sealwax.mail.smtp;

import org.jspecify.annotations.Nullable;

/** Watches text go by in pieces: line ends, line lengths, octets above 127, NUL. */
final class TextScan {
  private boolean afterCr;
  private long lineLength;
  private long longest;
  private int allOctets;
  private @Nullable Flaw flaw;

  /** Looks at one piece. */
  void scan(byte[] block, int from, int to) {
    int all = allOctets;
    boolean cr = afterCr;
    int i = from;
    int lineStart = from;
    while (i < to) {
      byte b = block[i++];
      all |= b;
      if (!cr && (b > '\r' || b < 0)) {
        i = Octets.skipPlain(block, i, to);
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
        spot(Flaw.BARE_CR);
      }
      switch (b) {
        case '\r' -> cr = true;
        case '\n' -> spot(Flaw.BARE_LF);
        case 0 -> spot(Flaw.NUL);
        default -> {}
      }
    }
    lineLength += to - lineStart;
    if (lineLength > SmtpLimits.TEXT_LINE) {
      spot(Flaw.TOO_LONG);
    }
    allOctets = all;
    afterCr = cr;
  }

  private void endLine() {
    if (lineLength > longest) {
      longest = lineLength;
      if (longest > SmtpLimits.TEXT_LINE) {
        spot(Flaw.TOO_LONG);
      }
    }
    lineLength = 0;
  }

  private void spot(Flaw seen) {
    if (flaw == null) {
      flaw = seen;
    }
  }

  /** No more will come. */
  void end() {
    if (afterCr) {
      spot(Flaw.BARE_CR);
      afterCr = false;
    }
    endLine();
  }

  /** The first flaw, or null. */
  @Nullable Flaw flaw() {
    return flaw;
  }

  boolean eightBit() {
    return allOctets < 0;
  }

  int longestLine() {
    return (int) Math.min(Math.max(longest, lineLength), Integer.MAX_VALUE);
  }
}
