package org.sealwax.mail.smtp;

import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;

/**
 * Reads commands (RFC 5321 4.1.1 and 4.1.2). Strict about paths and parameters; lenient in three
 * places where clients need it: white space at the end of a line (RFC 5321 4.1.1), white space
 * after {@code FROM:} and {@code TO:}, and any text as EHLO name that is printable and without
 * spaces.
 */
public final class CommandParser {
  private static final EnhancedStatus ARGUMENT = EnhancedStatus.of("5.5.4");
  private static final EnhancedStatus BAD_SENDER = EnhancedStatus.of("5.1.7");
  private static final EnhancedStatus BAD_RECIPIENT = EnhancedStatus.of("5.1.3");

  /** Bytes of an EHLO name; a domain has at most 255 (RFC 5321 4.5.3.1.2). */
  private static final int MAX_NAME = 255;

  private CommandParser() {}

  /**
   * Reads one line; never throws.
   *
   * @param line without CRLF, without CR, LF and NUL
   * @return the command; {@link Command.Unknown} for other verbs
   */
  public static Command parse(String line) {
    int end = line.length();
    while (end > 0 && isBlank(line.charAt(end - 1))) {
      end--;
    }
    int space = 0;
    while (space < end && !isBlank(line.charAt(space))) {
      space++;
    }
    int from = space;
    while (from < end && isBlank(line.charAt(from))) {
      from++;
    }
    String argument = from < end ? line.substring(from, end) : "";
    if (space > 16) {
      return new Command.Unknown(visible(line.substring(0, 16)));
    }
    String verb = Ascii.upper(line.substring(0, space));
    return switch (verb) {
      case "EHLO" -> hello(verb, argument);
      case "HELO" -> hello(verb, argument);
      case "MAIL" -> mail(argument);
      case "RCPT" -> rcpt(argument);
      case "DATA" -> argument.isEmpty() ? new Command.Data() : noArgument(verb);
      case "BDAT" -> bdat(argument);
      case "RSET" -> argument.isEmpty() ? new Command.Rset() : noArgument(verb);
      case "NOOP" -> new Command.Noop();
      case "QUIT" -> argument.isEmpty() ? new Command.Quit() : noArgument(verb);
      case "VRFY" -> new Command.Vrfy(argument);
      case "EXPN" -> new Command.Expn(argument);
      case "HELP" -> new Command.Help();
      case "STARTTLS" -> argument.isEmpty() ? new Command.Starttls() : noArgument(verb);
      case "AUTH" -> auth(argument);
      default -> new Command.Unknown(visible(verb));
    };
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static String visible(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars().forEach(c -> out.append(c > ' ' && c < 0x7f ? (char) c : '?'));
    return out.toString();
  }

  private static Command noArgument(String verb) {
    return malformed(verb, 501, ARGUMENT, verb + " takes no argument");
  }

  private static Command malformed(String verb, int code, EnhancedStatus status, String text) {
    return new Command.Malformed(verb, Reply.of(code, status, text));
  }

  private static Command hello(String verb, String name) {
    boolean plain = !name.isEmpty() && name.length() <= MAX_NAME;
    for (int i = 0; plain && i < name.length(); i++) {
      char c = name.charAt(i);
      // The name goes into Received: nothing that could end a comment or a field there.
      plain = c > ' ' && c != 0x7f && "()<>\"\\,;".indexOf(c) < 0 && (c < 0x80 || c > 0x9f);
    }
    if (!plain) {
      return malformed(verb, 501, ARGUMENT, "syntax: " + verb + " hostname");
    }
    return verb.equals("EHLO") ? new Command.Ehlo(name) : new Command.Helo(name);
  }

  private static Command mail(String argument) {
    if (!argument.regionMatches(true, 0, "FROM:", 0, 5)) {
      return malformed("MAIL", 501, ARGUMENT, "syntax: MAIL FROM:<address>");
    }
    PathParser cursor = new PathParser(argument, skipBlanks(argument, 5));
    ReversePath path =
        switch (cursor.path()) {
          case null -> null;
          case PathParser.ParsedPath.NullPath e -> ReversePath.nullPath();
          case PathParser.ParsedPath.MailboxPath t -> ReversePath.of(t.mailbox());
          case PathParser.ParsedPath.PostmasterPath p -> null;
        };
    if (path == null || !endsHere(argument, cursor.at)) {
      return malformed("MAIL", 501, BAD_SENDER, "bad sender address");
    }
    int pathEnd = cursor.at;
    boolean international = !isAscii(argument, 0, pathEnd);
    if (pathEnd == argument.length()) {
      return new Command.Mail(path, MailParameters.none(), international);
    }
    return mailParameters(path, argument, pathEnd, international);
  }

  private static Command mailParameters(
      ReversePath path, String argument, int from, boolean international) {
    OptionalLong size = OptionalLong.empty();
    MailParameters.BodyParameter body = MailParameters.BodyParameter.UNSPECIFIED;
    boolean smtputf8 = false;
    MailParameters.ReturnParameter content = MailParameters.ReturnParameter.UNSPECIFIED;
    String envelopeId = null;
    boolean requireTls = false;
    String auth = null;
    Parameters parameters = new Parameters(argument, from);
    while (parameters.next()) {
      String value = parameters.value;
      boolean good;
      switch (parameters.keyword) {
        case "SIZE" -> {
          size = count(value);
          good = size.isPresent();
        }
        case "BODY" -> {
          body =
              switch (value == null ? "" : Ascii.upper(value)) {
                case "7BIT" -> MailParameters.BodyParameter.SEVEN_BIT;
                case "8BITMIME" -> MailParameters.BodyParameter.EIGHT_BIT;
                default -> MailParameters.BodyParameter.UNSPECIFIED;
              };
          good = body != MailParameters.BodyParameter.UNSPECIFIED;
        }
        case "SMTPUTF8" -> {
          smtputf8 = true;
          good = value == null;
        }
        case "REQUIRETLS" -> {
          requireTls = true;
          good = value == null;
        }
        case "RET" -> {
          content =
              switch (value == null ? "" : Ascii.upper(value)) {
                case "HDRS" -> MailParameters.ReturnParameter.HEADERS;
                case "FULL" -> MailParameters.ReturnParameter.FULL;
                default -> MailParameters.ReturnParameter.UNSPECIFIED;
              };
          good = content != MailParameters.ReturnParameter.UNSPECIFIED;
        }
        case "ENVID" -> {
          envelopeId = value;
          good = value != null && value.length() <= SmtpLimits.ENVELOPE_ID && XText.isXText(value);
        }
        case "AUTH" -> {
          auth = value;
          good = value != null && XText.isXText(value);
        }
        default -> {
          return unknownParameter("MAIL", parameters.keyword);
        }
      }
      if (!good) {
        return badParameter("MAIL", parameters.keyword);
      }
    }
    if (parameters.broken) {
      return malformed("MAIL", 501, ARGUMENT, "malformed options");
    }
    return new Command.Mail(
        path,
        new MailParameters(size, body, smtputf8, content, envelopeId, requireTls, auth),
        international);
  }

  private static Command rcpt(String argument) {
    if (!argument.regionMatches(true, 0, "TO:", 0, 3)) {
      return malformed("RCPT", 501, ARGUMENT, "syntax: RCPT TO:<address>");
    }
    PathParser cursor = new PathParser(argument, skipBlanks(argument, 3));
    ForwardPath path =
        switch (cursor.path()) {
          case null -> null;
          case PathParser.ParsedPath.NullPath e -> null;
          case PathParser.ParsedPath.MailboxPath t -> new ForwardPath.ToMailbox(t.mailbox());
          case PathParser.ParsedPath.PostmasterPath p -> new ForwardPath.LocalPostmaster();
        };
    if (path == null || !endsHere(argument, cursor.at)) {
      return malformed("RCPT", 501, BAD_RECIPIENT, "bad recipient address");
    }
    int pathEnd = cursor.at;
    // RFC 6533 3: ORCPT in UTF-8 needs SMTPUTF8 as the address does.
    boolean international = !isAscii(argument, 0, argument.length());
    if (pathEnd == argument.length()) {
      return new Command.Rcpt(path, DsnRequest.none(), international);
    }
    DsnRequest notify = DsnRequest.none();
    String originalRecipient = null;
    Parameters parameters = new Parameters(argument, pathEnd);
    while (parameters.next()) {
      String value = parameters.value;
      boolean good;
      switch (parameters.keyword) {
        case "NOTIFY" -> {
          DsnRequest read = notify(value);
          good = read != null;
          notify = read == null ? notify : read;
        }
        case "ORCPT" -> {
          originalRecipient = value;
          good = value != null && OriginalRecipient.isValid(value);
        }
        default -> {
          return unknownParameter("RCPT", parameters.keyword);
        }
      }
      if (!good) {
        return badParameter("RCPT", parameters.keyword);
      }
    }
    if (parameters.broken) {
      return malformed("RCPT", 501, ARGUMENT, "malformed options");
    }
    DsnRequest dsn = new DsnRequest(notify.when(), notify.never(), originalRecipient);
    return new Command.Rcpt(path, dsn, international);
  }

  /** The request without ORCPT; null when it is not a NOTIFY value (RFC 3461 4.1). */
  private static @Nullable DsnRequest notify(@Nullable String value) {
    if (value == null || value.length() > 40) {
      return null;
    }
    if (Ascii.upper(value).equals("NEVER")) {
      return new DsnRequest(Set.of(), true, null);
    }
    Set<DsnRequest.NotifyEvent> when = EnumSet.noneOf(DsnRequest.NotifyEvent.class);
    for (String word : value.split(",", -1)) {
      DsnRequest.NotifyEvent event =
          switch (Ascii.upper(word)) {
            case "SUCCESS" -> DsnRequest.NotifyEvent.SUCCESS;
            case "FAILURE" -> DsnRequest.NotifyEvent.FAILURE;
            case "DELAY" -> DsnRequest.NotifyEvent.DELAY;
            default -> null;
          };
      if (event == null || !when.add(event)) {
        return null;
      }
    }
    return new DsnRequest(when, false, null);
  }

  private static Command unknownParameter(String verb, String keyword) {
    // RFC 5321 4.1.1.11.
    return malformed(verb, 555, ARGUMENT, "unsupported option: " + visible(keyword));
  }

  private static Command badParameter(String verb, String keyword) {
    return malformed(verb, 501, ARGUMENT, "invalid or repeated option: " + visible(keyword));
  }

  private static Command bdat(String argument) {
    int space = argument.indexOf(' ');
    OptionalLong size = count(space < 0 ? argument : argument.substring(0, space));
    String rest = space < 0 ? "" : argument.substring(space).strip();
    if (size.isEmpty() || !(rest.isEmpty() || Ascii.upper(rest).equals("LAST"))) {
      return malformed("BDAT", 501, ARGUMENT, "syntax: BDAT size [LAST]");
    }
    return new Command.Bdat(size.getAsLong(), !rest.isEmpty());
  }

  /** A number of 1 to 18 digits: 20 are allowed in SIZE (RFC 1870), and no message has so many. */
  private static OptionalLong count(@Nullable String digits) {
    if (digits == null || digits.isEmpty() || digits.length() > 20) {
      return OptionalLong.empty();
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return OptionalLong.empty();
      }
      value = value > Long.MAX_VALUE / 10 - 1 ? Long.MAX_VALUE / 10 - 1 : value * 10 + (c - '0');
    }
    return OptionalLong.of(value);
  }

