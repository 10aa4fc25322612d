package org.sealwax.mail.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The head of a request (RFC 9112 section 3).
 *
 * @param method {@code POST}
 * @param target as it was asked for, printable ASCII
 * @param version of HTTP: 0 for 1.0, 1 for 1.1
 * @param fields in their order
 */
public record HttpRequest(String method, String target, int version, List<HttpField> fields) {
  private static final String FORM = "application/x-www-form-urlencoded";

  /** Copies. */
  public HttpRequest {
    fields = List.copyOf(fields);
  }

  /** {@return the target without its query} */
  public String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /**
   * {@return the value of a field; empty when it is not there, or twice}
   *
   * @param name the field name, in lower case
   */
  public Optional<String> field(String name) {
    List<String> values =
        fields.stream().filter(f -> f.name().equals(name)).map(HttpField::value).toList();
    return values.size() == 1 ? Optional.of(values.getFirst()) : Optional.empty();
  }

  /** {@return the type of the content in lower case, without parameters; empty when it has none} */
  public String mediaType() {
    String type = field("content-type").orElse("");
    return type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  /**
   * {@return the fields of a form; empty when the content is none}
   *
   * @param content of the request
   */
  public Map<String, String> form(byte[] content) {
    Map<String, String> out = new HashMap<>();
    if (!mediaType().equals(FORM)) {
      return out;
    }
    for (String pair : new String(content, StandardCharsets.US_ASCII).split("&", -1)) {
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
