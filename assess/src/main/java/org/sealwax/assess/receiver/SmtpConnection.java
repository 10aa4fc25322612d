package org.sealwax.assess.receiver;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.InvalidReplyException;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyReader;

/** An SMTP session over a wire, with or without TLS, with a transcript. One thread. */
final class SmtpConnection implements AutoCloseable {
  private static final int MAX_TRANSCRIPT = 4_096;

  private final Wire wire;
  private final LineReader lines;
  private final ReplyReader replies;
  private final StringBuilder transcript = new StringBuilder();

  SmtpConnection(Wire wire) {
    this.wire = wire;
    this.lines = new LineReader(wire.in());
    this.replies = new ReplyReader(lines);
  }

  Wire wire() {
    return wire;
  }

  /** Bytes that came unsolicited. */
  int unasked() {
    return lines.buffered();
  }

  /** Sends bytes as they are. */
  void send(String text) throws IOException {
    send(text, text.strip().replace("\r\n", "\nC: "));
  }

  /** Sends bytes as they are, and shows something else in the transcript. */
  void send(String text, String shown) throws IOException {
    note("C: " + shown);
    wire.out().write(text.getBytes(StandardCharsets.ISO_8859_1));
    wire.out().flush();
  }

  /** The next reply. */
  Reply reply(Duration longest) throws IOException {
    wire.readTimeout(longest);
    Reply reply = replies.read();
    note("S: " + reply);
    return reply;
  }

  Reply exchange(String command, Duration longest) throws IOException {
    send(command + "\r\n");
    return reply(longest);
  }

  /** The transcript, for evidence. */
  String transcript() {
    return transcript.toString();
  }

  private void note(String line) {
    if (transcript.length() < MAX_TRANSCRIPT) {
      transcript.append(line).append('\n');
    }
  }

  /** Sends QUIT and does not wait long for the reply. */
  void sendQuit() {
    try {
      send("QUIT\r\n");
    } catch (IOException | RuntimeException e) {
      // It was over already.
    }
    close();
  }

  @Override
  public void close() {
    close(wire);
  }

  /** Closes a wire, which is gone either way. */
  static void close(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // Nothing is left to do with it.
    }
  }

  /** The meaning of a failure to read a reply. */
  static ProbeFailed.ProbeFailureReason meaning(IOException e) {
    if (e instanceof SocketTimeoutException) {
      return ProbeFailed.ProbeFailureReason.SILENT;
    }
    if (e instanceof InvalidReplyException failure) {
      return switch (failure.kind()) {
        case CLOSED -> ProbeFailed.ProbeFailureReason.CLOSED;
        case TOO_LONG -> ProbeFailed.ProbeFailureReason.ENDLESS;
        case NOT_A_REPLY, CODE_CHANGED, BROKEN_LINE -> ProbeFailed.ProbeFailureReason.GARBAGE;
      };
    }
    return ProbeFailed.ProbeFailureReason.CLOSED;
  }
}
