package org.sealwax.router.receipts;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.json.JsonLine;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.StateFiles;

/**
 * The receipts of a running router (docs/adr/0049). A delivery does not wait for its receipt: a
 * thread of its own takes the receipts that have gathered, writes salts, then lines, and syncs once
 * for all.
 *
 * <p>Crash states: salts without their lines (harmless, the numbers are given again with other
 * salts, and the later line of a number counts); whole lines after the last sync (there or not); a
 * line cut short (cut off at the next start, and recorded in the chain). A line that was synced is
 * never changed. Thread-safe.
 */
public final class ReceiptLog implements Receipts, Closeable {
  /** Receipts that wait for the disk: a second at full speed, several times over. */
  static final int MOST_WAITING = 20_000;

  /** Lines written between two syncs at most. */
  static final int BATCH = 4_000;

  /** Longest wait of the writer for a receipt: then it signs and rotates, if that is due. */
  private static final Duration GATHER = Duration.ofMillis(500);

  /** Pause after a failure, after which the file is read again: not with every receipt. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  /** A file is begun again after so long, or a quarter of the retention if that is shorter. */
  static final Duration LONGEST_FILE = Duration.ofDays(7);

  /** How often the head is signed while something was added. */
  static final Duration SIGN = Duration.ofHours(1);

  private final Path folder;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final SigningKey key;
  private final BlockingQueue<Receipt> waiting = new ArrayBlockingQueue<>(MOST_WAITING);

  /** Wakes the writer: a receipt waits, or the log is closed. */
  private final Semaphore wake = new Semaphore(0);

  private final AtomicLong dropped = new AtomicLong();
  private volatile ReceiptSettings settings;
  private volatile boolean closed;
  private final Thread writer;

  // Owned by the writer, once it runs.
  private @Nullable FileChannel lines;
  private @Nullable FileChannel salts;
  private long size;
  private long number;
  private String hash = ReceiptLine.ORIGIN;
  private Instant signedAt;
  private boolean signed = true;
  private boolean failing;
  private long tryAgain;
  private Instant begun;

  private ReceiptLog(
      Path folder, ReceiptSettings settings, Clock clock, RandomSource random, MailLog log)
      throws IOException {
    this.folder = folder;
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.key = SigningKey.in(folder);
    this.signedAt = clock.now();
    this.begun = signedAt;
    open();
    this.writer = Supervisor.startPlatform("receipts", () -> closed, this::run);
  }

  /**
   * Opens the log in {@code folder}, or begins one; what a crash cut short is cut off.
   *
   * @throws IOException when that is not possible
   */
  public static ReceiptLog open(
      Path folder, ReceiptSettings settings, Clock clock, RandomSource random, MailLog log)
      throws IOException {
    StateFiles.makeFolder(folder);
    return new ReceiptLog(folder, settings, clock, random, log);
  }

  /** Puts other settings in force: a reload. */
  public void use(ReceiptSettings other) {
    settings = other;
  }

  @Override
  public void add(Receipt receipt) {
    if (!waiting.offer(receipt)) {
      dropped.incrementAndGet();
    }
    wake.release();
  }

  private void open() throws IOException {
    List<Path> files = ReceiptFiles.all(folder);
    if (files.isEmpty()) {
      begin();
      return;
    }
    if (files.size() > 1 && isWithoutLine(files.getLast())) {
      // A crash between making the file and its first line: the chain ends in the one before.
      Files.deleteIfExists(ReceiptFiles.salts(files.getLast()));
      Files.delete(files.getLast());
      open();
      return;
    }
    long cut = resume(files.getLast());
    if (cut > 0) {
      log.warning(
          "receipts",
          "a crash truncated the last line: "
              + CountText.of(cut, "byte was | bytes were")
              + " removed");
      append("torn", ReceiptLine.members().number("octets", cut));
      open(lines).force(false);
    }
    if (size >= fileSize()) {
      begin();
      expire(clock.now());
    }
  }

  private static boolean isWithoutLine(Path file) throws IOException {
    try (BoundedLines read = new BoundedLines(RegularFile.open(file))) {
      return read.next() == null;
    }
  }

