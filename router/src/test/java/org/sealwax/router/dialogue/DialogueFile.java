package org.sealwax.router.dialogue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A conversation in the RFCs' notation, for our server (a player sends {@code C:} and expects
 * {@code S:}) and for our client (the other way round).
 *
 * <pre>
 * # remark
 * @ option          what the world is like; its meaning is the test's
 * C: EHLO a.example a line, CRLF is added; lines in a row are one packet
 * C! a\r\n.\n       bytes: \r \n \t \0 \\ \xHH and \{300 x} for 300 times x
 * S: 250-SIZE *     a line; * stands for any text
 * == packet ==      what follows is another packet, sent when the peer waits
 * == tls ==         the handshake
 * == later 5m ==    time passes for the peer's read
 * == shutdown ==    the server is asked to end
 * == close ==       the peer has closed
 * == hang up ==     we close
 * Q: sender -> target, target      what came of it, one line for each message
 * B: text           a line of the last such message's content
 * E: text           the first line after its header
 * </pre>
 *
 * @param path for failure messages
 * @param options in order
 * @param steps in order
 * @param queued the {@code Q:}, {@code B:} and {@code E:} lines, with their letter
 */
public record DialogueFile(
    Path path, List<String> options, List<DialogueLine> steps, List<String> queued) {
  /** Copies. */
  public DialogueFile {
    options = List.copyOf(options);
    steps = List.copyOf(steps);
    queued = List.copyOf(queued);
  }

  /** One line of the conversation. */
  public sealed interface DialogueLine {
    /** The client sends these bytes. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Client(int line, byte[] octets, String text) implements DialogueLine {}

    /** The server sends a line like this. */
    record Server(int line, String pattern) implements DialogueLine {}

    /** {@code == packet ==}. */
    record Packet(int line) implements DialogueLine {}

    /** {@code == tls ==}. */
    record Tls(int line) implements DialogueLine {}

    /** {@code == later … ==}. */
    record Later(int line, Duration passed) implements DialogueLine {}

    /** {@code == shutdown ==}. */
    record Shutdown(int line) implements DialogueLine {}

    /** {@code == close ==}. */
    record Close(int line) implements DialogueLine {}

    /** {@code == hang up ==}. */
    record HangUp(int line) implements DialogueLine {}
  }

  /** All files under a folder of the test resources, sorted. */
  public static List<Path> under(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("router/src/test/resources/dialogue", folder))) {
      return files.filter(f -> f.toString().endsWith(".smtp")).sorted().toList();
    }
  }

  /** Reads one file; anything not understood is an error. */
  public static DialogueFile read(Path path) throws IOException {
    List<String> options = new ArrayList<>();
    List<DialogueLine> steps = new ArrayList<>();
    List<String> queued = new ArrayList<>();
    int number = 0;
    for (String line : Files.readAllLines(path)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String rest = line.length() > 3 ? line.substring(3) : "";
      if (line.startsWith("@ ")) {
        options.add(line.substring(2).strip());
      } else if (line.startsWith("C:")) {
        byte[] bytes = (rest + "\r\n").getBytes(StandardCharsets.UTF_8);
        steps.add(new DialogueLine.Client(number, bytes, rest));
      } else if (line.startsWith("C!")) {
        steps.add(new DialogueLine.Client(number, unescaped(rest), rest));
      } else if (line.startsWith("S:")) {
        steps.add(new DialogueLine.Server(number, rest));
      } else if (line.startsWith("Q:") || line.startsWith("B:") || line.startsWith("E:")) {
        queued.add(line);
      } else if (line.startsWith("== ") && line.endsWith(" ==")) {
        steps.add(directive(number, line.substring(3, line.length() - 3).strip()));
      } else {
        throw new IOException(path + ":" + number + ": not understood: " + line);
      }
    }
    return new DialogueFile(path, options, steps, queued);
  }

  private static DialogueLine directive(int number, String text) throws IOException {
    return switch (text) {
      case "packet" -> new DialogueLine.Packet(number);
      case "tls" -> new DialogueLine.Tls(number);
      case "shutdown" -> new DialogueLine.Shutdown(number);
      case "close" -> new DialogueLine.Close(number);
      case "hang up" -> new DialogueLine.HangUp(number);
      default -> {
        if (!text.startsWith("later ")) {
          throw new IOException("line " + number + ": not understood: " + text);
        }
        yield new DialogueLine.Later(
            number, Duration.parse("PT" + text.substring(6).toUpperCase(java.util.Locale.ROOT)));
      }
    };
  }

  /** The bytes of a text with the escapes of {@code C!}. */
  public static byte[] unescaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char next = text.charAt(++i);
      switch (next) {
        case 'r' -> out.append('\r');
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case '0' -> out.append('\0');
        case 'x' -> {
          out.append((char) Integer.parseInt(text, i + 1, i + 3, 16));
          i += 2;
        }
        case '{' -> {
          int space = text.indexOf(' ', i);
          int end = text.indexOf('}', space);
          int times = Integer.parseInt(text, i + 1, space, 10);
          out.append(
              new String(unescaped(text.substring(space + 1, end)), StandardCharsets.ISO_8859_1)
                  .repeat(times));
          i = end;
        }
        default -> out.append(next);
      }
    }
    return out.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Whether a line fits a pattern in which {@code *} stands for any text. */
  public static boolean matches(String pattern, String line) {
    int star = pattern.indexOf('*');
    if (star < 0) {
      return pattern.equals(line);
    }
    if (!line.startsWith(pattern.substring(0, star))) {
      return false;
    }
    String rest = pattern.substring(star + 1);
    for (int i = star; i <= line.length(); i++) {
      if (matches(rest, line.substring(i))) {
        return true;
      }
    }
    return false;
  }
}
