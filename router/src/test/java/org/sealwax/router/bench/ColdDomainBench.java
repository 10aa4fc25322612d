package org.sealwax.router.bench;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.deliver.DeliveryRecorder;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostConnector;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.ledger.HostMemories;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * How long everything takes that must be known of a cold domain before its host is dialled, when
 * every answer of the name server comes one round trip later: a signed domain with a zone of its
 * own, its MX host in another one, TLSA records and an MTA-STS policy. Also the two chains of
 * look-ups by themselves. Prints the messages in order.
 *
 * <p>Arguments: round trip in milliseconds (50), repetitions (3).
 */
public final class ColdDomainBench {
  private static final Domain DOMAIN = Domain.of("customer.example");
  private static final Domain HOST = Domain.of("mx.provider.example");
  private static final TestCa CA = TestCa.root("bench");

  private final Clock clock = Clock.system();
  private final Duration trip;
  private final List<String> line = new CopyOnWriteArrayList<>();
  private long zero;

  private ColdDomainBench(Duration trip) {
    this.trip = trip;
  }

  /** Prints the figures and one time line. */
  public static void main(String[] args) throws Exception {
    Duration trip = Duration.ofMillis(args.length > 0 ? Integer.parseInt(args[0]) : 50);
    int times = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    new ColdDomainBench(trip).run(times);
  }

  private void run(int times) throws Exception {
    try (StsPolicyHost policies =
            new StsPolicyHost(
                CA.identity("mta-sts." + DOMAIN),
                StsPolicyHost.policy(
                    "version: STSv1\nmode: enforce\nmx: " + HOST + "\nmax_age: 604800\n"));
        LoopbackResolver server =
            LoopbackResolver.start(
                clock,
                Zone.of("example", "").signed(),
                Zone.of(
                        DOMAIN.name(),
                        """
                        @        MX 10 mx.provider.example.
                        _mta-sts TXT "v=STSv1; id=a"
                        mta-sts  A 127.0.0.1
                        """)
                    .signed(),
                Zone.of(
                        "provider.example",
                        "mx A 192.0.2.1\nmx AAAA 2001:db8::1\n_25._tcp.mx TLSA 3 1 1 "
                            + "ab".repeat(32)
                            + "\n")
                    .signed());
        DatagramSocket far = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
      Thread.ofVirtual().start(() -> carry(far, server.address()));
      long[] mx = new long[times];
      long[] sts = new long[times];
      long[] all = new long[times];
      for (int i = -1; i < times; i++) {
        // The first of each warms code, not caches: every one begins with an empty resolver.
        long one = mxChain(settings(server, far));
        long two = stsChain(settings(server, far), policies.port());
        long both = everything(settings(server, far), policies.port());
        if (i >= 0) {
          mx[i] = one;
          sts[i] = two;
          all[i] = both;
        }
      }
      line.forEach(System.out::println);
      double slowest = Math.max(median(mx), median(sts));
      System.out.printf(
          Locale.ROOT,
          "round trip %d ms: MX, addresses, TLSA alone %.0f ms; _mta-sts and policy alone %.0f ms;"
              + " all of it %.0f ms, %.1f round trips beyond the slower chain%n",
          trip.toMillis(),
          median(mx),
          median(sts),
          median(all),
          (median(all) - slowest) / trip.toMillis());
    }
  }