  /** Reads the last file through and goes on at its end; how much was cut off there. */
  private long resume(Path file) throws IOException {
    long whole;
    try (BoundedLines read = new BoundedLines(RegularFile.open(file))) {
      for (String line = read.next(); line != null; line = read.next()) {
        ReceiptLine entry = ReceiptLine.read(line).orElseThrow(() -> damaged(file));
        begun = entry.beginsAt().orElse(begun);
        number = entry.number();
        hash = entry.hash();
        signed = entry.kind().equals(SignedHead.KIND);
      }
      whole = read.whole();
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.READ);
    long cut = channel.size() - whole;
    if (cut > 0) {
      channel.truncate(whole);
    }
    channel.position(whole);
    lines = channel;
    size = whole;
    salts = channel(ReceiptFiles.salts(file));
    if (whole == 0) {
      // The same with the first file of all.
      append(ReceiptLine.BEGIN, ReceiptLine.beginning(clock.now(), hash));
      open(lines).force(false);
    }
    return cut;
  }

  private IOException damaged(Path file) {
    return new IOException(
        "the receipts in "
            + file
            + " are damaged after number "
            + number
            + ": move the folder away to start a new chain, and keep it");
  }

  private FileChannel channel(Path file) throws IOException {
    StateFiles.makeFile(file);
    return FileChannel.open(file, StandardOpenOption.APPEND);
  }

  private void begin() throws IOException {
    closeFiles();
    Path file = ReceiptFiles.file(folder, number + 1);
    salts = channel(ReceiptFiles.salts(file));
    lines = channel(file);
    size = 0;
    begun = clock.now();
    append(ReceiptLine.BEGIN, ReceiptLine.beginning(clock.now(), hash));
    open(lines).force(false);
    StateFiles.sync(folder);
  }

  private void run() {
    List<Receipt> batch = new ArrayList<>();
    boolean last;
    do {
      // Read before the queue is: whatever was given before the end is written.
      last = closed;
      try {
        if (batch.isEmpty() && !last) {
          boolean _ = wake.tryAcquire(GATHER.toMillis(), TimeUnit.MILLISECONDS);
        }
        wake.drainPermits();
        waiting.drainTo(batch, BATCH - batch.size());
        if (failing && !last && clock.nanoTime() - tryAgain < 0) {
          dropped.addAndGet(batch.size());
          batch.clear();
          continue;
        }
        write(batch);
        batch.clear();
        signAndRotate(last);
        failing = false;
      } catch (IOException e) {
        writeFailed(e, batch);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        log.bug("receipts", e);
        readAgain(batch);
      }
    } while (!last || !waiting.isEmpty() && !failing);
  }

  private void writeFailed(IOException e, List<Receipt> batch) {
    if (!failing) {
      failing = true;
      log.storeTrouble("receipts cannot be written; delivery continues without them", e);
    }
    readAgain(batch);
    tryAgain = clock.nanoTime() + PAUSE.toNanos();
  }

  /** After a failure it is not known what is on the disk: the chain goes on where the file ends. */
  private void readAgain(List<Receipt> batch) {
    dropped.addAndGet(batch.size());
    batch.clear();
    try {
      closeFiles();
      number = 0;
      hash = ReceiptLine.ORIGIN;
      open();
    } catch (IOException again) {
      // The next write fails, and tries it again after the pause.
    }
  }

  private void write(List<Receipt> batch) throws IOException {
    long lost = dropped.getAndSet(0);
    if (lost > 0) {
      log.warning(
          "receipts",
          CountText.of(lost, "receipt was | receipts were") + " lost: the disk is too slow");
      append("lost", ReceiptLine.members().number("count", lost));
    }
    if (batch.isEmpty() && lost == 0) {
      return;
    }
    StringBuilder salting = new StringBuilder();
    StringBuilder adding = new StringBuilder();
    String before = hash;
    long last = number;
    for (Receipt receipt : batch) {
      Salt salt = new Salt(++last, HexFormat.of().formatHex(random.bytes(Salt.BYTES)));
      salting.append(salt.line());
      ReceiptLine line =
          ReceiptLine.after(
              before, last, "receipt", members(receipt, salt.of(receipt.recipient())));
      adding.append(line.line());
      before = line.hash();
    }
    put(salts, salting.toString());
    size += put(lines, adding.toString());
    open(salts).force(false);
    open(lines).force(false);
    number = last;
    hash = before;
    signed = false;
  }

