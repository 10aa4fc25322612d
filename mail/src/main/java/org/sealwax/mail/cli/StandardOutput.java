package org.sealwax.mail.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The process's standard output, with its stream below: a log must learn that a write failed, and a
 * write that hangs must not hold the lock that others print under.
 */
public final class StandardOutput extends PrintStream {
  private final OutputStream raw;

  public StandardOutput() {
    this(new FileOutputStream(FileDescriptor.out));
  }

  private StandardOutput(OutputStream raw) {
    super(raw, true, StandardCharsets.UTF_8);
    this.raw = raw;
  }

  /** Where a log writes: the stream below of standard output, any other as it is. */
  public static OutputStream forLog(PrintStream out) {
    PrintStream own = out instanceof PrintableStream printable ? printable.below() : out;
    return own instanceof StandardOutput standard ? standard.raw : own;
  }
}
