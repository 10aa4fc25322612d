package org.sealwax.assess.survey;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Assessor;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;

/**
 * Many assessments, one line of input each. Memory does not grow with the input: lines are read as
 * slots become free, results are written at once, and {@link FinishedLines} records the finished
 * lines beyond a mark below which every line is finished.
 */
public final class Survey {
  /** Characters of a line; a name has 253. What is longer is a bad line. */
  static final int MAX_LINE = 1_024;

  private final Assessor assessor;
  private final AssessmentBudget budget;
  private final int window;

  /**
   * A survey.
   *
   * @param window targets begun and not ended at a time; more than there are visits at a time, so
   *     that targets that wait for their provider do not delay the others
   */
  public Survey(Assessor assessor, AssessmentBudget budget, int window) {
    if (window < 1) {
      throw new IllegalArgumentException("window " + window);
    }
    this.assessor = assessor;
    this.budget = budget;
    this.window = window;
  }

  /** Takes results; called by several threads, one at a time. */
  public interface ResultWriter {
    /** An assessment ended. */
    void report(long line, AssessmentReport report) throws IOException;

    /** A line is not a target. */
    void bad(long line, String text, String why) throws IOException;

    /** A line was finished in an earlier run. */
    void skipped(long line);
  }

  /** Lines that were finished in earlier runs. */
  public interface FinishedLines {
    /** Whether this line is finished. */
    boolean done(long line);
  }

  /**
   * Reads and assesses until the input ends.
   *
   * @throws IOException when input or output fails; running assessments end first
   */
  public void run(Reader input, FinishedLines before, ResultWriter writer)
      throws IOException, InterruptedException {
    Semaphore permits = new Semaphore(window);
    AtomicReference<@Nullable IOException> broken = new AtomicReference<>();
    Object order = new Object();
    BufferedReader lines = new BufferedReader(input);
    long number = 0;
    try {
      String line;
      while (broken.get() == null && (line = line(lines)) != null) {
        number++;
        String text = line.strip();
        if (text.isEmpty() || text.startsWith("#")) {
          continue;
        }
        if (before.done(number)) {
          writer.skipped(number);
          continue;
        }
        long here = number;
        AssessmentTarget target =
            line.length() > MAX_LINE ? null : AssessmentTarget.read(text).orElse(null);
        if (target == null) {
          synchronized (order) {
            writer.bad(here, text, problemOf(line));
          }
          continue;
        }
        permits.acquire();
        Threads.start(
            "survey",
            () -> {
              try {
                AssessmentReport report = assessor.assess(target, budget, ProgressListener.none());
                synchronized (order) {
                  writer.report(here, report);
                }
              } catch (IOException e) {
                broken.compareAndSet(null, e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } catch (RuntimeException e) {
                fault(writer, order, here, text, e, broken);
              } finally {
                permits.release();
              }
            });
      }
    } finally {
      permits.acquire(window);
    }
    IOException failure = broken.get();
    if (failure != null) {
      throw failure;
    }
  }

  /** A fault in our code at one target must not end the survey, nor be hidden. */
  private static void fault(
      ResultWriter writer,
      Object order,
      long line,
      String text,
      RuntimeException e,
      AtomicReference<@Nullable IOException> broken) {
    try {
      synchronized (order) {
        writer.bad(line, text, "the assessment failed: " + FailureText.of(e));
      }
    } catch (IOException again) {
      broken.compareAndSet(null, again);
    }
  }

  private static String problemOf(String line) {
    return line.length() > MAX_LINE
        ? "longer than " + MAX_LINE + " characters"
        : "no domain, host or host:port";
  }

  /** One line without its end; of a longer one the beginning, and the rest is dropped. */
  private static @Nullable String line(BufferedReader in) throws IOException {
    StringBuilder text = new StringBuilder();
    int c;
    boolean any = false;
    while ((c = in.read()) >= 0) {
      any = true;
      if (c == '\n') {
        break;
      }
      if (text.length() <= MAX_LINE) {
        text.append((char) c);
      }
    }
    return any ? text.toString() : null;
  }
}
