package org.sealwax.mail.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads one request or one response of HTTP/1.1 (RFC 9112), for the server and the client: lines,
 * fields, content. Strict where two readings are possible, since nothing is gained by guessing:
 * framing that contradicts itself, folded fields and unknown codings are refused. Lines may end
 * with LF alone (RFC 9112 2.2).
 */
public final class HttpReader {
  /** Bytes of the first line and fields together, trailers included: servers' usual limit. */
  public static final int MAX_HEAD = 16 * 1_024;

  /** Bytes of a target: a path chosen for one purpose. */
  public static final int MAX_TARGET = 2_048;

  /** Maximum number of fields of one message; normal ones have a dozen. */
  static final int MAX_FIELDS = 100;

  /** Interim responses (1xx) before the final one; none is asked for. */
  static final int MAX_INTERIM = 4;

  /** Bytes of one line with the length of a chunk, extensions included. */
  static final int MAX_CHUNK_LINE = 256;

  private static final int BUFFER = 8 * 1_024;

  /** Framings of the content without a length. */
  private static final int NONE = -1;

  private static final int CHUNKED = -2;

  private final InputStream in;
  private final int maxHead;
  private final int maxBody;
  private final HttpsRequest.ErrorContent errors;
  private final byte[] buffer = new byte[BUFFER];
  private int at;
  private int end;
  private int head;
  private int framing = NONE;
  private boolean readUntilClose;

  /**
   * Creates a reader of one message, whose head has {@value #MAX_HEAD} bytes at most.
   *
   * @param in read ahead of what is asked for
   * @param maxBody bytes of the content
   */
  public HttpReader(InputStream in, int maxBody) {
    this.in = in;
    this.maxHead = MAX_HEAD;
    this.maxBody = maxBody;
    this.errors = HttpsRequest.ErrorContent.SKIPPED;
  }

  HttpReader(InputStream in, HttpService.HttpLimits limits) {
    this.in = in;
    this.maxHead = limits.head();
    this.maxBody = limits.body();
    this.errors = HttpsRequest.ErrorContent.SKIPPED;
  }

  HttpReader(InputStream in, HttpsRequest.Limits limits) {
    this.in = in;
    this.maxHead = MAX_HEAD;
    this.maxBody = limits.body();
    this.errors = limits.errors();
  }

  /**
   * Reads the head of a request; the server decides by it whether it wants the content.
   *
   * @return the head
   * @throws MalformedHttp when it is none, over the limits, or frames its content in two ways
   * @throws OversizedHttp when it announces a content over the limit
   * @throws IOException when the connection fails
   */
  public HttpRequest request() throws IOException {
    String line = line(maxHead);
    int first = line.indexOf(' ');
    int last = line.lastIndexOf(' ');
    if (first < 1 || last == first || !line.substring(last + 1).matches("HTTP/1\\.[01]")) {
      throw new MalformedHttp("not an HTTP/1.1 request line");
    }
    String method = line.substring(0, first);
    String target = line.substring(first + 1, last);
    boolean form =
        method.chars().allMatch(HttpReader::isToken)
            && !target.isEmpty()
            && target.length() <= MAX_TARGET
            && target.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    if (!form) {
      throw new MalformedHttp("not an HTTP/1.1 request line");
    }
    HttpRequest request = new HttpRequest(method, target, line.endsWith("0") ? 0 : 1, fields());
    framing = framing(request.fields());
    return request;
  }

  /**
   * Reads the content of the request.
   *
   * @return the content; empty when the head announces none (RFC 9112 6.3: then there is none)
   * @throws MalformedHttp when its chunks cannot be read
   * @throws OversizedHttp when it is over the limit
   * @throws IOException when the connection fails
   */
  public Optional<byte[]> content() throws IOException {
    return switch (framing) {
      case NONE -> Optional.empty();
      case CHUNKED -> Optional.of(chunks());
      default -> Optional.of(exactly(framing));
    };
  }

  /**
   * Reads a response.
   *
   * @return the final response
   * @throws MalformedHttp when it is none
   * @throws OversizedHttp when its content is over the limit
   * @throws IOException when the connection fails
   */
  public HttpResponse response() throws IOException {
    return response(true);
  }

  /** Reads the response to HEAD, which frames a content that does not come (RFC 9110 9.3.2). */
  HttpResponse responseHead() throws IOException {
    return response(false);
  }

  private HttpResponse response(boolean withContent) throws IOException {
    for (int interim = 0; interim <= MAX_INTERIM; interim++) {
      int status = statusLine(line(maxHead));
      List<HttpField> fields = fields();
      if (status >= 200) {
        boolean isRead =
            withContent
                && status != 204
                && status != 304
                && (status < 300 || errors == HttpsRequest.ErrorContent.READ);
        if (!isRead) {
          return new HttpResponse(status, fields, new byte[0]);
        }
        return new HttpResponse(status, fields, body(fields));
      }
      if (status == 101) {
        throw new MalformedHttp("101: switching protocols was not requested");
      }
    }
    throw new MalformedHttp("more than " + MAX_INTERIM + " interim responses");
  }

