package org.sealwax.mail.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * A whole answer.
 *
 * @param status its code
 * @param type of the body
 * @param headers more lines, each with CRLF
 * @param body its bytes
 */
public record WebResponse(int status, String type, String headers, byte[] body) {
  public static final String HTML = "text/html; charset=utf-8";
  public static final String TEXT = "text/plain; charset=utf-8";

  /**
   * What every answer has: nothing but our own files, no script in a page, no frame around it, no
   * address of a page sent to other sites (a token stands in it), nothing stored by caches.
   * (Without any referrer browsers say "Origin: null" to our own forms.)
   */
  public static final String GUARDS =
      "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self';"
          + " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
          + "X-Content-Type-Options: nosniff\r\n"
          + "Referrer-Policy: same-origin\r\n"
          + "Cross-Origin-Opener-Policy: same-origin\r\n"
          + "Cross-Origin-Resource-Policy: same-origin\r\n"
          + "Strict-Transport-Security: max-age=31536000\r\n"
          + "X-Robots-Tag: noindex\r\n";

  /**
   * Creates a response without extra header fields.
   *
   * @param status the HTTP status
   * @param type the media type
   * @param text the content
   * @return the response
   */
  public static WebResponse of(int status, String type, String text) {
    return new WebResponse(
        status, type, "Cache-Control: no-store\r\n", text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * {@return a page}
   *
   * @param html the page
   */
  public static WebResponse page(String html) {
    return of(200, HTML, html);
  }

  /**
   * {@return a file to save}
   *
   * @param type the media type
   * @param name the file name that is suggested
   * @param text the content
   */
  public static WebResponse download(String type, String name, String text) {
    WebResponse plain = of(200, type, text);
    return new WebResponse(
        200,
        type,
        plain.headers() + "Content-Disposition: attachment; filename=\"" + name + "\"\r\n",
        plain.body());
  }

  /**
   * A redirect, with GET.
   *
   * @param path the target of the redirect
   * @return the redirect
   */
  public static WebResponse see(String path) {
    return new WebResponse(
        303, TEXT, "Location: " + path + "\r\nCache-Control: no-store\r\n", new byte[0]);
  }

  /**
   * Writes it, and says that nothing follows.
   *
   * @param out the connection
   * @param head whether the content is left out, as for HEAD
   * @throws IOException when the connection or file fails
   */
  public void write(OutputStream out, boolean head) throws IOException {
    out.write(
        ("HTTP/1.1 "
                + status
                + " "
                + reason(status)
                + "\r\nConnection: close\r\nContent-Type: "
                + type
                + "\r\nContent-Length: "
                + body.length
                + "\r\n"
                + headers
                + GUARDS
                + "\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    if (!head) {
      out.write(body);
    }
    out.flush();
  }

  static String reason(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 303 -> "See Other";
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 413 -> "Content Too Large";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 503 -> "Service Unavailable";
      default -> "Error";
    };
  }
}
