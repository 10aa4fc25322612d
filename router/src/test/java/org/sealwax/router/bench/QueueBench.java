package org.sealwax.router.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.SpoolFigures;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;

/**
 * Measures the store and the queue without any network: {@code accept}, {@code cycle}, {@code
 * latency}, {@code deferred COUNT}, {@code open}; each with a folder as the second argument.
 */
public final class QueueBench {
  private static final int PRODUCERS = 20;
  private static final int SIZE = 10 * 1024;

  private QueueBench() {}

  /** Runs one measurement. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[1]);
    switch (args[0]) {
      case "accept" -> accept(folder, Integer.parseInt(args[2]), false);
      case "cycle" -> accept(folder, Integer.parseInt(args[2]), true);
      case "latency" -> latency(folder, Integer.parseInt(args[2]));
      case "deferred" -> deferred(folder, Integer.parseInt(args[2]));
      case "open" -> open(folder);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static SqliteSpool spool(Path folder) throws IOException {
    return SqliteSpool.open(
        SpoolSettings.defaults(folder),
        Clock.system(),
        RandomSource.secure(),
        new BugLog().log,
        () -> {});
  }

  private static Queue queue(SqliteSpool spool, org.sealwax.router.queue.DeliveryAgent delivery) {
    return new Queue(
        spool,
        target -> new NextHop.ByMx((Domain) ((DeliveryTarget.Remote) target).mailbox().domain()),
        delivery,
        Clock.system(),
        RandomSource.secure(),
        new BugLog().log,
        QueueSettings.defaults(Domain.of("router.example")),
        org.sealwax.router.spool.CrashMarks.none(),
        Threads::start);
  }

  private static Map<Long, Outcome> all(Consignment c, Outcome outcome) {
    Map<Long, Outcome> outcomes = new HashMap<>();
    for (Recipient a : c.recipients()) {
      outcomes.put(a.key(), outcome);
    }
    return outcomes;
  }

  private static void send(Queue queue, byte[] content, int number) throws IOException {
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      for (int i = 0; i < content.length; i += 1024) {
        entry.content().write(content, i, Math.min(1024, content.length - i));
      }
      Mailbox from = new Mailbox("sender" + number % 100, Domain.of("from.example"));
      Mailbox to = new Mailbox("r" + number, Domain.of("d" + number % 50 + ".example"));
      ReversePath sender = ReversePath.of(from);
      entry.commit(
          new Envelope(
              sender,
              MailOptions.plain(),
              "client.example[192.0.2.1]",
              "session1",
              "TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768"),
          List.of(Recipient.direct(to, sender, DsnRequest.none())));
    }
  }

  private static double cpuSeconds() {
    var os =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return os.getProcessCpuTime() / 1e9;
  }

  private static void accept(Path folder, int count, boolean deliver) throws Exception {
    try (SqliteSpool spool = spool(folder)) {
      AtomicInteger out = new AtomicInteger();
      Queue queue =
          queue(
              spool,
              c -> {
                try (var in = c.content().open()) {
                  in.skipNBytes(c.size());
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
                out.incrementAndGet();
                return all(
                    c, new Outcome.Delivered("mx.example", "250 ok", "may:trusted", true, false));
              });
      if (!deliver) {
        queue.settings(
            new QueueSettings(
                queue.settings().schedule(),
                1,
                1,
                1,
                Duration.ofMinutes(1),
                Duration.ofHours(1),
                0,
                0,
                Domain.of("router.example"),
                java.util.Optional.empty()));
        queue.drain(Duration.ZERO);
      }
      Intaker taker = deliver ? n -> send(queue, new byte[SIZE], n) : direct(spool);
      if (deliver) {
        queue.start();
      }
      run(taker, 4000, 0);
      while (deliver && queue.figures().inMemory() > 0) {
        Thread.onSpinWait();
      }
      SpoolFigures before = spool.figures();
      double cpu = cpuSeconds();
      long start = System.nanoTime();
      run(taker, count, 4000);
      while (deliver && queue.figures().inMemory() > 0) {
        Thread.sleep(1);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      SpoolFigures after = spool.figures();
      double spent = cpuSeconds() - cpu;
      System.out.printf(
          Locale.ROOT,
          "%s: %d messages, %.0f/s, CPU %.3f ms each, %.3f fsyncs each, sync mean %.2f ms, "
              + "batches %d%n",
          deliver ? "cycle" : "accept",
          count,
          count / seconds,
          1000 * spent / count,
          (after.syncs() - before.syncs()) / (double) count,
          (after.syncTime().toNanos() - before.syncTime().toNanos())
              / 1e6
              / Math.max(1, after.syncs() - before.syncs()),
          after.batches() - before.batches());
      queue.drain(Duration.ofSeconds(1));
    }
  }

  private interface Intaker {
    void take(int number) throws IOException;
  }

  private static Intaker direct(SqliteSpool spool) {
    byte[] content = new byte[SIZE];
    byte[] record = new byte[120];
    return n -> {
      try (org.sealwax.router.spool.Draft draft = spool.draft()) {
        draft.content().write(content);
        org.sealwax.router.spool.RecipientBatch batch =
            new org.sealwax.router.spool.RecipientBatch(
                new org.sealwax.router.spool.BatchKey(draft.id(), 0),
                org.sealwax.router.spool.BatchState.FRESH,
                null,
                "d" + n % 50 + ".example",
                "sender@from.example",
                "",
                record);
        spool.accept(
            new org.sealwax.router.spool.NewMessage(draft, Instant.now(), record, List.of(batch)));
      }
    };
  }

  private static void run(Intaker taker, int count, int first) throws InterruptedException {
    AtomicInteger next = new AtomicInteger(first);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < PRODUCERS; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      for (int n = next.getAndIncrement();
                          n < first + count;
                          n = next.getAndIncrement()) {
                        taker.take(n);
                      }
                    } catch (IOException e) {
                      throw new IllegalStateException(e);
                    }
                  }));
    }
    for (Thread t : threads) {
      t.join();
    }
  }

  private static void latency(Path folder, int count) throws Exception {
    try (SqliteSpool spool = spool(folder)) {
      AtomicLong seen = new AtomicLong();
      Queue queue =
          queue(
              spool,
              c -> {
                seen.set(System.nanoTime());
                return all(c, new Outcome.Delivered("mx.example", "250 ok", "none", true, false));
              });
      queue.start();
      List<Long> taken = new ArrayList<>();
      byte[] content = new byte[SIZE];
      for (int i = 0; i < count; i++) {
        seen.set(0);
        long start = System.nanoTime();
        send(queue, content, i);
        long acknowledged = System.nanoTime();
        while (seen.get() == 0) {
          Thread.onSpinWait();
        }
        if (i > count / 2) {
          taken.add(Math.max(0, seen.get() - acknowledged));
          taken.add(-(acknowledged - start));
        }
      }
      List<Long> hand = taken.stream().filter(t -> t >= 0).sorted().toList();
      List<Long> commit = taken.stream().filter(t -> t < 0).map(t -> -t).sorted().toList();
      System.out.printf(
          Locale.ROOT,
          "latency: 250 to first round p50 %.3f ms p99 %.3f ms; open to 250 p50 %.3f ms p99 %.3f"
              + " ms%n",
          hand.get(hand.size() / 2) / 1e6,
          hand.get(hand.size() * 99 / 100) / 1e6,
          commit.get(commit.size() / 2) / 1e6,
          commit.get(commit.size() * 99 / 100) / 1e6);
      queue.drain(Duration.ofSeconds(1));
    }
  }

  private static void deferred(Path folder, int count) throws Exception {
    try (SqliteSpool spool = spool(folder)) {
      Queue queue =
          queue(
              spool,
              c ->
                  all(
                      c,
                      new Outcome.Deferred(
                          new FailureCause(
                              "greylisted",
                              EnhancedStatus.of("4.7.1"),
                              "Come back later.",
                              "mx.example[192.0.2.1]:25",
                              null,
                              FailureCause.Extent.MESSAGE))));
      queue.start();
      byte[] content = new byte[2048];
      long start = System.nanoTime();
      run(n -> send(queue, content, n), count, 0);
      while (queue.figures().inMemory() > 0) {
        Thread.sleep(10);
      }
      System.out.printf(
          Locale.ROOT,
          "deferred: %d messages in %.1f s, rounds %d%n",
          count,
          (System.nanoTime() - start) / 1e9,
          queue.figures().rounds());
      memory();
      queue.drain(Duration.ofSeconds(1));
    }
  }

  private static void open(Path folder) throws Exception {
    long start = System.nanoTime();
    SqliteSpool spool = spool(folder);
    Queue queue = queue(spool, c -> Map.of());
    Instant due = spool.nextDue(Instant.EPOCH);
    System.out.printf(
        Locale.ROOT, "open: %.0f ms, next due %s%n", (System.nanoTime() - start) / 1e6, due);
    start = System.nanoTime();
    var counts = spool.counts();
    System.out.printf(
        Locale.ROOT, "counts: %.0f ms %s%n", (System.nanoTime() - start) / 1e6, counts);
    memory();
    queue.drain(Duration.ZERO);
    spool.close();
  }

  private static void memory() throws IOException {
    System.gc();
    Runtime r = Runtime.getRuntime();
    String pss =
        Files.readAllLines(Path.of("/proc/self/smaps_rollup")).stream()
            .filter(l -> l.startsWith("Pss:"))
            .findFirst()
            .orElse("");
    System.out.printf(
        Locale.ROOT,
        "memory: heap used %.1f MB, %s%n",
        (r.totalMemory() - r.freeMemory()) / 1e6,
        pss.replaceAll(" +", " "));
  }
}
