package org.sealwax.https;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads one answer of HTTP/1.1 (RFC 9112). Strict where two readings are possible, since nothing is
 * gained by guessing: framing that contradicts itself, folded fields and unknown codings are
 * refused. Lines may end with LF alone (RFC 9112 2.2).
 */
final class HttpReplyReader {
  /** Octets of status line and fields together, trailers included: servers' own usual limit. */
  static final int MAX_HEAD = 16 * 1_024;

  /** Fields of one answer; honest ones have a dozen. */
  static final int MAX_FIELDS = 100;

  /** Interim answers (1xx) before the final one; none is asked for. */
  static final int MAX_INTERIM = 4;

  /** Octets of one line that says how long a chunk is, extensions included. */
  static final int MAX_CHUNK_LINE = 256;

  private static final int BUFFER = 8 * 1_024;

  /** Not an answer. */
  static final class MalformedReply extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedReply(String text) {
      super(text);
    }
  }

  /** Over the limit. */
  static final class OversizedReply extends IOException {
    private static final long serialVersionUID = 1L;

    OversizedReply() {
      super("too large");
    }
  }

  private final InputStream in;
  private final int maxBody;
  private final byte[] buffer = new byte[BUFFER];
  private int at;
  private int end;
  private int head;
  private boolean readToTheEnd;

  HttpReplyReader(InputStream in, int maxBody) {
    this.in = in;
    this.maxBody = maxBody;
  }

  /**
   * The final answer.
   *
   * @throws MalformedReply when it is none
   * @throws OversizedReply when its content is over the limit
   * @throws IOException when the connection breaks
   */
  HttpReply read() throws IOException {
    for (int interim = 0; interim <= MAX_INTERIM; interim++) {
      int status = statusLine(line(MAX_HEAD));
      List<HttpReply.Field> fields = fields();
      if (status >= 200) {
        HttpReply bare = new HttpReply(status, fields, new byte[0]);
        return status < 300 && status != 204 ? new HttpReply(status, fields, body(bare)) : bare;
      }
      if (status == 101) {
        throw new MalformedReply("another protocol, which nobody asked for");
      }
    }
    throw new MalformedReply("more than " + MAX_INTERIM + " interim answers");
  }

  /**
   * Whether only the end of the connection said where the content ends: then whoever can cut the
   * connection can cut the content, unless TLS vouches for the end.
   */
  boolean readToTheEnd() {
    return readToTheEnd;
  }

  private static int statusLine(String line) throws MalformedReply {
    boolean form =
        line.length() >= 12
            && (line.startsWith("HTTP/1.1 ") || line.startsWith("HTTP/1.0 "))
            && (line.length() == 12 || line.charAt(12) == ' ');
    if (!form) {
      throw new MalformedReply("no status line of HTTP/1.1");
    }
    int status = 0;
    for (int i = 9; i < 12; i++) {
      char c = line.charAt(i);
      if (c < '0' || c > '9') {
        throw new MalformedReply("no status");
      }
      status = status * 10 + (c - '0');
    }
    if (status < 100) {
      throw new MalformedReply("no status");
    }
    return status;
  }

  private List<HttpReply.Field> fields() throws IOException {
    List<HttpReply.Field> fields = new ArrayList<>();
    for (String line = line(MAX_HEAD); !line.isEmpty(); line = line(MAX_HEAD)) {
      if (fields.size() == MAX_FIELDS) {
        throw new MalformedReply("more than " + MAX_FIELDS + " fields");
      }
      int colon = line.indexOf(':');
      if (colon < 1 || !line.substring(0, colon).chars().allMatch(HttpReplyReader::isToken)) {
        throw new MalformedReply("a field without a name");
      }
      String value = line.substring(colon + 1).strip();
      if (!value.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c != 0x7f))) {
        throw new MalformedReply("a control character in a field");
      }
      fields.add(new HttpReply.Field(line.substring(0, colon).toLowerCase(Locale.ROOT), value));
    }
    return fields;
  }

  /** RFC 9110 §5.6.2. */
  private static boolean isToken(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  private byte[] body(HttpReply bare) throws IOException {
    for (String coding : bare.all("content-encoding")) {
      if (!coding.equalsIgnoreCase("identity")) {
        throw new MalformedReply("a content coding, which nobody offered");
      }
    }
    List<String> transfer = bare.all("transfer-encoding");
    Set<String> lengths = new TreeSet<>(bare.all("content-length"));
    if (!transfer.isEmpty()) {
      // RFC 9112 §6.3: both together is how requests and answers are smuggled.
      if (!lengths.isEmpty()) {
        throw new MalformedReply("both a length and a transfer coding");
      }
      if (transfer.size() != 1 || !transfer.getFirst().equalsIgnoreCase("chunked")) {
        throw new MalformedReply("a transfer coding other than chunked");
      }
      return chunks();
    }
    if (lengths.isEmpty()) {
      return theRest();
    }
    if (lengths.size() > 1) {
      throw new MalformedReply("two lengths");
    }
    return exactly(length(lengths.iterator().next()));
  }

  private int length(String text) throws IOException {
    if (text.isEmpty() || text.length() > 18 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new MalformedReply("a length that is no number");
    }
    long length = Long.parseLong(text);
    if (length > maxBody) {
      throw new OversizedReply();
    }
    return (int) length;
  }

  private byte[] exactly(int length) throws IOException {
    byte[] body = new byte[length];
    copy(body, 0, length);
    return body;
  }

  private void copy(byte[] into, int from, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (at == end && !fill()) {
        throw new MalformedReply("ends before its content does");
      }
      int count = Math.min(length - done, end - at);
      System.arraycopy(buffer, at, into, from + done, count);
      at += count;
      done += count;
    }
  }

  private byte[] theRest() throws IOException {
    readToTheEnd = true;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (at < end || fill()) {
      if (body.size() + (end - at) > maxBody) {
        throw new OversizedReply();
      }
      body.write(buffer, at, end - at);
      at = end;
    }
    return body.toByteArray();
  }

  /** RFC 9112 §7.1. */
  private byte[] chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = chunkSize(line(MAX_CHUNK_LINE));
      if (size == 0) {
        fields(); // trailers, which say nothing to us
        return body.toByteArray();
      }
      if (body.size() + size > maxBody) {
        throw new OversizedReply();
      }
      body.write(exactly(size));
      if (!line(MAX_CHUNK_LINE).isEmpty()) {
        throw new MalformedReply("a chunk that is longer than it says");
      }
    }
  }

  private int chunkSize(String line) throws IOException {
    // The lines of chunks are bounded by the content, which has a limit of its own.
    head = 0;
    int semicolon = line.indexOf(';');
    String digits = (semicolon < 0 ? line : line.substring(0, semicolon)).stripTrailing();
    if (digits.isEmpty() || digits.length() > 8) {
      throw new MalformedReply("a chunk without a size");
    }
    long size = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = hex(digits.charAt(i));
      if (digit < 0) {
        throw new MalformedReply("a chunk without a size");
      }
      size = size << 4 | digit;
    }
    if (size > maxBody) {
      throw new OversizedReply();
    }
    return (int) size;
  }

  private static int hex(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
      return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }

  /** A line without its end. */
  private String line(int max) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      if (at == end && !fill()) {
        throw head == 0 && line.size() == 0
            ? new MalformedReply("no answer")
            : new MalformedReply("ends before it should");
      }
      byte b = buffer[at++];
      if (++head > MAX_HEAD) {
        throw new MalformedReply("a head over " + MAX_HEAD + " octets");
      }
      if (b == '\n') {
        break;
      }
      if (line.size() == max) {
        throw new MalformedReply("a line over " + max + " octets");
      }
      line.write(b);
    }
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  private boolean fill() throws IOException {
    at = 0;
    end = 0;
    int count;
    try {
      count = in.read(buffer, 0, buffer.length);
    } catch (EOFException e) {
      return false;
    }
    if (count < 0) {
      return false;
    }
    end = count;
    return end > 0 || fill();
  }
}
