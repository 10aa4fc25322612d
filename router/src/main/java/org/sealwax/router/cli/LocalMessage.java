package org.sealwax.router.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.message.AddressList;

/**
 * A message as a local program writes it, on its way to SMTP: the header is read first (recipients
 * of {@code -t}, Bcc left out, what is missing added), the body streams. Line ends become CRLF,
 * dots are stuffed.
 */
final class LocalMessage {
  /** Bytes of a header: the server's own limit is below. */
  static final int MAX_HEADER = 1 << 20;

  private final InputStream in;
  private final boolean dotIsData;
  private final List<String> fields = new ArrayList<>();
  private final byte[] buffer = new byte[16_384];
  private int position;
  private int limit;
  private boolean ended;
  private byte[] firstBodyLine = {};
  private boolean hasFirstBodyLine;

  /** Reads the header. */
  LocalMessage(InputStream in, boolean dotIsData) throws IOException {
    this.in = in;
    this.dotIsData = dotIsData;
    readHeader();
  }

  private void readHeader() throws IOException {
    long size = 0;
    for (byte[] line = line(); line != null; line = line()) {
      size += line.length + 1L;
      if (size > MAX_HEADER) {
        throw new IOException("the header is larger than " + MAX_HEADER + " bytes");
      }
      String text = new String(line, StandardCharsets.ISO_8859_1);
      boolean folded = !fields.isEmpty() && (text.startsWith(" ") || text.startsWith("\t"));
      if (text.isEmpty()) {
        return;
      }
      if (folded) {
        fields.set(fields.size() - 1, fields.getLast() + "\r\n" + text);
      } else if (nameOf(text).isEmpty()) {
        // mbox: a "From sender date" line before the header; anything else is the body, without a
        // header.
        if (fields.isEmpty() && text.startsWith("From ")) {
          continue;
        }
        firstBodyLine = line;
        hasFirstBodyLine = true;
        return;
      } else {
        fields.add(text);
      }
    }
  }

  /** The name of a field in lower case, or empty when the line is none (RFC 5322 2.2). */
  private static String nameOf(String field) {
    int colon = field.indexOf(':');
    for (int i = 0; i < colon; i++) {
      char c = field.charAt(i);
      if (c <= ' ' || c >= 0x7f) {
        return i > 0 && field.substring(i, colon).isBlank()
            ? field.substring(0, i).toLowerCase(Locale.ROOT)
            : "";
      }
    }
    return colon <= 0 ? "" : field.substring(0, colon).toLowerCase(Locale.ROOT);
  }

  /** The addresses of To, Cc and Bcc. */
  List<String> recipients() {
    List<String> all = new ArrayList<>();
    for (String field : fields) {
      switch (nameOf(field)) {
        case "to", "cc", "bcc" ->
            all.addAll(AddressList.of(utf8(field.substring(field.indexOf(':') + 1))));
        default -> {}
      }
    }
    return all;
  }

  private static String utf8(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  boolean has(String name) {
    return fields.stream().anyMatch(f -> nameOf(f).equals(name));
  }

  /** Whether the header needs SMTPUTF8 (RFC 6532). */
  boolean internationalHeader() {
    return fields.stream().anyMatch(f -> f.chars().anyMatch(c -> c >= 0x80));
  }

  /** Adds a field at the top. */
  void add(String field) {
    fields.addFirst(
        new String(field.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
  }

  /** Leaves Bcc out: the other recipients must not see its addresses. */
  void withoutBcc() {
    fields.removeIf(f -> nameOf(f).equals("bcc"));
  }

  /** Writes all in the form of DATA, with the final dot. */
  void write(OutputStream out) throws IOException {
    for (String field : fields) {
      // A field may begin with a dot, too; its continuations begin with white space.
      writeLine(field.getBytes(StandardCharsets.ISO_8859_1), out);
    }
    out.write('\r');
    out.write('\n');
    if (hasFirstBodyLine) {
      writeLine(firstBodyLine, out);
    }
    for (byte[] line = line(); line != null; line = line()) {
      writeLine(line, out);
    }
    out.write('.');
    out.write('\r');
    out.write('\n');
    out.flush();
  }

  private static void writeLine(byte[] line, OutputStream out) throws IOException {
    if (line.length > 0 && line[0] == '.') {
      out.write('.');
    }
    out.write(line);
    out.write('\r');
    out.write('\n');
  }

  /** A line ends with LF, CRLF, or a CR alone; a lone dot ends the message unless it is data. */
  private byte @Nullable [] line() throws IOException {
    if (ended) {
      return null;
    }
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    boolean any = false;
    while (true) {
      int b = readByte();
      if (b < 0) {
        ended = true;
        return any ? line.toByteArray() : null;
      }
      any = true;
      if (b == '\r') {
        if (readByte() != '\n') {
          unread();
        }
        break;
      }
      if (b == '\n') {
        break;
      }
      // A line beyond this is refused by the server; here it must only not use up the memory.
      if (line.size() >= MAX_HEADER) {
        throw new IOException("a line is longer than " + MAX_HEADER + " bytes");
      }
      line.write(b);
    }
    byte[] bytes = line.toByteArray();
    if (!dotIsData && bytes.length == 1 && bytes[0] == '.') {
      ended = true;
      return null;
    }
    return bytes;
  }

  private int readByte() throws IOException {
    if (position == limit) {
      int count = in.read(buffer, 0, buffer.length);
      if (count <= 0) {
        position = 0;
        limit = 0;
        return -1;
      }
      position = 0;
      limit = count;
    }
    return buffer[position++] & 0xff;
  }

  private void unread() {
    if (position > 0) {
      position--;
    }
  }
}
