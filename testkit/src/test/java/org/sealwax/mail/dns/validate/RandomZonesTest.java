package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.SignedZones.ValidationOutcome;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.net.FreePort;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Random zones, and answers that were changed on the path: our validator and Unbound get the same
 * messages. They agree, but where we drop a record that does not matter and Unbound gives up. What
 * we call SECURE is always the truth, and what is SECURE or BOGUS in truth is never INSECURE to us.
 * Unchanged answers are shown to delv, too.
 *
 * <p>The long form compares ten thousand questions: {@code --tag slow}, four minutes.
 */
final class RandomZonesTest {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.53.12.63");
  private static final int ZONES = 50;
  private static final int QUESTIONS = 8;

  @TempDir private static Path folder = Path.of("");

  /** Answers questions of others with the messages as they were changed. */
  private static final class ChangedMessageServer implements AutoCloseable {
    private final DatagramSocket socket = new DatagramSocket(0, LOOPBACK);
    private final ChangedMessages changed;

    ChangedMessageServer(ChangedMessages changed) throws IOException {
      this.changed = changed;
      Threads.start("forwarder", this::answer);
    }

    int port() {
      return socket.getLocalPort();
    }

    private void answer() {
      try {
        while (true) {
          DatagramPacket in = new DatagramPacket(new byte[4096], 4096);
          socket.receive(in);
          Message query = new Message(Arrays.copyOf(in.getData(), in.getLength()));
          Record question = query.getQuestion();
          Message answer =
              changed.message(new MessageSource.DnsQuery(question.getName(), question.getType()));
          answer.getHeader().setID(query.getHeader().getID());
          // Larger than was offered: accepted here.
          byte[] wire = answer.toWire();
          socket.send(new DatagramPacket(wire, wire.length, in.getSocketAddress()));
        }
      } catch (IOException e) {
        // Closed: the round is over.
      }
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  private static String content(Random random, int zone) {
    StringBuilder text = new StringBuilder("@ MX 10 mx\nmx A 192.0.2.1\n");
    List<String> lines =
        List.of(
            "_25._tcp.mx TLSA 3 1 1 " + "ab".repeat(32),
            "*.w A 192.0.2.2",
            "*.w MX 10 mx",
            "*.c CNAME mx",
            "a.b.ent A 192.0.2.3",
            "alias CNAME mx",
            "alias2 CNAME alias",
            "away CNAME mx.z" + random.nextInt(zone + 1) + ".t" + zone % 4,
            "away CNAME none.z" + random.nextInt(zone + 1) + ".t1",
            "old DNAME ent",
            "mx AAAA 2001:db8::1",
            "0 A 192.0.2.4",
            "z.z.z.z A 192.0.2.5",
            "@ TXT hello");
    java.util.Set<String> owners = new java.util.HashSet<>();
    for (String line : lines) {
      // Of two aliases at one name only one.
      if (random.nextInt(3) > 0 && (owners.add(line.split(" ")[0]) || !line.contains("CNAME"))) {
        text.append(line.replaceAll("(t\\d)$", "$1.")).append('\n');
      }
    }
    return text.toString();
  }

  private static List<Zone> zones(Random random) {
    List<Zone> zones = new ArrayList<>();
    zones.add(Zone.of("t0", "").signed());
    zones.add(Zone.of("t1", "").signed(ZoneSigning.NSEC3));
    zones.add(Zone.of("t2", "").signed(ZoneSigning.NSEC3_OPT_OUT));
    zones.add(Zone.of("t3", "").signed(ZoneSigning.WHITE_LIES));
    ZoneSigning[] ways = ZoneSigning.values();
    Zone.Algorithm[] algorithms = Zone.Algorithm.values();
    for (int i = 0; i < ZONES; i++) {
      // Good ways more often.
      ZoneSigning way =
          ways[random.nextBoolean() ? random.nextInt(5) : random.nextInt(ways.length)];
      Zone zone = Zone.of("z" + i + ".t" + i % 4, content(random, i)).signed(way);
      if (way != ZoneSigning.UNKNOWN_ALGORITHM && random.nextInt(4) == 0) {
        zone = zone.with(algorithms[random.nextInt(algorithms.length)]);
      }
      zones.add(zone);
      if (random.nextInt(4) == 0) {
        String sub = "sub.z" + i + ".t" + i % 4;
        zones.add(Zone.of(sub, content(random, i)).signed(ways[random.nextInt(ways.length)]));
      }
    }
    return zones;
  }

  private static List<MessageSource.DnsQuery> questions(List<Zone> zones, Random random) {
    List<String> hosts =
        List.of(
            "",
            "mx.",
            "_25._tcp.mx.",
            "x.w.",
            "y.x.w.",
            "_25._tcp.x.w.",
            "x.c.",
            "b.ent.",
            "ent.",
            "alias.",
            "alias2.",
            "away.",
            "a.b.old.",
            "x.old.",
            "none.",
            "_25._tcp.none.",
            "0.",
            "z.z.",
            "sub.",
            "mx.sub.");
    int[] types = {Type.A, Type.MX, Type.TLSA, Type.AAAA, Type.TXT, Type.A, Type.TLSA};
    List<MessageSource.DnsQuery> questions = new ArrayList<>();
    for (Zone zone : zones) {
      for (int i = 0; i < QUESTIONS; i++) {
        String host = hosts.get(random.nextInt(hosts.size()));
        questions.add(
            new MessageSource.DnsQuery(
                SignedZones.name(host + zone.origin()), types[random.nextInt(types.length)]));
      }
    }
    return questions;
  }

  private static Process unbound(String anchor, int port, int upstream) throws IOException {
    Path config = folder.resolve("unbound.conf");
    Files.writeString(
        config,
        """
        server:
          interface: %s@%d
          do-daemonize: no
          use-syslog: no
          username: ""
          chroot: ""
          directory: "%s"
          pidfile: ""
          do-not-query-localhost: no
          module-config: "validator iterator"
          trust-anchor: "%s"
          num-threads: 1
          msg-cache-size: 4m
          rrset-cache-size: 8m
          aggressive-nsec: no
          harden-below-nxdomain: no
          harden-algo-downgrade: no
          trust-anchor-signaling: no
          qname-minimisation: no
          val-sig-skew-min: 0
          val-sig-skew-max: 0
        remote-control:
          control-enable: no
        forward-zone:
          name: "."
          forward-addr: %s@%d
        """
            .formatted(
                LOOPBACK.getHostAddress(),
                port,
                folder,
                anchor.replace('\t', ' '),
                LOOPBACK.getHostAddress(),
                upstream));
    return new ProcessBuilder("/usr/sbin/unbound", "-d", "-c", config.toString())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("log").toFile())
        .start();
  }

