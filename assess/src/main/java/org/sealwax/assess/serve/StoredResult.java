package org.sealwax.assess.serve;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;
import org.sealwax.mail.http.StreamedResponse.StreamedContent;

/**
 * An open result: a file whose first line is the report as JSON, and whose rest is the page. It is
 * sent from the disk: a visitor who is slow to read must not hold {@link ResultStore#MAX_RESULT}
 * bytes of memory.
 */
final class StoredResult implements Closeable {
  private static final int BUFFER = 16 << 10;
  private static final byte[] NOTHING = {};

  private final FileChannel file;
  private final Instant at;
  private final long line;
  private final long size;

  private StoredResult(FileChannel file, Instant at, long line, long size) {
    this.file = file;
    this.at = at;
    this.line = line;
    this.size = size;
  }

  /**
   * Opens a file.
   *
   * @param at when the scan ended
   * @return empty when it has no line end
   * @throws IOException when it cannot be read
   */
  static Optional<StoredResult> open(Path path, Instant at) throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
    try {
      long size = file.size();
      long line = lineEnd(file);
      if (line >= 0) {
        return Optional.of(new StoredResult(file, at, line, size));
      }
      file.close();
      return Optional.empty();
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /** Where the first line ends; -1 when it does not. */
  private static long lineEnd(FileChannel file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    long position = 0;
    int count = file.read(buffer, position);
    while (count > 0) {
      for (int i = 0; i < count; i++) {
        if (buffer.get(i) == '\n') {
          return position + i;
        }
      }
      position += count;
      buffer.clear();
      count = file.read(buffer, position);
    }
    return -1;
  }

  /** When the scan ended. */
  Instant at() {
    return at;
  }

  /**
   * The report as JSON, in memory.
   *
   * @throws IOException when it cannot be read
   */
  String json() throws IOException {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(line));
    while (all.hasRemaining()) {
      if (file.read(all, all.position()) < 0) {
        throw new EOFException("a result has become shorter");
      }
    }
    return new String(all.array(), StandardCharsets.UTF_8);
  }

  /** The page, to be sent; closing it closes this. */
  StreamedContent page() {
    return new FilePart(NOTHING, ResultPart.PAGE, NOTHING);
  }

  /**
   * A JSON document with the report as its member {@code report}, to be sent; closing it closes
   * this. The report goes out as it was stored.
   *
   * @param object the other members, at least one
   */
  StreamedContent report(String object) {
    String open = object.substring(0, object.lastIndexOf('}'));
    return new FilePart(
        (open + ",\"report\":").getBytes(StandardCharsets.UTF_8),
        ResultPart.REPORT,
        "}\n".getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private enum ResultPart {
    REPORT,
    PAGE
  }

  /** A part of the file, with a few bytes around it. */
  private final class FilePart implements StreamedContent {
    private final byte[] before;
    private final long start;
    private final long end;
    private final byte[] after;

    FilePart(byte[] before, ResultPart part, byte[] after) {
      this.before = before;
      this.start = part == ResultPart.PAGE ? line + 1 : 0;
      this.end = part == ResultPart.PAGE ? size : line;
      this.after = after;
    }

    @Override
    public long length() {
      return before.length + end - start + after.length;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(before);
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      for (long position = start; position < end; ) {
        buffer.clear().limit((int) Math.min(BUFFER, end - position));
        int count = file.read(buffer, position);
        if (count < 0) {
          throw new EOFException("a result has become shorter");
        }
        out.write(buffer.array(), 0, count);
        position += count;
      }
      out.write(after);
    }

    @Override
    public void close() throws IOException {
      StoredResult.this.close();
    }
  }
}
