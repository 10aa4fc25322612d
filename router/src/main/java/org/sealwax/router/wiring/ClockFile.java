package org.sealwax.router.wiring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.SteadyClock;

/**
 * The file in the state folder by which a run knows the time of the one before: the believed and
 * the measured time, in milliseconds. Not synced: a mark of some minutes before, or none after a
 * power failure, costs a message some minutes of its lifetime.
 */
public final class ClockFile {
  private static final int MOST = 64;

  private final Path file;

  public ClockFile(Path state) {
    this.file = state.resolve("clock");
  }

  /** What the last run left; null when there is nothing that makes sense. */
  public SteadyClock.@Nullable Mark read() {
    try {
      String[] numbers =
          RegularFile.text(file, StandardCharsets.US_ASCII, MOST).trim().split(" ", -1);
      return numbers.length == 2 ? new SteadyClock.Mark(time(numbers[0]), time(numbers[1])) : null;
    } catch (IOException | NumberFormatException | DateTimeException e) {
      return null;
    }
  }

  private static Instant time(String text) {
    Instant time = Instant.ofEpochMilli(Long.parseLong(text));
    if (time.isBefore(Instant.EPOCH) || time.isAfter(Instant.parse("9999-01-01T00:00:00Z"))) {
      throw new DateTimeException("no valid time");
    }
    return time;
  }

  public void write(SteadyClock.Mark mark) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(
        fresh,
        mark.believed().toEpochMilli() + " " + mark.measured().toEpochMilli() + "\n",
        StandardCharsets.US_ASCII);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
