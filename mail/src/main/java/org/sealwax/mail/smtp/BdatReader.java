package org.sealwax.mail.smtp;

import java.io.IOException;

/**
 * Reads the chunks of one message, each by its count of bytes (RFC 3030 section 2).
 *
 * <p>BINARYMIME is not supported, so the text rules hold here too: a bare CR or LF that came in by
 * BDAT would smuggle as soon as the next hop gets the message by DATA.
 */
public final class BdatReader {
  private final LineReader source;
  private final long most;
  private final TextScan scan = new TextScan();
  private long bytes;

  /**
   * A reader of one message's chunks.
   *
   * @param source where lines are read from
   * @param most maximum number of bytes handed on, all chunks together
   */
  public BdatReader(LineReader source, long most) {
    this.source = source;
    this.most = most;
  }

  /**
   * Reads exactly one chunk.
   *
   * @param size its bytes, 0 or more
   * @param sink gets blocks while there is neither a flaw nor too much
   * @return false when the stream ended inside the chunk
   * @throws IOException from the stream or from the sink, as it was thrown
   */
  public boolean readInto(long size, BodySink sink) throws IOException {
    long left = size;
    if (left > source.buffered()) {
      source.grow();
    }
    while (left > 0) {
      if (source.position == source.limit) {
        if (source.limit == source.buffer.length && left > source.limit) {
          source.growFurther();
        }
        if (!source.fill()) {
          return false;
        }
      }
      int take = (int) Math.min(left, source.limit - source.position);
      bytes += take;
      scan.scan(source.buffer, source.position, source.position + take);
      if (bytes <= most && scan.flaw() == null) {
        sink.take(source.buffer, source.position, take);
      }
      source.position += take;
      left -= take;
    }
    source.shrink();
    return true;
  }

  /**
   * Reads and discards a chunk; false when the stream ended inside.
   *
   * @param source where lines are read from
   * @param size number of bytes
   * @return false when the stream ended inside the chunk
   * @throws IOException when the connection or file fails
   */
  public static boolean drop(LineReader source, long size) throws IOException {
    return new BdatReader(source, -1).readInto(size, (block, offset, length) -> {});
  }

  /** {@return what was seen so far; call once, after the last chunk} */
  public BodySummary summary() {
    scan.end();
    return new BodySummary(
        bytes, scan.eightBit(), scan.flaw(), scan.longestLine(), bytes > most, true);
  }

  /** {@return whether more came than is allowed: known before the last chunk} */
  public boolean tooLarge() {
    return bytes > most;
  }
}
