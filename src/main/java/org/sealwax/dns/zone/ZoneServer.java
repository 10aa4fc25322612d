package org.sealwax.dns.zone;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.world.Clock;
import org.sealwax.world.Deadline;
import org.sealwax.world.Limit;
import org.sealwax.world.Threads;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
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
 * try (var server = ZoneServer.start(Clock.system(), Zone.of("example.org", "@ MX 10 mx\nmx A 192.0.2.1").signed())) {
 *   new LiveResolver(DnsSettings.defaults().withResolvers(List.of(server.address())).withAnchors(server.anchors()), …)
 * }
 * }</pre>
 *
 * <p>Thread-safe. Zones and faults may be changed while it runs.
 */
public final class ZoneServer implements Closeable {
  /** TCP connections at once: one resolver under test needs few. */
  static final int MAX_CONNECTIONS = 256;

  /** Different questions counted one by one; {@link #total()} goes on. Bounds a long-lived lab. */
  static final int MAX_COUNTED = 10_000;

  /** Whole life of a TCP connection. */
  static final Duration CONNECTION_TIME = Duration.ofSeconds(30);

  /** What a client without EDNS can take over UDP (RFC 1035 2.3.4). */
  private static final int PLAIN_UDP = 512;

  /** Largest UDP answer we give whatever is offered: unfragmented everywhere. */
  private static final int LARGEST_UDP = 1232;

  /** Ports tried until one is free on both UDP and TCP. */
  private static final int PORT_TRIES = 50;

  private record FaultKey(Name name, int type) {}

  private record KeyName(Name origin, Zone.Algorithm algorithm, boolean unknown) {}

  /**
   * One question as it came in.
   *
   * @param name in lower case, without the last dot
   * @param type its mnemonic, {@code TLSA}
   * @param dnssecOk whether DO was set (RFC 3225)
   * @param checkingDisabled whether CD was set (RFC 4035 3.2.2)
   * @param stream whether it came over TCP
   * @param from who asked
   */
  public record Asked(
      String name,
      String type,
      boolean dnssecOk,
      boolean checkingDisabled,
      boolean stream,
      InetAddress from) {}

  /** RFC 6895 4: a type that is no type; the fault is for all types. */
  private static final int ALL_TYPES = 0;

  private final Clock clock;
  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private final Limit connections = Limit.of(MAX_CONNECTIONS);
  private final Map<KeyName, ZoneKey> keys = new ConcurrentHashMap<>();
  private final Map<FaultKey, Fault> faults = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> counted = new ConcurrentHashMap<>();
  private final AtomicInteger countedNames = new AtomicInteger();
  private final LongAdder total = new LongAdder();
  private final LongAdder overTcp = new LongAdder();
  private volatile Map<Name, ServedZone> zones = Map.of();
  private volatile boolean saysAuthentic;
  private volatile boolean hidesBogus;
  private volatile Consumer<Asked> watcher = asked -> {};

  /** The texts behind {@link #zones}: a parent is made anew when its children change. */
  private Map<Name, Zone> texts = Map.of();

  private ZoneServer(Clock clock, DatagramSocket udp, ServerSocket tcp) {
    this.clock = clock;
    this.udp = udp;
    this.tcp = tcp;
  }

