package org.sealwax.mail.smtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ORCPT in the forms of RFC 3461 and RFC 6533. */
final class OriginalRecipientTest {
  @ParameterizedTest
  @CsvSource({
    "rfc822;user+2Btag@example.org, user+tag@example.org",
    "rfc822;b+C3+BCcher@example.org, b\u00fccher@example.org",
    "UTF-8;b\u00fccher@example.org, b\u00fccher@example.org",
    "utf-8;b\\x{FC}cher@example.org, b\u00fccher@example.org",
    "utf-8;user\\x{2B}tag@example.org, user+tag@example.org",
    "utf-8;\\x{1F600}@example.org, \uD83D\uDE00@example.org",
    "x400;c+3Dde, c=de"
  })
  void isDecodedOnce(String value, String address) {
    assertTrue(OriginalRecipient.isValid(value), value);
    assertEquals(Optional.of(address), OriginalRecipient.address(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rfc822;",
        "rfc822",
        ";a@b",
        "rfc 822;a@b",
        "rfc822;a+4@b",
        "rfc822;a+zz@b",
        "rfc822;a=b@c",
        "rfc822;a+FFb@c",
        "utf-8;a+2Bb@c",
        "utf-8;a=b@c",
        "utf-8;a\\b@c",
        "utf-8;a\\x{}b@c",
        "utf-8;a\\x{fc}b@c",
        "utf-8;a\\x{D800}b@c",
        "utf-8;a\\x{110000}b@c",
        "utf-8;a\\x{FCb@c",
        "utf-8;a\u0085b@c",
        "utf-8;a b@c"
      })
  void whatBreaksTheFormIsRefused(String value) {
    assertFalse(OriginalRecipient.isValid(value), value);
  }

  /** A server without SMTPUTF8 gets seven bits that mean the same. */
  @Test
  void hasASevenBitFormOfTheSameAddress() {
    String seven =
        OriginalRecipient.sevenBit("utf-8;b\u00fc\\x{E9}\uD83D\uDE00@example.org").orElseThrow();
    assertEquals("utf-8;b\\x{FC}\\x{E9}\\x{1F600}@example.org", seven);
    assertTrue(OriginalRecipient.isValid(seven));
    assertEquals(
        Optional.of("b\u00fc\u00e9\uD83D\uDE00@example.org"), OriginalRecipient.address(seven));
    assertTrue(OriginalRecipient.sevenBit("utf-8;" + "\u00fc".repeat(400) + "@x").isEmpty());
  }
}
