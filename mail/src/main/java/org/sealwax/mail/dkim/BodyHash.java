package org.sealwax.mail.dkim;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.OptionalLong;

/**
 * The SHA-256 hash of a body in its canonical form (RFC 6376 section 3.4.3 and 3.4.4), computed
 * while the body passes: neither a long line nor a long run of empty lines is kept. Only CRLF ends
 * a line; a CR or LF by itself is a byte like any other. Not thread-safe.
 */
final class BodyHash {
  private static final int BLOCK = 1024;
  private static final byte[] EMPTY_LINES = new byte[BLOCK];

  static {
    for (int i = 0; i < BLOCK; i += 2) {
      EMPTY_LINES[i] = '\r';
      EMPTY_LINES[i + 1] = '\n';
    }
  }

  private final boolean relaxed;
  private final long limit;
  private final MessageDigest digest = sha256();
  private final byte[] out = new byte[BLOCK];
  private int filled;
  private long canonical;

  /** Line ends that count only when more text follows. */
  private long lineEnds;

  /** White space that counts only when more text follows on its line. */
  private boolean space;

  private boolean cr;

  BodyHash(Canonicalization canonicalization, OptionalLong limit) {
    this.relaxed = canonicalization == Canonicalization.RELAXED;
    this.limit = limit.orElse(Long.MAX_VALUE);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Takes the next bytes. */
  void feed(byte[] block, int offset, int length) {
    int end = offset + length;
    for (int i = offset; i < end; i++) {
      byte b = block[i];
      if (cr) {
        cr = false;
        if (b == '\n') {
          lineEnds++;
          space = false;
          continue;
        }
        text((byte) '\r');
      }
      if (b == '\r') {
        cr = true;
      } else if (relaxed && (b == ' ' || b == '\t')) {
        space = true;
      } else {
        text(b);
      }
    }
  }

  private void text(byte b) {
    while (lineEnds > 0) {
      int some = (int) Math.min(lineEnds, BLOCK / 2);
      flush();
      put(EMPTY_LINES, 2 * some);
      lineEnds -= some;
    }
    if (space) {
      add((byte) ' ');
      space = false;
    }
    add(b);
  }

  /** The hash; the body has ended. */
  byte[] end() {
    if (cr) {
      text((byte) '\r');
      cr = false;
    }
    // Line ends after the last text are one line end. Without any text the simple form is one line
    // end, and the relaxed form is empty.
    if (!relaxed || canonical + filled > 0) {
      add((byte) '\r');
      add((byte) '\n');
    }
    flush();
    return digest.digest();
  }

  /** Bytes of the canonical body, also those beyond the limit; after {@link #end}. */
  long canonicalLength() {
    return canonical;
  }

  private void add(byte b) {
    if (filled == BLOCK) {
      flush();
    }
    out[filled++] = b;
  }

  private void flush() {
    put(out, filled);
    filled = 0;
  }

  private void put(byte[] from, int length) {
    long more = Math.min(length, limit - canonical);
    if (more > 0) {
      digest.update(from, 0, (int) more);
    }
    canonical += length;
  }
}
