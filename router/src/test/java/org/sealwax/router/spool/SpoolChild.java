package org.sealwax.router.spool;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;

/**
 * A process of its own that stores messages until it is killed, and states each identifier on its
 * output after it was acknowledged: {@code +ID} stored, {@code ~ID} about to be removed, {@code
 * -ID} its removal committed, {@code !KIND} refused.
 */
public final class SpoolChild {
  private SpoolChild() {}

  /** Arguments: folder, producers, bytes of content, free-space floor, messages per producer. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    int producers = Integer.parseInt(args[1]);
    int size = Integer.parseInt(args[2]);
    long minimumFree = Long.parseLong(args[3]);
    int count = Integer.parseInt(args[4]);
    SqliteSpool spool =
        SqliteSpool.open(
            new SpoolSettings(folder, minimumFree, 1000),
            Clock.system(),
            RandomSource.secure(),
            new BugLog().log,
            () -> {});
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < producers; i++) {
      threads.add(Thread.ofVirtual().start(() -> produce(spool, size, count)));
    }
    for (Thread t : threads) {
      t.join();
    }
    spool.close();
    say("end");
  }

  private static synchronized void say(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }

  private static void produce(SqliteSpool spool, int size, int count) {
    for (int i = 0; i < count; i++) {
      try {
        QueueId id = store(spool, contentOf(size, i));
        say("+" + id);
        if (i % 3 == 0) {
          say("~" + id);
          spool.change(
              new SpoolChange(
                  List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of()),
              gone -> gone.forEach(g -> say("-" + g)));
        }
      } catch (SpoolException e) {
        say("!" + e.kind());
      } catch (IOException e) {
        say("?" + e);
      }
    }
  }

  /** A content that differs from any other of another size or number. */
  static byte[] contentOf(int size, int number) {
    byte[] content = new byte[number % 7 == 0 ? size * 20 : size];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i * 31 + number);
    }
    return content;
  }

  /** Stores one message with one batch. */
  static QueueId store(Spool spool, byte[] content) throws IOException {
    try (Draft draft = spool.draft()) {
      OutputStream out = draft.content();
      for (int at = 0; at < content.length; at += 8192) {
        out.write(content, at, Math.min(8192, content.length - at));
      }
      RecipientBatch batch =
          new RecipientBatch(
              new BatchKey(draft.id(), 0),
              BatchState.FRESH,
              null,
              "hop.example",
              "sender@example.org",
              "",
              "recipients".getBytes(StandardCharsets.US_ASCII));
      spool.accept(
          new NewMessage(
              draft,
              Instant.now(),
              "envelope".getBytes(StandardCharsets.US_ASCII),
              List.of(batch)));
      return draft.id();
    }
  }
}
