package org.sealwax.router.dialogue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.mail.smtp.InputLine;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.testkit.net.MemoryWire;
import org.sealwax.testkit.tls.FakeTls;

/**
 * Plays one side of a {@link DialogueFile} over one end of a connection in memory; the other end is
 * what is tested. Times out only at the test's own limit.
 */
public final class DialoguePlayer {
  /** What only the test can do. */
  public interface DialogueEvents {
    /** Time passes for the tested side; its read has been notified. */
    void later(Duration passed);

    /** The tested server is to end. */
    void shutdown();

    /** The handshake, on our side of {@code wire}; the bytes read ahead are none. */
    default void handshake(MemoryWire wire) throws IOException {
      FakeTls.asClient(wire);
    }
  }

  private static final int LONGEST_LINE = 100_000;

  private final DialogueFile file;
  private final MemoryWire local;
  private final MemoryWire tested;
  private final DialogueEvents environment;
  private final ByteArrayOutputStream packet = new ByteArrayOutputStream();
  private LineReader in;

  /**
   * A player.
   *
   * @param local the end it talks over
   * @param tested the other end, for time
   */
  public DialoguePlayer(
      DialogueFile file, MemoryWire local, MemoryWire tested, DialogueEvents events) {
    this.file = file;
    this.local = local;
    this.tested = tested;
    this.environment = events;
    this.in = new LineReader(local.in());
  }

  /** Sends the client's part and expects the server's: for our server. */
  public void playClient() throws IOException, InterruptedException {
    for (DialogueFile.DialogueLine step : file.steps()) {
      switch (step) {
        case DialogueFile.DialogueLine.Client c -> packet.writeBytes(c.octets());
        case DialogueFile.DialogueLine.Server s -> {
          send();
          expect(s.line(), s.pattern());
        }
        default -> {
          send();
          common(step);
        }
      }
    }
    send();
  }

  /** Sends the server's part and expects the client's: for our client. */
  public void playServer() throws IOException, InterruptedException {
    for (DialogueFile.DialogueLine step : file.steps()) {
      switch (step) {
        case DialogueFile.DialogueLine.Server s ->
            packet.writeBytes((s.pattern() + "\r\n").getBytes(StandardCharsets.UTF_8));
        case DialogueFile.DialogueLine.Client c -> {
          send();
          expect(c.line(), c.text());
        }
        default -> {
          send();
          common(step);
        }
      }
    }
    send();
  }

  private void common(DialogueFile.DialogueLine step) throws IOException, InterruptedException {
    switch (step) {
      case DialogueFile.DialogueLine.Packet p -> tested.awaitReader();
      case DialogueFile.DialogueLine.Tls t -> {
        assertEquals(0, in.buffered(), at(t.line()) + "something was said before the handshake");
        environment.handshake(local);
        in = new LineReader(local.in());
      }
      case DialogueFile.DialogueLine.Later l -> {
        tested.awaitReader();
        environment.later(l.passed());
        var _ = tested.elapse(l.passed());
      }
      case DialogueFile.DialogueLine.Shutdown s -> {
        tested.awaitReader();
        environment.shutdown();
      }
      case DialogueFile.DialogueLine.Close c -> {
        InputLine line = in.read(LONGEST_LINE);
        assertTrue(
            line instanceof InputLine.EndOfInput, () -> at(c.line()) + "not closed, but " + line);
      }
      case DialogueFile.DialogueLine.HangUp h -> local.close();
      case DialogueFile.DialogueLine.Client c -> throw new IllegalStateException("played above");
      case DialogueFile.DialogueLine.Server s -> throw new IllegalStateException("played above");
    }
  }

  private void send() throws IOException {
    if (packet.size() > 0) {
      try {
        local.out().write(packet.toByteArray());
      } catch (java.net.SocketException e) {
        // The peer closed without reading all; what it sent is read next.
      }
      packet.reset();
    }
  }

  private void expect(int number, String pattern) throws IOException {
    InputLine line = in.read(LONGEST_LINE);
    String text =
        switch (line) {
          case InputLine.Text t -> t.text();
          case InputLine.EndOfInput e -> fail(at(number) + "closed instead of: " + pattern);
          case InputLine.BrokenLine r -> fail(at(number) + r.flaw() + " instead of: " + pattern);
        };
    if (!DialogueFile.matches(pattern, text)) {
      assertEquals(pattern, text, at(number) + "said something else");
    }
  }

  private String at(int number) {
    return file.path() + ":" + number + ": ";
  }
}
