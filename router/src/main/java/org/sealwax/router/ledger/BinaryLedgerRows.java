package org.sealwax.router.ledger;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.ledger.DomainRecord.ReachedLevel;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.Violation.ObservationRun;
import org.sealwax.router.ledger.Violation.PathState;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;

/**
 * A ledger of format 1, which had binary rows: its tables, and the way to those of format 2. Each
 * row is read once, at the upgrade; whatever is not exactly such a row is read as empty, never as
 * half a row. To be deleted together when format 1 is no longer supported.
 */
final class BinaryLedgerRows {
  static final SqliteFormat.Migration FORMAT_1 =
      SqliteFormat.Migration.of(
          "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
          "CREATE TABLE domain(name TEXT PRIMARY KEY, level INTEGER NOT NULL,"
              + " violated INTEGER NOT NULL, seen INTEGER NOT NULL, row BLOB NOT NULL)",
          "CREATE INDEX domain_seen ON domain(level, seen)",
          "CREATE INDEX domain_violated ON domain(name) WHERE violated = 1",
          "CREATE TABLE rung(host TEXT PRIMARY KEY, memory BLOB NOT NULL) WITHOUT ROWID");

  /** The first byte of a row. */
  private static final int VERSION = 2;

  /** Bytes of one row at most. */
  static final int MAX_BYTES = 256 << 10;

  private static final long LATEST = Instant.parse("9999-12-31T23:59:59Z").toEpochMilli();
  private static final int NO_STEP = 255;
  private static final SampleOrigin[] ORIGINS = {
    SampleOrigin.OTHER, SampleOrigin.MAIL, SampleOrigin.GREETING
  };

  private final ByteBuffer in;
  private final int version;
  private List<Domain> names = List.of();

  private BinaryLedgerRows(byte[] bytes) {
    RecordColumns.must(bytes.length <= MAX_BYTES);
    in = ByteBuffer.wrap(bytes);
    version = unsigned();
    RecordColumns.must(version == VERSION || version == 1);
  }

  /**
   * From binary rows (format 1) to columns. A row that cannot be read stays, and is not a record.
   */
  static void toColumns(Statement s) throws SQLException {
    s.execute("DROP INDEX domain_seen");
    s.execute("DROP INDEX domain_violated");
    s.execute("ALTER TABLE domain RENAME TO former");
    s.execute(LedgerStore.DOMAIN.create("unreadable BLOB, PRIMARY KEY(domain))"));
    s.execute("CREATE INDEX domain_level ON domain(standing_level)");
    s.execute("CREATE INDEX domain_evictable ON domain(last) WHERE standing_level IS NULL");
    s.execute("CREATE INDEX domain_violated ON domain(domain) WHERE violation_since IS NOT NULL");
    s.execute(LedgerStore.HOST.create("PRIMARY KEY(of_domain, name)) WITHOUT ROWID"));
    s.execute(LedgerStore.FALLBACK.create("PRIMARY KEY(host)) WITHOUT ROWID"));
    Statements to = new Statements(s.getConnection());
    try (ResultSet r = s.executeQuery("SELECT name, row FROM former")) {
      while (r.next()) {
        byte[] bytes = r.getBytes(2);
        Optional<DomainRecord> row = Domain.parse(r.getString(1)).flatMap(d -> domain(d, bytes));
        if (row.isPresent()) {
          LedgerStore.put(to, row.get().domain(), null, row.get());
        }
      }
    }
    s.execute(
        "INSERT INTO domain(domain, standing_level, last, unreadable)"
            + " SELECT name, CASE level WHEN 1 THEN 'encrypt' WHEN 2 THEN 'verify' END,"
            + " strftime('%Y-%m-%dT%H:%M:%SZ', seen, 'unixepoch'), row FROM former"
            + " WHERE name NOT IN (SELECT domain FROM domain)");
    try (ResultSet r = s.executeQuery("SELECT host, memory FROM rung")) {
      while (r.next()) {
        Optional<HostMemory> memory = memory(r.getBytes(2));
        if (memory.isPresent()) {
          LedgerStore.put(to, r.getString(1), memory.get());
        }
      }
    }
    s.execute("DROP TABLE former");
    s.execute("DROP TABLE rung");
  }

