package org.sealwax.router.ledger;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.ledger.DomainRecord.ReachedLevel;
import org.sealwax.router.ledger.Violation.ObservationRun;
import org.sealwax.router.ledger.Violation.PathState;

/**
 * Encoder and decoder of a domain record. Small, because there may be a hundred thousand: times in
 * seconds, hosts and keys by number. Whatever is not exactly such a form is read as empty, never as
 * half a row.
 */
final class DomainRecordCodec {
  /** Format number, the first byte. */
  static final int VERSION = 2;

  /** The format before days were counted for each host: read, and written no more. */
  private static final int SESSIONS_OF_HOSTS = 1;

  /** Bytes of one row: 48 hosts with everything they may have come to 40 KiB. */
  static final int MAX_BYTES = 256 << 10;

  /** Days as two bytes: counted from 1970 that ends in 2149. */
  private static final int MOST_DAYS = 0xffff;

  private static final Instant NEVER = Instant.EPOCH;
  private static final long LATEST = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

  private DomainRecordCodec() {}

  /** The bytes of a row; the domain is not among them. */
  static byte[] write(DomainRecord row) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      new DomainRecordWriter(out).row(row);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  /** The row of {@code domain}; empty when the bytes are not exactly one. */
  static Optional<DomainRecord> read(Domain domain, byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return Optional.empty();
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      DomainRecord row = new DomainRecordReader(in).row(domain);
      return in.read() < 0 ? Optional.of(row) : Optional.empty();
    } catch (IOException | IllegalArgumentException | DateTimeException e) {
      return Optional.empty();
    }
  }

  /** Writes. */
  private static final class DomainRecordWriter {
    private final DataOutputStream out;
    private final List<Domain> names = new ArrayList<>();
    private final Map<Domain, Integer> numbers = new HashMap<>();

    DomainRecordWriter(DataOutputStream out) {
      this.out = out;
    }

    void row(DomainRecord row) throws IOException {
      out.writeByte(VERSION);
      row.hosts().keySet().forEach(this::number);
      row.mx().forEach(this::number);
      row.known().forEach(this::number);
      Violation violation = row.violation();
      if (violation != null) {
        violation.paths().keySet().forEach(p -> number(p.host()));
        violation.candidates().keySet().forEach(p -> number(p.host()));
      }
      out.writeShort(names.size());
      for (Domain name : names) {
        out.writeUTF(name.name());
      }
      ReachedLevel reached = row.standing();
      out.writeByte(reached == null ? 0 : reached.level() == TlsLevel.VERIFY ? 2 : 1);
      if (reached != null) {
        time(reached.since());
        time(reached.met());
      }
      tally(row.encrypt());
      tally(row.verify());
      hosts(row.mx());
      time(row.mxUntil());
      hosts(row.known());
      out.writeShort(row.patterns().size());
      for (MxPattern pattern : row.patterns()) {
        out.writeUTF(pattern.toString());
      }
      time(row.first());
      time(row.last());
      out.writeBoolean(violation != null);
      if (violation != null) {
        violation(violation);
      }
      out.writeByte(row.hosts().size());
      for (var entry : row.hosts().entrySet()) {
        host(entry.getKey());
        host(entry.getValue());
      }
    }

    private int number(Domain name) {
      return numbers.computeIfAbsent(
          name,
          n -> {
            names.add(n);
            return names.size() - 1;
          });
    }

    private void host(Domain name) throws IOException {
      out.writeShort(number(name));
    }

    private void hosts(Set<Domain> set) throws IOException {
      out.writeByte(set.size());
      for (Domain name : set) {
        host(name);
      }
    }

    private void time(@Nullable Instant at) throws IOException {
      out.writeLong(at == null ? 0 : Math.clamp(at.getEpochSecond(), 0, LATEST));
    }

    private void tally(LevelProgress t) throws IOException {
      out.writeInt(t.sessions());
      if (t.sessions() > 0) {
        out.writeInt(t.days());
        out.writeInt((int) t.lastDay());
        out.writeInt(t.today());
        out.writeInt(t.resolutions());
        time(t.until());
      }
    }

    private void days(HostRecord.Days days) throws IOException {
      out.writeShort(Math.min(days.count(), MOST_DAYS));
      if (days.count() > 0) {
        out.writeShort(Math.clamp(days.last(), 0, MOST_DAYS));
      }
    }

    private void violation(Violation v) throws IOException {
      time(v.since());
      out.writeBoolean(v.nearUs());
      time(v.contradicted());
      ObservationRun run = v.run();
      out.writeBoolean(run != null);
      if (run != null) {
        run(run);
      }
      out.writeShort(v.paths().size());
      for (var entry : v.paths().entrySet()) {
        path(entry.getKey());
        out.writeByte(entry.getValue().level().ordinal());
        out.writeBoolean(entry.getValue().met());
        time(entry.getValue().at());
      }
      out.writeShort(v.candidates().size());
      for (var entry : v.candidates().entrySet()) {
        path(entry.getKey());
        run(entry.getValue());
      }
    }

    private void path(HostPath path) throws IOException {
      host(path.host());
      out.writeByte(path.family().ordinal());
    }

    private void run(ObservationRun run) throws IOException {
      time(run.since());
      out.writeInt(run.count());
      time(run.counted());
      time(run.last());
    }

    private void host(HostRecord host) throws IOException {
      time(host.first());
      time(host.last());
      out.writeByte(host.counts().size());
      for (var entry : host.counts().entrySet()) {
        out.writeByte(entry.getKey().ordinal());
        out.writeInt(entry.getValue().sessions());
        out.writeInt(entry.getValue().days());
        out.writeInt((int) entry.getValue().lastDay());
      }
      days(host.encrypted());
      days(host.verified());
      out.writeByte((host.ipv4() ? 1 : 0) | (host.ipv6() ? 2 : 0));
      Map<Pin, Integer> keys = new HashMap<>();
      out.writeByte(host.keys().size());
      for (HostRecord.KeySpan span : host.keys()) {
        keys.put(span.key(), keys.size());
        out.write(HexFormat.of().parseHex(span.key().hex()));
        time(span.first());
        time(span.last());
      }
      out.writeByte(host.recent().size());
      for (RememberedSample sample : host.recent()) {
        out.writeInt((int) (sample.at().getEpochSecond() - host.first().getEpochSecond()));
        TlsVersion version = sample.version();
        out.writeByte(
            sample.family().ordinal()
                | sample.level().ordinal() << 1
                | behind(sample.origin())
                | (sample.proven() ? 0x40 : 0));
        out.writeByte(sample.step().code() | (version == null ? 0 : version.ordinal() + 1) << 4);
        out.writeByte(keys.getOrDefault(sample.key(), -1));
      }
    }
  }

  private static int behind(RememberedSample.SampleOrigin origin) {
    return switch (origin) {
      case MAIL -> 0x10;
      case GREETING -> 0x20;
      case OTHER -> 0;
    };
  }

  private static RememberedSample.SampleOrigin behind(int what) throws IOException {
    return switch (what & 0x30) {
      case 0x10 -> RememberedSample.SampleOrigin.MAIL;
      case 0x20 -> RememberedSample.SampleOrigin.GREETING;
      case 0 -> RememberedSample.SampleOrigin.OTHER;
      default -> throw new IOException("mail and none");
    };
  }

  /** Reads; everything that is wrong is an exception that {@link #read} catches. */
  private static final class DomainRecordReader {
    private final DataInputStream in;
    private List<Domain> names = List.of();
    private int version;

    DomainRecordReader(DataInputStream in) {
      this.in = in;
    }

    private static void must(boolean claim) throws IOException {
      if (!claim) {
        throw new IOException("not a row");
      }
    }

    DomainRecord row(Domain domain) throws IOException {
      version = in.readUnsignedByte();
      must(version == VERSION || version == SESSIONS_OF_HOSTS);
      int count = in.readUnsignedShort();
      must(count <= RoundMx.MAX_HOSTS + DomainRecord.MAX_KNOWN + 2 * DomainRecord.MAX_HOSTS);
      List<Domain> read = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        read.add(new Domain(in.readUTF()));
      }
      names = read;
      TlsLevel level =
          switch (in.readUnsignedByte()) {
            case 0 -> null;
            case 1 -> TlsLevel.ENCRYPT;
            case 2 -> TlsLevel.VERIFY;
            default -> throw new IOException("no such level");
          };
      ReachedLevel reached = level == null ? null : new ReachedLevel(level, time(), time());
      LevelProgress encrypt = tally();
      LevelProgress verify = tally();
      Set<Domain> mx = hosts(RoundMx.MAX_HOSTS);
      Instant mxUntil = time();
      Set<Domain> known = hosts(DomainRecord.MAX_KNOWN);
      List<MxPattern> patterns = patterns();
      Instant first = time();
      Instant last = time();
      Violation violation = flag() ? violation() : null;
      int hosts = in.readUnsignedByte();
      must(hosts <= DomainRecord.MAX_HOSTS);
      Map<Domain, HostRecord> rows = new HashMap<>();
      for (int i = 0; i < hosts; i++) {
        must(rows.put(host(), hostRow()) == null);
      }
      return new DomainRecord(
          domain, reached, encrypt, verify, mx, mxUntil, known, patterns, rows, violation, first,
          last);
    }

    private boolean flag() throws IOException {
      int value = in.readUnsignedByte();
      must(value <= 1);
      return value == 1;
    }

    private int count() throws IOException {
      int n = in.readInt();
      must(n >= 0 && n <= LevelProgress.ENOUGH);
      return n;
    }

    private Domain host() throws IOException {
      int number = in.readUnsignedShort();
      must(number < names.size());
      return names.get(number);
    }

    private Set<Domain> hosts(int most) throws IOException {
      int count = in.readUnsignedByte();
      must(count <= most);
      Set<Domain> set = new HashSet<>();
      for (int i = 0; i < count; i++) {
        must(set.add(host()));
      }
      return set;
    }

    private List<MxPattern> patterns() throws IOException {
      int count = in.readUnsignedShort();
      must(count <= DomainRecord.MAX_PATTERNS);
      List<MxPattern> out = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        out.add(MxPattern.parse(in.readUTF()).orElseThrow(() -> new IOException("no pattern")));
      }
      return out;
    }

    private Instant time() throws IOException {
      long seconds = in.readLong();
      must(seconds >= 0 && seconds <= LATEST);
      return Instant.ofEpochSecond(seconds);
    }

    private @Nullable Instant timeOrNull() throws IOException {
      Instant at = time();
      return at.equals(NEVER) ? null : at;
    }

    private static <T> T one(T[] values, int number) throws IOException {
      must(number < values.length);
      return values[number];
    }

    private LevelProgress tally() throws IOException {
      int sessions = count();
      return sessions == 0
          ? LevelProgress.NONE
          : new LevelProgress(sessions, count(), in.readInt(), count(), count(), time());
    }

    private HostRecord.Days days() throws IOException {
      int count = version == VERSION ? in.readUnsignedShort() : count();
      if (count == 0) {
        return HostRecord.Days.NONE;
      }
      return version == VERSION
          ? new HostRecord.Days(count, in.readUnsignedShort())
          : new HostRecord.Days(1, 0);
    }

    private Violation violation() throws IOException {
      Instant since = time();
      boolean nearUs = flag();
      Instant contradicted = timeOrNull();
      ObservationRun run = flag() ? run() : null;
      int count = in.readUnsignedShort();
      must(count <= 2 * DomainRecord.MAX_HOSTS);
      Map<HostPath, PathState> paths = new HashMap<>();
      for (int i = 0; i < count; i++) {
        HostPath path = path();
        PathState state =
            new PathState(one(ProvenLevel.values(), in.readUnsignedByte()), flag(), time());
        must(paths.put(path, state) == null);
      }
      int steady = in.readUnsignedShort();
      must(steady <= 2 * DomainRecord.MAX_HOSTS);
      Map<HostPath, ObservationRun> candidates = new HashMap<>();
      for (int i = 0; i < steady; i++) {
        must(candidates.put(path(), run()) == null);
      }
      return new Violation(since, nearUs, contradicted, run, paths, candidates);
    }

    private HostPath path() throws IOException {
      return new HostPath(host(), one(HostPath.PathFamily.values(), in.readUnsignedByte()));
    }

    private ObservationRun run() throws IOException {
      return new ObservationRun(time(), count(), time(), time());
    }

    private HostRecord hostRow() throws IOException {
      Instant first = time();
      Instant last = time();
      Map<ProvenLevel, HostRecord.Count> counts = new EnumMap<>(ProvenLevel.class);
      int kinds = in.readUnsignedByte();
      must(kinds <= ProvenLevel.values().length);
      for (int i = 0; i < kinds; i++) {
        ProvenLevel proven = one(ProvenLevel.values(), in.readUnsignedByte());
        must(counts.put(proven, new HostRecord.Count(count(), count(), in.readInt())) == null);
      }
      HostRecord.Days encrypted = days();
      HostRecord.Days verified = days();
      int families = in.readUnsignedByte();
      must(families < 4);
      List<HostRecord.KeySpan> keys = new ArrayList<>();
      int spans = in.readUnsignedByte();
      must(spans <= HostRecord.MAX_KEYS);
      for (int i = 0; i < spans; i++) {
        byte[] key = new byte[32];
        in.readFully(key);
        Pin pin = new Pin(HexFormat.of().formatHex(key));
        // Observations name a key by its number: one that stands twice would change which it is.
        must(keys.stream().noneMatch(k -> k.key().equals(pin)));
        keys.add(new HostRecord.KeySpan(pin, time(), time()));
      }
      List<RememberedSample> recent = new ArrayList<>();
      int showings = in.readUnsignedByte();
      must(showings <= HostRecord.MAX_RECENT);
      for (int i = 0; i < showings; i++) {
        recent.add(sample(first, keys));
      }
      return new HostRecord(
          first,
          last,
          counts,
          encrypted,
          verified,
          (families & 1) != 0,
          (families & 2) != 0,
          keys,
          recent);
    }

    private RememberedSample sample(Instant first, List<HostRecord.KeySpan> keys)
        throws IOException {
      Instant at = first.plusSeconds(in.readInt());
      int what = in.readUnsignedByte();
      int how = in.readUnsignedByte();
      int key = in.readByte();
      must(what < (version == VERSION ? 0x80 : 0x20) && key >= -1 && key < keys.size());
      int spoken = how >> 4;
      return new RememberedSample(
          at,
          one(HostPath.PathFamily.values(), what & 1),
          one(ProvenLevel.values(), what >> 1 & 7),
          FallbackStep.ofCode(how & 0xf).orElseThrow(() -> new IOException("not a rung")),
          behind(what),
          (what & 0x40) != 0,
          spoken == 0 ? null : one(TlsVersion.values(), spoken - 1),
          key < 0 ? null : keys.get(key).key());
    }
  }
}
