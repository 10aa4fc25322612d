package org.sealwax.testkit.zone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.sealwax.mail.net.Clock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Serves {@link Zone}s on loopback, UDP and TCP on one port, as a recursive resolver would after
 * its work: RA set, aliases followed across zones, signatures and proofs when DO is set, no
 * validation of its own. Under it all is a root zone, signed with a fresh key: {@link #anchors()}
 * is what a validator needs.
 *
 * <pre>{@code
 * Zone zone = Zone.of("example.org", "@ MX 10 mx\nmx A 192.0.2.1").signed();
 * try (var server = LoopbackResolver.start(Clock.system(), zone)) {
 *   DnsSettings settings =
 *       DnsSettings.defaults()
 *           .withResolvers(List.of(server.address()))
 *           .withAnchors(server.anchors());
 *   new CachingResolver(settings, …)
 * }
 * }</pre>
 *
 * <p>Thread-safe. Zones and faults may be changed while it runs.
 */
public final class LoopbackResolver extends ZoneServer {
  /** Different questions counted one by one; {@link #total()} goes on. Bounds a long-lived lab. */
  static final int MAX_COUNTED = 10_000;

  /** Whole life of a TCP connection. */
  static final Duration CONNECTION_TIME = Duration.ofSeconds(30);

  private final Map<String, LongAdder> counted = new ConcurrentHashMap<>();
  private final LongAdder total = new LongAdder();
  private final LongAdder overTcp = new LongAdder();

  private LoopbackResolver(Clock clock) {
    super(
        clock,
        true,
        List.of(ServedZone.absolute("ns.invalid")),
        new ClientLimits(MAX_CONNECTIONS, CONNECTION_TIME, Message.MAXLENGTH));
  }

  /** Starts on a free port of 127.0.0.1. */
  public static LoopbackResolver start(Clock clock, Zone... zones) throws IOException {
    return start(clock, new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), zones);
  }

  /**
   * Starts at an address of this machine.
   *
   * @param at with port 0 for a free one; an address that others can reach makes this a public
   *     server, which the caller must intend
   * @throws IOException when the port is taken, or not allowed to us
   */
  public static LoopbackResolver start(Clock clock, InetSocketAddress at, Zone... zones)
      throws IOException {
    LoopbackResolver server = new LoopbackResolver(clock);
    server.serve(List.of(zones));
    server.listen("zone", List.of(at));
    return server;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return addresses().getFirst();
  }

  /** The trust anchor of this server's root, a DS record in presentation form. */
  public List<String> anchors() {
    ServedZone root = zones.now().get(Name.root);
    if (root == null) {
      throw new IllegalStateException("no root");
    }
    return List.of(root.key().ds().toString());
  }

  /**
   * Serves these zones from now on instead of the ones before. Keys stay. A zone {@code .} replaces
   * the default signed root.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or two have the same origin
   */
  public void serve(List<Zone> next) {
    zones.serve(next);
  }

  /** Takes all faults away. */
  public void clearFaults() {
    zones.clearFaults();
  }

  /**
   * Whether to set AD on answers from zones that are signed well, as a validating resolver does; it
   * does not validate, it knows.
   */
  public void setAuthenticData(boolean authenticData) {
    answerBuilder.setAuthenticData(authenticData);
  }

  /**
   * Whether what is bogus is answered with SERVFAIL unless CD is set, as a validating resolver does
   * (RFC 4035 5.5); it does not validate, it knows.
   */
  public void hideBogus(boolean hides) {
    answerBuilder.hideBogus(hides);
  }

  /** Questions seen in all. */
  public long total() {
    return total.sum();
  }

  /** Questions that came over TCP. */
  public long overTcp() {
    return overTcp.sum();
  }

  /** Questions seen for this name and type ({@code MX}). */
  public long questions(String name, String type) {
    LongAdder count = counted.get(label(ServedZone.absolute(name), Type.value(type)));
    return count == null ? 0 : count.sum();
  }

  private static String label(Name name, int type) {
    return name.toString().toLowerCase(Locale.ROOT) + " " + type;
  }

  @Override
  Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream) {
    Message query;
    try {
      query = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
    Record question = query.getQuestion();
    Header header = query.getHeader();
    if (header.getFlag(Flags.QR) || question == null) {
      return Optional.empty();
    }
    count(question, stream);
    asked(query, stream, from);
    Message reply = reply(query);
    if (header.getOpcode() != Opcode.QUERY
        || question.getDClass() != DClass.IN
        || !Type.isRR(question.getType())) {
      reply.getHeader().setRcode(Rcode.NOTIMP);
      return Optional.of(reply.toWire(Message.MAXLENGTH));
    }
    return answerBuilder.answer(query, reply, stream, limit(query.getOPT(), stream));
  }

  private void count(Record question, boolean stream) {
    total.increment();
    if (stream) {
      overTcp.increment();
    }
    String label = label(question.getName(), question.getType());
    if (counted.containsKey(label) || counted.size() < MAX_COUNTED) {
      counted.computeIfAbsent(label, l -> new LongAdder()).increment();
    }
  }

  private static Message reply(Message query) {
    Message reply = emptyReply(query);
    reply.getHeader().setFlag(Flags.RA);
    OPTRecord opt = query.getOPT();
    if (opt != null) {
      reply.addRecord(new OPTRecord(LARGEST_UDP, 0, 0, opt.getFlags()), Section.ADDITIONAL);
    }
    return reply;
  }
}
