package org.sealwax.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The transcript of one session, for {@code explain}, findings and tests: who said what and when,
 * never more than {@link #MAX_LINES}. Message bodies and AUTH exchanges do not belong in it. Owned
 * by the session's thread.
 */
public final class Trail {
  /** Lines kept: a whole ordinary session; of a longer one the beginning, which explains it. */
  public static final int MAX_LINES = 200;

  /** Characters of one line that are kept. */
  public static final int MAX_TEXT = 512;

  /** Who said it. */
  public enum Speaker {
    CLIENT,
    SERVER,
    /** A remark of ours: connected, handshake, timed out. */
    NOTE
  }

  /**
   * One line.
   *
   * @param at since the session began
   * @param text escaped as in the log
   */
  public record Entry(Duration at, Speaker speaker, String text) {}

  private final List<Entry> entries = new ArrayList<>();
  private int left;

  /** Adds one line, as long as there is room. */
  public void add(Duration at, Speaker speaker, String text) {
    if (entries.size() >= MAX_LINES) {
      left++;
      return;
    }
    StringBuilder escaped = new StringBuilder(text.length() + 8);
    Line.escape(text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text, false, escaped);
    entries.add(new Entry(at, speaker, escaped.toString()));
  }

  /** What was kept, in order. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** How many lines found no room. */
  public int leftOut() {
    return left;
  }
}
