package org.sealwax.assess.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * The latest result of each domain, a file each: the JSON on the first line, then the page. The
 * name of the file is a hash of the domain, its time is that of the result. When all together are
 * larger than allowed, the longest unchanged are deleted. A result appears as a whole or not at
 * all, also when the process is killed. Thread-safe.
 */
public final class ResultStore {
  /** Bytes of one result. Reports with their evidence have some 300 KB. */
  public static final int MAX_RESULT = 2 << 20;

  private static final String SUFFIX = ".result";
  private static final String NEW = ".new";

  /** Bytes that a file costs besides its content. */
  private static final int BLOCK = 4_096;

  /** A file counts as this at least, so that the limit of bytes is one of files too. */
  static final int LEAST = 16 << 10;

  private final Path folder;
  private final long most;

  /** The oldest is the first. */
  private final Map<String, FileState> files = new LinkedHashMap<>();

  private long total;

  private record FileState(long bytes, Instant at) {
    long cost() {
      return Math.max(bytes + BLOCK, LEAST);
    }
  }

  private ResultStore(Path folder, long most) {
    this.folder = folder;
    this.most = most;
  }

  /**
   * Opens the folder with what is in it.
   *
   * @param most bytes of all results
   * @throws IOException when the folder cannot be made or read
   */
  public static ResultStore open(Path folder, long most) throws IOException {
    Files.createDirectories(folder);
    ResultStore store = new ResultStore(folder, most);
    List<Map.Entry<String, FileState>> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      for (Path file : all) {
        String name = file.getFileName().toString();
        if (name.endsWith(NEW)) {
          Files.deleteIfExists(file);
        } else if (name.endsWith(SUFFIX)) {
          found.add(
              Map.entry(
                  name,
                  new FileState(Files.size(file), Files.getLastModifiedTime(file).toInstant())));
        }
      }
    }
    found.sort(Map.Entry.comparingByValue(Comparator.comparing(FileState::at)));
    found.forEach(f -> store.remember(f.getKey(), f.getValue()));
    store.shrink();
    return store;
  }

  private void remember(String name, FileState state) {
    forget(name);
    files.put(name, state);
    total += state.cost();
  }

  private void forget(String name) {
    FileState before = files.remove(name);
    if (before != null) {
      total -= before.cost();
    }
  }

  private static String name(Domain domain) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(domain.name().getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(hash) + SUFFIX;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** When the result of a domain was made; empty when there is none. */
  public synchronized Optional<Instant> time(Domain domain) {
    return Optional.ofNullable(files.get(name(domain))).map(FileState::at);
  }

  /**
   * Opens the result of a domain, which can be read to its end also when it is replaced meanwhile.
   *
   * @return empty when there is none; the caller closes it
   * @throws IOException when it cannot be read
   */
  Optional<StoredResult> find(Domain domain) throws IOException {
    Optional<Instant> at = time(domain);
    if (at.isEmpty()) {
      return Optional.empty();
    }
    try {
      return StoredResult.open(folder.resolve(name(domain)), at.get());
    } catch (NoSuchFileException e) {
      return Optional.empty(); // another thread has deleted it
    }
  }

  /**
   * The content of a file.
   *
   * @param json the report, one line
   * @param page the report as HTML
   */
  static String content(String json, String page) {
    return json + "\n" + page;
  }

  /**
   * Replaces the result of a domain.
   *
   * @param at when the scan ended
   * @param content of {@link #content}
   * @return false when it is larger than {@link #MAX_RESULT}: nothing has changed then
   * @throws IOException when it cannot be written; the former one stays
   */
  public synchronized boolean put(Domain domain, Instant at, String content) throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_RESULT) {
      return false;
    }
    String name = name(domain);
    Path written = folder.resolve(name + NEW);
    try {
      Files.write(written, bytes);
      Files.setLastModifiedTime(written, FileTime.from(at));
      Files.move(
          written,
          folder.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(written);
      throw e;
    }
    remember(name, new FileState(bytes.length, at));
    shrink();
    return true;
  }

  /** Deletes the oldest until what is left is within the limit; the newest stays. */
  private void shrink() throws IOException {
    while (total > most && files.size() > 1) {
      String oldest = files.keySet().iterator().next();
      Files.deleteIfExists(folder.resolve(oldest));
      forget(oldest);
    }
  }

  /**
   * Deletes the result of a domain.
   *
   * @throws IOException when it cannot be deleted
   */
  public synchronized void delete(Domain domain) throws IOException {
    String name = name(domain);
    Files.deleteIfExists(folder.resolve(name));
    forget(name);
  }

  /** Results stored. */
  public synchronized int count() {
    return files.size();
  }

  /** Bytes that they take. */
  public synchronized long bytes() {
    return total;
  }
}
