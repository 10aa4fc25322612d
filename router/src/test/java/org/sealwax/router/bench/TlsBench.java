package org.sealwax.router.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.testkit.tls.TestCa;

/**
 * Handshakes, bulk transfer and idle memory of TLS; not a test. Arguments: engine names. CPU is of
 * the whole process, so both sides together: halve it for one.
 */
public final class TlsBench {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int IDLE = 1_000;

  private TlsBench() {}

  /** Runs all, for each engine named. */
  public static void main(String[] names) throws Exception {
    TlsFactory.prepareJvm();
    for (String name : names.length == 0 ? new String[] {"BORINGSSL", "JSSE"} : names) {
      TlsEngine engine = TlsEngine.valueOf(name);
      TestCa ca = TestCa.root("Bench Root");
      bench(engine, "ECDSA P-256", ca, ca.identity("mx.example.org"));
      bench(engine, "RSA-2048", ca, ca.leaf("mx.example.org").rsa(2048).identity());
    }
  }

  private static void bench(TlsEngine engine, String kind, TestCa ca, Identity identity)
      throws Exception {
    TlsFactory tls = new TlsFactory(new TlsSettings(engine), Clock.system(), RandomSource.secure());
    IdentityStore store = IdentityStore.fixed(identity, Map.of(), Clock.system());
    ReferenceIdentity references =
        new ReferenceIdentity(List.of(Domain.of("mx.example.org")), Set.of(), ca.roots());
    TlsServer server = tls.server(ListenerTlsSettings.defaults("bench"), store, references);
    TlsClient client = tls.client(ClientTlsSettings.defaults(), store);
    for (boolean withCertificate : List.of(false, true)) {
      for (boolean resumed : List.of(false, true)) {
        ClientOffer offer = offer(references, withCertificate, resumed);
        handshakes(server, client, offer, 300);
        int rounds = 1500;
        long cpu = cpu();
        long wall = System.nanoTime();
        handshakes(server, client, offer, rounds);
        say(
            "%-9s %-11s handshake %s client certificate, %s: %.2f ms CPU both sides, %.2f ms wall",
            engine,
            kind,
            withCertificate ? "with" : "without",
            resumed ? "resumed" : "full",
            (cpu() - cpu) / 1e6 / rounds,
            (System.nanoTime() - wall) / 1e6 / rounds);
      }
    }
    if (kind.startsWith("EC")) {
      bulk(engine, server, client, offer(references, false, false));
      idle(engine, server, client, offer(references, false, false));
    }
  }

  private static ClientOffer offer(
      ReferenceIdentity references, boolean certificate, boolean resumed) {
    return new ClientOffer(
        Domain.of("mx.example.org"),
        TlsFloor.DEFAULT,
        TlsVersion.TLS_1_3,
        true,
        resumed,
        certificate,
        false,
        references,
        "bench " + certificate);
  }

  private record BenchSession(TlsWire client, TlsWire server) {
    void close() throws IOException {
      client.close();
      server.close();
    }
  }

  private static <T> FutureTask<T> start(Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    Thread.ofVirtual().start(task);
    return task;
  }

  private static BenchSession open(
      ServerSocket listening, TlsServer server, TlsClient client, ClientOffer offer)
      throws Exception {
    Socket here = new Socket(listening.getInetAddress(), listening.getLocalPort());
    Socket there = listening.accept();
    FutureTask<TlsWire> accepting = start(() -> server.accept(Wire.of(there), LIMIT));
    FutureTask<TlsWire> connecting = start(() -> client.connect(Wire.of(here), offer, LIMIT));
    return new BenchSession(
        connecting.get(20, TimeUnit.SECONDS), accepting.get(20, TimeUnit.SECONDS));
  }

  private static void handshakes(TlsServer server, TlsClient client, ClientOffer offer, int rounds)
      throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < rounds; i++) {
        BenchSession session = open(listening, server, client, offer);
        byte[] ping = new byte[20];
        session.client().out().write(ping);
        session.server().in().readNBytes(20);
        session.server().out().write(ping);
        session.client().in().readNBytes(20);
        session.close();
      }
    }
  }

  private static void bulk(TlsEngine engine, TlsServer server, TlsClient client, ClientOffer offer)
      throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      for (int size : new int[] {16 * 1024, 64 * 1024}) {
        BenchSession session = open(listening, server, client, offer);
        for (boolean up : List.of(true, false, true, false)) {
          Wire from = up ? session.client() : session.server();
          Wire to = up ? session.server() : session.client();
          long total = 1L << 30;
          long cpu = cpu();
          long wall = System.nanoTime();
          FutureTask<Long> writing =
              start(
                  () -> {
                    byte[] buffer = new byte[size];
                    for (long done = 0; done < total; done += size) {
                      from.out().write(buffer);
                    }
                    return total;
                  });
          FutureTask<Long> reading =
              start(
                  () -> {
                    byte[] buffer = new byte[size];
                    long done = 0;
                    while (done < total) {
                      done += to.in().read(buffer);
                    }
                    return done;
                  });
          writing.get(2, TimeUnit.MINUTES);
          reading.get(2, TimeUnit.MINUTES);
          double seconds = (System.nanoTime() - wall) / 1e9;
          say(
              "%-9s bulk %s, buffers of %d: %.0f MB/s, %.2f CPU s per GB both sides",
              engine,
              up ? "up" : "down",
              size,
              total / 1e6 / seconds,
              (cpu() - cpu) / 1e9 / (total / 1e9));
        }
        session.close();
      }
    }
  }

  private static void idle(TlsEngine engine, TlsServer server, TlsClient client, ClientOffer offer)
      throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      System.gc();
      long before = resident();
      List<BenchSession> all = new ArrayList<>();
      List<FutureTask<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < IDLE; i++) {
        BenchSession session = open(listening, server, client, offer);
        all.add(session);
        readers.add(start(() -> session.client().in().read()));
        readers.add(start(() -> session.server().in().read()));
      }
      System.gc();
      System.gc();
      say(
          "%-9s %d idle connections, both ends here and reading: %d KiB each end (RSS)",
          engine, IDLE, (resident() - before) / 2 / IDLE);
      for (BenchSession session : all) {
        session.close();
      }
      long ended = readers.stream().filter(FutureTask::isDone).count();
      say("%-9s %d of %d readers ended so far", engine, ended, readers.size());
    }
  }

  private static long resident() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private static long cpu() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static void say(String form, Object... values) {
    System.out.println(String.format(Locale.ROOT, form, values));
  }
}
