package org.sealwax.router.policyd;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.MailLog;

/**
 * Reads a growing log from its end on, over rotation (another file under the name, or one that has
 * shrunk). What was there before is not read: days must not be counted twice. Lines over the limit
 * are passed over.
 */
final class LogTail implements Closeable {
  private static final int BUFFER = 64 * 1_024;
  private static final long PAUSE_MILLIS = 500;

  private final Path file;
  private final Consumer<String> lines;
  private final MailLog log;
  private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
  private boolean overlong;
  private @Nullable FileChannel channel;
  private @Nullable Object key;
  private boolean first = true;
  private boolean reported;
  private @Nullable Thread thread;

  LogTail(Path file, Consumer<String> lines, MailLog log) {
    this.file = file;
    this.lines = lines;
    this.log = log;
  }

  /** Follows in the background until closed. */
  void start() {
    thread =
        Supervisor.start(
            "policyd log",
            () -> Thread.currentThread().isInterrupted(),
            () -> {
              try {
                while (!Thread.currentThread().isInterrupted()) {
                  readNew();
                  Thread.sleep(PAUSE_MILLIS);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  /** Reads what has come since. */
  void readNew() {
    try {
      FileChannel there = channel;
      if (there == null) {
        there = open();
      }
      read(there);
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      if (!java.util.Objects.equals(now.fileKey(), key) || now.size() < there.position()) {
        there.close();
        channel = null;
        partial.reset();
        overlong = false;
        read(open());
      }
      reported = false;
    } catch (IOException e) {
      if (!reported) {
        reported = true;
        log.warning("policyd", file + " cannot be read: " + FailureText.of(e));
      }
      first = false;
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      log.bug("policyd " + file, e);
    }
  }

  private FileChannel open() throws IOException {
    RegularFile.check(file);
    FileChannel opened = FileChannel.open(file, StandardOpenOption.READ);
    key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    if (first) {
      opened.position(opened.size());
      first = false;
    }
    channel = opened;
    return opened;
  }

  private void read(FileChannel from) throws IOException {
    InputStream in = Channels.newInputStream(from);
    byte[] buffer = new byte[BUFFER];
    for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
      for (int i = 0; i < count; i++) {
        take(buffer[i]);
      }
    }
  }

  private void take(byte b) {
    if (b != '\n') {
      overlong |= partial.size() >= PostfixLogLine.MAX_LENGTH;
      if (!overlong) {
        partial.write(b);
      }
      return;
    }
    if (!overlong) {
      lines.accept(partial.toString(StandardCharsets.UTF_8));
    }
    partial.reset();
    overlong = false;
  }

  @Override
  public void close() throws IOException {
    Thread running = thread;
    if (running != null) {
      running.interrupt();
    }
    FileChannel there = channel;
    if (there != null) {
      there.close();
    }
  }
}
