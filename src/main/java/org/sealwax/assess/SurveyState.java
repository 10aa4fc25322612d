package org.sealwax.assess;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * What a survey has done, in a file: a heading that names the input, then the number of each line
 * that is done. A survey that was broken off goes on with what is missing; as results are written
 * before their number, a line may come twice and never not at all.
 */
public final class SurveyState implements Survey.Ledger, Closeable {
  private static final String HEAD = "sealwax survey 1 ";

  private final BufferedWriter out;
  private long below;
  private final TreeSet<Long> beyond = new TreeSet<>();

  private SurveyState(BufferedWriter out) {
    this.out = out;
  }

  /**
   * Opens or makes a state file.
   *
   * @param input what the survey reads, so that another input is noticed
   * @throws IOException when it is of another input, or no state file
   */
  public static SurveyState open(Path file, String input) throws IOException {
    boolean there = Files.exists(file) && Files.size(file) > 0;
    TreeSet<Long> done = new TreeSet<>();
    long[] mark = {0};
    if (there) {
      read(file, input, done, mark);
    }
    SurveyState state =
        new SurveyState(
            Files.newBufferedWriter(
                file,
                StandardCharsets.UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND));
    state.below = mark[0];
    state.beyond.addAll(done);
    if (!there) {
      state.out.write(HEAD + input + "\n");
      state.out.flush();
    } else {
      // The last number may have been cut off when the machine went down.
      state.out.write("\n");
    }
    return state;
  }

  private static void read(Path file, String input, NavigableSet<Long> done, long[] mark)
      throws IOException {
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      String head = in.readLine();
      if (head == null || !head.equals(HEAD + input)) {
        throw new IOException(file + " is not the state of a survey of " + input);
      }
      String line;
      while ((line = in.readLine()) != null) {
        if (line.isEmpty() || !line.matches("[0-9]{1,18}")) {
          continue;
        }
        done.add(Long.parseLong(line));
        mark[0] = compact(done, mark[0]);
      }
    }
  }

  /** Numbers that follow on each other from the mark are a mark. */
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

  /** Notes that a line is done; call it after its result is out of hand. */
  public synchronized void note(long line) throws IOException {
    out.write(Long.toString(line));
    out.write('\n');
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