  private static double median(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2] / 1e6;
  }

  private static DnsSettings settings(LoopbackResolver server, DatagramSocket far) {
    return DnsSettings.defaults()
        .withResolvers(List.of((InetSocketAddress) far.getLocalSocketAddress()))
        .withAnchors(server.anchors())
        .withTimeout(Duration.ofSeconds(5))
        .withTotal(Duration.ofSeconds(30));
  }

  /** Hands every question on, and its answer back one round trip after the question came. */
  private void carry(DatagramSocket far, InetSocketAddress server) {
    byte[] buffer = new byte[4096];
    while (!far.isClosed()) {
      DatagramPacket in = new DatagramPacket(buffer, buffer.length);
      try {
        far.receive(in);
      } catch (IOException e) {
        return;
      }
      byte[] question = Arrays.copyOf(buffer, in.getLength());
      InetSocketAddress from = (InetSocketAddress) in.getSocketAddress();
      Thread.ofVirtual().start(() -> answer(far, server, question, from));
    }
  }

  private void answer(
      DatagramSocket far, InetSocketAddress server, byte[] question, InetSocketAddress from) {
    long due = clock.nanoTime() + trip.toNanos();
    note(name(question));
    try (DatagramSocket near = new DatagramSocket()) {
      near.connect(server);
      near.send(new DatagramPacket(question, question.length));
      DatagramPacket out = new DatagramPacket(new byte[4096], 4096);
      near.receive(out);
      long left = due - clock.nanoTime();
      if (left > 0) {
        Thread.sleep(Duration.ofNanos(left));
      }
      far.send(new DatagramPacket(out.getData(), out.getLength(), from));
    } catch (IOException e) {
      // The bench is over.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void note(String what) {
    line.add(String.format(Locale.ROOT, "%6.0f ms  %s", (clock.nanoTime() - zero) / 1e6, what));
  }

  /** Name and type of the question (RFC 1035 4.1.2). */
  private static String name(byte[] message) {
    StringBuilder name = new StringBuilder();
    int at = 12;
    while (message[at] != 0) {
      name.append(
              new String(message, at + 1, message[at], java.nio.charset.StandardCharsets.US_ASCII))
          .append('.');
      at += message[at] + 1;
    }
    int type = (message[at + 1] & 0xff) << 8 | message[at + 2] & 0xff;
    String word =
        Map.of(1, "A", 15, "MX", 16, "TXT", 28, "AAAA", 43, "DS", 48, "DNSKEY", 52, "TLSA")
            .getOrDefault(type, "type " + type);
    return word + " " + (name.isEmpty() ? "." : name);
  }

  private long mxChain(DnsSettings settings) throws InterruptedException {
    CachingResolver resolver = new CachingResolver(settings, clock, RandomSource.secure());
    long start = clock.nanoTime();
    DnsAnswer<MxRecord> mx = resolver.mx(DOMAIN);
    List<Evidence> evidence =
        new DaneSource(resolver, new HostAddresses.Families(true, true), clock)
            .evidenceFor(
                new PolicySubject(DOMAIN, mx.records().getFirst().exchange().orElseThrow(), true));
    long took = clock.nanoTime() - start;
    if (!(((Evidence.Dane) evidence.getFirst()).state() instanceof Evidence.DaneState.Usable)) {
      throw new IllegalStateException(evidence.toString());
    }
    return took;
  }

  private long stsChain(DnsSettings settings, int port) throws Exception {
    CachingResolver resolver = new CachingResolver(settings, clock, RandomSource.secure());
    Path folder = Files.createTempDirectory("sealwax-bench");
    try (StsPolicyCache policies = policies(folder, resolver, port)) {
      long start = clock.nanoTime();
      Evidence.Sts evidence = policies.evidenceFor(DOMAIN);
      long took = clock.nanoTime() - start;
      if (!(evidence.state() instanceof Evidence.StsState.Enforce)) {
        throw new IllegalStateException(evidence.toString());
      }
      return took;
    } finally {
      delete(folder);
    }
  }

  private long everything(DnsSettings settings, int port) throws Exception {
    CachingResolver resolver = new CachingResolver(settings, clock, RandomSource.secure());
    Path folder = Files.createTempDirectory("sealwax-bench");
    try (StsPolicyCache policies = policies(folder, resolver, port);
        SmtpDeliveryAgent agent = agent(resolver, policies)) {
      line.clear();
      zero = clock.nanoTime();
      agent.prefetch(new NextHop.ByMx(DOMAIN));
      long took = clock.nanoTime() - zero;
      note("all is known");
      return took;
    } finally {
      delete(folder);
    }
  }

  private SmtpDeliveryAgent agent(Resolver resolver, StsPolicyCache policies) {
    DeliverySettings settings = DeliverySettings.defaults(Domain.of("router.example"));
    return new SmtpDeliveryAgent(
        settings,
        resolver,
        new HostConnector(
            settings,
            resolver,
            Dialers.both(SystemDialer.trusted()),
            client(),
            Map.of("public", CA.roots()),
            RandomSource.secure()),
        new EvidenceGatherer(
            List.of(
                new DaneSource(resolver, new HostAddresses.Families(true, true), clock),
                new StsSource(policies))),
        DeliveryRecorder.withoutRecords(new RecordingMailLog().log(), new HostMemories()),
        clock,
        RandomSource.secure());
  }

  private TlsClient client() {
    return new TlsFactory(TlsSettings.defaults(), clock, RandomSource.secure())
        .client(
            ClientTlsSettings.defaults(),
            IdentityStore.fixed(CA.identity("router.example"), Map.of(), clock));
  }

  /** The policy host is as far away: a round trip each for TCP, TLS 1.3 and the request. */
  private StsPolicyCache policies(Path folder, Resolver resolver, int port) throws IOException {
    Dialer far =
        (to, from, timeout) -> {
          note("TCP, TLS, HTTP with the policy host, three round trips");
          try {
            Thread.sleep(trip.multipliedBy(3));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return SystemDialer.trusted().connect(to, from, timeout);
        };
    HttpsClient https = new HttpsClient(resolver, far, client(), CA.roots(), clock);
    return new StsPolicyCache(
        new StsSettings(
            true,
            folder.resolve("sts.db"),
            100,
            4,
            Duration.ofSeconds(20),
            port,
            FirstContactWait.defaults()),
        resolver,
        new PolicyFetcher(https, port, Duration.ofSeconds(20)),
        clock,
        RandomSource.secure(),
        new RecordingMailLog().log(),
        (domain, lost) -> {});
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      all.forEach(files::add);
    }
    files.sort(Comparator.reverseOrder());
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
