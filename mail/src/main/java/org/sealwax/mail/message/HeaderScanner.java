package org.sealwax.mail.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the header section of a message while the message passes: fed with its bytes in blocks of
 * any size, copies nothing but the values of the few fields that matter, and does nothing at all
 * once the section has ended. Not thread-safe.
 *
 * <p>The section ends at the first empty line, or at the first line that is neither a field nor a
 * continuation (then {@link #malformed()}), or at the end of the message. Lines end with LF; the CR
 * before it is taken off. Strictness about bare CR and LF is the receiver's.
 */
public final class HeaderScanner {
  /**
   * Bytes of a whole header section by default: ten times what long ARC chains and recipient lists
   * need, and a bound for readers that keep the section in memory.
   */
  public static final int DEFAULT_LIMIT = 512 * 1024;

  /** Bytes of a field name: far above any registered one; longer is not a field. */
  public static final int MAX_NAME = 128;

  /** Bytes of a line by which it is a field or none: a name, white space, and one more. */
  static final int MAX_LINE_START = 2 * MAX_NAME + 1;

  /** Delivered-To fields that are kept; a message with more has been in a loop. */
  public static final int MAX_DELIVERED_TO = 100;

  /**
   * Bytes of a kept value: a mailbox of 192 + 1 + 255 (64 of UTF-8, written in ASCII), with some
   * reserve.
   */
  public static final int MAX_VALUE = 512;

  /** The value of the field TLS-Required (RFC 8689 section 3). */
  public enum TlsRequired {
    /** No such field. */
    ABSENT,
    /** Exactly one, with the value {@code No}. */
    NO,
    /** Another value, or more than one field: of no effect. */
    INVALID
  }

  private enum ScannedField {
    RECEIVED("received", false),
    DELIVERED_TO("delivered-to", true),
    TLS_REQUIRED("tls-required", true);

    private final String name;
    private final boolean kept;

    ScannedField(String name, boolean kept) {
      this.name = name;
      this.kept = kept;
    }
  }

  private static final List<ScannedField> FIELDS = List.of(ScannedField.values());

  private enum State {
    LINE_START,
    NAME,
    SPACE_BEFORE_COLON,
    VALUE,
    KEPT_VALUE,
    DONE
  }

  private final int limit;
  private final byte[] name = new byte[MAX_NAME];
  private int received;
  private final List<String> deliveredTo = new ArrayList<>(0);
  private byte[] value = new byte[0];
  private State state = State.LINE_START;
  private ScannedField field = ScannedField.RECEIVED;
  private boolean keeping;
  private boolean crOnly;
  private int nameLength;
  private int lineStart;
  private int valueLength;
  private int size;
  private boolean malformed;
  private boolean tooLarge;
  private boolean overflow;
  private TlsRequired tlsRequired = TlsRequired.ABSENT;

  /** Scans with the {@link #DEFAULT_LIMIT}. */
  public HeaderScanner() {
    this(DEFAULT_LIMIT);
  }

  /**
   * Scans.
   *
   * @param limit bytes of the section, with its empty line; more is {@link #tooLarge()}
   */
  public HeaderScanner(int limit) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be positive");
    }
    this.limit = limit;
  }

  /**
   * Takes the next bytes of the message; free once the section has ended.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   */
  public void feed(byte[] block, int offset, int length) {
    var _ = scanned(block, offset, length);
  }

  /** The same; returns how many bytes belonged to the section. */
  int scanned(byte[] block, int offset, int length) {
    if (state == State.DONE) {
      return 0;
    }
    int end = offset + length;
    int at = offset;
    while (at < end) {
      at = state == State.VALUE ? skipValue(block, at, end) : step(block, at);
      if (state == State.DONE) {
        break;
      }
    }
    size += at - offset;
    if (size > limit) {
      size = limit + 1;
      tooLarge = true;
      state = State.DONE;
    }
    return at - offset;
  }

  /**
   * Bytes of the present line that were read while it was not yet known to be a field, or of the
   * line that proved to be none and ended the section.
   */
  int lineStart() {
    return lineStart;
  }

  /** The message has ended; completes a section that had no end of its own. */
  public void end() {
    if (state == State.DONE) {
      return;
    }
    if (state == State.NAME || state == State.SPACE_BEFORE_COLON) {
      malformed |= !(crOnly && nameLength == 0);
    }
    finish();
  }

  // Skips the line to its end.
  private int skipValue(byte[] block, int from, int end) {
    int at = from;
    while (at < end) {
      if (block[at++] == '\n') {
        state = State.LINE_START;
        break;
      }
    }
    return at;
  }

  private int step(byte[] block, int at) {
    byte b = block[at];
    return switch (state) {
      case LINE_START -> lineStart(b, at);
      case NAME -> nameStep(b, at);
      case SPACE_BEFORE_COLON -> {
        lineStart++;
        if (b == ':') {
          startValue();
        } else if ((b != ' ' && b != '\t') || lineStart == MAX_LINE_START) {
          malformed = true;
          finish();
        }
        yield at + 1;
      }
      case KEPT_VALUE -> {
        if (b == '\n') {
          state = State.LINE_START;
        } else if (b != '\r') {
          keep(b);
        }
        yield at + 1;
      }
      case VALUE, DONE -> throw new IllegalStateException(state.name());
    };
  }

  // Consumes nothing but the white space that makes a continuation.
  private int lineStart(byte b, int at) {
    if (b != ' ' && b != '\t') {
      finishField();
      nameLength = 0;
      lineStart = 0;
      crOnly = false;
      state = State.NAME;
      return at;
    }
    if (nameLength == 0) {
      // A continuation of nothing.
      malformed = true;
      finish();
      return at;
    }
    state = keeping ? State.KEPT_VALUE : State.VALUE;
    if (keeping) {
      keep(b);
    }
    return at + 1;
  }

  private int nameStep(byte b, int at) {
    lineStart++;
    if (b == '\n' && nameLength == 0) {
      // The empty line: the regular end.
      finish();
    } else if (b == '\r' && nameLength == 0 && !crOnly) {
      crOnly = true;
    } else if (b == ':' && nameLength > 0) {
      startValue();
    } else if ((b == ' ' || b == '\t') && nameLength > 0) {
      // RFC 5322 4.5.8: obsolete, but readers take it as a field, so it must be seen as one.
      state = State.SPACE_BEFORE_COLON;
    } else if (b > ' ' && b < 0x7f && b != ':' && !crOnly && nameLength < MAX_NAME) {
      name[nameLength++] = (byte) (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
    } else {
      malformed = true;
      finish();
    }
    return at + 1;
  }

  private void startValue() {
    lineStart = 0;
    keeping = false;
    state = State.VALUE;
    for (ScannedField known : FIELDS) {
      if (isNamed(known)) {
        count(known);
        field = known;
        keeping = known.kept;
        valueLength = 0;
        state = keeping ? State.KEPT_VALUE : State.VALUE;
        return;
      }
    }
  }

  private void count(ScannedField known) {
    switch (known) {
      case RECEIVED -> received++;
      case DELIVERED_TO, TLS_REQUIRED -> {}
    }
  }

  private boolean isNamed(ScannedField known) {
    if (known.name.length() != nameLength) {
      return false;
    }
    for (int i = 0; i < nameLength; i++) {
      if (known.name.charAt(i) != name[i]) {
        return false;
      }
    }
    return true;
  }

  private void keep(byte b) {
    if (value.length == 0) {
      value = new byte[MAX_VALUE];
    }
    boolean leading = valueLength == 0 && (b == ' ' || b == '\t');
    if (!leading && valueLength <= MAX_VALUE) {
      if (valueLength < MAX_VALUE) {
        value[valueLength] = b;
      }
      // An index beyond the end means that it did not fit.
      valueLength++;
    }
  }

  private void finishField() {
    if (!keeping) {
      return;
    }
    keeping = false;
    boolean fits = valueLength <= MAX_VALUE;
    String text = new String(value, 0, Math.min(valueLength, MAX_VALUE), StandardCharsets.UTF_8);
    text = text.strip();
    switch (field) {
      case DELIVERED_TO -> {
        if (fits && deliveredTo.size() < MAX_DELIVERED_TO) {
          deliveredTo.add(text);
        } else {
          overflow = true;
        }
      }
      case TLS_REQUIRED ->
          tlsRequired =
              tlsRequired == TlsRequired.ABSENT && fits && text.equalsIgnoreCase("no")
                  ? TlsRequired.NO
                  : TlsRequired.INVALID;
      case RECEIVED -> throw new IllegalStateException("not kept: " + field);
    }
  }

  private void finish() {
    finishField();
    state = State.DONE;
    value = new byte[0];
  }

  /** {@return whether the section has ended: later bytes are body} */
  public boolean done() {
    return state == State.DONE;
  }

  /**
   * {@return whether the section was larger than the limit; what it said up to there has been
   * counted}
   */
  public boolean tooLarge() {
    return tooLarge;
  }

  /**
   * {@return whether the section ended with a line that is not a field, instead of an empty line}
   */
  public boolean malformed() {
    return malformed;
  }

  /** Bytes of the section so far, with the line that ended it (which may be read in part). */
  int size() {
    return size;
  }

  /** {@return the loop guards} */
  public TraceHops hops() {
    return new TraceHops(received, deliveredTo, overflow);
  }

  /** {@return the value of TLS-Required} */
  public TlsRequired tlsRequired() {
    return tlsRequired;
  }
}
