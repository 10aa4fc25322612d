package org.sealwax.mail.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * Reads one request of HTTP/1.1 (RFC 9112), its content apart from its head: the server decides
 * first whether it wants the content.
 */
public final class HttpRequestReader extends HttpMessageReader {
  /** Bytes of a target: a path chosen for one purpose. */
  public static final int MAX_TARGET = 2_048;

  /**
   * The first line and the fields of a request.
   *
   * @param method {@code POST}
   * @param target as it was asked for, printable ASCII
   * @param fields in their order
   */
  public record RequestHead(String method, String target, List<HttpResponse.HttpField> fields) {
    /** Copies. */
    public RequestHead {
      fields = List.copyOf(fields);
    }

    /**
     * {@return the value of a field (its name in lower case); empty when it is not there, or twice}
     *
     * @param name the field name, in any case
     */
    public Optional<String> field(String name) {
      List<String> values =
          fields.stream()
              .filter(f -> f.name().equals(name))
              .map(HttpResponse.HttpField::value)
              .toList();
      return values.size() == 1 ? Optional.of(values.getFirst()) : Optional.empty();
    }
  }

  /**
   * Creates a reader of one request.
   *
   * @param in what the client sends
   * @param maxBody bytes of the content that are taken
   */
  public HttpRequestReader(InputStream in, int maxBody) {
    super(in, maxBody);
  }

  /**
   * {@return the head}
   *
   * @throws MalformedHttp when it is none, or over the limits
   * @throws IOException when the connection fails
   */
  public RequestHead head() throws IOException {
    String line = line(MAX_HEAD);
    int first = line.indexOf(' ');
    int last = line.lastIndexOf(' ');
    if (first < 1 || last == first || !line.substring(last + 1).matches("HTTP/1\\.[01]")) {
      throw new MalformedHttp("no request line of HTTP/1.1");
    }
    String method = line.substring(0, first);
    String target = line.substring(first + 1, last);
    boolean form =
        method.chars().allMatch(HttpMessageReader::isToken)
            && !target.isEmpty()
            && target.length() <= MAX_TARGET
            && target.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    if (!form) {
      throw new MalformedHttp("no request line of HTTP/1.1");
    }
    return new RequestHead(method, target, fields());
  }

  /**
   * {@return the content; empty when the head announces none (RFC 9112 6.3: then there is none)}
   *
   * @param head the head of the message
   * @throws MalformedHttp when its framing has two readings
   * @throws OversizedHttp when it is over the limit
   * @throws IOException when the connection fails
   */
  public Optional<byte[]> content(RequestHead head) throws IOException {
    return content(head.fields());
  }
}