  private static Message query(MessageSource.DnsQuery query, int port, int millis)
      throws IOException {
    Message question = Message.newQuery(Record.newRecord(query.name(), query.type(), DClass.IN));
    question.addRecord(new OPTRecord(4096, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
    byte[] wire = question.toWire();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(millis);
      socket.send(new DatagramPacket(wire, wire.length, new InetSocketAddress(LOOPBACK, port)));
      DatagramPacket in = new DatagramPacket(new byte[65_535], 65_535);
      socket.receive(in);
      return new Message(Arrays.copyOf(in.getData(), in.getLength()));
    }
  }

  private static void await(int port) throws IOException {
    for (int i = 0; i < 600; i++) {
      try {
        query(new MessageSource.DnsQuery(Name.root, Type.DNSKEY), port, 100);
        return;
      } catch (SocketTimeoutException | java.net.PortUnreachableException e) {
        // Not yet.
      }
    }
    throw new AssertionError("unbound does not answer: " + Files.readString(folder.resolve("log")));
  }

  /** Unbound's verdict in our words. */
  private static String verdict(MessageSource.DnsQuery query, Message answer) {
    if (answer.getRcode() == Rcode.SERVFAIL) {
      return "BAD";
    }
    boolean secure = answer.getHeader().getFlag(Flags.AD);
    Name end = query.name();
    for (int i = 0; i < 20; i++) {
      for (Record r : answer.getSection(Section.ANSWER)) {
        if (r instanceof CNAMERecord cname && cname.getName().equals(end)) {
          end = cname.getTarget();
        }
      }
    }
    TreeSet<String> data = new TreeSet<>();
    for (Record r : answer.getSection(Section.ANSWER)) {
      if (r.getType() == query.type() && r.getName().equals(end)) {
        data.add(r.rdataToString());
      }
    }
    String content =
        data.isEmpty()
            ? answer.getRcode() == Rcode.NXDOMAIN ? "NoName" : "NoData"
            : data.toString();
    return (secure ? "SECURE " : "INSECURE ") + end + " " + content;
  }

  private static String verdict(ValidationOutcome outcome) {
    boolean bad =
        outcome.security() == DnssecStatus.BOGUS || outcome.security() == DnssecStatus.FAILED;
    return bad ? "BAD" : outcome.security() + " " + outcome.content();
  }

  /** Compares one round; counts what is different and allowed, and lists what is not. */
  private static int round(long seed, Map<String, Integer> counts, List<String> wrong)
      throws IOException, InterruptedException {
    Random random = new Random(seed);
    List<Zone> zones = zones(random);
    zones.add(Zone.of("plain.example", "@ A 192.0.2.66\n"));
    List<MessageSource.DnsQuery> questions = questions(zones, random);
    try (SignedZones signed = new SignedZones(zones.toArray(new Zone[0]))) {
      ChangedMessages changed = new ChangedMessages(signed, seed);
      int port = FreePort.pick();
      Map<Name, ZoneStatus> known = new HashMap<>();
      Map<Name, ZoneStatus> knownTruth = new HashMap<>();
      try (ChangedMessageServer forwarder = new ChangedMessageServer(changed)) {
        Process unbound = unbound(signed.anchor(), port, forwarder.port());
        try {
          await(port);
          for (MessageSource.DnsQuery query : questions) {
            ValidationOutcome truth =
                signed.judge(query.name(), query.type(), Map.of(), knownTruth);
            ValidationOutcome outcome =
                signed.judge(query.name(), query.type(), changed::message, known);
            String theirs = verdict(query, query(query, port, 20_000));
            List<String> changes =
                outcome.queries().stream()
                    .map(asked -> changed.name(asked))
                    .filter(name -> !name.isEmpty())
                    .toList();
            boolean iterated =
                zones.stream()
                    .anyMatch(
                        z ->
                            z.signing() == ZoneSigning.NSEC3_ITERATED
                                && outcome.queries().stream()
                                    .anyMatch(
                                        q -> q.name().subdomain(SignedZones.name(z.origin()))));
            String kind = compare(truth, outcome, theirs, changes, iterated);
            counts.merge(kind, 1, Integer::sum);
            if (kind.startsWith("WRONG")) {
              String how =
                  zones.stream()
                      .filter(z -> query.name().subdomain(SignedZones.name(z.origin())))
                      .map(z -> z.origin() + " " + z.signing())
                      .toList()
                      .toString();
              wrong.add(
                  kind
                      + "\n  seed "
                      + seed
                      + " "
                      + SignedZones.text(query)
                      + " "
                      + how
                      + "\n  truth "
                      + verdict(truth)
                      + "\n  ours "
                      + verdict(outcome)
                      + " ("
                      + outcome.reason()
                      + ")\n  unbound "
                      + theirs
                      + "\n  "
                      + changes);
            }
          }
        } finally {
          unbound.destroy();
          assertTrue(unbound.waitFor(20, TimeUnit.SECONDS), "unbound did not end");
        }
      }
    }
    return questions.size();
  }

  private static String compare(
      ValidationOutcome truth,
      ValidationOutcome outcome,
      String theirs,
      List<String> changes,
      boolean iterated) {
    String mine = verdict(outcome);
    String real = verdict(truth);
    if (outcome.security() == DnssecStatus.SECURE && !mine.equals(real)) {
      return "WRONG: we believe what is not true";
    }
    if (outcome.security() == DnssecStatus.INSECURE && truth.security() != DnssecStatus.INSECURE) {
      return "WRONG: insecure to us";
    }
    boolean harmless =
        changes.stream()
            .allMatch(c -> c.equals("other order") || c.equals("SOA of an unsigned zone"));
    if (harmless && !mine.equals(real)) {
      return "WRONG: a harmless change matters to us";
    }
    if (mine.equals(theirs)) {
      return "agree on " + mine.split(" ")[0];
    }
    if (mine.equals(real) && theirs.startsWith("INSECURE") && iterated) {
      return "secure to us in spite of iterations";
    }
    if (mine.equals(real) && theirs.equals("BAD")) {
      return "we drop what does not matter";
    }
    if (mine.equals(real) && theirs.split(" ")[0].equals(mine.split(" ")[0])) {
      return "Unbound takes the RCODE of the message";
    }
    if (mine.equals("BAD") && theirs.split(" ")[0].equals(real.split(" ")[0]) && !harmless) {
      // Also where the truth is insecure only because of too many iterations.
      return iterated ? "stricter with iterations" : "Unbound knows it from another answer";
    }
    if (mine.equals("BAD") && theirs.startsWith("INSECURE") && iterated) {
      return "stricter with iterations";
    }
    if (outcome.security() == DnssecStatus.INSECURE) {
      // Opt-out, or an unsigned zone: whatever it states, nothing is promised.
      return "insecure in truth";
    }
    return "WRONG: " + mine.split(" ")[0] + " to us, " + theirs.split(" ")[0] + " to Unbound";
  }

  private static void rounds(int count, long first) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/sbin/unbound")), "unbound is not installed");
    Map<String, Integer> counts = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    int questions = 0;
    for (int i = 0; i < count; i++) {
      questions += round(first + i, counts, wrong);
    }
    System.out.println(questions + " questions: " + counts);
    wrong.stream().limit(40).forEach(System.out::println);
    assertEquals(0, wrong.size(), () -> String.join("\n", wrong));
  }