  /** Starts on a free port of 127.0.0.1. */
  public static ZoneServer start(Clock clock, Zone... zones) throws IOException {
    return start(clock, new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), zones);
  }

  /**
   * Starts at an address of this machine.
   *
   * @param at with port 0 for a free one; an address that others can reach makes this a public
   *     server, which is for the caller to mean
   * @throws IOException when the port is taken, or not allowed to us
   */
  public static ZoneServer start(Clock clock, InetSocketAddress at, Zone... zones)
      throws IOException {
    IOException last = new IOException("no port tried");
    for (int i = 0; i < (at.getPort() == 0 ? PORT_TRIES : 1); i++) {
      ServerSocket tcp = new ServerSocket(at.getPort(), MAX_CONNECTIONS, at.getAddress());
      try {
        DatagramSocket udp = new DatagramSocket(tcp.getLocalPort(), at.getAddress());
        ZoneServer server = new ZoneServer(clock, udp, tcp);
        server.serve(List.of(zones));
        Threads.start("zone-udp", server::answerDatagrams);
        Threads.start("zone-tcp", server::acceptConnections);
        return server;
      } catch (IOException e) {
        tcp.close();
        last = e;
      }
    }
    throw last;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return new InetSocketAddress(udp.getLocalAddress(), udp.getLocalPort());
  }

  /** The trust anchor of this server's root, a DS record in presentation form. */
  public List<String> anchors() {
    ServedZone root = zones.get(Name.root);
    if (root == null) {
      throw new IllegalStateException("no root");
    }
    return List.of(root.key().ds().toString());
  }

  /**
   * Serves these zones from now on instead of the ones before. Keys stay. A zone {@code .} replaces
   * the signed root that is there by itself.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or two have the same origin
   */
  public synchronized void serve(List<Zone> zones) {
    Map<Name, Zone> next = new HashMap<>();
    for (Zone zone : zones) {
      put(zone, next);
    }
    next.computeIfAbsent(Name.root, r -> Zone.of(".", "").signed());
    this.zones = Map.of();
    change(next);
  }

  /**
   * Serves these zones too; those that are there already stay as they are, but for their
   * delegations.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or its origin is served already
   */
  public synchronized void add(List<Zone> more) {
    Map<Name, Zone> next = new HashMap<>(texts);
    for (Zone zone : more) {
      put(zone, next);
    }
    change(next);
  }

  /**
   * Serves these zones from now on instead of those of the same origins, with the same keys.
   *
   * @throws IllegalArgumentException when a zone's text is wrong
   */
  public synchronized void replace(List<Zone> others) {
    Map<Name, Zone> next = new HashMap<>(texts);
    Map<Name, ServedZone> without = new HashMap<>(zones);
    for (Zone zone : others) {
      Name origin = ServedZone.absolute(zone.origin());
      next.put(origin, zone);
      without.remove(origin);
    }
    change(next, without);
  }

  /** Takes away all zones at and below a name, and the faults there. */
  public synchronized void remove(String name) {
    Name top = ServedZone.absolute(name);
    Map<Name, Zone> next = new HashMap<>(texts);
    next.keySet().removeIf(origin -> origin.subdomain(top));
    next.computeIfAbsent(Name.root, r -> Zone.of(".", "").signed());
    keys.keySet().removeIf(key -> key.origin().subdomain(top) && !key.origin().equals(Name.root));
    faults.keySet().removeIf(key -> key.name().subdomain(top));
    change(next);
  }

  private static void put(Zone zone, Map<Name, Zone> into) {
    Name origin = ServedZone.absolute(zone.origin());
    if (into.put(origin, zone) != null) {
      throw new IllegalArgumentException("two zones " + origin);
    }
  }

  /** Makes what is new, and the parents whose children changed. */
  private void change(Map<Name, Zone> next) {
    change(next, zones);
  }

  private void change(Map<Name, Zone> next, Map<Name, ServedZone> there) {
    Set<Name> fresh = new HashSet<>(next.keySet());
    fresh.removeAll(there.keySet());
    Set<Name> changed = new HashSet<>(fresh);
    fresh.forEach(origin -> parentOf(origin, next).ifPresent(changed::add));
    for (Name gone : there.keySet()) {
      if (!next.containsKey(gone)) {
        parentOf(gone, next).ifPresent(changed::add);
      }
    }
    Map<Name, ServedZone> served = new HashMap<>(there);
    served.keySet().retainAll(next.keySet());
    for (Name origin : changed) {
      Zone zone = next.get(origin);
      if (zone != null) {
        served.put(origin, new ServedZone(zone, keyOf(origin, zone), clock));
      }
    }
    for (ServedZone child : served.values()) {
      Optional<Name> at = parentOf(child.origin(), next).filter(changed::contains);
      ServedZone parent = at.map(served::get).orElse(null);
      if (parent != null) {
        boolean stranger = child.signing() == Signing.WRONG_DS;
        parent.delegate(
            child,
            stranger ? new ZoneKey(child.origin(), Zone.Algorithm.ECDSA_P256, false) : child.key());
      }
    }
    texts = Map.copyOf(next);
    zones = Map.copyOf(served);
  }

  private static Optional<Name> parentOf(Name origin, Map<Name, Zone> among) {
    for (Name at = origin; !at.equals(Name.root); ) {
      at = new Name(at, 1);
      if (among.containsKey(at)) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  private ZoneKey keyOf(Name origin, Zone zone) {
    boolean unknown = zone.signing() == Signing.UNKNOWN_ALGORITHM;
    return keys.computeIfAbsent(
        new KeyName(origin, zone.algorithm(), unknown),
        k -> new ZoneKey(origin, k.algorithm(), unknown));
  }

  /** From now on this sees every question, on the server's thread: it must be quick. */
  public void watch(Consumer<Asked> with) {
    watcher = with;
  }

  /** From now on questions of every type at or below {@code name} suffer this. */
  public ZoneServer fault(String name, Fault fault) {
    faults.put(new FaultKey(ServedZone.absolute(name), ALL_TYPES), fault);
    return this;
  }

  /** The same for one type, by its mnemonic ({@code TLSA}). */
  public ZoneServer fault(String name, String type, Fault fault) {
    int value = Type.value(type);
    if (value < 0) {
      throw new IllegalArgumentException("no type " + type);
    }
    faults.put(new FaultKey(ServedZone.absolute(name), value), fault);
    return this;
  }

  /** Takes all faults away. */
  public void heal() {
    faults.clear();
  }

  /**
   * Whether to set AD on answers from zones that are signed well, as a validating resolver does; it
   * does not validate, it knows.
   */
  public void sayAuthentic(boolean says) {
    saysAuthentic = says;
  }

  /**
   * Whether what is bogus is answered with SERVFAIL unless CD is set, as a validating resolver does
   * (RFC 4035 5.5); it does not validate, it knows.
   */
  public void hideBogus(boolean hides) {
    hidesBogus = hides;
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
  public long seen(String name, String type) {
    LongAdder count = counted.get(label(ServedZone.absolute(name), Type.value(type)));
    return count == null ? 0 : count.sum();
  }

  private static String label(Name name, int type) {
    return name.toString().toLowerCase(Locale.ROOT) + " " + type;
  }

  /** Stops listening; connections end by themselves. */
  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }

  private void answerDatagrams() {
    byte[] buffer = new byte[Message.MAXLENGTH];
    while (!udp.isClosed()) {
      try {
        DatagramPacket in = new DatagramPacket(buffer, buffer.length);
        udp.receive(in);
        byte[] question = Arrays.copyOf(buffer, in.getLength());
        Optional<byte[]> out = answer(question, in.getAddress(), false);
        if (out.isPresent()) {
          udp.send(new DatagramPacket(out.get(), out.get().length, in.getSocketAddress()));
        }
      } catch (IOException e) {
        // The socket was closed, or one client went away: the loop condition tells which.
      }
    }
  }

  private void acceptConnections() {
    while (!tcp.isClosed()) {
      try {
        Socket socket = tcp.accept();
        if (connections.tryTake()) {
          Threads.start("zone-tcp-connection", () -> converse(socket));
        } else {
          socket.close();
        }
      } catch (IOException e) {
        // As above.
      }
    }
  }

  private void converse(Socket socket) {
    Deadline deadline = Deadline.after(CONNECTION_TIME, socket);
    try (socket;
        deadline) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      while (true) {
        int length = in.readUnsignedShort();
        Optional<byte[]> answer = answer(in.readNBytes(length), socket.getInetAddress(), true);
        if (answer.isEmpty()) {
          return;
        }
        byte[] bytes = answer.get();
        byte[] framed = new byte[bytes.length + 2];
        framed[0] = (byte) (bytes.length >> 8);
        framed[1] = (byte) bytes.length;
        System.arraycopy(bytes, 0, framed, 2, bytes.length);
        out.write(framed);
      }
    } catch (IOException e) {
      // The client has what it wanted, or the time is up.
    } finally {
      connections.give();
    }
  }

  /** One question, one answer; empty when there is to be none. */
  private Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream) {
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
    OPTRecord opt = query.getOPT();
    watcher.accept(
        new Asked(
            question.getName().toString(true).toLowerCase(Locale.ROOT),
            Type.string(question.getType()),
            opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0,
            header.getFlag(Flags.CD),
            stream,
            from));
    Fault fault = faultFor(question.getName(), question.getType());
    if (fault == Fault.DROP || (fault == Fault.TRUNCATE_NO_TCP && stream)) {
      return Optional.empty();
    }
    if (fault == Fault.GARBAGE) {
      byte[] garbage = new byte[40];
      Arrays.fill(garbage, (byte) 0xff);
      garbage[0] = bytes[0];
      garbage[1] = bytes[1];
      return Optional.of(garbage);
    }
    Message reply = reply(query, question, fault, stream);
    int limit = stream ? Message.MAXLENGTH : udpLimit(query);
    return Optional.of(reply.toWire(limit));
  }

  private static int udpLimit(Message query) {
    OPTRecord opt = query.getOPT();
    return opt == null ? PLAIN_UDP : Math.clamp(opt.getPayloadSize(), PLAIN_UDP, LARGEST_UDP);
  }

  private void count(Record question, boolean stream) {
    total.increment();
    if (stream) {
      overTcp.increment();
    }
    String label = label(question.getName(), question.getType());
    LongAdder count = counted.get(label);
    if (count == null && countedNames.get() < MAX_COUNTED) {
      count =
          counted.computeIfAbsent(
              label,
              l -> {
                countedNames.incrementAndGet();
                return new LongAdder();
              });
    }
    if (count != null) {
      count.increment();
    }
  }

  private @Nullable Fault faultFor(Name name, int type) {
    if (faults.isEmpty()) {
      return null;
    }
    for (Name at = name; ; at = new Name(at, 1)) {
      Fault fault = faults.get(new FaultKey(at, type));
      if (fault == null) {
        fault = faults.get(new FaultKey(at, ALL_TYPES));
      }
      if (fault != null || at.equals(Name.root)) {
        return fault;
      }
    }
  }

  private Message reply(Message query, Record question, @Nullable Fault fault, boolean stream) {
    Message reply = new Message(query.getHeader().getID());
    Header header = reply.getHeader();
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    copy(Flags.RD, query, reply);
    copy(Flags.CD, query, reply);
    reply.addRecord(question, Section.QUESTION);
    OPTRecord opt = query.getOPT();
    boolean dnssec = opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0;
    if (opt != null) {
      reply.addRecord(new OPTRecord(LARGEST_UDP, 0, 0, opt.getFlags()), Section.ADDITIONAL);
    }
    if (query.getHeader().getOpcode() != Opcode.QUERY
        || question.getDClass() != DClass.IN
        || !Type.isRR(question.getType())) {
      header.setRcode(Rcode.NOTIMP);
      return reply;
    }
    switch (fault) {
      case SERVFAIL -> {
        header.setRcode(Rcode.SERVFAIL);
        return reply;
      }
      case REFUSED -> {
        header.setRcode(Rcode.REFUSED);
        return reply;
      }
      case TRUNCATE, TRUNCATE_NO_TCP -> {
        if (!stream) {
          header.setFlag(Flags.TC);
          return reply;
        }
      }
      case WRONG_ID -> header.setID(header.getID() ^ 0x5555);
      case WRONG_QUESTION -> {
        reply.removeAllRecords(Section.QUESTION);
        reply.addRecord(
            Record.newRecord(ServedZone.absolute("other.invalid"), question.getType(), DClass.IN),
            Section.QUESTION);
      }
      case DROP,
          GARBAGE,
          NO_DENIAL,
          NO_AUTHORITY,
          NO_SIGNATURES,
          EXPIRED_SIGNATURES,
          WRONG_SIGNATURES -> {}
      case null -> {}
    }
    Reply found = Reply.to(question.getName(), question.getType(), zones);
    boolean spoiled =
        fault == Fault.WRONG_SIGNATURES
            || fault == Fault.EXPIRED_SIGNATURES
            || fault == Fault.NO_SIGNATURES
            || (found.denial() && (fault == Fault.NO_DENIAL || fault == Fault.NO_AUTHORITY));
    if (hidesBogus
        && !query.getHeader().getFlag(Flags.CD)
        && (found.bogus() || (found.secure() && spoiled))) {
      header.setRcode(Rcode.SERVFAIL);
      return reply;
    }
    header.setRcode(found.rcode());
    boolean wantsAd = dnssec || query.getHeader().getFlag(Flags.AD);
    if (saysAuthentic && wantsAd && found.secure()) {
      header.setFlag(Flags.AD);
    }
    boolean signatures = dnssec && fault != Fault.NO_SIGNATURES;
    found.answer().forEach(set -> put(broken(set, fault), Section.ANSWER, reply, signatures));
    if (found.denial() && fault == Fault.NO_AUTHORITY) {
      return reply;
    }
    for (RRset set : found.authority()) {
      boolean proof = set.getType() == Type.NSEC || set.getType() == Type.NSEC3;
      if (!proof || (dnssec && fault != Fault.NO_DENIAL)) {
        put(broken(set, fault), Section.AUTHORITY, reply, signatures);
      }
    }
    return reply;
  }

  private RRset broken(RRset set, @Nullable Fault fault) {
    if (fault == Fault.WRONG_SIGNATURES) {
      return ServedZone.withFlippedSignatures(set);
    }
    if (fault != Fault.EXPIRED_SIGNATURES || set.sigs().isEmpty()) {
      return set;
    }
    ServedZone signer = zones.get(set.sigs().getFirst().getSigner());
    return signer == null ? set : signer.withExpiredSignature(set);
  }

  private static void copy(int flag, Message from, Message to) {
    if (from.getHeader().getFlag(flag)) {
      to.getHeader().setFlag(flag);
    }
  }

  private static void put(RRset set, int section, Message reply, boolean signatures) {
    for (Record r : set.rrs(false)) {
      reply.addRecord(r, section);
    }
    if (signatures) {
      for (RRSIGRecord s : set.sigs()) {
        reply.addRecord(s, section);
      }
    }
  }

  /** The zones served, by origin, for a page or a log line. */
  public List<String> origins() {
    List<Name> names = new ArrayList<>(zones.keySet());
    names.sort(Comparator.naturalOrder());
    return names.stream().map(Name::toString).toList();
  }
}