  private static Command auth(String argument) {
    int space = argument.indexOf(' ');
    String mechanism = space < 0 ? argument : argument.substring(0, space);
    String initial = space < 0 ? null : argument.substring(space + 1);
    boolean good = !mechanism.isEmpty() && mechanism.length() <= 20;
    for (int i = 0; good && i < mechanism.length(); i++) {
      char c = mechanism.charAt(i);
      good = c < 0x80 && (Character.isLetterOrDigit(c) || c == '-' || c == '_');
    }
    if (!good || initial != null && (initial.isEmpty() || initial.indexOf(' ') >= 0)) {
      return malformed("AUTH", 501, ARGUMENT, "syntax: AUTH mechanism [initial-response]");
    }
    return new Command.Auth(Ascii.upper(mechanism), initial);
  }

  private static int skipBlanks(String text, int from) {
    int i = from;
    while (i < text.length() && isBlank(text.charAt(i))) {
      i++;
    }
    return i;
  }

  private static boolean endsHere(String text, int at) {
    return at == text.length() || text.charAt(at) == ' ';
  }

  static boolean isAscii(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /** Walks over {@code KEYWORD=value KEYWORD} (RFC 5321 4.1.2, esmtp-param). */
  private static final class Parameters {
    private final String text;
    private int at;
    private int count;
    private final java.util.ArrayList<String> keywords = new java.util.ArrayList<>(4);
    String keyword = "";
    @Nullable String value;
    boolean broken;

    Parameters(String text, int at) {
      this.text = text;
      this.at = at;
    }

    /** The next one, keyword in upper case; false at the end, or with {@link #broken} set. */
    boolean next() {
      at = skipBlanks(text, at);
      if (at == text.length() || broken) {
        return false;
      }
      int end = at;
      while (end < text.length() && !isBlank(text.charAt(end))) {
        end++;
      }
      String word = text.substring(at, end);
      at = end;
      int equals = word.indexOf('=');
      keyword = Ascii.upper(equals < 0 ? word : word.substring(0, equals));
      value = equals < 0 ? null : word.substring(equals + 1);
      broken =
          keyword.isEmpty()
              || keyword.charAt(0) == '-'
              || !keyword.chars().allMatch(c -> c < 0x80 && isKeywordChar((char) c))
              || value != null && value.isEmpty()
              || ++count > SmtpLimits.PARAMETERS
              || keywords.contains(keyword);
      keywords.add(keyword);
      return !broken;
    }

    private static boolean isKeywordChar(char c) {
      return Character.isLetterOrDigit(c) || c == '-';
    }
  }
}
