package org.sealwax.mail.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.RecordHeader;

/**
 * Raw records from the unencrypted wire, one at a time. While it waits for a peer that is silent it
 * holds only a small array; a larger one is borrowed for records that need it, and kept no longer
 * than bytes keep coming.
 */
final class RecordReader {
  /** Holds most records of an SMTP session whole, so that they cost one system call. */
  private static final int WAITING = 512;

  private final InputStream in;
  private final byte[] small = new byte[WAITING];
  private @Nullable ByteBuffer borrowed;
  private byte[] raw = small;
  private int from;
  private int to;

  RecordReader(InputStream in) {
    this.in = in;
  }

  /** The result of {@link #next}. */
  enum RecordReadResult {
    RECORD,
    /** End of stream; {@link #cut()} shows whether inside a record. */
    END,
    /** What came is not a TLS record. */
    NOT_TLS
  }

  byte[] bytes() {
    return raw;
  }

  int offset() {
    return from;
  }

  /** Bytes there. */
  int filled() {
    return to - from;
  }

  boolean cut() {
    return to > from;
  }

  RecordHeader header() {
    return RecordHeader.at(raw, from);
  }

  /** Header and fragment of the current record. */
  int size() {
    return RecordHeader.SIZE + header().length();
  }

  /** Waits until a whole record is there; keeps what it has when a timeout ends the waiting. */
  RecordReadResult next() throws IOException {
    while (true) {
      if (filled() >= 2 && (raw[from + 1] != 3 || !isType(raw[from]))) {
        return RecordReadResult.NOT_TLS;
      }
      if (filled() >= RecordHeader.SIZE) {
        RecordHeader header = header();
        if (!header.plausible()) {
          return RecordReadResult.NOT_TLS;
        }
        int need = RecordHeader.SIZE + header.length();
        if (filled() >= need) {
          return RecordReadResult.RECORD;
        }
        ensureSpace(need);
      }
      if (!more()) {
        return RecordReadResult.END;
      }
    }
  }

  private static boolean isType(byte b) {
    return b >= RecordHeader.CHANGE_CIPHER_SPEC && b <= RecordHeader.APPLICATION_DATA;
  }

  /** The current record has been used. */
  void consumed(int bytes) {
    from += bytes;
    if (from == to) {
      from = 0;
      to = 0;
    }
  }

  /** Reads what there is; false at end of stream. */
  boolean more() throws IOException {
    if (filled() == 0 && borrowed != null && in.available() == 0) {
      giveBack();
    }
    if (to == raw.length) {
      ensureSpace(Math.min(filled() + WAITING, Buffers.LARGE));
    }
    int n = in.read(raw, to, raw.length - to);
    if (n < 0) {
      return false;
    }
    to += n;
    return true;
  }

  /** Makes space for {@code need} bytes from {@code from} on. */
  private void ensureSpace(int need) {
    if (need <= raw.length - from && to < raw.length) {
      return;
    }
    if (need <= raw.length && from > 0) {
      System.arraycopy(raw, from, raw, 0, filled());
    } else {
      // A record of this size seldom comes alone: space for several, one system call for all.
      ByteBuffer larger = Buffers.SHARED.borrow(false, need > 4096);
      System.arraycopy(raw, from, Buffers.array(larger), 0, filled());
      int filled = filled();
      giveBack();
      borrowed = larger;
      raw = Buffers.array(larger);
      from = 0;
      to = filled;
      return;
    }
    to = filled();
    from = 0;
  }

  /** Returns to the small array; only while nothing is held, or when all is over. */
  void giveBack() {
    if (borrowed != null) {
      Buffers.SHARED.give(borrowed);
      borrowed = null;
    }
    raw = small;
    from = 0;
    to = 0;
  }

  /** What came instead of TLS, with its first line, cleaned, for the log. */
  TlsException notTls() {
    int length = Math.min(filled(), 80);
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < length; i++) {
      int c = bytes()[offset() + i];
      if (c == '\r' || c == '\n') {
        break;
      }
      line.append(c >= 0x20 && c < 0x7f ? (char) c : '.');
    }
    return new TlsException(
        TlsException.Kind.NOT_TLS, "the peer does not speak TLS: \"" + line + '"');
  }
}
