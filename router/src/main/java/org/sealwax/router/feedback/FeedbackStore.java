package org.sealwax.router.feedback;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.feedback.DeadTargets.DailyRun;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;
import org.sealwax.router.store.StoreFile;

/**
 * Counts of what was reported, on disk, and the runs of {@link DeadTargets}. Each method is one
 * transaction, made by a platform thread. Thread-safe; one process writes, others may read.
 *
 * <p>Reports of one day, of one source in a day, and rows of each kind are limited: what comes
 * beyond is not counted, and nothing is deleted for it before its time. A file that is damaged is
 * moved aside; the counts in it are lost.
 */
public final class FeedbackStore implements Closeable {
  /** Name of the file in the state folder. */
  public static final String FILE = "feedback.db";

  /** Reports of one kind in a day. */
  static final int REPORTS_PER_DAY = 5_000;

  /** Reports of one kind and one source in a day: one organisation reports once about a domain. */
  static final int REPORTS_OF_ONE = 500;

  /**
   * Rows of one kind and day with all names; further ones have {@link ReportSource#OTHER} in the
   * place of their source, up to twice as many rows.
   */
  static final int ROWS_PER_DAY = 1_000;

  /** Rows of one kind: some hundred bytes each. */
  static final int ROWS = 100_000;

  private static final int CACHE = 1024;

  private static final SqliteFormat FORMAT =
      new SqliteFormat(
          "store of feedback",
          0x53656662, // "Sefb"
          List.of("journal_mode = WAL", "synchronous = FULL"),
          List.of("report", "reported", "run"),
          List.of(
              SqliteFormat.Migration.of(
                  "CREATE TABLE report(digest TEXT PRIMARY KEY, day INTEGER NOT NULL,"
                      + " kind TEXT NOT NULL, source TEXT NOT NULL) WITHOUT ROWID",
                  "CREATE INDEX report_day ON report(day, kind, source)",
                  // fresh: times that no summary has shown yet
                  "CREATE TABLE reported(day INTEGER NOT NULL, kind TEXT NOT NULL,"
                      + " about TEXT NOT NULL, target TEXT NOT NULL, source TEXT NOT NULL,"
                      + " detail TEXT NOT NULL, times INTEGER NOT NULL, fresh INTEGER NOT NULL,"
                      + " PRIMARY KEY(day, kind, about, target, source, detail)) WITHOUT ROWID",
                  "CREATE TABLE run(alias TEXT NOT NULL, target TEXT NOT NULL,"
                      + " first INTEGER NOT NULL, last INTEGER NOT NULL,"
                      + " PRIMARY KEY(alias, target)) WITHOUT ROWID")));

  private final StoreFile rows;
  private final Map<FeedbackKind, Long> stored = new EnumMap<>(FeedbackKind.class);
  private @Nullable LocalDate cleaned;

  private FeedbackStore(StoreFile rows) {
    this.rows = rows;
  }

