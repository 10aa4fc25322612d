package org.sealwax.assess.receiver;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.AlertName;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerReader;

/** A connection on which raw records are exchanged. One thread. */
final class Raw implements AutoCloseable {
  private final Wire wire;
  private final ServerReader reader = new ServerReader();
  private final byte[] first = new byte[Answer.KEPT];
  private int kept;

  Raw(Wire wire) {
    this.wire = wire;
  }

  /** Sends pieces, each in a segment of its own; what the peer no longer takes is its answer. */
  void say(byte[]... pieces) {
    try {
      for (byte[] piece : pieces) {
        wire.out().write(piece);
        wire.out().flush();
      }
    } catch (IOException e) {
      // A peer that closes while we speak is read from next, and there it shows.
    }
  }

  ServerReader reader() {
    return reader;
  }

  /** Waits for the whole clear flight. */
  Answer flight(Duration longest) {
    return listen(longest, reader::complete);
  }

  /** Waits until {@code enough}, the end of the connection, or of the time. */
  Answer listen(Duration longest, BooleanSupplier enough) {
    Answer.End end;
    try (Deadline deadline = Deadline.after(longest.multipliedBy(2), wire)) {
      end = heard(longest, enough, deadline);
    }
    return new Answer(reader, end, Arrays.copyOf(first, kept));
  }

  private Answer.End heard(Duration longest, BooleanSupplier enough, Deadline deadline) {
    byte[] some = new byte[4_096];
    try {
      wire.readTimeout(longest);
      InputStream in = wire.in();
      while (!enough.getAsBoolean()) {
        int count = in.read(some);
        if (count < 0) {
          return Answer.End.CLOSED;
        }
        int keep = Math.min(count, first.length - kept);
        System.arraycopy(some, 0, first, kept, keep);
        kept += keep;
        reader.feed(some, 0, count);
        if (reader.broken() != null) {
          return Answer.End.BROKEN;
        }
      }
      return Answer.End.COMPLETE;
    } catch (SocketTimeoutException e) {
      return Answer.End.SILENT;
    } catch (IOException e) {
      // A server that drips is ended by us, which is no answer of its own.
      return deadline.passed() ? Answer.End.SILENT : Answer.End.RESET;
    }
  }

  /** Says that it is over (RFC 8446 6.1) and closes. */
  @Override
  public void close() {
    say(Records.alert(Records.TLS12, 1, AlertName.CLOSE_NOTIFY));
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }
}
