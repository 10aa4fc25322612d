package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sealwax.mail.message.AuthenticationResults.Method;
import org.sealwax.mail.message.AuthenticationResults.Property;

/** The field by RFC 8601 section 2.2. */
final class AuthenticationResultsTest {
  @Test
  void oneLineForEachResult() {
    assertEquals(
        "Authentication-Results: mx.example.org;\r\n"
            + "\tspf=pass smtp.mailfrom=example.net smtp.helo=\"[192.0.2.1]\";\r\n"
            + "\tdmarc=fail header.from=example.com\r\n",
        new AuthenticationResults("mx.example.org")
            .add(Method.SPF, "pass")
            .with(Property.SMTP_MAILFROM, "example.net")
            .with(Property.SMTP_HELO, "[192.0.2.1]")
            .add(Method.DMARC, "fail")
            .with(Property.HEADER_FROM, "example.com")
            .with(Property.POLICY_DMARC, "")
            .field());
    assertEquals(
        "Authentication-Results: mx.example.org; none\r\n",
        new AuthenticationResults("mx.example.org").field());
  }

  /** What a client chose can neither end the field nor add a result. */
  @Test
  void aValueStaysOneValue() {
    String field =
        new AuthenticationResults("mx.example.org")
            .add(Method.SPF, "none")
            .with(Property.SMTP_HELO, "x\"; dmarc=pass (\r\nX: y\u00e9\\")
            .field();
    assertTrue(
        field.endsWith("\tspf=none smtp.helo=\"x\\\";?dmarc=pass?(??X:?y?\\\\\"\r\n"), field);
    String longest = "y".repeat(AuthenticationResults.MAX_VALUE);
    field =
        new AuthenticationResults("mx.example.org")
            .add(Method.SPF, "none")
            .with(Property.SMTP_HELO, longest + "z")
            .field();
    assertTrue(field.contains(longest) && !field.contains("z"), field);
  }

  @Test
  void limits() {
    AuthenticationResults results = new AuthenticationResults("mx.example.org");
    assertThrows(IllegalStateException.class, () -> results.with(Property.HEADER_D, "example.org"));
    for (int i = 0; i <= AuthenticationResults.MAX_RESULTS; i++) {
      results.add(Method.DKIM, "r" + i);
    }
    assertTrue(results.field().endsWith("dkim=r15\r\n"));
    assertFalse(results.field().contains("r16"));
  }
}
