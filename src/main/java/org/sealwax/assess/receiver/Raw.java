package org.sealwax.assess.receiver;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.sealwax.tls.wire.AlertName;
import org.sealwax.tls.wire.Records;
import org.sealwax.tls.wire.ServerReader;
import org.sealwax.world.Deadline;
import org.sealwax.world.Wire;

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
    Answer.End end = Answer.End.COMPLETE;
    byte[] some = new byte[4_096];
    try (Deadline _ = Deadline.after(longest.multipliedBy(2), wire)) {
      wire.readTimeout(longest);
      InputStream in = wire.in();
      while (!enough.getAsBoolean()) {
        int count = in.read(some);
        if (count < 0) {
          end = Answer.End.CLOSED;
          break;
        }
        int keep = Math.min(count, first.length - kept);
        System.arraycopy(some, 0, first, kept, keep);
        kept += keep;
        reader.feed(some, 0, count);
        if (reader.broken() != null) {
          end = Answer.End.BROKEN;
          break;
        }
      }
    } catch (SocketTimeoutException e) {
      end = Answer.End.SILENT;
    } catch (IOException e) {
      end = Answer.End.CLOSED;
    }
    return new Answer(reader, end, Arrays.copyOf(first, kept));
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
