package org.sealwax.router.milter;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Filters that send any bytes in any order. */
public final class MilterFuzzTargets {
  private MilterFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    String go = "\0\0\0\1c";
    String options = "\0\0\0\15O\0\0\0\6\0\0\1\377\0\0\0\0";
    return List.of(
        FuzzTarget.ofTexts(
            "milter-answers",
            MilterFuzzTargets::converse,
            options + go.repeat(6),
            options + go.repeat(5) + "\0\0\0\10hX-A\0b\0" + "\0\0\0\2q\0" + go,
            options + go.repeat(5) + "\0\0\0\14i\0\0\0\1X-A\0b\0" + "\0\0\0\1a",
            options + "\0\0\0\15y550 5.7.1 x\0",
            "\0\0\0\23O\0\0\0\6\0\0\1\377\0\0\4\0\0\0\0\1j\0" + go.repeat(5) + "\0\0\0\1s"));
  }

  /** A connection whose other end has sent all it will send. */
  private record SentBytes(InputStream in) implements Wire {
    @Override
    public OutputStream out() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InetSocketAddress local() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    @Override
    public InetSocketAddress peer() {
      return local();
    }

    @Override
    public void readTimeout(Duration timeout) {}

    @Override
    public void close() {}
  }

  private static void converse(byte[] input) throws IOException {
    ByteArrayInputStream sent = new ByteArrayInputStream(input);
    List<MilterAnswer> changes = new ArrayList<>();
    try {
      MilterConnection connection =
          MilterConnection.over(new SentBytes(sent), Duration.ofMinutes(1));
      MilterAnswer answer = new MilterAnswer.Continue();
      for (MilterStage stage :
          List.of(MilterStage.CONNECT, MilterStage.MAIL, MilterStage.RCPT, MilterStage.HEADER)) {
        if (answer instanceof MilterAnswer.Continue) {
          answer = connection.ask(stage, new byte[] {'x', 0}, Map.of("j", "mx.example"));
        }
      }
      if (answer instanceof MilterAnswer.Continue) {
        answer = connection.body(new ByteArrayInputStream(new byte[] {'b'}));
      }
      if (answer instanceof MilterAnswer.Continue || answer instanceof MilterAnswer.Skip) {
        answer = connection.end(Map.of(), Duration.ofMinutes(1), changes::add);
        // The end of a message is always answered: the last packet that was read is that answer.
        byte last = input[input.length - sent.available() - 1];
        holds(
            "cad4tr".indexOf(last) >= 0 || answer instanceof MilterAnswer.Refuse,
            "an end without an answer");
      }
      if (answer instanceof MilterAnswer.Refuse(Reply reply)) {
        holds(reply.code() >= 400 && reply.code() < 600, "4yz or 5yz");
        holds(reply.toString().chars().allMatch(c -> c >= ' ' && c <= '~'), "printable: " + reply);
      }
      apply(changes);
    } catch (MilterException e) {
      holds(e.getMessage() != null, "a failure has a reason");
    }
  }

  /** Whatever fields come, the message stays one header section and its body. */
  private static void apply(List<MilterAnswer> changes) throws IOException, MilterException {
    byte[] message = "A: b\r\n\r\nbody\r\n".getBytes(StandardCharsets.ISO_8859_1);
    for (boolean ours : List.of(true, false)) {
      MessageEdits edits =
          MessageEdits.read(new ByteArrayInputStream(message), ours, bytes -> true);
      for (MilterAnswer change : changes) {
        if (change instanceof MilterAnswer.EditHeader(HeaderEdit edit)) {
          edits.apply(edit, false);
        }
      }
      java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
      edits.writeTo(out, new ByteArrayInputStream(message));
      String text = out.toString(StandardCharsets.ISO_8859_1);
      holds(text.endsWith("\r\n\r\nbody\r\n") || text.equals("\r\nbody\r\n"), "the body: " + text);
      holds(
          text.indexOf("\r\n\r\n") == text.length() - 10 || text.startsWith("\r\n"), "one section");
    }
  }
}
