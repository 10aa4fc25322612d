package org.sealwax.router.reports.inbox;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Optional;
import org.apache.james.mime4j.MimeException;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.stream.EntityState;
import org.apache.james.mime4j.stream.MimeConfig;
import org.apache.james.mime4j.stream.MimeTokenStream;
import org.apache.james.mime4j.stream.RecursionMode;

/**
 * The parts of a message that are not multiparts themselves (RFC 2046), in their order; a message
 * inside the message is one part. MIME is read strictly: a guess at what a malformed message could
 * mean may show another message than the one that was signed.
 */
public final class MimeParts {
  /** Multiparts inside each other: a report is one deep, a list server may add one or two. */
  public static final int MAX_DEPTH = 5;

  /** Parts of one message that are read. */
  public static final int MAX_PARTS = 50;

  /** Bytes of a line; RFC 5322 section 2.1.1 has 998. */
  private static final int MAX_LINE = 4_096;

  private static final int MAX_FIELDS = 500;
  private static final int MAX_FIELD = 64 * 1_024;

  private MimeParts() {}

  /** One part. */
  public interface MimePart {
    /** Media type in lower case, without parameters. */
    String type();

    /**
     * The decoded content, to be asked once.
     *
     * @param most bytes at most; what follows them is left out
     * @throws IOException when the encoding is malformed
     */
    byte[] content(int most) throws IOException;
  }

  /** Gets the parts. */
  @FunctionalInterface
  public interface PartReader {
    /**
     * Reads one part.
     *
     * @return whether to go on
     * @throws IOException when the part is malformed; no further part is read
     */
    boolean read(MimePart part) throws IOException;
  }

  /**
   * Reads the parts of a message.
   *
   * @return why the message is not read to its end; empty when it is, or when the reader ended it
   */
  public static Optional<String> each(InputStream message, PartReader reader) {
    MimeConfig limits =
        MimeConfig.custom()
            .setStrictParsing(true)
            .setMaxLineLen(MAX_LINE)
            .setMaxHeaderCount(MAX_FIELDS)
            .setMaxHeaderLen(MAX_FIELD)
            .build();
    MimeTokenStream tokens = new MimeTokenStream(limits, DecodeMonitor.STRICT, null, null);
    tokens.setRecursionMode(RecursionMode.M_NO_RECURSE);
    try {
      tokens.parse(message);
      return each(tokens, reader);
    } catch (IOException | MimeException | RuntimeException e) {
      // Whatever is thrown is about what is in the message, and quotes it.
      return Optional.of("malformed MIME");
    }
  }

  private static Optional<String> each(MimeTokenStream tokens, PartReader reader)
      throws IOException, MimeException {
    int depth = 0;
    int parts = 0;
    for (EntityState at = tokens.getState();
        at != EntityState.T_END_OF_STREAM;
        at = tokens.next()) {
      switch (at) {
        case T_START_MULTIPART -> {
          if (++depth > MAX_DEPTH) {
            return Optional.of("multiparts more than " + MAX_DEPTH + " deep");
          }
        }
        case T_END_MULTIPART -> depth--;
        case T_BODY -> {
          if (++parts > MAX_PARTS) {
            return Optional.of("more than " + MAX_PARTS + " parts");
          }
          if (!reader.read(new TokenPart(tokens))) {
            return Optional.empty();
          }
        }
        default -> {
          // Header fields, preambles and the like are ignored.
        }
      }
    }
    return Optional.empty();
  }

  /** The part at which the stream stands. */
  private record TokenPart(MimeTokenStream tokens) implements MimePart {
    @Override
    public String type() {
      return String.valueOf(tokens.getBodyDescriptor().getMimeType()).toLowerCase(Locale.ROOT);
    }

    @Override
    public byte[] content(int most) throws IOException {
      try (InputStream in = tokens.getDecodedInputStream()) {
        return in.readNBytes(most);
      }
    }
  }
}
