package org.sealwax.router.receive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.sealwax.router.milter.MilterContent;
import org.sealwax.router.milter.MilterTransaction.FilteredMessage;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.receive.SessionLimit.SessionMemory;

/**
 * A message in the store for mail filters: what the client sent, without our Received field.
 *
 * @param traceLength bytes of that field
 * @param maxBytes of a message
 */
record SpooledMessage(
    Intake intake,
    Intake.IncomingMessage entry,
    SessionMemory memory,
    int traceLength,
    long maxBytes)
    implements FilteredMessage {
  @Override
  public InputStream read() throws IOException {
    InputStream in = entry.read();
    try {
      in.skipNBytes(traceLength);
      return in;
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  @Override
  public MilterContent newContent() throws IOException {
    Intake.IncomingMessage other = intake.open(memory.all());
    return new MilterContent() {
      @Override
      public OutputStream write() {
        return other.content();
      }

      @Override
      public InputStream read() throws IOException {
        return other.read();
      }

      @Override
      public void close() throws IOException {
        other.close();
      }
    };
  }

  @Override
  public boolean tryTakeMemory(long bytes) {
    return memory.tryTakeForTransaction(bytes);
  }
}
