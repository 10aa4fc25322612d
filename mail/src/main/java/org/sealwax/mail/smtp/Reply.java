package org.sealwax.mail.smtp;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A server's reply (RFC 5321 4.2).
 *
 * @param code 200 to 599
 * @param status the enhanced status code that every line began with, or null (RFC 2034)
 * @param lines texts without code and status; at least one, perhaps empty; no CR, LF or NUL
 */
public record Reply(int code, @Nullable EnhancedStatus status, List<String> lines) {
  /** Copies the lines and checks the code. */
  public Reply {
    if (code < 200 || code > 599) {
      throw new IllegalArgumentException("not a reply code: " + code);
    }
    lines = List.copyOf(lines);
    if (lines.isEmpty()) {
      throw new IllegalArgumentException("a reply has at least one line");
    }
    for (String line : lines) {
      if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0 || line.indexOf('\0') >= 0) {
        // Reply splitting: text that came from outside must not start a reply of its own.
        throw new IllegalArgumentException("line break inside a reply");
      }
    }
  }

  /**
   * {@return one line with an enhanced status, as it is sent}
   *
   * @param line code, enhanced status and text: {@code 250 2.0.0 Ok}
   * @throws IllegalArgumentException when it does not begin with a code and a status
   */
  public static Reply of(String line) {
    int text = line.indexOf(' ', 4);
    EnhancedStatus status =
        text < 0 ? null : EnhancedStatus.parse(line.substring(4, text)).orElse(null);
    if (status == null || line.charAt(3) != ' ') {
      throw new IllegalArgumentException("no reply with an enhanced status: " + line);
    }
    return of(Integer.parseInt(line, 0, 3, 10), status, line.substring(text + 1));
  }

  /**
   * {@return one line with an enhanced status}
   *
   * @param code the three-digit code
   * @param status the enhanced status code (RFC 3463)
   * @param text the text of the line
   */
  public static Reply of(int code, EnhancedStatus status, String text) {
    return new Reply(code, status, List.of(text));
  }

  /**
   * {@return one line without an enhanced status: greeting, HELO, EHLO and 3yz replies (RFC 2034
   * 4)}
   *
   * @param code the three-digit code
   * @param text the text of the line
   */
  public static Reply of(int code, String text) {
    return new Reply(code, null, List.of(text));
  }

  /**
   * 2yz.
   *
   * @return whether the code is 2yz
   */
  public boolean isPositive() {
    return code / 100 == 2;
  }

  /**
   * 3yz.
   *
   * @return whether the code is 3yz
   */
  public boolean isIntermediate() {
    return code / 100 == 3;
  }

  /**
   * 4yz.
   *
   * @return whether the code is 4yz
   */
  public boolean isTransient() {
    return code / 100 == 4;
  }

  /**
   * 5yz.
   *
   * @return whether the code is 5yz
   */
  public boolean isPermanent() {
    return code / 100 == 5;
  }

  /** All in one line, for logs and DSNs. */
  @Override
  public String toString() {
    String text = String.join(" ", lines);
    return status == null ? code + " " + text : code + " " + status + " " + text;
  }
}