  @Test
  @Tag("slow")
  void agreesWithUnboundOverTenThousandQuestions() throws IOException, InterruptedException {
    rounds(23, 1000);
  }

  @Test
  void agreesWithUnbound() throws IOException, InterruptedException {
    rounds(1, 1);
  }

  @Test
  @Tag("slow")
  void agreesWithDelv() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/delv")), "delv is not installed");
    List<String> different = new ArrayList<>();
    int compared = 0;
    for (long seed = 1; seed <= 4; seed++) {
      Random random = new Random(seed);
      List<Zone> zones = zones(random);
      try (SignedZones signed = new SignedZones(zones.toArray(new Zone[0]))) {
        Path anchors = folder.resolve("anchors");
        String[] words = signed.anchor().split("\\s+");
        int at = List.of(words).indexOf("DS");
        Files.writeString(
            anchors,
            "trust-anchors { \".\" static-ds %s %s %s \"%s\"; };\n"
                .formatted(words[at + 1], words[at + 2], words[at + 3], words[at + 4]));
        for (MessageSource.DnsQuery query : questions(zones, random).subList(0, 60)) {
          ValidationOutcome outcome = signed.judge(query.name(), query.type());
          String actual = verdict(outcome).split(" ")[0];
          String delv = delv(query, signed.port(), anchors);
          compared++;
          // delv calls denials under opt-out validated; RFC 5155 9.2 requires no AD bit for them.
          boolean optOut = outcome.reason().contains("opt-out") && delv.equals("SECURE");
          if (!actual.equals(delv) && !optOut) {
            different.add(
                seed + " " + SignedZones.text(query) + ": we " + actual + ", delv " + delv);
          }
        }
      }
    }
    System.out.println(compared + " compared with delv, different: " + different.size());
    assertEquals(List.of(), different);
  }

  private static String delv(MessageSource.DnsQuery query, int port, Path anchors)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                "/usr/bin/delv",
                "@127.0.0.1",
                "-p",
                Integer.toString(port),
                "-a",
                anchors.toString(),
                "+root=.",
                query.name().toString(),
                Type.string(query.type()))
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    String text = out.toLowerCase(Locale.ROOT);
    if (text.contains("resolution failed")
        && !text.contains("ncache nxdomain")
        && !text.contains("ncache nxrrset")) {
      return "BAD";
    }
    return text.contains("unsigned answer") || text.contains("answer not validated")
        ? "INSECURE"
        : text.contains("fully validated") ? "SECURE" : "? " + out;
  }
}
