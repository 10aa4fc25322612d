package org.sealwax.router.reports.received;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.json.JsonMembers;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.mail.tlsrpt.TlsReportParse;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The reports that were received, in a folder for each UTC day that they are about: one file each,
 * a line that shows how it came and a line with the report. Its name is a hash of origin,
 * organisation and report-id, so that a report that comes twice from the same origin is known (and
 * no sender can take the place of another's report by sending one of the same name first). Files,
 * so that the admin and any tool can read them. Thread-safe; one process writes, others may read.
 */
public final class ReceivedReportStore {
  private static final Pattern FILE = Pattern.compile("[0-9a-f]{32}\\.json");
  private static final Pattern DAY = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");

  /** Bytes of the line about its transport. */
  private static final int MAX_HEAD = 4_096;

  /** Bytes of a file that is read. */
  private static final int MAX_FILE = TlsReportJson.MAX_BYTES + MAX_HEAD;

  private final ReceivedReportSettings settings;
  private final MailLog log;
  private final Map<ReportOrigin.ReportTransport, StoreUsage> taken = new HashMap<>();
  private final Map<ReportOrigin, Integer> today = new HashMap<>();
  private LocalDate day = LocalDate.EPOCH;

  /** The disk usage of files. */
  private record StoreUsage(int files, long bytes) {
    static final StoreUsage NONE = new StoreUsage(0, 0);

    StoreUsage plus(int more, long size) {
      return new StoreUsage(files + more, bytes + size);
    }
  }

  private ReceivedReportStore(ReceivedReportSettings settings, MailLog log) {
    this.settings = settings;
    this.log = log;
  }

  /**
   * Opens the folder, which is made when it is not there, and counts what is in it.
   *
   * @throws IOException when it cannot be used
   */
  public static ReceivedReportStore open(ReceivedReportSettings settings, MailLog log)
      throws IOException {
    StateFiles.makeFolder(settings.folder());
    ReceivedReportStore store = new ReceivedReportStore(settings, log);
    store.count();
    return store;
  }

  private void count() throws IOException {
    taken.clear();
    try (DirectoryStream<Path> days = Files.newDirectoryStream(settings.folder())) {
      for (Path folder : days) {
        if (folder.getFileName().toString().startsWith(".new-")) {
          Files.delete(folder); // a crash before it had its name
        } else if (DAY.matcher(folder.getFileName().toString()).matches()) {
          countDay(folder);
        }
      }
    }
  }

  private void countDay(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (FILE.matcher(file.getFileName().toString()).matches()) {
          add(wayOf(file), 1, Files.size(file));
        }
      }
    }
  }

  /** From its first line: whole files are not read to be counted. */
  private static ReportOrigin.ReportTransport wayOf(Path file) throws IOException {
    try (var in = RegularFile.open(file)) {
      String head = new String(in.readNBytes(MAX_HEAD), StandardCharsets.UTF_8);
      return JsonMembers.read(head.lines().findFirst().orElse(""))
              .map(m -> m.text("way"))
              .equals(Optional.of(ReportOrigin.ReportTransport.MAIL.word()))
          ? ReportOrigin.ReportTransport.MAIL
          : ReportOrigin.ReportTransport.POST;
    }
  }

  private void add(ReportOrigin.ReportTransport way, int files, long bytes) {
    taken.merge(way, StoreUsage.NONE.plus(files, bytes), (a, b) -> a.plus(b.files(), b.bytes()));
  }

  /** Whether a report about a period that began then is not kept any more. */
  public boolean isTooOld(Instant begin, Instant now) {
    return dayOf(begin).isBefore(dayOf(now.minus(settings.keep())));
  }

  private static LocalDate dayOf(Instant time) {
    return LocalDate.ofInstant(time, ZoneOffset.UTC);
  }

  /** Keeps a report; the result shows whether it is on stable storage. */
  synchronized ReportIntakeResult keep(ReceivedReport received) {
    try {
      turn(received.at());
      Path folder = settings.folder().resolve(dayOf(received.report().begin()).toString());
      Path file = folder.resolve(nameOf(received));
      if (Files.exists(file)) {
        return new ReportIntakeResult.Duplicate();
      }
      byte[] bytes = written(received);
      if (bytes.length > TlsReportJson.MAX_BYTES) {
        return new ReportIntakeResult.Refused("more than " + TlsReportJson.MAX_BYTES + " bytes");
      }
      String full = full(received.origin(), bytes.length);
      if (!full.isEmpty()) {
        return new ReportIntakeResult.StoreUnavailable(full);
      }
      write(folder, file, bytes);
      add(received.origin().way(), 1, bytes.length);
      today.merge(received.origin(), 1, Integer::sum);
      return new ReportIntakeResult.Stored(received, List.of());
    } catch (IOException e) {
      return new ReportIntakeResult.StoreUnavailable(
          "the report cannot be written: " + FailureText.of(e));
    }
  }

  /** Why there is no space; empty when there is. */
  private String full(ReportOrigin origin, int bytes) {
    if (today.getOrDefault(origin, 0) >= settings.fromOne()) {
      return origin + " has sent " + CountText.of(settings.fromOne(), "report") + " today";
    }
    StoreUsage mail = taken.getOrDefault(ReportOrigin.ReportTransport.MAIL, StoreUsage.NONE);
    StoreUsage post = taken.getOrDefault(ReportOrigin.ReportTransport.POST, StoreUsage.NONE);
    // RFC 8460 §7: a flood of reports must not hide others. Any client can post; a signer has a
    // name.
    boolean posted = origin.way() == ReportOrigin.ReportTransport.POST;
    boolean full =
        mail.files() + post.files() >= settings.reports()
            || mail.bytes() + post.bytes() + bytes > settings.bytes()
            || (posted && post.files() >= settings.reports() / 2)
            || (posted && post.bytes() + bytes > settings.bytes() / 2);
    return full ? "there is no space for more reports" : "";
  }

  /**
   * Removes what is older than is kept; {@link #keep} does so every day that a report comes.
   *
   * @throws IOException when the folder cannot be read or changed
   */
  public synchronized void removeOld(Instant now) throws IOException {
    turn(now);
  }

  private void turn(Instant now) throws IOException {
    LocalDate current = dayOf(now);
    if (current.equals(day)) {
      return;
    }
    day = current;
    today.clear();
    LocalDate oldest = dayOf(now.minus(settings.keep()));
    boolean swept = false;
    try (DirectoryStream<Path> days = Files.newDirectoryStream(settings.folder())) {
      for (Path folder : days) {
        String name = folder.getFileName().toString();
        if (DAY.matcher(name).matches() && parsed(name).isBefore(oldest)) {
          sweep(folder);
          swept = true;
        }
      }
    }
    if (swept) {
      log.note("tlsrpt", "reports from before " + oldest + " are removed");
      count();
    }
  }

  private static LocalDate parsed(String name) {
    try {
      return LocalDate.parse(name);
    } catch (DateTimeParseException e) {
      return LocalDate.MAX; // none of our files
    }
  }

  private static void sweep(Path folder) throws IOException {
    boolean others = false;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (FILE.matcher(file.getFileName().toString()).matches()) {
          Files.delete(file);
        } else {
          others = true;
        }
      }
    }
    if (!others) {
      Files.delete(folder);
    }
  }

  private static String nameOf(ReceivedReport received) {
    ReportOrigin origin = received.origin();
    // A client's address proves nothing, and a reporter may have several.
    String who = origin.way() == ReportOrigin.ReportTransport.MAIL ? origin.who() : "";
    String key =
        origin.way().word()
            + "\n"
            + who
            + "\n"
            + received.report().organization()
            + "\n"
            + received.report().id();
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16) + ".json";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] written(ReceivedReport received) {
    ObjectNode head = Json.object();
    head.put("way", received.origin().way().word());
    head.put("from", received.origin().who());
    head.put("received", received.at().toString());
    byte[] first = Json.bytes(head);
    byte[] second = TlsReportJson.write(received.report());
    return ByteBuffer.allocate(first.length + second.length + 2)
        .put(first)
        .put((byte) '\n')
        .put(second)
        .put((byte) '\n')
        .array();
  }

  private void write(Path folder, Path file, byte[] bytes) throws IOException {
    boolean fresh = !Files.isDirectory(folder);
    Files.createDirectories(folder);
    Path draft = settings.folder().resolve(".new-" + file.getFileName());
    StateFiles.write(draft, out -> out.write(bytes));
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    StateFiles.sync(folder);
    if (fresh) {
      StateFiles.sync(settings.folder());
    }
  }

  /** Reports kept now. */
  public synchronized int size() {
    return taken.values().stream().mapToInt(StoreUsage::files).sum();
  }

  /**
   * Reads all reports about days from {@code since} on; no server is needed, and one may run.
   *
   * @param unreadable gets the files that hold no report
   * @throws IOException when the folder cannot be read; a missing folder counts as empty
   */
  public static void each(
      Path folder, LocalDate since, Consumer<ReceivedReport> reports, Consumer<Path> unreadable)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> days = Files.newDirectoryStream(folder)) {
      for (Path day : days) {
        String name = day.getFileName().toString();
        if (DAY.matcher(name).matches() && !parsed(name).isBefore(since)) {
          eachOf(day, reports, unreadable);
        }
      }
    }
  }

  private static void eachOf(Path day, Consumer<ReceivedReport> reports, Consumer<Path> unreadable)
      throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(day)) {
      for (Path file : files) {
        if (!FILE.matcher(file.getFileName().toString()).matches()) {
          continue;
        }
        try {
          reports.accept(read(file));
        } catch (NoSuchFileException e) {
          // Its time had come meanwhile.
        } catch (IOException e) {
          unreadable.accept(file);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // Likewise.
    }
  }

  private static ReceivedReport read(Path file) throws IOException {
    byte[] bytes = RegularFile.bytes(file, MAX_FILE);
    int line = 0;
    while (line < bytes.length && bytes[line] != '\n') {
      line++;
    }
    byte[] rest =
        java.util.Arrays.copyOfRange(bytes, Math.min(line + 1, bytes.length), bytes.length);
    try {
      JsonNode head = Json.read(new String(bytes, 0, line, StandardCharsets.UTF_8));
      if (!(TlsReportJson.reading(rest) instanceof TlsReportParse.ReadReport(var report, _))) {
        throw new IOException("not a report");
      }
      return new ReceivedReport(
          Instant.parse(head.path("received").asString("")),
          new ReportOrigin(
              ReportOrigin.ReportTransport.of(head.path("way").asString("")),
              head.path("from").asString("")),
          report);
    } catch (JacksonException | DateTimeParseException | IllegalArgumentException e) {
      throw new IOException("damaged", e);
    }
  }
}
