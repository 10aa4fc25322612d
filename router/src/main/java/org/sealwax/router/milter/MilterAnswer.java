package org.sealwax.router.milter;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.milter.MilterChannel.MilterPacket;

/** What a filter sends: an answer to a command, or a change on the way to one. */
sealed interface MilterAnswer {
  /** Go on. */
  record Continue() implements MilterAnswer {}

  /** Nothing more of this message is of interest. */
  record Accept() implements MilterAnswer {}

  /** Refused; 4yz or 5yz. */
  record Refuse(Reply reply) implements MilterAnswer {}

  /** The client gets 250, and the message is dropped. */
  record Discard() implements MilterAnswer {}

  /** No more of the body. */
  record Skip() implements MilterAnswer {}

  /** Still at work. */
  record Progress() implements MilterAnswer {}

  /** Hold the message. */
  record Quarantine(String reason) implements MilterAnswer {}

  /** A change to the header section. */
  record EditHeader(HeaderEdit edit) implements MilterAnswer {}

  /** A part of a new body. */
  record ReplaceBody(byte[] part) implements MilterAnswer {}

  /** A change that this server never makes. */
  record NotSupported(String what) implements MilterAnswer {}

  /** Texts as Postfix has them. */
  Reply REJECTED = Reply.of("550 5.7.1 Command rejected");

  /** The temporary form. */
  Reply DEFERRED = Reply.of("451 4.7.1 Service unavailable - try again later");

  /** Lines of a reply, as libmilter allows. */
  int MAX_LINES = 32;

  /** Characters of a line of a reply: RFC 5321 4.5.3.1.5 with the code and CRLF. */
  int MAX_LINE = 500;

  /**
   * Reads one packet.
   *
   * @throws MilterException when it is none of the protocol
   */
  static MilterAnswer of(MilterPacket packet) throws MilterException {
    ByteBuffer data = packet.data().duplicate();
    MilterAnswer answer =
        switch (packet.command()) {
          case 'c' -> new Continue();
          case 'a' -> new Accept();
          case 'r' -> new Refuse(REJECTED);
          case 't' -> new Refuse(DEFERRED);
          case '4' -> new Refuse(DEFERRED);
          case 'd' -> new Discard();
          case 's' -> new Skip();
          case 'p' -> new Progress();
          case 'y' -> new Refuse(reply(MilterText.only(data)));
          case 'q' -> new Quarantine(MilterText.printable(MilterText.only(data)));
          case 'h' -> new EditHeader(new HeaderEdit.Add(HeaderEdit.field(data)));
          case 'i' -> {
            int at = index(data);
            yield new EditHeader(new HeaderEdit.Insert(at, HeaderEdit.field(data)));
          }
          case 'm' -> {
            int at = Math.max(1, index(data));
            yield new EditHeader(new HeaderEdit.Change(at, HeaderEdit.field(data)));
          }
          case 'b' -> {
            ByteBuffer part = data.duplicate();
            data.position(data.limit());
            byte[] bytes = new byte[part.remaining()];
            part.get(bytes);
            yield new ReplaceBody(bytes);
          }
          case '+', '2' -> notSupported(data, "a new recipient");
          case '-' -> notSupported(data, "the removal of a recipient");
          case 'e' -> notSupported(data, "another sender");
          default ->
              throw new MilterException(
                  "unknown answer " + MilterText.printable(String.valueOf(packet.command())));
        };
    if (data.hasRemaining()) {
      throw new MilterException("extra bytes in the answer " + packet.command());
    }
    return answer;
  }

  private static NotSupported notSupported(ByteBuffer data, String what) {
    data.position(data.limit());
    return new NotSupported(what);
  }

  private static int index(ByteBuffer data) throws MilterException {
    if (data.remaining() < Integer.BYTES) {
      throw new MilterException("a change without an index");
    }
    int index = data.getInt();
    if (index < 0) {
      throw new MilterException("a negative index");
    }
    return index;
  }

  /**
   * The reply of SMFIR_REPLYCODE: one code in all lines, 4yz or 5yz, an enhanced status that fits,
   * and printable text.
   */
  private static Reply reply(String text) throws MilterException {
    String[] lines = text.split("\r?\n", -1);
    if (lines.length > MAX_LINES) {
      throw new MilterException("SMTP reply of more than " + MAX_LINES + " lines");
    }
    int code = code(lines[0]);
    Optional<EnhancedStatus> status = status(lines[0], code);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < lines.length; i++) {
      String line = lines[i];
      boolean isLast = i == lines.length - 1;
      if (code(line) != code || line.length() > MAX_LINE || separates(line) == isLast) {
        throw new MilterException("invalid SMTP reply: " + MilterText.printable(text));
      }
      String rest = line.length() > 4 ? line.substring(4) : "";
      if (!rest.chars().allMatch(c -> c >= ' ' && c <= '~')) {
        throw new MilterException("SMTP reply with characters that are not printable");
      }
      texts.add(status(line, code).isPresent() ? withoutStatus(rest) : rest);
    }
    // The session is ours: 421 would announce its end.
    int ours = code == 421 ? 451 : code;
    EnhancedStatus given = status.orElseGet(() -> EnhancedStatus.of("5.7.1").withKind(code / 100));
    return new Reply(ours, given, texts);
  }

  /** Whether the line is followed by another one. */
  private static boolean separates(String line) {
    return line.length() > 3 && line.charAt(3) == '-';
  }

  private static int code(String line) throws MilterException {
    boolean fits =
        line.length() >= 3
            && (line.charAt(0) == '4' || line.charAt(0) == '5')
            && line.charAt(1) >= '0'
            && line.charAt(1) <= '5'
            && line.charAt(2) >= '0'
            && line.charAt(2) <= '9'
            && (line.length() == 3 || line.charAt(3) == ' ' || line.charAt(3) == '-');
    if (!fits) {
      throw new MilterException("SMTP reply with a code other than 4yz or 5yz");
    }
    return Integer.parseInt(line, 0, 3, 10);
  }

  private static Optional<EnhancedStatus> status(String line, int code) {
    String rest = line.length() > 4 ? line.substring(4) : "";
    int end = rest.indexOf(' ');
    return EnhancedStatus.parse(end < 0 ? rest : rest.substring(0, end))
        .filter(s -> s.kind() == code / 100);
  }

  private static String withoutStatus(String rest) {
    int end = rest.indexOf(' ');
    return end < 0 ? "" : rest.substring(end + 1);
  }
}
