package org.sealwax.router.queue;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;

/** A message on its way into the store. */
final class SpoolingMessage implements Intake.IncomingMessage {
  /** What becomes of an entry that is complete. */
  @FunctionalInterface
  interface SpooledMessageHandler {
    /** Stores it; it is on stable storage when this returns. */
    void take(Draft draft, Envelope envelope, List<Recipient> recipients) throws IntakeException;
  }

  private final Draft draft;
  private final SpooledMessageHandler handler;
  private final OutputStream content;

  SpoolingMessage(Draft draft, SpooledMessageHandler taker) {
    this.draft = draft;
    this.handler = taker;
    this.content = new SpoolingOutput(draft.content());
  }

  @Override
  public QueueId id() {
    return draft.id();
  }

  @Override
  public OutputStream content() {
    return content;
  }

  @Override
  public void commit(Envelope envelope, List<Recipient> recipients) throws IntakeException {
    handler.take(draft, envelope, recipients);
  }

  @Override
  public void close() throws IOException {
    draft.close();
  }

  /** The store's failure, as one of the intake. */
  static IntakeException failure(SpoolException e) {
    return new IntakeException(
        e.kind() == SpoolException.Kind.FULL
            ? IntakeException.Kind.FULL
            : IntakeException.Kind.BROKEN,
        String.valueOf(e.getMessage()),
        e);
  }

  /** The meaning of the store's failure for a client. */
  private static final class SpoolingOutput extends BlockOutput {
    private final OutputStream out;

    SpoolingOutput(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      try {
        out.write(from, offset, length);
      } catch (SpoolException e) {
        throw failure(e);
      } catch (IntakeException e) {
        throw e;
      } catch (IOException e) {
        throw new IntakeException(IntakeException.Kind.BROKEN, String.valueOf(e.getMessage()), e);
      }
    }
  }
}
