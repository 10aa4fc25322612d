package org.sealwax.mail.dkim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;

/** The signed fields of a header in the form that is hashed (RFC 6376 sections 3.7 and 5.4.2). */
final class SignedHeader {
  private SignedHeader() {}

  private static final byte[] CRLF = {'\r', '\n'};

  /** Takes what is hashed. */
  @FunctionalInterface
  interface HashInput<E extends Exception> {
    void take(byte[] bytes) throws E;
  }

  /**
   * Passes on the fields and after them the signature's own.
   *
   * @param names {@code h=}: each takes the last field of its name that is not yet taken, and none
   *     when there is none left
   * @param signed the field of this signature as it stands in the message, which {@code names}
   *     never takes; or the unsigned one
   * @param unsigned the same with an empty {@code b=}
   */
  @SuppressWarnings("ReferenceEquality") // another field may have the same text
  static <E extends Exception> void writeTo(
      HashInput<E> out,
      HeaderSection section,
      List<String> names,
      Canonicalization canonical,
      HeaderField signed,
      HeaderField unsigned)
      throws E {
    Map<String, List<HeaderField>> left = new HashMap<>();
    for (HeaderField field : section.fields()) {
      if (field != signed) {
        left.computeIfAbsent(field.key(), k -> new ArrayList<>()).add(field);
      }
    }
    for (String name : names) {
      List<HeaderField> fields = left.get(name);
      if (fields != null && !fields.isEmpty()) {
        out.take(canonical.field(fields.removeLast()));
        out.take(CRLF);
      }
    }
    out.take(canonical.field(unsigned));
  }
}
