package org.sealwax.mail.message;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * Removes the Authentication-Results fields that carry our own authserv-id from a message that
 * comes in (RFC 8601 section 5): only ours may have it. Fields of other receivers stay. A field
 * whose authserv-id cannot be read is removed, too: a reader that is more tolerant could take it
 * for ours. The message passes; at most the beginning of one field is held. To be fed with a header
 * section that ends at its first empty line, as {@link HeaderSeparator} makes it. Not thread-safe.
 */
public final class ForgedResultsFilter {
  /** Bytes of a field up to the end of its authserv-id: a name of 255, and comments. */
  public static final int MAX_HELD = 2_048;

  private static final byte[] NOTHING = {};

  private enum State {
    /** At the beginning of a line, up to the colon. */
    NAME,
    /** In a field of the name, up to the first semicolon. */
    ID,
    /** The rest of a field that stays. */
    PASS,
    /** The rest of a field that is removed. */
    DROP,
    /** After the empty line. */
    BODY
  }

  private final String own;
  private final Optional<Domain> ownDomain;
  private State state = State.NAME;
  private byte[] held = NOTHING;
  private int heldLength;
  private int valueStart;
  private boolean afterFeed;
  private int depth;
  private boolean quoted;
  private boolean escaped;

  /**
   * Removes fields with this authserv-id.
   *
   * @param own our authserv-id
   */
  public ForgedResultsFilter(String own) {
    this.own = own;
    this.ownDomain = Domain.parse(own);
  }

  /**
   * Takes the next bytes of the message.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   * @param out where the bytes that stay are written
   * @throws IOException from {@code out}
   */
  public void take(byte[] block, int offset, int length, OutputStream out) throws IOException {
    int end = offset + length;
    int from = offset;
    for (int i = offset; i < end; i++) {
      if (state == State.BODY) {
        break;
      }
      byte b = block[i];
      if (afterFeed && b != ' ' && b != '\t') {
        // The field has ended; this byte begins the next line.
        if (state == State.ID) {
          decide(out);
        } else if (state == State.PASS) {
          out.write(block, from, i - from);
        }
        state = State.NAME;
      }
      afterFeed = b == '\n';
      State before = state;
      switch (before) {
        case NAME -> name(b, out);
        case ID -> id(b, out);
        case PASS, DROP, BODY -> {}
      }
      if (before != State.PASS) {
        // This byte is held, was written or was dropped.
        from = i + 1;
      }
    }
    if ((state == State.PASS || state == State.BODY) && from < end) {
      out.write(block, from, end - from);
    }
  }

  /**
   * The message has ended.
   *
   * @param out where the bytes that stay are written
   * @throws IOException from {@code out}
   */
  public void end(OutputStream out) throws IOException {
    if (state == State.ID) {
      decide(out);
    }
    release(out);
    state = State.BODY;
  }

  private void name(byte b, OutputStream out) throws IOException {
    hold(b);
    if (b == ':') {
      String name = new String(held, 0, heldLength - 1, StandardCharsets.ISO_8859_1);
      if (AuthenticationResults.NAME.equalsIgnoreCase(name.stripTrailing())) {
        state = State.ID;
        valueStart = heldLength;
        depth = 0;
        quoted = false;
        escaped = false;
        return;
      }
      release(out);
      state = State.PASS;
    } else if (b == '\n') {
      release(out);
      state = State.BODY;
    } else if (heldLength == HeaderScanner.MAX_LINE_START) {
      release(out);
      state = State.PASS;
    }
  }

  private void id(byte b, OutputStream out) throws IOException {
    hold(b);
    if (escaped) {
      escaped = false;
    } else if (b == '\\' && (quoted || depth > 0)) {
      escaped = true;
    } else if (b == '"' && depth == 0) {
      quoted = !quoted;
    } else if (!quoted && b == '(') {
      depth++;
    } else if (!quoted && b == ')' && depth > 0) {
      depth--;
    } else if (b == ';' && !quoted && depth == 0) {
      decide(out);
      return;
    }
    if (heldLength == MAX_HELD) {
      drop();
    }
  }

  private void decide(OutputStream out) throws IOException {
    String id = id();
    boolean ours =
        id.isEmpty()
            || id.equalsIgnoreCase(own)
            || (ownDomain.isPresent() && Domain.parse(id).equals(ownDomain));
    if (ours) {
      drop();
    } else {
      release(out);
      state = State.PASS;
    }
  }

  /** The held authserv-id without comments and quotes; empty when there is no readable one. */
  private String id() {
    String value = new String(held, valueStart, heldLength - valueStart, StandardCharsets.UTF_8);
    StringBuilder id = new StringBuilder();
    int nesting = 0;
    boolean inQuotes = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\' && (inQuotes || nesting > 0)) {
        i++;
        if (inQuotes && i < value.length()) {
          id.append(value.charAt(i));
        }
      } else if (c == '"' && nesting == 0) {
        inQuotes = !inQuotes;
      } else if (inQuotes) {
        id.append(c);
      } else if (c == '(') {
        nesting++;
      } else if (nesting > 0) {
        nesting -= c == ')' ? 1 : 0;
      } else if (c == ';') {
        break;
      } else if (c > ' ') {
        id.append(c);
      } else if (!id.isEmpty() && id.charAt(id.length() - 1) != ' ') {
        id.append(' ');
      }
    }
    String text = id.toString().strip().toLowerCase(Locale.ROOT);
    if (inQuotes || nesting > 0) {
      return "";
    }
    // A version may follow (RFC 8601 section 2.2).
    int blank = text.indexOf(' ');
    return blank < 0 ? text : text.substring(0, blank);
  }

  private void drop() {
    heldLength = 0;
    state = State.DROP;
  }

  private void hold(byte b) {
    if (held.length == 0) {
      held = new byte[MAX_HELD];
    }
    held[heldLength++] = b;
  }

  private void release(OutputStream out) throws IOException {
    if (heldLength > 0) {
      out.write(held, 0, heldLength);
      heldLength = 0;
    }
  }
}
