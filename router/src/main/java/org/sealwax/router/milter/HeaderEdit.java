package org.sealwax.router.milter;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.sealwax.mail.message.HeaderScanner;

/** A change to a header section by a filter. */
sealed interface HeaderEdit {
  /** Name and value of a field; LF between lines, printable. */
  record FieldText(String name, String value) {}

  /** At the end. */
  record Add(FieldText field) implements HeaderEdit {}

  /**
   * Before another field.
   *
   * @param index of that field, from 0
   */
  record Insert(int index, FieldText field) implements HeaderEdit {}

  /**
   * In place of the field of that name; an empty value deletes it.
   *
   * @param index among the fields of the name, from 1
   */
  record Change(int index, FieldText field) implements HeaderEdit {}

  /** Bytes of a value. */
  int MAX_VALUE = 64 * 1024;

  /** Reads name and value, the last texts of a packet. */
  static FieldText field(ByteBuffer data) throws MilterException {
    return checked(MilterText.next(data), MilterText.only(data));
  }

  /** A whole field and nothing but one (RFC 5322 2.2): the value must not begin another one. */
  private static FieldText checked(String name, String value) throws MilterException {
    if (name.isEmpty()
        || name.length() > HeaderScanner.MAX_NAME
        || !name.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ':')) {
      throw new MilterException("invalid field name: " + MilterText.printable(name));
    }
    String lines = value.replace("\r\n", "\n");
    if (lines.length() > MAX_VALUE) {
      throw new MilterException("a header field larger than " + MAX_VALUE + " bytes");
    }
    for (int i = 0; i < lines.length(); i++) {
      char c = lines.charAt(i);
      boolean breaks =
          c == '\n' && i + 1 < lines.length() && " \t".indexOf(lines.charAt(i + 1)) >= 0;
      if (c < ' ' && c != '\t' && !breaks || c == 0x7f) {
        throw new MilterException(
            "control character or line end in the value of the field "
                + MilterText.printable(name));
      }
    }
    if (lines.lines().skip(1).anyMatch(String::isBlank)) {
      throw new MilterException(
          "empty line in the value of the field " + MilterText.printable(name));
    }
    return new FieldText(name, lines);
  }

  /**
   * The field as it stands in the message.
   *
   * @param keepsSpace the value has the space after the colon
   */
  static byte[] raw(FieldText field, boolean keepsSpace) {
    return (field.name() + (keepsSpace ? ":" : ": ") + field.value().replace("\n", "\r\n") + "\r\n")
        .getBytes(StandardCharsets.ISO_8859_1);
  }
}
