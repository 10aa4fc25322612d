package org.sealwax.router.sts;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;
import org.sealwax.router.store.StoreFormatException;

/**
 * The store of policies on disk: one row for each domain that has a policy or has a problem with
 * one. Every method is one transaction that is durable when it returns, and is made by a platform
 * thread of its own; only reads are made by the caller, on a connection of their own, and wait for
 * no commit. Thread-safe.
 *
 * <p>A row that cannot be read (its text is not a policy any more) counts as not there; a file that
 * is not a database is moved aside, and that is logged.
 */
final class StsPolicyStore implements Closeable {
  private static final SqliteFormat POLICIES =
      new SqliteFormat(
          "store of MTA-STS policies",
          0x53655374, // "SeSt"
          List.of("journal_mode = WAL", "synchronous = FULL"),
          List.of("policy"),
          List.of(
              SqliteFormat.Migration.of(
                  "CREATE TABLE policy(domain TEXT PRIMARY KEY, used INTEGER NOT NULL,"
                      + " fetched INTEGER, expires INTEGER, enforce INTEGER NOT NULL,"
                      + " refresh INTEGER, tried INTEGER, failures INTEGER NOT NULL,"
                      + " fetch_since INTEGER, lookup_since INTEGER, id TEXT,"
                      + " trouble TEXT NOT NULL, size INTEGER NOT NULL, body BLOB)",
                  "CREATE INDEX policy_refresh ON policy(refresh) WHERE refresh IS NOT NULL",
                  "CREATE INDEX policy_used ON policy(used)")));

  /** Bytes of policy texts in all: a hundred thousand of ordinary size are 20 MiB. */
  static final long MAX_TEXT = 256L << 20;

  /** Rows that go when there are too many: a hundredth, so that it is not done each time. */
  private static final int SHARE = 100;

  private static final String READ =
      "SELECT fetched, refresh, tried, failures, fetch_since, lookup_since, id, trouble,"
          + " body FROM policy WHERE domain = ?";

  private final Statements writing;

  /** Every domain that mail is for is looked up, policy or not. */
  private final Statements reading;

  private final BlockingCalls calls = new BlockingCalls("sts-store");
  private final int maxDomains;
  private final long maxText;
  private final @Nullable Path damagedCopy;
  private boolean closed;
  private long rows;
  private long text;

  private StsPolicyStore(Path file, int maxDomains, long maxText, @Nullable Path aside)
      throws SQLException, IOException {
    this.writing = new Statements(Sqlite.create(file, POLICIES, 4096));
    Statements reader = null;
    try {
      reader = new Statements(Sqlite.reader(file, 1024));
      this.reading = reader;
      this.maxDomains = maxDomains;
      this.maxText = maxText;
      this.damagedCopy = aside;
      recount();
    } catch (SQLException e) {
      if (reader != null) {
        reader.close();
      }
      writing.close();
      throw e;
    }
  }

  /**
   * Opens, or makes.
   *
   * @throws IOException when neither can be done
   */
  static StsPolicyStore open(Path file, int maxDomains) throws IOException {
    return open(file, maxDomains, MAX_TEXT);
  }

