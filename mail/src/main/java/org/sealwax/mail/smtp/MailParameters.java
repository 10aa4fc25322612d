package org.sealwax.mail.smtp;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of MAIL that we know.
 *
 * @param size SIZE, bytes (RFC 1870 section 3)
 * @param body BODY (RFC 6152, RFC 3030)
 * @param smtputf8 SMTPUTF8 (RFC 6531 3.4)
 * @param content RET (RFC 3461 4.3)
 * @param envelopeId ENVID as given, in xtext, or null (RFC 3461 4.4)
 * @param requireTls REQUIRETLS (RFC 8689 section 2)
 * @param auth AUTH= as given, in xtext, or null (RFC 4954 section 5)
 */
public record MailParameters(
    OptionalLong size,
    BodyParameter body,
    boolean smtputf8,
    ReturnParameter content,
    @Nullable String envelopeId,
    boolean requireTls,
    @Nullable String auth) {
  /** BODY. */
  public enum BodyParameter {
    /** The parameter is absent. */
    UNSPECIFIED,
    /** {@code BODY=7BIT}. */
    SEVEN_BIT,
    /** {@code BODY=8BITMIME}. */
    EIGHT_BIT
  }

  /** RET. */
  public enum ReturnParameter {
    /** The parameter is absent. */
    UNSPECIFIED,
    /** {@code RET=HDRS}: only the header is returned. */
    HEADERS,
    /** {@code RET=FULL}: the whole message is returned. */
    FULL
  }

  /** {@return the parameters as the command has them, for example {@code SIZE=1000}} */
  public List<String> words() {
    List<String> words = new ArrayList<>();
    size.ifPresent(bytes -> words.add("SIZE=" + bytes));
    switch (body) {
      case UNSPECIFIED -> {}
      case SEVEN_BIT -> words.add("BODY=7BIT");
      case EIGHT_BIT -> words.add("BODY=8BITMIME");
    }
    if (smtputf8) {
      words.add("SMTPUTF8");
    }
    if (requireTls) {
      words.add("REQUIRETLS");
    }
    switch (content) {
      case UNSPECIFIED -> {}
      case HEADERS -> words.add("RET=HDRS");
      case FULL -> words.add("RET=FULL");
    }
    if (envelopeId != null) {
      words.add("ENVID=" + envelopeId);
    }
    if (auth != null) {
      words.add("AUTH=" + auth);
    }
    return List.copyOf(words);
  }

  /** {@return whether RET or ENVID was given (RFC 3461)} */
  public boolean requestsDsn() {
    return content != ReturnParameter.UNSPECIFIED || envelopeId != null;
  }

  /**
   * None given.
   *
   * @return no parameters
   */
  public static MailParameters none() {
    return NONE;
  }

  private static final MailParameters NONE =
      new MailParameters(
          OptionalLong.empty(),
          BodyParameter.UNSPECIFIED,
          false,
          ReturnParameter.UNSPECIFIED,
          null,
          false,
          null);
}
