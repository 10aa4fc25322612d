package org.sealwax.router.reports.received;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.apache.james.mime4j.MimeException;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.stream.BodyDescriptor;
import org.apache.james.mime4j.stream.EntityState;
import org.apache.james.mime4j.stream.MimeConfig;
import org.apache.james.mime4j.stream.MimeTokenStream;
import org.apache.james.mime4j.stream.RecursionMode;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tlsrpt.TlsReportJson;

/**
 * Finds the report in a message: the one part of type {@code application/tlsrpt+gzip} or {@code
 * application/tlsrpt+json} (RFC 8460 section 5.3). MIME is read strictly: what is malformed is not
 * a report, since a guess at what it could mean may show another message than the one that was
 * signed.
 */
final class ReportExtraction {
  /** Multiparts inside each other: a report is one deep, a list server may add one or two. */
  static final int MAX_DEPTH = 5;

  /** Parts of one message that are read. */
  static final int MAX_PARTS = 50;

  /** Bytes of a line; RFC 5322 section 2.1.1 has 998. */
  private static final int MAX_LINE = 4_096;

  private static final int MAX_FIELDS = 500;
  private static final int MAX_FIELD = 64 * 1_024;

  private ReportExtraction() {}

  /** The result of an extraction. */
  sealed interface ExtractionResult {
    /**
     * The report.
     *
     * @param bytes decoded, at most {@link TlsReportJson#MAX_BYTES}
     * @param packed whether the type says gzip
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
    record ReportFound(byte[] bytes, boolean packed) implements ExtractionResult {}

    /** No report, or not one. */
    record NoReportFound(String why) implements ExtractionResult {}
  }

  /** Looks through a message. */
  static ExtractionResult in(byte[] message) {
    MimeConfig limits =
        MimeConfig.custom()
            .setStrictParsing(true)
            .setMaxLineLen(MAX_LINE)
            .setMaxHeaderCount(MAX_FIELDS)
            .setMaxHeaderLen(MAX_FIELD)
            .build();
    MimeTokenStream tokens = new MimeTokenStream(limits, DecodeMonitor.STRICT, null, null);
    tokens.setRecursionMode(RecursionMode.M_NO_RECURSE);
    tokens.parse(new ByteArrayInputStream(message));
    try {
      return visitPart(tokens);
    } catch (IOException | MimeException | RuntimeException e) {
      // From memory: whatever is thrown is about what is in it, and quotes it.
      return new ExtractionResult.NoReportFound("malformed MIME");
    }
  }

  private static ExtractionResult visitPart(MimeTokenStream tokens)
      throws IOException, MimeException {
    ExtractionResult.@Nullable ReportFound found = null;
    int depth = 0;
    int parts = 0;
    for (EntityState at = tokens.getState();
        at != EntityState.T_END_OF_STREAM;
        at = tokens.next()) {
      switch (at) {
        case T_START_MULTIPART -> {
          if (++depth > MAX_DEPTH) {
            return new ExtractionResult.NoReportFound(
                "multiparts more than " + MAX_DEPTH + " deep");
          }
        }
        case T_END_MULTIPART -> depth--;
        case T_BODY -> {
          if (++parts > MAX_PARTS) {
            return new ExtractionResult.NoReportFound("more than " + MAX_PARTS + " parts");
          }
          BodyDescriptor part = tokens.getBodyDescriptor();
          String type = String.valueOf(part.getMimeType()).toLowerCase(Locale.ROOT);
          boolean packed = type.equals("application/tlsrpt+gzip");
          if (!packed && !type.equals("application/tlsrpt+json")) {
            continue;
          }
          if (found != null) {
            return new ExtractionResult.NoReportFound("more than one report");
          }
          byte[] bytes = decoded(tokens);
          if (bytes.length > TlsReportJson.MAX_BYTES) {
            return new ExtractionResult.NoReportFound(
                "a report over " + TlsReportJson.MAX_BYTES + " bytes");
          }
          found = new ExtractionResult.ReportFound(bytes, packed);
        }
        default -> {
          // Header fields, preambles and the like are ignored.
        }
      }
    }
    return found == null
        ? new ExtractionResult.NoReportFound("no part of type application/tlsrpt+gzip")
        : found;
  }

  private static byte[] decoded(MimeTokenStream tokens) throws IOException {
    try (InputStream in = tokens.getDecodedInputStream()) {
      return in.readNBytes(TlsReportJson.MAX_BYTES + 1);
    }
  }
}
