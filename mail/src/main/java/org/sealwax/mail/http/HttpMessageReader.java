package org.sealwax.mail.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What requests and answers of HTTP/1.1 (RFC 9112) have in common: lines, fields, content. Strict
 * where two readings are possible, since nothing is gained by guessing: framing that contradicts
 * itself, folded fields and unknown codings are refused. Lines may end with LF alone (RFC 9112
 * 2.2).
 */
abstract class HttpMessageReader {
  /** Bytes of the first line and fields together, trailers included: servers' usual limit. */
  static final int MAX_HEAD = 16 * 1_024;

  /** Maximum number of fields of one message; normal ones have a dozen. */
  static final int MAX_FIELDS = 100;

  /** Bytes of one line that says how long a chunk is, extensions included. */
  static final int MAX_CHUNK_LINE = 256;

  private static final int BUFFER = 8 * 1_024;

  private final InputStream in;
  private final int maxBody;
  private final byte[] buffer = new byte[BUFFER];
  private int at;
  private int end;
  private int head;

  /**
   * @param in read ahead of what is asked for
   * @param maxBody bytes of the content
   */
  HttpMessageReader(InputStream in, int maxBody) {
    this.in = in;
    this.maxBody = maxBody;
  }

  /** The fields, to the empty line. */
  final List<HttpResponse.HttpField> fields() throws IOException {
    List<HttpResponse.HttpField> fields = new ArrayList<>();
    for (String line = line(MAX_HEAD); !line.isEmpty(); line = line(MAX_HEAD)) {
      if (fields.size() == MAX_FIELDS) {
        throw new MalformedHttp("more than " + MAX_FIELDS + " fields");
      }
      int colon = line.indexOf(':');
      if (colon < 1 || !line.substring(0, colon).chars().allMatch(HttpMessageReader::isToken)) {
        throw new MalformedHttp("a field without a name");
      }
      String value = line.substring(colon + 1).strip();
      if (!value.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c != 0x7f))) {
        throw new MalformedHttp("a control character in a field");
      }
      fields.add(
          new HttpResponse.HttpField(line.substring(0, colon).toLowerCase(Locale.ROOT), value));
    }
    return fields;
  }

  /** RFC 9110 §5.6.2. */
  static boolean isToken(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  /** The content, as the fields frame it; empty when they do not. */
  final Optional<byte[]> content(List<HttpResponse.HttpField> fields) throws IOException {
    for (String coding : all(fields, "content-encoding")) {
      if (!coding.equalsIgnoreCase("identity")) {
        throw new MalformedHttp("a content coding, which nobody offered");
      }
    }
    List<String> transfer = all(fields, "transfer-encoding");
    Set<String> lengths = new TreeSet<>(all(fields, "content-length"));
    if (!transfer.isEmpty()) {
      // RFC 9112 §6.3: both together is how requests and answers are smuggled.
      if (!lengths.isEmpty()) {
        throw new MalformedHttp("both a length and a transfer coding");
      }
      if (transfer.size() != 1 || !transfer.getFirst().equalsIgnoreCase("chunked")) {
        throw new MalformedHttp("a transfer coding other than chunked");
      }
      return Optional.of(chunks());
    }
    if (lengths.isEmpty()) {
      return Optional.empty();
    }
    if (lengths.size() > 1) {
      throw new MalformedHttp("two lengths");
    }
    return Optional.of(exactly(length(lengths.iterator().next())));
  }

  private static List<String> all(List<HttpResponse.HttpField> fields, String name) {
    return fields.stream()
        .filter(f -> f.name().equals(name))
        .map(HttpResponse.HttpField::value)
        .toList();
  }

  private int length(String text) throws IOException {
    if (text.isEmpty() || text.length() > 18 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new MalformedHttp("a length that is no number");
    }
    long length = Long.parseLong(text);
    if (length > maxBody) {
      throw new OversizedHttp();
    }
    return (int) length;
  }

  private byte[] exactly(int length) throws IOException {
    byte[] body = new byte[length];
    copy(body, 0, length);
    return body;
  }

  private void copy(byte[] into, int from, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (at == end && !fill()) {
        throw new MalformedHttp("ends before its content does");
      }
      int count = Math.min(length - done, end - at);
      System.arraycopy(buffer, at, into, from + done, count);
      at += count;
      done += count;
    }
  }

  /** All that comes until the connection ends. */
  final byte[] remainingBytes() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (at < end || fill()) {
      if (body.size() + (end - at) > maxBody) {
        throw new OversizedHttp();
      }
      body.write(buffer, at, end - at);
      at = end;
    }
    return body.toByteArray();
  }

  /** RFC 9112 §7.1. */
  private byte[] chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = chunkSize(line(MAX_CHUNK_LINE));
      if (size == 0) {
        fields(); // trailers, which are not used
        return body.toByteArray();
      }
      if (body.size() + size > maxBody) {
        throw new OversizedHttp();
      }
      body.write(exactly(size));
      if (!line(MAX_CHUNK_LINE).isEmpty()) {
        throw new MalformedHttp("a chunk that is longer than it says");
      }
    }
  }

  private int chunkSize(String line) throws IOException {
    // The lines of chunks are bounded by the content, which has a limit of its own.
    head = 0;
    int semicolon = line.indexOf(';');
    String digits = (semicolon < 0 ? line : line.substring(0, semicolon)).stripTrailing();
    if (digits.isEmpty() || digits.length() > 8) {
      throw new MalformedHttp("a chunk without a size");
    }
    long size = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = hex(digits.charAt(i));
      if (digit < 0) {
        throw new MalformedHttp("a chunk without a size");
      }
      size = size << 4 | digit;
    }
    if (size > maxBody) {
      throw new OversizedHttp();
    }
    return (int) size;
  }

  private static int hex(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
      return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }

  /** A line without its end. */
  final String line(int max) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      if (at == end && !fill()) {
        throw head == 0 && line.size() == 0
            ? new MalformedHttp("nothing came")
            : new MalformedHttp("ends before it should");
      }
      byte b = buffer[at++];
      if (++head > MAX_HEAD) {
        throw new MalformedHttp("a head over " + MAX_HEAD + " octets");
      }
      if (b == '\n') {
        break;
      }
      if (line.size() == max) {
        throw new MalformedHttp("a line over " + max + " octets");
      }
      line.write(b);
    }
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  private boolean fill() throws IOException {
    at = 0;
    end = 0;
    int count;
    try {
      count = in.read(buffer, 0, buffer.length);
    } catch (EOFException e) {
      return false;
    }
    if (count < 0) {
      return false;
    }
    end = count;
    return end > 0 || fill();
  }
}
