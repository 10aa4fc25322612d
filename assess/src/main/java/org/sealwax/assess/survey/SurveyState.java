package org.sealwax.assess.survey;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.RegularFile;

/**
 * What a survey has done, in a file: a heading that names the input, then for each line of it where
 * in the output its result begins, written before the result, and its number, written after it.
 *
 * <p>So a survey whose process is killed at any moment continues with what is missing. Where
 * results go to a file, the last one is looked for there: a whole one is finished, a part of one is
 * removed. Then no line comes twice and none is left out. Where they go to a pipe, this check is
 * impossible, and one line may come twice. Nothing is forced to the disk: this is about processes,
 * not about machines that lose power.
 */
public final class SurveyState implements Survey.FinishedLines, Closeable {
  private static final String HEAD = "sealwax survey 1 ";
  private static final Pattern DONE = Pattern.compile("[0-9]{1,18}");
  private static final Pattern BEGUN = Pattern.compile("[0-9]{1,18} [0-9]{1,18}");

  private final BufferedWriter out;
  private long below;
  private final TreeSet<Long> beyond = new TreeSet<>();

  private SurveyState(BufferedWriter out) {
    this.out = out;
  }

  /** A result that was begun and whose number is missing. */
  private record UnfinishedResult(long line, long at) {}

  /**
   * Opens or makes a state file.
   *
   * @param input what the survey reads, so that another input is noticed
   * @param results the file that results are appended to; null when they go elsewhere
   * @throws IOException when it is of another input, or no state file
   */
  public static SurveyState open(Path file, String input, @Nullable Path results)
      throws IOException {
    boolean there = Files.exists(file);
    if (there) {
      RegularFile.check(file);
      there = Files.size(file) > 0;
    }
    SurveyState state = new SurveyState(writer(file));
    try {
      if (there) {
        UnfinishedResult unfinished = state.read(file, input);
        cutLastLine(file);
        if (unfinished != null && results != null && isComplete(unfinished, results)) {
          state.note(unfinished.line());
        }
      } else {
        state.out.write(HEAD + input + "\n");
      }
      state.out.flush();
      return state;
    } catch (IOException e) {
      state.close();
      throw e;
    }
  }

  private static BufferedWriter writer(Path file) throws IOException {
    return Files.newBufferedWriter(
        file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private @Nullable UnfinishedResult read(Path file, String input) throws IOException {
    UnfinishedResult unfinished = null;
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(RegularFile.open(file), StandardCharsets.UTF_8))) {
      if (!(HEAD + input).equals(completeLine(in))) {
        throw new IOException(file + " is not the state of a survey of " + input);
      }
      String line;
      while ((line = completeLine(in)) != null) {
        if (DONE.matcher(line).matches()) {
          beyond.add(Long.parseLong(line));
          below = compact(beyond, below);
          unfinished = null;
        } else if (BEGUN.matcher(line).matches()) {
          int blank = line.indexOf(' ');
          unfinished =
              new UnfinishedResult(
                  Long.parseLong(line.substring(0, blank)),
                  Long.parseLong(line.substring(blank + 1)));
        }
      }
    }
    return unfinished;
  }

  /** The next line with its end; null when there is none. A number that was cut off is another. */
  private static @Nullable String completeLine(BufferedReader in) throws IOException {
    StringBuilder line = new StringBuilder();
    int c;
    while ((c = in.read()) >= 0) {
      if (c == '\n') {
        return line.toString();
      }
      if (line.length() < Survey.MAX_LINE * 8) {
        line.append((char) c);
      }
    }
    return null;
  }

  /**
   * Whether the result that was begun is there as a whole. A part of it at the end of the file is
   * removed; anything else is not ours, and stays.
   */
  private static boolean isComplete(UnfinishedResult unfinished, Path results) throws IOException {
    byte[] start = ("{\"line\":" + unfinished.line() + ",").getBytes(StandardCharsets.US_ASCII);
    try (FileChannel file =
        FileChannel.open(
            results,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      long at = unfinished.at();
      ByteBuffer block = ByteBuffer.allocate(8_192);
      while (file.read(block.clear(), at) > 0) {
        block.flip();
        while (block.hasRemaining()) {
          byte b = block.get();
          long index = at - unfinished.at();
          if (index < start.length && b != start[(int) index]) {
            return false;
          }
          if (b == '\n') {
            return true;
          }
          at++;
        }
      }
      if (at > unfinished.at()) {
        file.truncate(unfinished.at());
      }
      return false;
    }
  }

  /** Removes what is after the last line: what follows must not be taken for its end. */
  private static void cutLastLine(Path file) throws IOException {
    try (FileChannel state =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      long end = state.size();
      while (end > 0 && state.read(one.clear(), end - 1) == 1 && one.get(0) != '\n') {
        end--;
      }
      state.truncate(end);
    }
  }

  /** Consecutive numbers from the mark on move the mark. */
  private static long compact(NavigableSet<Long> done, long mark) {
    long at = mark;
    while (!done.isEmpty() && done.first() <= at + 1) {
      at = Math.max(at, done.pollFirst());
    }
    return at;
  }

  @Override
  public synchronized boolean done(long line) {
    return line <= below || beyond.contains(line);
  }

  /**
   * Notes that a result is about to be written.
   *
   * @param at bytes that its file has before it
   */
  public synchronized void begin(long line, long at) throws IOException {
    out.write(line + " " + at + "\n");
    out.flush();
  }

  /** Notes that a line is done; call it after its result is written. */
  public synchronized void note(long line) throws IOException {
    out.write(line + "\n");
    out.flush();
    beyond.add(line);
    below = compact(beyond, below);
  }

  /** Numbers held in memory beyond the mark, for tests. */
  synchronized int held() {
    return beyond.size();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