  private byte[] body(List<HttpField> fields) throws IOException {
    refuseCodings(fields);
    framing = framing(fields);
    readUntilClose = framing == NONE;
    return readUntilClose ? remainingBytes() : content().orElseThrow();
  }

  /**
   * Whether only the end of the connection marks the end of the content: then an attacker who can
   * cut the connection can truncate the content, unless TLS authenticates the end.
   */
  boolean readUntilClose() {
    return readUntilClose;
  }

  private static int statusLine(String line) throws MalformedHttp {
    boolean form =
        line.length() >= 12
            && (line.startsWith("HTTP/1.1 ") || line.startsWith("HTTP/1.0 "))
            && (line.length() == 12 || line.charAt(12) == ' ');
    if (!form) {
      throw new MalformedHttp("not an HTTP/1.1 status line");
    }
    String status = line.substring(9, 12);
    if (!status.matches("[1-9][0-9]{2}")) {
      throw new MalformedHttp("no status");
    }
    return Integer.parseInt(status);
  }

  /** The fields, to the empty line. */
  private List<HttpField> fields() throws IOException {
    List<HttpField> fields = new ArrayList<>();
    for (String line = line(maxHead); !line.isEmpty(); line = line(maxHead)) {
      if (fields.size() == MAX_FIELDS) {
        throw new MalformedHttp("more than " + MAX_FIELDS + " fields");
      }
      int colon = line.indexOf(':');
      if (colon < 1 || !line.substring(0, colon).chars().allMatch(HttpReader::isToken)) {
        throw new MalformedHttp("a field without a name");
      }
      String value = line.substring(colon + 1).strip();
      if (!HttpField.isValue(value)) {
        throw new MalformedHttp("a control character in a field");
      }
      fields.add(new HttpField(line.substring(0, colon).toLowerCase(Locale.ROOT), value));
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

  /** Refuses a packed content: we offered no content coding. */
  static void refuseCodings(List<HttpField> fields) throws MalformedHttp {
    for (String coding : all(fields, "content-encoding")) {
      if (!coding.equalsIgnoreCase("identity")) {
        throw new MalformedHttp("unexpected Content-Encoding");
      }
    }
  }

  /** How the fields frame the content (RFC 9112 6.3): its length, or one of the constants. */
  private int framing(List<HttpField> fields) throws IOException {
    List<String> transfer = all(fields, "transfer-encoding");
    Set<String> lengths = new TreeSet<>(all(fields, "content-length"));
    if (!transfer.isEmpty()) {
      // Both together is how requests and responses are smuggled.
      if (!lengths.isEmpty()) {
        throw new MalformedHttp("both Content-Length and Transfer-Encoding");
      }
      if (transfer.size() != 1 || !transfer.getFirst().equalsIgnoreCase("chunked")) {
        throw new MalformedHttp("Transfer-Encoding is not chunked");
      }
      return CHUNKED;
    }
    if (lengths.size() > 1) {
      throw new MalformedHttp("two Content-Length values");
    }
    return lengths.isEmpty() ? NONE : length(lengths.iterator().next());
  }

  private static List<String> all(List<HttpField> fields, String name) {
    return fields.stream().filter(f -> f.name().equals(name)).map(HttpField::value).toList();
  }

  private int length(String text) throws IOException {
    if (text.isEmpty() || text.length() > 18 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new MalformedHttp("Content-Length is not a number");
    }
    long length = Long.parseLong(text);
    if (length > maxBody) {
      throw new OversizedHttp();
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
        throw new MalformedHttp("connection closed before the end of the content");
      }
      int count = Math.min(length - done, end - at);
      System.arraycopy(buffer, at, into, from + done, count);
      at += count;
      done += count;
    }
  }

  /** All that comes until the connection ends. */
  private byte[] remainingBytes() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (at < end || fill()) {
      if (body.size() + (end - at) > maxBody) {
        throw new OversizedHttp();
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
        fields(); // trailers, which are not used
        return body.toByteArray();
      }
      if (body.size() + size > maxBody) {
        throw new OversizedHttp();
      }
      body.write(exactly(size));
      if (!line(MAX_CHUNK_LINE).isEmpty()) {
        throw new MalformedHttp("a chunk is longer than its size");
      }
    }
  }

  private int chunkSize(String line) throws IOException {
    // The lines of chunks are bounded by the content, which has a limit of its own.
    head = 0;
    int semicolon = line.indexOf(';');
    String digits = (semicolon < 0 ? line : line.substring(0, semicolon)).stripTrailing();
    if (digits.isEmpty() || digits.length() > 8) {
      throw new MalformedHttp("a chunk without a size");
    }
    long size = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = hex(digits.charAt(i));
      if (digit < 0) {
        throw new MalformedHttp("a chunk without a size");
      }
      size = size << 4 | digit;
    }
    if (size > maxBody) {
      throw new OversizedHttp();
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
            ? new MalformedHttp("connection closed without data")
            : new MalformedHttp("connection closed early");
      }
      byte b = buffer[at++];
      if (++head > maxHead) {
        throw new MalformedHttp(431, "header over " + maxHead + " bytes");
      }
      if (b == '\n') {
        break;
      }
      if (line.size() == max) {
        throw new MalformedHttp("line over " + max + " bytes");
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