  /** The row of a domain; empty when the bytes are not exactly one. */
  static Optional<DomainRecord> domain(Domain domain, byte[] bytes) {
    return exactly(bytes, reader -> reader.row(domain));
  }

  /** The fallback ladder's memory of a host; empty when the bytes are not exactly one. */
  static Optional<HostMemory> memory(byte[] bytes) {
    return exactly(bytes, BinaryLedgerRows::memory);
  }

  private static <T> Optional<T> exactly(byte[] bytes, Function<BinaryLedgerRows, T> read) {
    try {
      BinaryLedgerRows reader = new BinaryLedgerRows(bytes);
      T value = read.apply(reader);
      return reader.in.hasRemaining() ? Optional.empty() : Optional.of(value);
    } catch (BufferUnderflowException | IllegalArgumentException | DateTimeException e) {
      return Optional.empty();
    }
  }

  private int unsigned() {
    return in.get() & 0xff;
  }

  private int unsignedShort() {
    return in.getShort() & 0xffff;
  }

  private static int within(int value, int most) {
    RecordColumns.must(value >= 0 && value <= most);
    return value;
  }

  private int count() {
    return within(in.getInt(), LevelProgress.ENOUGH);
  }

  private boolean flag() {
    return within(unsigned(), 1) == 1;
  }

