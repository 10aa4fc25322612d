package org.sealwax.mail.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A final response (RFC 9110 section 15), received or to be sent.
 *
 * @param status 200 to 999
 * @param fields in their order, without those that frame the content when it is to be sent
 * @param body its content; of a received one empty unless the status is 2xx or the request asked
 *     for the content of errors
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record HttpResponse(int status, List<HttpField> fields, byte[] body) implements HttpReply {
  public static final String HTML = "text/html; charset=utf-8";
  public static final String TEXT = "text/plain; charset=utf-8";

  /** Copies the fields. */
  public HttpResponse {
    fields = List.copyOf(fields);
  }

  /**
   * {@return a response with plain text}
   *
   * @param status the HTTP status
   * @param text the content
   */
  public static HttpResponse text(int status, String text) {
    return of(status, TEXT, text);
  }

  /**
   * {@return a response with a page}
   *
   * @param status the HTTP status
   * @param html the content
   */
  public static HttpResponse html(int status, String html) {
    return of(status, HTML, html);
  }

  /**
   * {@return a response with a text of another type}
   *
   * @param status the HTTP status
   * @param type the media type
   * @param text the content
   */
  public static HttpResponse of(int status, String type, String text) {
    return new HttpResponse(
        status,
        List.of(new HttpField("Content-Type", type)),
        text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * {@return the same with one more field}
   *
   * @param name of the field
   * @param value of the field
   */
  public HttpResponse with(String name, String value) {
    List<HttpField> more = new ArrayList<>(fields);
    more.add(new HttpField(name, value));
    return new HttpResponse(status, more, body);
  }

  /**
   * {@return the first field of a name}
   *
   * @param name the field name, in any case
   */
  public Optional<String> field(String name) {
    return fields.stream()
        .filter(f -> f.name().equalsIgnoreCase(name))
        .map(HttpField::value)
        .findFirst();
  }

  /**
   * Writes status line and fields: the length of the content, and that nothing follows it.
   *
   * @param out the connection
   * @param more fields of every response of the listener
   * @throws IOException when the connection fails
   */
  public void writeHead(OutputStream out, List<HttpField> more) throws IOException {
    writeHead(out, more, body.length);
  }

  /** The same for a content that is elsewhere. */
  void writeHead(OutputStream out, List<HttpField> more, long length) throws IOException {
    String head = with("Content-Length", String.valueOf(length)).head(more);
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  /** Status line and fields, to the empty line. */
  String head(List<HttpField> more) {
    StringBuilder head =
        new StringBuilder("HTTP/1.1 " + status + " " + reason(status) + "\r\n")
            .append("Connection: close\r\n");
    for (List<HttpField> some : List.of(fields, more)) {
      some.forEach(f -> head.append(f.name() + ": " + f.value() + "\r\n"));
    }
    return head.append("\r\n").toString();
  }

  private static String reason(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 201 -> "Created";
      case 302 -> "Found";
      case 303 -> "See Other";
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 411 -> "Length Required";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 421 -> "Misdirected Request";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 503 -> "Service Unavailable";
      default -> "Error";
    };
  }
}
