package org.sealwax.router.receive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;

/** A queue's entrance that keeps everything in memory and counts what is open. */
final class MemoryIntake implements Intake {
  /** A committed message. */
  record IntakeMessage(QueueId id, Envelope envelope, List<Recipient> recipients, String content) {
    /** The form of a dialogue's {@code Q:} line. */
    String line() {
      return "Q: "
          + envelope.sender()
          + " -> "
          + String.join(", ", recipients.stream().map(MemoryIntake.IntakeMessage::target).toList())
          + switch (envelope.options().tls()) {
            case UNSPECIFIED -> "";
            case REQUIRED -> " tls-required";
            case OPTIONAL -> " tls-optional";
            case REPORT -> " tls-report";
          };
    }

    private static String target(Recipient r) {
      return r.target()
          + (r.forwarded() ? " by " + r.original() : "")
          + (r.sender().toString().isEmpty() || !r.forwarded() ? "" : " from " + r.sender())
          + (r.holdOnRefusal() ? " hold" : "")
          + (r.dsn().when().isEmpty() ? "" : " " + r.dsn().when().stream().sorted().toList())
          + (r.dsn().never() ? " NEVER" : "")
          + (r.dsn().originalRecipient() == null ? "" : " " + r.dsn().originalRecipient());
    }
  }

  private final List<IntakeMessage> kept = new ArrayList<>();
  final List<String> quarantined = new java.util.concurrent.CopyOnWriteArrayList<>();
  private int open;
  private int count;
  private long bytes;
  SpoolException.@Nullable Kind atOpen;
  SpoolException.@Nullable Kind atWrite;
  SpoolException.@Nullable Kind atCommit;

  @Override
  public synchronized IncomingMessage open(ByteBudget memory) throws SpoolException {
    if (atOpen != null) {
      throw new SpoolException(atOpen, "as the test wants");
    }
    open++;
    QueueId id = new QueueId(String.format("ID%06d", ++count));
    return new IncomingMessage() {
      private final ByteArrayOutputStream output = new ByteArrayOutputStream();
      private int place;
      private boolean closed;

      @Override
      public QueueId id() {
        return id;
      }

      @Override
      public OutputStream content() {
        return new OutputStream() {
          @Override
          public void write(int b) throws SpoolException {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] block, int offset, int length) throws SpoolException {
            if (atWrite != null) {
              throw new SpoolException(atWrite, "as the test wants");
            }
            output.write(block, offset, length);
            synchronized (MemoryIntake.this) {
              bytes += length;
            }
          }
        };
      }

      @Override
      public InputStream read() {
        return new ByteArrayInputStream(output.toByteArray());
      }

      @Override
      public InputStream rewrite() {
        InputStream former = read();
        output.reset();
        return former;
      }

      @Override
      public void quarantine(Envelope envelope, List<Recipient> recipients, String reason)
          throws SpoolException {
        commit(envelope, recipients);
        quarantined.add(reason);
      }

      @Override
      public void reserve(int length) throws SpoolException {
        place = output.size();
        output.write(new byte[length], 0, length);
      }

      @Override
      public void fill(byte[] filling) {
        byte[] all = output.toByteArray();
        System.arraycopy(filling, 0, all, place, filling.length);
        output.reset();
        output.write(all, 0, all.length);
      }

      @Override
      public void commit(Envelope envelope, List<Recipient> recipients) throws SpoolException {
        if (atCommit != null) {
          throw new SpoolException(atCommit, "as the test wants");
        }
        synchronized (MemoryIntake.this) {
          kept.add(
              new IntakeMessage(
                  id, envelope, List.copyOf(recipients), output.toString(StandardCharsets.UTF_8)));
        }
      }

      @Override
      public void close() {
        synchronized (MemoryIntake.this) {
          if (!closed) {
            closed = true;
            open--;
          }
        }
      }
    };
  }

  /** Committed messages in order. */
  synchronized List<IntakeMessage> kept() {
    return List.copyOf(kept);
  }

  /** Bytes that were written, whatever became of them. */
  synchronized long bytes() {
    return bytes;
  }

  /** Entries opened and not closed. */
  synchronized int openEntries() {
    return open;
  }
}
