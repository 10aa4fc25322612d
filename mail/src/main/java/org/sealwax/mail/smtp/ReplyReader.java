package org.sealwax.mail.smtp;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads replies (RFC 5321 4.2.1), strictly: CRLF only, one code for all lines, limits on lines and
 * bytes. Bytes that are not UTF-8 are tolerated: the text is for people.
 */
public final class ReplyReader {
  private final LineReader lines;

  /**
   * A reader over {@code lines}; the caller that starts TLS checks {@link LineReader#buffered()}.
   *
   * @param lines where lines are read from
   */
  public ReplyReader(LineReader lines) {
    this.lines = lines;
  }

  /**
   * Reads one whole reply.
   *
   * @return the reply
   * @throws InvalidReplyException when it is none, or the peer closed
   * @throws IOException from the stream
   */
  public Reply read() throws IOException {
    List<String> texts = new ArrayList<>(1);
    int code = 0;
    int bytes = 0;
    while (true) {
      String line =
          switch (lines.read(SmtpLimits.REPLY_LINE)) {
            case InputLine.Text t -> t.text();
            case InputLine.EndOfInput e ->
                throw new InvalidReplyException(
                    InvalidReplyException.Kind.CLOSED, "connection closed without a reply");
            case InputLine.BrokenLine r ->
                switch (r.flaw()) {
                  case TOO_LONG, ENDLESS ->
                      throw new InvalidReplyException(
                          InvalidReplyException.Kind.TOO_LONG,
                          "reply line over " + SmtpLimits.REPLY_LINE + " bytes");
                  case BARE_CR, BARE_LF, NUL ->
                      throw new InvalidReplyException(
                          InvalidReplyException.Kind.BROKEN_LINE, r.flaw().text() + " in a reply");
                  // The code came with bytes that cannot be shown; keep the code, drop the text.
                  case NOT_UTF8 -> lines.lastAsLatin1();
                };
          };
      int now = code(line);
      if (code != 0 && now != code) {
        throw new InvalidReplyException(
            InvalidReplyException.Kind.CODE_CHANGED,
            "reply started with code " + code + " and continued with code " + now);
      }
      code = now;
      bytes += line.length();
      texts.add(line.length() > 4 ? line.substring(4) : "");
      if (texts.size() > SmtpLimits.REPLY_LINES || bytes > SmtpLimits.REPLY_BYTES) {
        throw new InvalidReplyException(
            InvalidReplyException.Kind.TOO_LONG,
            "reply over "
                + SmtpLimits.REPLY_LINES
                + " lines or "
                + SmtpLimits.REPLY_BYTES
                + " bytes");
      }
      if (line.length() == 3 || line.charAt(3) == ' ') {
        return withStatus(code, texts);
      }
    }
  }

  private static int code(String line) throws InvalidReplyException {
    boolean form = line.length() >= 3 && (line.length() == 3 || " -".indexOf(line.charAt(3)) >= 0);
    for (int i = 0; form && i < 3; i++) {
      form = line.charAt(i) >= '0' && line.charAt(i) <= '9';
    }
    int code = form ? Integer.parseInt(line, 0, 3, 10) : 0;
    if (code < 200 || code > 599) {
      String shown = line.length() > 60 ? line.substring(0, 60) + "…" : line;
      throw new InvalidReplyException(
          InvalidReplyException.Kind.NOT_A_REPLY, "not a reply: " + shown);
    }
    return code;
  }

  /**
   * Removes the enhanced status from every line, if every line has the same, of the code's class.
   */
  private static Reply withStatus(int code, List<String> texts) {
    EnhancedStatus common = null;
    for (String text : texts) {
      EnhancedStatus status = status(code, text);
      if (status == null || common != null && !common.equals(status)) {
        return new Reply(code, null, texts);
      }
      common = status;
    }
    EnhancedStatus found = common;
    if (found == null) {
      return new Reply(code, null, texts);
    }
    int length = found.toString().length();
    texts.replaceAll(text -> text.substring(Math.min(text.length(), length + 1)));
    return new Reply(code, found, texts);
  }

  private static @Nullable EnhancedStatus status(int code, String text) {
    if (text.length() < 5 || text.charAt(1) != '.') {
      return null;
    }
    int space = text.indexOf(' ');
    Optional<EnhancedStatus> status =
        EnhancedStatus.parse(space < 0 ? text : text.substring(0, space));
    // A form like 5.01.1 would not be as long as it reads again; RFC 3463 section 2 has none.
    return status
        .filter(s -> s.kind() == code / 100)
        .filter(s -> s.toString().length() == (space < 0 ? text.length() : space))
        .orElse(null);
  }
}
