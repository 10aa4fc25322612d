package org.sealwax.router.queue;

import java.io.IOException;
import java.io.OutputStream;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolTrouble;

/** A message on its way into the store. */
final class OpenEntry implements Intake.Entry {
  /** What becomes of an entry that is complete. */
  @FunctionalInterface
  interface Taker {
    /** Stores it; it is on stable storage when this returns. */
    void take(Draft draft, Submission submission) throws IntakeTrouble;
  }

  private final Draft draft;
  private final Taker taker;
  private final OutputStream content;

  OpenEntry(Draft draft, Taker taker) {
    this.draft = draft;
    this.taker = taker;
    this.content = new Stream(draft.content());
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
  public void commit(Submission submission) throws IntakeTrouble {
    taker.take(draft, submission);
  }

  @Override
  public void close() throws IOException {
    draft.close();
  }

  /** The store's trouble, in the words of the intake. */
  static IntakeTrouble trouble(SpoolTrouble e) {
    return new IntakeTrouble(
        e.kind() == SpoolTrouble.Kind.FULL ? IntakeTrouble.Kind.FULL : IntakeTrouble.Kind.BROKEN,
        String.valueOf(e.getMessage()),
        e);
  }

  /** Gives the store's trouble its meaning for a client. */
  private static final class Stream extends BlockOutput {
    private final OutputStream out;

    Stream(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      try {
        out.write(from, offset, length);
      } catch (SpoolTrouble e) {
        throw trouble(e);
      } catch (IntakeTrouble e) {
        throw e;
      } catch (IOException e) {
        throw new IntakeTrouble(IntakeTrouble.Kind.BROKEN, String.valueOf(e.getMessage()), e);
      }
    }
  }
}
