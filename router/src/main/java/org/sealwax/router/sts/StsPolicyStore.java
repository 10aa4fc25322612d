package org.sealwax.router.sts;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;
import org.sealwax.router.store.StoreFile;

/**
 * The store of policies on disk: one row for each domain that has a policy or has a problem with
 * one. Every method is one transaction that is durable when it returns; {@link #read} waits for no
 * other one. Thread-safe.
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

  private final StoreFile policies;
  private final int maxDomains;
  private final long maxText;
  private final AtomicLong rows = new AtomicLong();
  private long text;

  private StsPolicyStore(StoreFile policies, int maxDomains, long maxText) {
    this.policies = policies;
    this.maxDomains = maxDomains;
    this.maxText = maxText;
  }

  /**
   * Opens, or makes. Policies can be fetched again: a damaged store does not prevent a start.
   *
   * @throws IOException when neither can be done
   */
  static StsPolicyStore open(Path file, int maxDomains, MailLog log) throws IOException {
    return open(file, maxDomains, MAX_TEXT, log);
  }

  static StsPolicyStore open(Path file, int maxDomains, long maxText, MailLog log)
      throws IOException {
    StoreFile policies =
        StoreFile.openOrReplace(
            file, POLICIES, damage -> log.warning("sts", damage + "; policies are fetched again"));
    StsPolicyStore store = new StsPolicyStore(policies, maxDomains, maxText);
    try {
      policies.transaction(store::recount);
      return store;
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Rows now. */
  long size() {
    return rows.get();
  }

  private long recount(Statements w) throws SQLException {
    text = w.number("SELECT coalesce(sum(size), 0) FROM policy");
    rows.set(w.number("SELECT count(*) FROM policy"));
    return rows.get();
  }

  /** What is remembered of a domain; {@link StsMemory#EMPTY} when nothing is. */
  StsMemory read(Domain domain) throws IOException {
    return policies.query(
        r -> r.first(READ, StsPolicyStore::memory, domain.name()).orElse(StsMemory.EMPTY));
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
    policies.transaction(
        w -> {
          long before =
              w.number(
                  "SELECT coalesce(max(size), -1) FROM policy WHERE domain = ?", domain.name());
          long after = memory.isEmpty() ? -1 : put(w, domain, memory, used);
          if (after < 0) {
            w.update("DELETE FROM policy WHERE domain = ?", domain.name());
          }
          rows.addAndGet((after < 0 ? 0 : 1) - (before < 0 ? 0 : 1));
          text += Math.max(after, 0) - Math.max(before, 0);
          if (rows.get() > maxDomains || text > maxText) {
            evict(w);
          }
          return memory;
        });
  }

  /** Bytes of the policy's text. */
  private static int put(Statements w, Domain domain, StsMemory memory, Instant used)
      throws SQLException {
    StsMemory.FetchedPolicy fetched = memory.fetched();
    byte[] body = fetched == null ? null : fetched.policy().text().getBytes(StandardCharsets.UTF_8);
    int size = body == null ? 0 : body.length;
    w.update(
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
    return size;
  }

  /**
   * Rows without a policy go first, then those that do not bind, then those least in use: a client
   * that makes up thousands of domains replaces only rows of that kind.
   */
  private void evict(Statements w) throws SQLException {
    w.update(
        "DELETE FROM policy WHERE domain IN (SELECT domain FROM policy"
            + " ORDER BY (expires IS NOT NULL), enforce, used LIMIT ?)",
        maxDomains / SHARE + 1);
    recount(w);
  }

  /** Domains whose policy is to be fetched again now, of those in use since {@code used}. */
  List<Domain> due(Instant now, Instant used, int limit) throws IOException {
    return policies
        .transaction(
            w ->
                w.all(
                    "SELECT domain FROM policy WHERE refresh <= ? AND used >= ?"
                        + " ORDER BY refresh LIMIT ?",
                    r -> Domain.parse(r.getString(1)),
                    now,
                    used,
                    limit))
        .stream()
        .flatMap(Optional::stream)
        .toList();
  }

  /** Notes that mail went to these domains. */
  void touch(Map<Domain, Instant> used) throws IOException {
    if (used.isEmpty()) {
      return;
    }
    policies.transaction(
        w -> {
          for (Map.Entry<Domain, Instant> e : used.entrySet()) {
            w.update(
                "UPDATE policy SET used = ? WHERE domain = ?", e.getValue(), e.getKey().name());
          }
          return used;
        });
  }

  /**
   * Deletes rows that have become useless: failures without a policy that affected no mail since
   * {@code troubles}, and expired policies that no mail used since {@code unused}.
   */
  void forget(Instant now, Instant troubles, Instant unused) throws IOException {
    policies.transaction(
        w -> {
          int gone =
              w.update(
                  "DELETE FROM policy WHERE (expires IS NULL AND used < ?)"
                      + " OR (expires < ? AND used < ?)",
                  troubles,
                  now,
                  unused);
          return gone > 0 ? recount(w) : size();
        });
  }

  @Override
  public void close() {
    policies.close();
  }
}
