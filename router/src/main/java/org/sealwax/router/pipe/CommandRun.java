package org.sealwax.router.pipe;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.queue.Consignment;

/**
 * One run of a command, in a session and process group of its own.
 *
 * <p>Reading and writing a process's pipes blocks the thread that carries a virtual one, so two
 * platform threads do it, and a few stuck commands cannot stop all other mail.
 */
final class CommandRun {
  /**
   * Bytes of output that are kept; the rest is read and dropped, so that the command does not
   * block.
   */
  static final int MAX_OUTPUT = 2048;

  /**
   * Between TERM and KILL: time for a wrapper to end its child, which we have no right to signal.
   */
  static final Duration GRACE = Duration.ofSeconds(3);

  /** How long output may come after the exit: from children that inherited it. */
  private static final Duration AFTERMATH = Duration.ofSeconds(1);

  private static final @Nullable String SETSID = setsid();

  /** The end of a command. */
  sealed interface CommandEnd {
    /** The command exited; with its output. */
    record Exited(int status, String output) implements CommandEnd {}

    /** The command ran into the timeout. */
    record TimedOut(String output) implements CommandEnd {}

    /** The message could not be read to its end; the command was killed before it could notice. */
    record InputFailed(String why) implements CommandEnd {}
  }

  private final Process process;
  private final byte[] output = new byte[MAX_OUTPUT];
  private int kept;
  private volatile @Nullable String failure;

  private CommandRun(Process process) {
    this.process = process;
  }

  private static @Nullable String setsid() {
    for (String path : List.of("/usr/bin/setsid", "/bin/setsid")) {
      if (Files.isExecutable(Path.of(path))) {
        return path;
      }
    }
    return null;
  }

  /** Whether commands get a process group of their own here. */
  static boolean hasOwnGroup() {
    return SETSID != null;
  }

  /**
   * Starts the command, feeds it, and waits.
   *
   * @throws IOException when it cannot be started
   */
  static CommandEnd of(
      PipeSettings settings, List<String> argv, byte[] head, Consignment.MessageContent content)
      throws IOException, InterruptedException {
    List<String> line =
        Stream.of(
                SETSID == null ? Stream.<String>of() : Stream.of(SETSID),
                settings.wrapper().stream(),
                argv.stream())
            .flatMap(s -> s)
            .toList();
    ProcessBuilder builder =
        new ProcessBuilder(line).directory(settings.directory().toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(settings.variables());
    CommandRun run = new CommandRun(builder.start());
    return run.watch(settings, head, content);
  }

  private CommandEnd watch(PipeSettings settings, byte[] head, Consignment.MessageContent content)
      throws InterruptedException {
    Thread reader = Threads.startPlatform("pipe-output", this::drain);
    Thread feeder =
        Threads.startPlatform("pipe-input", () -> feed(head, content, settings.lineEnd()));
    boolean exited = false;
    try {
      exited = process.waitFor(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      if (!exited) {
        // Also when we are interrupted: no thread would wait for it any more.
        kill();
      }
    }
    reader.join(AFTERMATH.toMillis());
    feeder.join(AFTERMATH.toMillis());
    if (exited && (reader.isAlive() || feeder.isAlive())) {
      // Children that it left behind hold our pipes; each would keep our thread.
      signal("KILL");
    }
    String unread = failure;
    if (unread != null) {
      return new CommandEnd.InputFailed(unread);
    }
    return exited
        ? new CommandEnd.Exited(process.exitValue(), outputLine())
        : new CommandEnd.TimedOut(outputLine());
  }

  private void feed(byte[] head, Consignment.MessageContent content, PipeSettings.LineEnd lineEnd) {
    byte[] block = new byte[16 * 1024];
    try (InputStream in = content.open()) {
      OutputStream out = process.getOutputStream();
      boolean open = write(out, head, head.length);
      boolean heldCr = false;
      for (int n = read(in, block, 1); open && n >= 0; n = read(in, block, 1)) {
        int length = n + 1;
        int from = 1;
        if (lineEnd == PipeSettings.LineEnd.LF) {
          // A CR at the end of a block waits for what follows; space for it is kept in front.
          if (heldCr) {
            block[0] = '\r';
            from = 0;
          }
          heldCr = block[length - 1] == '\r';
          length = withoutCr(block, from, heldCr ? length - 1 : length);
          from = 0;
        } else {
          System.arraycopy(block, 1, block, 0, n);
          length = n;
          from = 0;
        }
        open = write(out, block, length);
      }
      if (open && heldCr) {
        write(out, new byte[] {'\r'}, 1);
      }
    } catch (IOException e) {
      // The end of its input would look like the end of the message: it must not see it.
      failure = FailureText.of(e);
      kill();
    } catch (RuntimeException e) {
      failure = "its standard input failed: " + FailureText.of(e);
      kill();
    } finally {
      closeInput();
    }
  }

  private static int read(InputStream in, byte[] block, int from) throws IOException {
    return in.read(block, from, block.length - from);
  }

  /** Moves to the front without the CR of each CRLF; the length that is left. */
  private static int withoutCr(byte[] block, int from, int to) {
    int out = 0;
    for (int i = from; i < to; i++) {
      byte b = block[i];
      if (b != '\r' || i + 1 == to || block[i + 1] != '\n') {
        block[out++] = b;
      }
    }
    return out;
  }

  // False when the command does not want more: that is its right (EPIPE), its status counts.
  private static boolean write(OutputStream out, byte[] block, int length) {
    try {
      out.write(block, 0, length);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void closeInput() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // What was left in the buffer could not be written: as above.
    }
  }

  private void drain() {
    byte[] block = new byte[1024];
    try (InputStream in = process.getInputStream()) {
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        keep(block, n);
      }
    } catch (IOException e) {
      // The process has ended; its output is kept.
    }
  }

  private synchronized void keep(byte[] block, int n) {
    int fits = Math.min(n, MAX_OUTPUT - kept);
    System.arraycopy(block, 0, output, kept, fits);
    kept += fits;
  }

  /** The output in one line of printable characters. */
  private synchronized String outputLine() {
    String text = new String(output, 0, kept, StandardCharsets.UTF_8);
    StringBuilder out = new StringBuilder(text.length());
    boolean gap = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || Character.isISOControl(c) || Character.isWhitespace(c)) {
        gap = !out.isEmpty();
      } else {
        if (gap) {
          out.append(' ');
          gap = false;
        }
        out.append(c);
      }
    }
    return out.toString();
  }

  /**
   * TERM, and KILL after the grace, to the whole group and to all other processes that can be
   * found.
   */
  private void kill() {
    List<ProcessHandle> started = process.descendants().toList();
    signal("TERM");
    started.forEach(ProcessHandle::destroy);
    boolean interrupted = Thread.interrupted();
    boolean gone = false;
    try {
      gone = process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    // The group may outlive its leader; as long as it does, its number is not given again.
    if (!gone || started.stream().anyMatch(ProcessHandle::isAlive)) {
      signal("KILL");
    }
    started.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void signal(String name) {
    if (SETSID == null) {
      process.destroy();
      return;
    }
    try {
      // Java signals single processes only. The only variable part is a process id of our own.
      new ProcessBuilder("/bin/sh", "-c", "kill -s " + name + " -- -" + process.pid())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (IOException e) {
      process.destroy();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