  static StsPolicyStore open(Path file, int maxDomains, long maxText) throws IOException {
    try {
      return new StsPolicyStore(file, maxDomains, maxText, null);
    } catch (SQLException | StoreFormatException e) {
      if (!Files.exists(file)) {
        throw new IOException(file + " cannot be made: " + FailureText.of(e), e);
      }
      // Policies can be fetched again: a damaged store must not prevent a start.
      Path aside = file.resolveSibling(file.getFileName() + ".damaged");
      Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + "-wal"));
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + "-shm"));
      try {
        return new StsPolicyStore(file, maxDomains, maxText, aside);
      } catch (SQLException again) {
        throw new IOException(file + " cannot be made: " + FailureText.of(again), again);
      }
    }
  }

  /** Where a damaged file was put, or null. */
  @Nullable Path damagedCopy() {
    return damagedCopy;
  }

  /** Rows now. */
  synchronized long size() {
    return rows;
  }

  private synchronized void recount() throws SQLException {
    rows = writing.number("SELECT count(*) FROM policy");
    text = writing.number("SELECT coalesce(sum(size), 0) FROM policy");
  }

  /** What is remembered of a domain; {@link StsMemory#EMPTY} when nothing is. */
  StsMemory read(Domain domain) throws IOException {
    try {
      synchronized (reading) {
        if (closed) {
          throw new IOException("the store of MTA-STS policies is closed");
        }
        return reading.first(READ, StsPolicyStore::memory, domain.name()).orElse(StsMemory.EMPTY);
      }
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private static StsMemory memory(ResultSet r) throws SQLException {
    StsMemory.FetchedPolicy storedPolicy = null;
    String id = r.getString("id");
    byte[] body = r.getBytes("body");
    Instant fetched = instant(r, "fetched");
    if (id != null
        && body != null
        && fetched != null
        && StsRecord.read(List.of(StsRecord.VERSION + "id=" + id)) instanceof StsRecord.Announced
        && StsPolicy.read(body) instanceof StsPolicy.ParsedStsPolicy.ValidStsPolicy sound) {
      storedPolicy = new StsMemory.FetchedPolicy(id, sound.policy(), fetched);
    }
    return new StsMemory(
        storedPolicy,
        storedPolicy == null ? null : instant(r, "refresh"),
        instant(r, "tried"),
        r.getInt("failures"),
        instant(r, "fetch_since"),
        instant(r, "lookup_since"),
        r.getString("trouble"));
  }

  private static @Nullable Instant instant(ResultSet r, String column) throws SQLException {
    long millis = r.getLong(column);
    return r.wasNull() ? null : Instant.ofEpochMilli(millis);
  }

  /**
   * Keeps what is to be remembered; {@link StsMemory#EMPTY} takes the row away.
   *
   * @param used for a new row; of an old one only {@link #touch} records it, since a renewal does
   *     not count as a use
   */
  void write(Domain domain, StsMemory memory, Instant used) throws IOException {
    calls.call(
        () -> {
          writeNow(domain, memory, used);
          return true;
        });
  }

  private synchronized void writeNow(Domain domain, StsMemory memory, Instant used)
      throws IOException {
    try {
      if (memory.isEmpty()) {
        remove(domain);
        return;
      }
      long before = sizeOf(domain);
      StsMemory.FetchedPolicy fetched = memory.fetched();
      byte[] body =
          fetched == null ? null : fetched.policy().text().getBytes(StandardCharsets.UTF_8);
      int size = body == null ? 0 : body.length;
      writing.update(
          "INSERT INTO policy(domain, used, fetched, expires, enforce, refresh, tried,"
              + " failures, fetch_since, lookup_since, id, trouble, size, body)"
              + " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(domain) DO UPDATE SET"
              + " fetched = excluded.fetched,"
              + " expires = excluded.expires, enforce = excluded.enforce,"
              + " refresh = excluded.refresh, tried = excluded.tried,"
              + " failures = excluded.failures, fetch_since = excluded.fetch_since,"
              + " lookup_since = excluded.lookup_since, id = excluded.id,"
              + " trouble = excluded.trouble, size = excluded.size, body = excluded.body",
          domain.name(),
          used,
          fetched == null ? null : fetched.fetched(),
          fetched == null ? null : fetched.expires(),
          fetched != null && fetched.policy().mode() == StsPolicy.Mode.ENFORCE ? 1 : 0,
          memory.refresh(),
          memory.tried(),
          memory.failures(),
          memory.fetchSince(),
          memory.lookupSince(),
          fetched == null ? null : fetched.id(),
          memory.failure(),
          size,
          body);
      rows += before < 0 ? 1 : 0;
      text += size - Math.max(before, 0);
      if (rows > maxDomains || text > maxText) {
        evict();
      }
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** Bytes of a row's text; negative when there is no row. */
  private long sizeOf(Domain domain) throws SQLException {
    return writing.number(
        "SELECT coalesce(max(size), -1) FROM policy WHERE domain = ?", domain.name());
  }

  private void remove(Domain domain) throws SQLException {
    long before = sizeOf(domain);
    if (before < 0) {
      return;
    }
    writing.update("DELETE FROM policy WHERE domain = ?", domain.name());
    rows--;
    text -= before;
  }

  /**
   * Rows without a policy go first, then those that do not bind, then those least in use: a client
   * that makes up thousands of domains replaces only rows of that kind.
   */
  private void evict() throws SQLException {
    writing.update(
        "DELETE FROM policy WHERE domain IN (SELECT domain FROM policy"
            + " ORDER BY (expires IS NOT NULL), enforce, used LIMIT ?)",
        maxDomains / SHARE + 1);
    recount();
  }

  /** Domains whose policy is to be fetched again now, of those in use since {@code used}. */
  List<Domain> due(Instant now, Instant used, int limit) throws IOException {
    return calls.call(() -> dueNow(now, used, limit));
  }

  private synchronized List<Domain> dueNow(Instant now, Instant used, int limit)
      throws IOException {
    try {
      return writing
          .all(
              "SELECT domain FROM policy WHERE refresh <= ? AND used >= ? ORDER BY refresh LIMIT ?",
              r -> r.getString(1),
              now,
              used,
              limit)
          .stream()
          .flatMap(name -> Domain.parse(name).stream())
          .toList();
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** Notes that mail went to these domains. */
  void touch(Map<Domain, Instant> used) throws IOException {
    if (!used.isEmpty()) {
      calls.call(
          () -> {
            touchNow(used);
            return true;
          });
    }
  }

  private synchronized void touchNow(Map<Domain, Instant> used) throws IOException {
    try {
      writing.transaction(
          w -> {
            for (Map.Entry<Domain, Instant> e : used.entrySet()) {
              w.update(
                  "UPDATE policy SET used = ? WHERE domain = ?", e.getValue(), e.getKey().name());
            }
            return used;
          });
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /**
   * Deletes rows that have become useless: failures without a policy that affected no mail since
   * {@code troubles}, and expired policies that no mail used since {@code policies}.
   */
  void forget(Instant now, Instant troubles, Instant policies) throws IOException {
    calls.call(
        () -> {
          evictNow(now, troubles, policies);
          return true;
        });
  }

  private synchronized void evictNow(Instant now, Instant troubles, Instant policies)
      throws IOException {
    try {
      int gone =
          writing.update(
              "DELETE FROM policy WHERE (expires IS NULL AND used < ?)"
                  + " OR (expires < ? AND used < ?)",
              troubles,
              now,
              policies);
      if (gone > 0) {
        recount();
      }
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private static IOException failure(SQLException e) {
    return new IOException("the store of MTA-STS policies: " + FailureText.of(e), e);
  }

  @Override
  public void close() throws IOException {
    calls.close();
    try {
      synchronized (reading) {
        closed = true;
        reading.connection().close();
      }
      writing.connection().close();
    } catch (SQLException e) {
      throw failure(e);
    }
  }
}
