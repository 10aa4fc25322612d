package org.sealwax.router.milter;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A message in memory, on its way through filters. */
final class MemoryMessage implements MilterTransaction.FilteredMessage {
  /** Memory that suffices. */
  static final long ENOUGH = 1 << 24;

  private final byte[] bytes;
  private long memory;

  MemoryMessage(String text) {
    this(text, ENOUGH);
  }

  MemoryMessage(String text, long memory) {
    this.bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    this.memory = memory;
  }

  /** The message as filters left it. */
  String after(MilterTransaction.FilterResult result) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    MessageEdits edits = result.edits();
    if (edits == null) {
      out.writeBytes(bytes);
    } else {
      edits.writeTo(out, read());
    }
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public InputStream read() {
    return new ByteArrayInputStream(bytes);
  }

  @Override
  public MilterContent newContent() {
    return new MemoryContent(new ByteArrayOutputStream());
  }

  @Override
  public boolean tryTakeMemory(long wanted) {
    memory -= wanted;
    return memory >= 0;
  }

  @Override
  public long maxBytes() {
    return 100_000;
  }

  private record MemoryContent(ByteArrayOutputStream bytes) implements MilterContent {
    @Override
    public OutputStream write() {
      return bytes;
    }

    @Override
    public InputStream read() {
      return new ByteArrayInputStream(bytes.toByteArray());
    }

    @Override
    public void close() {}
  }
}
