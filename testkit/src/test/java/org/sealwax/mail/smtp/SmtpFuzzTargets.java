package org.sealwax.mail.smtp;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.line;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** The parsers of SMTP, each next to a second, plainer statement of what it must do. */
public final class SmtpFuzzTargets {
  private static final int LINE = 64;
  private static final int BODY = 1_000_000;

  private static final String[] COMMANDS = {
    "EHLO mx.example.org",
    "HELO [192.0.2.1]",
    "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B314",
    "MAIL FROM:<> AUTH=<>",
    "MAIL FROM:<\"odd \\\" name\"@[IPv6:2001:db8::1]>",
    "RCPT TO:<@a.example,@b.example:c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d.example",
    "RCPT TO:<Postmaster>",
    "RCPT TO:<\u00c3\u00a9t\u00c3\u00a9@xn--bcher-kva.example>",
    "BDAT 1000 LAST",
    "AUTH PLAIN AGpvZQBzZWNyZXQ=",
    "AUTH SCRAM-SHA-256 =",
    "STARTTLS",
    "VRFY a",
    "NOOP x",
    "QUIT"
  };

  private SmtpFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "line-reader",
            SmtpFuzzTargets::lines,
            "EHLO a\r\nNOOP\r\n",
            "x\ny\r\n",
            "\u00c3\u00a9\r\n\u00c3\r\n",
            "a\rb\r\nc\0d\r\n",
            "x".repeat(70) + "\r\nshort\r\n"),
        FuzzTarget.ofTexts("command-parser", SmtpFuzzTargets::command, COMMANDS),
        FuzzTarget.ofTexts(
            "mailbox-parser",
            SmtpFuzzTargets::mailbox,
            "a@b.example",
            "\"odd \\\" name\"@b.example",
            "a+b.c@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            "\u00c3\u00a9@\u00c3\u00a9.example"),
        FuzzTarget.ofTexts(
            "reply-reader",
            SmtpFuzzTargets::replies,
            "220 mx.example.org ESMTP\r\n250-mx\r\n250-SIZE 100\r\n250 STARTTLS\r\n",
            "250-mx\r\n250-AUTH=PLAIN LOGIN\r\n250 LIMITS RCPTMAX=10 MAILMAX=3\r\n",
            "550 5.1.1 no\r\n",
            "250-2.0.0 a\r\n250 2.0.0 b\r\n",
            "421\r\n"),
        FuzzTarget.ofTexts(
            "dot-reader",
            SmtpFuzzTargets::data,
            "Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n",
            "..a\r\n...\r\n.b\r\n.\r\n",
            "a\n.\nMAIL FROM:<x@y.example>\r\n.\r\n",
            "a\r\n.\r\r\n.\r\n",
            ".\r\n",
            "a\r.\r\n.\n.\r\n\r\n.\r\n"),
        FuzzTarget.ofTexts(
            "dot-stuffing",
            SmtpFuzzTargets::stuffing,
            ".\n..\n.a\n\n.",
            "a\n.\nb",
            "",
            "....\n\n\n"),
        FuzzTarget.ofTexts(
            "bdat-reader",
            SmtpFuzzTargets::chunks,
            "\5Hello\3 wo\2\r\n",
            "\1\r\1\n",
            "\3a\nb",
            "\0"),
        FuzzTarget.ofTexts(
            "xtext", SmtpFuzzTargets::xtext, "a+2Bb", "rfc822;a+40b", "+C3+A9", "+", "+3", "a=b"));
  }

  /** The correct result of a line reader, found by searching instead of by stepping. */
  private static void lines(byte[] input) throws IOException {
    List<InputLine> expected = new ArrayList<>();
    int start = 0;
    boolean inStep = true;
    while (inStep) {
      int end = start;
      while (end < input.length && input[end] != '\n') {
        end++;
      }
      if (end == input.length) {
        expected.add(new InputLine.EndOfInput());
        break;
      }
      InputLine line = expected(input, start, end);
      inStep = !(line instanceof InputLine.BrokenLine r && r.lostLineStart());
      expected.add(line);
      start = end + 1;
    }
    for (int piece : new int[] {1, 7, 100_000}) {
      LineReader reader = new LineReader(new SlowInputStream(input, piece));
      List<InputLine> seen = new ArrayList<>();
      for (InputLine want : expected) {
        InputLine line = reader.read(LINE);
        seen.add(line);
        if (!line.equals(want)) {
          throw new AssertionError("in pieces of " + piece + " read " + seen + " not " + expected);
        }
      }
    }
  }

  private static InputLine expected(byte[] input, int start, int end) {
    if (end == start || input[end - 1] != '\r') {
      return new InputLine.BrokenLine(SmtpFlaw.BARE_LF);
    }
    for (int i = start; i < end; i++) {
      if (i > start && input[i - 1] == '\r') {
        return new InputLine.BrokenLine(SmtpFlaw.BARE_CR);
      }
      if (input[i] == 0) {
        return new InputLine.BrokenLine(SmtpFlaw.NUL);
      }
      if (i - start >= LINE) {
        return new InputLine.BrokenLine(SmtpFlaw.TOO_LONG);
      }
    }
    if (end + 1 - start > LINE) {
      return new InputLine.BrokenLine(SmtpFlaw.TOO_LONG);
    }
    try {
      return new InputLine.Text(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(input, start, end - 1 - start))
              .toString());
    } catch (CharacterCodingException e) {
      return new InputLine.BrokenLine(SmtpFlaw.NOT_UTF8);
    }
  }

  private static void command(byte[] input) {
    String text = line(input);
    Command command = CommandParser.parse(text);
    // Words of the protocol are ASCII: no other letter may be folded into one of them.
    boolean known = !(command instanceof Command.Unknown);
    holds(!known || text.chars().takeWhile(c -> c > ' ').allMatch(c -> c < 0x80), "");
    switch (command) {
      case Command.Malformed m -> {
        holds(m.reply().isPermanent(), "a malformed command gets a 5yz: " + m.reply());
        holds(!String.join("", m.reply().lines()).isBlank(), "a refusal without words");
      }
      case Command.Mail m -> {
        Command again = CommandParser.parse("MAIL FROM:<" + m.path() + ">");
        holds(again instanceof Command.Mail n && n.path().equals(m.path()), m.path() + " changes");
      }
      case Command.Rcpt r -> {
        Command again = CommandParser.parse("RCPT TO:<" + r.path() + ">");
        holds(again instanceof Command.Rcpt n && n.path().equals(r.path()), r.path() + " changes");
        holds(r.path().toString().indexOf('\r') < 0, "a line break in a path");
      }
      case Command.Bdat b -> holds(b.size() >= 0, "fewer bytes than none");
      default -> {
        // Nothing to compare.
      }
    }
  }

  private static void mailbox(byte[] input) {
    String text = text(input);
    MailboxParser.parse(text)
        .ifPresent(
            m -> holds(MailboxParser.parse(m.toString()).filter(m::equals).isPresent(), "" + m));
  }

  private static void replies(byte[] input) throws IOException {
    List<Reply> whole = replies(input, 100_000);
    holds(whole.equals(replies(input, 1)), "cut differently, read differently");
    for (Reply reply : whole) {
      ReplyWriter writer = new ReplyWriter();
      writer.append(reply);
      Capabilities offered = Capabilities.of(reply);
      holds(offered.maxSize().orElse(1) > 0, "a size of none");
      for (String word : offered.authMechanisms()) {
        holds(word.indexOf(' ') < 0, "two mechanisms in one");
      }
      offered.offers("X");
      offered.offersStarttls();
    }
  }

  private static List<Reply> replies(byte[] input, int piece) throws IOException {
    ReplyReader reader = new ReplyReader(new LineReader(new SlowInputStream(input, piece)));
    List<Reply> out = new ArrayList<>();
    try {
      while (true) {
        out.add(reader.read());
      }
    } catch (InvalidReplyException e) {
      return out;
    }
  }

  /**
   * The end of a message by its definition: the first CRLF.CRLF, a line start before the first byte
   * counted as CRLF. What follows it must be left in the reader, and nothing else.
   */
  private static void data(byte[] input) throws IOException {
    String wire = "\r\n" + new String(input, StandardCharsets.ISO_8859_1);
    int end = wire.indexOf("\r\n.\r\n");
    String rest = end < 0 ? "" : wire.substring(end + 5);
    String stuffed = end < 0 ? wire : wire.substring(0, end + 2);
    // "\r\n." is a stuffed dot; the leading CRLF is ours.
    String body = stuffed.replace("\r\n.", "\r\n").substring(2);
    for (int piece : new int[] {1, 13, 100_000}) {
      LineReader lines = new LineReader(new SlowInputStream(input, piece));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BodySummary summary = new DotReader(lines, BODY).readInto(out::write);
      holds(summary.complete() == (end >= 0), "an end is seen or overlooked");
      if (end < 0) {
        continue;
      }
      holds(flawed(body) == (summary.flaw() != null), "flaw " + summary.flaw());
      if (summary.flaw() == null) {
        holds(out.toString(StandardCharsets.ISO_8859_1).equals(body), "another body");
        holds(summary.bytes() == body.length(), "bytes");
      }
      holds(rest(lines).equals(rest), "commands become body, or body commands");
    }
  }

  private static boolean flawed(String body) {
    String without = body.replace("\r\n", "");
    return without.indexOf('\r') >= 0
        || without.indexOf('\n') >= 0
        || without.indexOf('\0') >= 0
        || Arrays.stream(body.split("\r\n", -1))
            .anyMatch(l -> l.length() + 2 > SmtpLimits.TEXT_LINE);
  }

  private static String rest(LineReader lines) throws IOException {
    StringBuilder out = new StringBuilder();
    while (lines.position < lines.limit || lines.fill()) {
      out.append((char) (lines.buffer[lines.position++] & 0xff));
    }
    return out.toString();
  }

  /** What we send, we read back the same. */
  private static void stuffing(byte[] input) throws IOException {
    String body =
        new String(input, StandardCharsets.ISO_8859_1)
            .replace("\r", "")
            .replace("\0", "")
            .replace("\n", "\r\n");
    byte[] bytes = body.getBytes(StandardCharsets.ISO_8859_1);
    for (int piece : new int[] {1, 2, 17, 100_000}) {
      ByteArrayOutputStream wire = new ByteArrayOutputStream();
      DotWriter writer = new DotWriter(wire);
      for (int at = 0; at < bytes.length; at += piece) {
        writer.write(bytes, at, Math.min(piece, bytes.length - at));
      }
      writer.end();
      LineReader lines = new LineReader(new SlowInputStream(wire.toByteArray(), piece));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BodySummary summary = new DotReader(lines, BODY).readInto(out::write);
      String ended = body.isEmpty() || body.endsWith("\r\n") ? body : body + "\r\n";
      holds(summary.complete() && summary.flaw() == null, "not taken: " + summary);
      holds(out.toString(StandardCharsets.ISO_8859_1).equals(ended), "another body");
      holds(lines.buffered() == 0, "bytes behind the end");
    }
  }

  /** An byte gives the size of a chunk, its bytes follow. */
  private static void chunks(byte[] input) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    LineReader lines = new LineReader(new SlowInputStream(input, 5));
    BdatReader reader = new BdatReader(lines, 300);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = 0;
    boolean whole = true;
    while (at < input.length && whole) {
      int size = input[at++] & 0xff;
      BdatReader.drop(lines, 1);
      int there = Math.min(size, input.length - at);
      all.write(input, at, there);
      at += there;
      whole = reader.readInto(size, out::write);
      holds(whole == (there == size), "the end of the stream is the end of a chunk");
    }
    BodySummary summary = reader.summary();
    String body = all.toString(StandardCharsets.ISO_8859_1);
    holds(summary.bytes() == body.length(), "bytes");
    holds(summary.tooLarge() == body.length() > 300, "limit");
    holds(flawed(body) == (summary.flaw() != null), "flaw " + summary.flaw());
    if (summary.flaw() == null && !summary.tooLarge()) {
      holds(out.toString(StandardCharsets.ISO_8859_1).equals(body), "another body");
    }
  }

  private static void xtext(byte[] input) {
    String text = text(input);
    @Nullable String decoded = XText.decode(text).orElse(null);
    holds(XText.isXText(text) == (decoded != null), "two opinions");
    if (decoded != null) {
      holds(XText.decode(encoded(decoded)).filter(decoded::equals).isPresent(), decoded);
    }
    if (text.indexOf('\ufffd') < 0) {
      holds(XText.decode(encoded(text)).filter(text::equals).isPresent(), text);
    }
  }

  /** Every byte as a {@code +} sequence (RFC 3461 section 4). */
  private static String encoded(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      out.append('+').append(HexFormat.of().withUpperCase().toHexDigits(b));
    }
    return out.toString();
  }
}
