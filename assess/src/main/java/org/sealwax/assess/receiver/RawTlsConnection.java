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
final class RawTlsConnection implements AutoCloseable {
  private final Wire wire;
  private final ServerReader reader = new ServerReader();
  private final byte[] first = new byte[HelloResponse.MAX_EVIDENCE];
  private int bytesKept;

  RawTlsConnection(Wire wire) {
    this.wire = wire;
  }

  /** Sends pieces, each in a segment of its own; what the peer no longer takes is its answer. */
  void send(byte[]... pieces) {
    try {
      for (byte[] piece : pieces) {
        wire.out().write(piece);
        wire.out().flush();
      }
    } catch (IOException e) {
      // When the peer closes while we send, the next read shows it.
    }
  }

  ServerReader reader() {
    return reader;
  }

  /** Waits for the whole unencrypted flight. */
  HelloResponse flight(Duration longest) {
    return listen(longest, reader::complete);
  }

  /** Waits until {@code enough}, the end of the connection, or of the time. */
  HelloResponse listen(Duration longest, BooleanSupplier enough) {
    HelloResponse.HelloEnd end;
    try (Deadline deadline = Deadline.after(longest.multipliedBy(2), wire)) {
      end = readUntil(longest, enough, deadline);
    }
    return new HelloResponse(reader, end, Arrays.copyOf(first, bytesKept));
  }

  private HelloResponse.HelloEnd readUntil(
      Duration longest, BooleanSupplier enough, Deadline deadline) {
    byte[] some = new byte[4_096];
    try {
      wire.readTimeout(longest);
      InputStream in = wire.in();
      while (!enough.getAsBoolean()) {
        int count = in.read(some);
        if (count < 0) {
          return HelloResponse.HelloEnd.CLOSED;
        }
        int keep = Math.min(count, first.length - bytesKept);
        System.arraycopy(some, 0, first, bytesKept, keep);
        bytesKept += keep;
        reader.feed(some, 0, count);
        if (reader.broken() != null) {
          return HelloResponse.HelloEnd.BROKEN;
        }
      }
      return HelloResponse.HelloEnd.COMPLETE;
    } catch (SocketTimeoutException e) {
      return HelloResponse.HelloEnd.SILENT;
    } catch (IOException e) {
      // We end the connection to a server that sends too slowly: that is not an answer of the
      // server.
      return deadline.passed() ? HelloResponse.HelloEnd.SILENT : HelloResponse.HelloEnd.RESET;
    }
  }

  /** Sends close_notify (RFC 8446 6.1) and closes. */
  @Override
  public void close() {
    send(Records.warning(AlertName.CLOSE_NOTIFY));
    SmtpConnection.close(wire);
  }
}
