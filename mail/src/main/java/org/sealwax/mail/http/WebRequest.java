package org.sealwax.mail.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A request of HTTP/1.1 (RFC 9112), read strictly: what a browser sends to a small site, and
 * nothing else.
 *
 * @param method in upper case
 * @param path begins with a slash; without query
 * @param headers by name in lower case; none twice
 * @param body of a form; empty otherwise
 */
public record WebRequest(String method, String path, Map<String, String> headers, String body) {
  /** Bytes of the head: browsers send some 700. */
  public static final int MAX_HEAD = 8_192;

  /** Bytes of the path. */
  public static final int MAX_PATH = 512;

  /** Bytes of a form: three short fields. */
  public static final int MAX_BODY = 1_024;

  private static final String FORM = "application/x-www-form-urlencoded";

  /** The result of reading a request. */
  public sealed interface ReadResult {
    /**
     * A request.
     *
     * @param request the request
     */
    record CompleteRequest(WebRequest request) implements ReadResult {}

    /**
     * A request that is not served.
     *
     * @param status the status to send; 0 when the client has closed the connection
     */
    record BadRequest(int status) implements ReadResult {}
  }

  /** Copies. */
  public WebRequest {
    headers = Map.copyOf(headers);
  }

  /**
   * Reads one.
   *
   * @param in where the request is read from
   * @return the request, or why it cannot be read
   * @throws IOException when the connection or file fails
   */
  public static ReadResult read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (last != 0x0d0a0d0a) {
      int value = in.read();
      if (value < 0) {
        return new ReadResult.BadRequest(0);
      }
      if (head.size() >= MAX_HEAD) {
        return new ReadResult.BadRequest(431);
      }
      head.write(value);
      last = last << 8 | value;
    }
    String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n", -1);
    String[] words = lines[0].split(" ", -1);
    if (words.length != 3 || !words[2].matches("HTTP/1\\.[01]")) {
      return new ReadResult.BadRequest(400);
    }
    if (!words[1].matches("/[!-~]*") || words[1].length() > MAX_PATH) {
      return new ReadResult.BadRequest(400);
    }
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
      int colon = lines[i].indexOf(':');
      String name = colon < 0 ? "" : lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
      // RFC 9112 §5.1: no space before the colon; a header twice could mean two things.
      if (!name.matches("[a-z0-9!#$%&'*+.^_`|~-]+")
          || headers.put(name, lines[i].substring(colon + 1).strip()) != null) {
        return new ReadResult.BadRequest(400);
      }
    }
    int query = words[1].indexOf('?');
    String path = query < 0 ? words[1] : words[1].substring(0, query);
    Optional<Integer> length = length(headers);
    if (length.isEmpty()) {
      return new ReadResult.BadRequest(400);
    }
    if (length.get() > MAX_BODY) {
      return new ReadResult.BadRequest(413);
    }
    byte[] body = in.readNBytes(length.get());
    return body.length < length.get()
        ? new ReadResult.BadRequest(0)
        : new ReadResult.CompleteRequest(
            new WebRequest(words[0], path, headers, new String(body, StandardCharsets.US_ASCII)));
  }

  /** Of the body; empty when it is unknown. */
  private static Optional<Integer> length(Map<String, String> headers) {
    if (headers.containsKey("transfer-encoding")) {
      return Optional.empty();
    }
    String length = headers.getOrDefault("content-length", "0");
    return length.matches("[0-9]{1,6}") ? Optional.of(Integer.parseInt(length)) : Optional.empty();
  }

  /**
   * {@return a header, or empty}
   *
   * @param name the field name, in lower case
   */
  public String header(String name) {
    return headers.getOrDefault(name, "");
  }

  /** {@return the fields of the form in the body; empty when it is none} */
  public Map<String, String> form() {
    Map<String, String> out = new HashMap<>();
    if (!header("content-type").toLowerCase(Locale.ROOT).startsWith(FORM)) {
      return out;
    }
    for (String pair : body.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        try {
          out.put(
              pair.substring(0, equals),
              URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
          // No such field then.
        }
      }
    }
    return out;
  }
}
