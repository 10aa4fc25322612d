package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Mailbox;

/** RFC 5322 section 3.6.2: one author, or none that is certain. */
final class AuthorFieldTest {
  private static Optional<String> author(String header) {
    return AuthorField.of(
            HeaderSection.of(
                header.getBytes(StandardCharsets.ISO_8859_1), HeaderSection.HeaderFlaw.NONE))
        .author()
        .map(Mailbox::toString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a@b.example",
        "<a@b.example>",
        "A B <a@b.example>",
        "A. B. <a@b.example>",
        "A.B.C Ltd. <a@b.example>",
        "\"A, B <x@y.example>\" <a@b.example>",
        "\"A \\\" B\" C <a@b.example>",
        "=?utf-8?q?=3Cx=40y.example=3E?= <a@b.example>",
        "J\u00c3\u00bcrgen <a@b.example>", // UTF-8
        "J\u00fcrgen <a@b.example>", // ISO 8859-1
        "a@b.example,",
        "a@b.example (A (B) <x@y.example>)",
        "(A) a (B) @ (C) b.example (D)",
        "A\r\n\t<a@b.example>",
        "A <\r\n a@b.example >",
        "(\\)) a@b.example",
        "a@B.EXAMPLE",
      })
  void oneAuthorIsFound(String from) {
    assertEquals(Optional.of("a@b.example"), author("Subject: x\r\nFrom: " + from + "\r\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "A B",
        "<a>",
        "<>",
        "a@b.example, c@d.example",
        "a@b.example; c@d.example",
        "A: a@b.example;",
        "A: ;",
        "A <a@b.example> B",
        "A <a@b.example> <c@d.example>",
        "A <<a@b.example>>",
        "A <a@b.example",
        "A a@b.example",
        "A @ B <a@b.example>",
        "a@b@c.example",
        "a@b.example (",
        "a@b.example )",
        "\"a@b.example",
        "<@x.example:a@b.example>",
        "a..b@c.example",
        ".a@b.example",
        "a@b..example",
        "a@[192.0.2.1]",
        "a@\"b.example\"",
        "a b@c.example",
        "a@b.example c",
        "j\u00fcrgen@b.example", // ISO 8859-1
        "\"a\u00fc\"@b.example",
        "\u0000a@b.example",
      })
  void anythingElseIsNoAuthor(String from) {
    assertEquals(Optional.empty(), author("From: " + from + "\r\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Subject: x\r\n",
        "From: a@b.example\r\nFrom: a@b.example\r\n",
        "From: a@b.example\r\nfrom : c@d.example\r\n",
        "From: a@b.example\r\nX: y\nFrom: c@d.example\r\n",
      })
  void oneFieldIsDemanded(String header) {
    assertEquals(Optional.empty(), author(header));
  }
}