  private String text() {
    byte[] bytes = new byte[unsignedShort()];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static <T> List<T> list(int count, Supplier<T> next) {
    return Stream.generate(next).limit(count).toList();
  }

  /** Keys and values; a key that stands twice is an error. */
  private static <K, V> Map<K, V> map(int count, Supplier<K> key, Supplier<V> value) {
    Map<K, V> map = new HashMap<>();
    for (int i = count; i > 0; i--) {
      RecordColumns.must(map.put(key.get(), value.get()) == null);
    }
    return map;
  }

  private Instant time() {
    long seconds = in.getLong();
    RecordColumns.must(seconds >= 0 && seconds <= LATEST / 1000);
    return Instant.ofEpochSecond(seconds);
  }

  private @Nullable Instant timeOrNull() {
    Instant at = time();
    return at.equals(Instant.EPOCH) ? null : at;
  }

  private static <T> T one(T[] values, int number) {
    RecordColumns.must(number < values.length);
    return values[number];
  }

  private static FallbackStep step(int code) {
    return FallbackStep.ofCode(code).orElseThrow(IllegalArgumentException::new);
  }

  private static MxPattern pattern(String text) {
    return MxPattern.parse(text).orElseThrow(IllegalArgumentException::new);
  }

  private DomainRecord row(Domain domain) {
    int count =
        within(
            unsignedShort(),
            RoundMx.MAX_HOSTS + DomainRecord.MAX_KNOWN + 2 * DomainRecord.MAX_HOSTS);
    names = list(count, () -> new Domain(text()));
    int level = within(unsigned(), 2);
    ReachedLevel reached =
        level == 0
            ? null
            : new ReachedLevel(level == 1 ? TlsLevel.ENCRYPT : TlsLevel.VERIFY, time(), time());
    LevelProgress encrypt = progress();
    LevelProgress verify = progress();
    Set<Domain> mx = hosts();
    Instant mxUntil = time();
    Set<Domain> known = hosts();
    List<MxPattern> patterns = list(unsignedShort(), () -> pattern(text()));
    Instant first = time();
    Instant last = time();
    Violation violation = flag() ? violation() : null;
    Map<Domain, HostRecord> rows = map(unsigned(), this::host, this::hostRow);
    return new DomainRecord(
        domain, reached, encrypt, verify, mx, mxUntil, known, patterns, rows, violation, first,
        last);
  }

  private Domain host() {
    return names.get(within(unsignedShort(), names.size() - 1));
  }

  private Set<Domain> hosts() {
    return map(unsigned(), this::host, () -> true).keySet();
  }

  private LevelProgress progress() {
    int sessions = count();
    return sessions == 0
        ? LevelProgress.NONE
        : new LevelProgress(sessions, count(), in.getInt(), count(), count(), time());
  }

  private Violation violation() {
    Instant since = time();
    boolean nearUs = flag();
    Instant contradicted = timeOrNull();
    ObservationRun run = flag() ? run() : null;
    Map<HostPath, PathState> paths =
        map(
            within(unsignedShort(), 2 * DomainRecord.MAX_HOSTS),
            this::path,
            () -> new PathState(one(ProvenLevel.values(), unsigned()), flag(), time()));
    Map<HostPath, ObservationRun> candidates =
        map(within(unsignedShort(), 2 * DomainRecord.MAX_HOSTS), this::path, this::run);
    return new Violation(since, nearUs, contradicted, run, paths, candidates);
  }

  private HostPath path() {
    return new HostPath(host(), one(HostPath.PathFamily.values(), unsigned()));
  }

  private ObservationRun run() {
    return new ObservationRun(time(), count(), time(), time());
  }

  private HostRecord hostRow() {
    Instant first = time();
    Instant last = time();
    Map<ProvenLevel, HostRecord.Count> counts =
        map(
            unsigned(),
            () -> one(ProvenLevel.values(), unsigned()),
            () -> new HostRecord.Count(count(), new HostRecord.Days(count(), in.getInt())));
    HostRecord.Days encrypted = days();
    HostRecord.Days verified = days();
    int families = within(unsigned(), 3);
    // Observations name a key by its number: one that stands twice would change which it is.
    List<HostRecord.KeySpan> keys =
        list(
            within(unsigned(), HostRecord.MAX_KEYS),
            () -> new HostRecord.KeySpan(pin(), time(), time()));
    List<RememberedSample> recent =
        list(within(unsigned(), HostRecord.MAX_RECENT), () -> sample(first, keys));
    boolean ipv4 = (families & 1) != 0;
    boolean ipv6 = (families & 2) != 0;
    return new HostRecord(first, last, counts, encrypted, verified, ipv4, ipv6, keys, recent);
  }

  private Pin pin() {
    byte[] key = new byte[32];
    in.get(key);
    return new Pin(HexFormat.of().formatHex(key));
  }

  /** The first version counted sessions and not days: of those it had, one day at least. */
  private HostRecord.Days days() {
    int count = version == VERSION ? unsignedShort() : count();
    if (count == 0) {
      return HostRecord.Days.NONE;
    }
    return version == VERSION
        ? new HostRecord.Days(count, unsignedShort())
        : new HostRecord.Days(1, 0);
  }

  private RememberedSample sample(Instant first, List<HostRecord.KeySpan> keys) {
    Instant at = first.plusSeconds(in.getInt());
    int what = within(unsigned(), version == VERSION ? 0x7f : 0x1f);
    int how = unsigned();
    int key = in.get();
    RecordColumns.must(key >= -1 && key < keys.size());
    int tls = how >> 4;
    return new RememberedSample(
        at,
        one(HostPath.PathFamily.values(), what & 1),
        one(ProvenLevel.values(), what >> 1 & 7),
        step(how & 0xf),
        one(ORIGINS, what >> 4 & 3),
        (what & 0x40) != 0,
        tls == 0 ? null : one(TlsVersion.values(), tls - 1),
        key < 0 ? null : keys.get(key).key());
  }

  private HostMemory memory() {
    int code = unsigned();
    FallbackStep strongest = code == NO_STEP ? null : step(code);
    Instant strongestAt = millis();
    Map<FallbackStep, Instant> broken =
        map(
            unsigned(),
            () -> step(unsigned()),
            () -> Optional.ofNullable(millis()).orElseThrow(IllegalArgumentException::new));
    Instant fullFirst = millis();
    Instant fullLast = millis();
    Instant refused = millis();
    Instant since = version == VERSION ? millis() : null;
    Instant last = version == VERSION ? millis() : null;
    return new HostMemory(
        strongest, strongestAt, broken, fullFirst, fullLast, refused, since, last);
  }

  private @Nullable Instant millis() {
    long millis = in.getLong();
    RecordColumns.must(millis >= -1 && millis <= LATEST);
    return millis < 0 ? null : Instant.ofEpochMilli(millis);
  }
}