  private static FileChannel open(@Nullable FileChannel channel) throws IOException {
    if (channel == null) {
      throw new IOException("the file of receipts is not open");
    }
    return channel;
  }

  private static JsonLine members(Receipt r, String recipient) {
    JsonLine json =
        ReceiptLine.members()
            .text("at", r.at().toString())
            .text("message", r.message())
            .text("to", recipient)
            .text("next_hop", r.nextHop())
            .text("wanted", r.wanted())
            .list("because", r.because())
            .text("host", r.peer().host())
            .text("address", r.peer().address());
    Receipt.ReceiptTls tls = r.tls();
    json.text("tls", tls == null ? null : tls.version());
    if (tls != null) {
      json.text("suite", tls.suite())
          .text("group", tls.group())
          .text("verdict", tls.verdict())
          .text("key", tls.key())
          .text("certificate", tls.certificate());
    }
    return json.flag("downgrade", r.downgrade())
        .text("violation", r.violation())
        .flag("dnssec", r.dnssec())
        .flag("requiretls", r.requireTls());
  }

  private void append(String kind, JsonLine members) throws IOException {
    ReceiptLine entry = ReceiptLine.after(hash, number + 1, kind, members);
    size += put(lines, entry.line());
    number = entry.number();
    hash = entry.hash();
    signed = kind.equals(SignedHead.KIND);
  }

  private static int put(@Nullable FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      open(channel).write(bytes);
    }
    return bytes.limit();
  }

  private void signAndRotate(boolean last) throws IOException {
    // A chain whose end could not be read is not continued.
    var _ = open(lines);
    Instant now = clock.now();
    boolean full = size >= fileSize() || isOld(now);
    boolean due = Duration.between(signedAt, now).abs().compareTo(SIGN) >= 0;
    if (!signed && (due || full || last)) {
      String at = now.toString();
      append(SignedHead.KIND, SignedHead.members(hash, number + 1, at, key));
      open(lines).force(false);
      log.note("receipts", "head " + number + " " + hash + " signed by " + key.open());
    }
    if (due) {
      signedAt = now;
      expire(now);
    }
    if (full && !last) {
      begin();
      expire(now);
    }
  }

  private boolean isOld(Instant now) {
    Duration quarter = settings.retention().dividedBy(4);
    Duration longest =
        quarter.isZero() || quarter.compareTo(LONGEST_FILE) > 0 ? LONGEST_FILE : quarter;
    return Duration.between(begun, now).compareTo(longest) >= 0;
  }

  /**
   * Deletes files whose last change is older than the retention, and the oldest while all together
   * are too large; never the one in use.
   */
  private void expire(Instant now) throws IOException {
    ReceiptSettings in = settings;
    List<Path> files = ReceiptFiles.all(folder);
    long all = 0;
    for (Path file : files) {
      all += sizeOf(file);
    }
    for (Path file : files.subList(0, Math.max(0, files.size() - 1))) {
      boolean old =
          !in.retention().isZero()
              && Files.getLastModifiedTime(file).toInstant().plus(in.retention()).isBefore(now);
      boolean tooMuch = in.size() > 0 && all > in.size();
      if (old || tooMuch) {
        all -= sizeOf(file);
        Files.deleteIfExists(ReceiptFiles.salts(file));
        Files.delete(file);
        log.note(
            "receipts",
            file.getFileName()
                + (old ? " exceeded its retention" : " exceeded the maximum size of receipts")
                + " and was deleted");
      }
    }
  }

  private static long sizeOf(Path file) throws IOException {
    Path salts = ReceiptFiles.salts(file);
    return Files.size(file) + (Files.exists(salts) ? Files.size(salts) : 0);
  }

  /** Bytes at which a file is closed: so that the size that is kept is some files, not one. */
  private long fileSize() {
    ReceiptSettings in = settings;
    return in.size() == 0 ? in.fileSize() : Math.max(1, Math.min(in.fileSize(), in.size() / 8));
  }

  private void closeFiles() throws IOException {
    FileChannel a = lines;
    FileChannel b = salts;
    lines = null;
    salts = null;
    try (a;
        b) {
      signed = true;
    }
  }

  /** Writes what was given, signs the head, closes. */
  @Override
  public void close() throws IOException {
    closed = true;
    wake.release();
    try {
      writer.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closeFiles();
  }
}
