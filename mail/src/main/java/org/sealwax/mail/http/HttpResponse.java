package org.sealwax.mail.http;

import java.util.List;
import java.util.Optional;

/**
 * A final answer (RFC 9110 section 15).
 *
 * @param status 200 to 999
 * @param fields in their order
 * @param body its content; empty unless the status is 2xx, as the content of errors is not used
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record HttpResponse(int status, List<HttpField> fields, byte[] body) {
  /**
   * One header field.
   *
   * @param name in lower case
   * @param value without blanks around it, as ISO 8859-1; no control characters but tabs
   */
  public record HttpField(String name, String value) {}

  /** Copies the fields. */
  public HttpResponse {
    fields = List.copyOf(fields);
  }

  /**
   * {@return the first field of a name (in lower case)}
   *
   * @param name the field name, in any case
   */
  public Optional<String> field(String name) {
    return fields.stream().filter(f -> f.name().equals(name)).map(HttpField::value).findFirst();
  }
}
