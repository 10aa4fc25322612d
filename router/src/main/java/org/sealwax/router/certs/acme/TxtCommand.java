package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.net.Threads;

/**
 * Writes TXT records by a command of the admin, with the arguments of lego's exec provider.
 *
 * @param command with its path
 */
record TxtCommand(Path command) implements TxtWriter {
  /** For one run: an API of a registrar may be slow. */
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  /** Bytes of output that are kept for the log. */
  private static final int MAX_OUTPUT = 2_048;

  @Override
  public TxtEntry entry(Proof.TxtRecord record) {
    return new TxtEntry() {
      @Override
      public void add() throws IOException, InterruptedException {
        run("present", record);
      }

      @Override
      public void remove() throws IOException, InterruptedException {
        run("cleanup", record);
      }
    };
  }

  private void run(String action, Proof.TxtRecord record) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command.toString(), action, record.owner().name() + ".", record.value())
            .redirectErrorStream(true)
            .start();
    byte[] output = new byte[MAX_OUTPUT];
    int[] length = {0};
    // Reading a pipe of a process blocks the carrier of a virtual thread.
    Thread reader = Threads.startPlatform("acme-dns", () -> length[0] = drain(process, output));
    boolean ended = false;
    try {
      process.getOutputStream().close();
      ended = process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      if (!ended) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
    if (!ended) {
      throw new IOException(
          command + " " + action + " did not end within " + TIMEOUT.toMinutes() + " minutes");
    }
    if (process.exitValue() != 0) {
      reader.join(Duration.ofSeconds(1));
      String text = new String(output, 0, length[0], StandardCharsets.ISO_8859_1);
      throw new IOException(
          command
              + " "
              + action
              + " ended with status "
              + process.exitValue()
              + (text.isBlank() ? "" : ": " + AcmeClient.ownWords(text)));
    }
  }

  /** Keeps the beginning, and reads to the end so that the command does not block. */
  private static int drain(Process process, byte[] kept) {
    int length = 0;
    byte[] block = new byte[1_024];
    try (InputStream in = process.getInputStream()) {
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        int fits = Math.min(n, kept.length - length);
        System.arraycopy(block, 0, kept, length, fits);
        length += fits;
      }
    } catch (IOException e) {
      // It has ended.
    }
    return length;
  }
}