  /**
   * Opens the file, or makes it.
   *
   * @throws IOException when neither can be done
   */
  public static FeedbackStore open(Path file, MailLog log) throws IOException {
    FeedbackStore store =
        new FeedbackStore(
            StoreFile.openOrReplace(file, FORMAT, damage -> log.warning("feedback", damage)));
    try {
      store.rows.transaction(store::countRows);
      return store;
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private Map<FeedbackKind, Long> countRows(Statements w) throws SQLException {
    for (FeedbackKind kind : FeedbackKind.values()) {
      stored.put(kind, w.number("SELECT count(*) FROM reported WHERE kind = ?", kind.word()));
    }
    return stored;
  }

  /**
   * One report.
   *
   * @param kind of it
   * @param source who sent it
   * @param id unique among the reports of the kind and the source
   */
  public record ReportKey(FeedbackKind kind, ReportSource source, String id) {
    String digest() {
      String text = kind.word() + "\n" + source + "\n" + id;
      try {
        byte[] hash =
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash, 0, 16);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** The result for a report. */
  public enum KeepResult {
    /** It is on stable storage. */
    COUNTED,
    /** It was counted before. */
    DUPLICATE,
    /** The day, or the source on this day, has sent too many. */
    TOO_MANY
  }

  /**
   * Counts a report.
   *
   * @param today in UTC
   * @param keep for how long counts are kept after their day
   * @param counts of it, by their own days
   * @throws IOException when the store fails; nothing of it is counted
   */
  KeepResult keep(ReportKey key, LocalDate today, Duration keep, List<FeedbackCount> counts)
      throws IOException {
    return rows.transaction(w -> kept(w, key, today, keep, counts));
  }

  private KeepResult kept(
      Statements w, ReportKey key, LocalDate today, Duration keep, List<FeedbackCount> counts)
      throws SQLException {
    deleteOld(w, today, keep);
    long day = today.toEpochDay();
    String kind = key.kind().word();
    if (w.number("SELECT count(*) FROM report WHERE digest = ?", key.digest()) > 0) {
      return KeepResult.DUPLICATE;
    }
    long ofKind = w.number("SELECT count(*) FROM report WHERE day = ? AND kind = ?", day, kind);
    long ofOne =
        w.number(
            "SELECT count(*) FROM report WHERE day = ? AND kind = ? AND source = ?",
            day,
            kind,
            key.source().name());
    if (ofKind >= REPORTS_PER_DAY || ofOne >= REPORTS_OF_ONE) {
      return KeepResult.TOO_MANY;
    }
    w.update(
        "INSERT INTO report(digest, day, kind, source) VALUES(?, ?, ?, ?)",
        key.digest(),
        day,
        kind,
        key.source().name());
    for (FeedbackCount count : counts) {
      add(w, count);
    }
    return KeepResult.COUNTED;
  }

  private void add(Statements w, FeedbackCount count) throws SQLException {
    int changed =
        w.update(
            "UPDATE reported SET times = times + ?, fresh = fresh + ? WHERE day = ? AND kind = ?"
                + " AND about = ? AND target = ? AND source = ? AND detail = ?",
            count.times(),
            count.times(),
            count.day().toEpochDay(),
            count.kind().word(),
            count.about().alias(),
            count.about().target(),
            count.source().name(),
            count.detail());
    if (changed > 0) {
      return;
    }
    boolean other = count.source().equals(ReportSource.OTHER);
    long ofDay =
        w.number(
            "SELECT count(*) FROM reported WHERE day = ? AND kind = ?",
            count.day().toEpochDay(),
            count.kind().word());
    long there = stored.getOrDefault(count.kind(), 0L);
    if (!other && (ofDay >= ROWS_PER_DAY || there >= ROWS)) {
      add(
          w,
          new FeedbackCount(
              count.day(),
              count.kind(),
              count.about(),
              ReportSource.OTHER,
              count.detail(),
              count.times()));
    } else if (ofDay < 2 * ROWS_PER_DAY && there < ROWS) {
      w.update(
          "INSERT INTO reported(day, kind, about, target, source, detail, times, fresh)"
              + " VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
          count.day().toEpochDay(),
          count.kind().word(),
          count.about().alias(),
          count.about().target(),
          count.source().name(),
          count.detail(),
          count.times(),
          count.times());
      // After a failed transaction it is too high until the next day: too strict, never too lax.
      stored.put(count.kind(), there + 1);
    }
  }

  /** Once a day. */
  private void deleteOld(Statements w, LocalDate today, Duration keep) throws SQLException {
    if (today.equals(cleaned)) {
      return;
    }
    long oldest = today.minusDays(keep.toDays()).toEpochDay();
    w.update("DELETE FROM report WHERE day < ?", oldest);
    w.update("DELETE FROM reported WHERE day < ?", oldest);
    countRows(w);
    cleaned = today;
  }

  /** What no summary has shown yet: it is shown now. */
  public List<FeedbackCount> takeFresh() throws IOException {
    return rows.transaction(
        w -> {
          List<FeedbackCount> fresh =
              w.all(
                  "SELECT day, kind, about, target, source, detail, fresh FROM reported"
                      + " WHERE fresh > 0",
                  FeedbackStore::count);
          w.update("UPDATE reported SET fresh = 0 WHERE fresh > 0");
          return fresh;
        });
  }

  private static FeedbackCount count(ResultSet row) throws SQLException {
    String kind = row.getString(2);
    return new FeedbackCount(
        LocalDate.ofEpochDay(row.getLong(1)),
        FeedbackKind.of(kind).orElseThrow(() -> new SQLException("no kind of report")),
        AliasTarget.alias(row.getString(3)).to(row.getString(4)),
        new ReportSource(row.getString(5)),
        row.getString(6),
        row.getLong(7));
  }

  /** The stored runs of targets. */
  public Map<AliasTarget, DailyRun> runs() throws IOException {
    return rows.transaction(FeedbackStore::runs);
  }

  private static Map<AliasTarget, DailyRun> runs(Statements rows) throws SQLException {
    Map<AliasTarget, DailyRun> found = new HashMap<>();
    rows.all(
            "SELECT alias, target, first, last FROM run",
            r ->
                Map.entry(
                    AliasTarget.alias(r.getString(1)).to(r.getString(2)),
                    new DailyRun(
                        LocalDate.ofEpochDay(r.getLong(3)), LocalDate.ofEpochDay(r.getLong(4)))))
        .forEach(one -> found.put(one.getKey(), one.getValue()));
    return found;
  }

  /**
   * Stores runs of targets.
   *
   * @param changed a run, or null where it ended
   */
  public void saveRuns(Map<AliasTarget, @Nullable DailyRun> changed) throws IOException {
    rows.transaction(
        w -> {
          for (Map.Entry<AliasTarget, @Nullable DailyRun> one : changed.entrySet()) {
            DailyRun run = one.getValue();
            String alias = one.getKey().alias();
            String target = one.getKey().target();
            if (run == null) {
              w.update("DELETE FROM run WHERE alias = ? AND target = ?", alias, target);
            } else {
              w.update(
                  "INSERT OR REPLACE INTO run(alias, target, first, last)" + " VALUES(?, ?, ?, ?)",
                  alias,
                  target,
                  run.first().toEpochDay(),
                  run.last().toEpochDay());
            }
          }
          // Runs of names that were left out of memory at its limit end here.
          w.update(
              "DELETE FROM run WHERE last < (SELECT max(last) FROM run) - ?", DeadTargets.DAYS);
          return changed;
        });
  }

  /**
   * What a store has.
   *
   * @param counts from the day on that was asked for
   * @param dead a sentence for each dead target
   */
  public record StoredFeedback(List<FeedbackCount> counts, List<String> dead) {
    /** Copies. */
    public StoredFeedback {
      counts = List.copyOf(counts);
      dead = List.copyOf(dead);
    }
  }

  /**
   * Reads a store that no process writes, such as a copy.
   *
   * @param since first day of the counts
   */
  public static StoredFeedback read(Path file, LocalDate since, LocalDate today)
      throws IOException {
    if (!Files.exists(file)) {
      return new StoredFeedback(List.of(), List.of());
    }
    try (Statements rows = new Statements(Sqlite.reader(file, CACHE))) {
      return new StoredFeedback(
          rows.all(
              "SELECT day, kind, about, target, source, detail, times FROM reported WHERE day >= ?"
                  + " ORDER BY day, kind, about, target, source, detail",
              FeedbackStore::count,
              since.toEpochDay()),
          DeadTargets.sentences(runs(rows), today));
    } catch (SQLException e) {
      throw new IOException("the store of feedback: " + FailureText.of(e), e);
    }
  }

  @Override
  public void close() {
    rows.close();
  }
}
