package org.sealwax.mail.dns.live;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Exchanges one message with the configured recursive resolvers: a fresh UDP port and identifier
 * per try (RFC 5452), TCP when the answer is truncated, the next resolver when one fails.
 */
final class Upstream {
  /** EDNS payload size (DNS flag day 2020: no fragments). */
  static final int UDP_SIZE = 1232;

  /** Times each resolver is tried for one message. */
  static final int ROUNDS = 2;

  /** UDP datagrams read in one try: the rest is a flood of guesses (RFC 5452 section 9). */
  static final int MAX_UNEXPECTED_DATAGRAMS = 20;

  private final ResolverList resolvers;
  private final Duration timeout;
  private final boolean dnssec;
  private final Set<Name> signedZones;
  private final Clock clock;
  private final RandomSource random;

  /**
   * @param dnssec whether to ask for signatures
   * @param signedZones zones that are known to be signed, because they have a trust anchor: there
   *     it shows that a resolver strips DNSSEC
   */
  Upstream(
      ResolverList resolvers,
      Duration timeout,
      boolean dnssec,
      Set<Name> signedZones,
      Clock clock,
      RandomSource random) {
    this.resolvers = resolvers;
    this.timeout = timeout;
    this.dnssec = dnssec;
    this.signedZones = Set.copyOf(signedZones);
    this.clock = clock;
    this.random = random;
  }

  /**
   * The answer.
   *
   * @return with RCODE NOERROR or NXDOMAIN
   * @throws IOException when none came; its text gives the reason
   */
  Message query(Message query, LookupLimits limits) throws IOException {
    String problem = "no resolver configured";
    String stripping = "";
    List<InetSocketAddress> order = resolvers.order();
    for (int i = 0; i < ROUNDS * order.size(); i++) {
      if (!limits.left().isPositive()) {
        problem = "timeout";
        break;
      }
      if (!limits.tryQuery()) {
        problem = "more than " + LookupLimits.MAX_MESSAGES + " messages for one question";
        break;
      }
      InetSocketAddress resolver = order.get(i % order.size());
      try {
        Message answer = exchange(query, resolver, limits);
        int rcode = answer.getRcode();
        if (isStripped(query, answer)) {
          stripping = ResolverCheck.stripsDnssec(resolver);
          if (resolvers.noteStripping(resolver)) {
            // Perhaps the last one: then the spare resolver is in the list now.
            order = resolvers.order();
            i = -1;
          }
          continue;
        }
        if (rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN) {
          return answer;
        }
        problem = Rcode.string(rcode) + " from " + ResolverCheck.text(resolver) + reason(answer);
        if (i + 1 >= order.size()) {
          // Every resolver gave a definite answer: asking again would not help.
          break;
        }
      } catch (IOException e) {
        if (FileDescriptors.areExhausted(e)) {
          throw new IOException(FileDescriptors.TEXT, e); // this is not the resolver's fault
        }
        String at = ResolverCheck.text(resolver);
        problem =
            switch (e) {
              case SocketTimeoutException _ -> "timeout at " + at;
              case PortUnreachableException _ -> at + " is not reachable";
              default -> at + ": " + FailureText.of(e);
            };
        resolvers.moveToEnd(resolver);
      }
    }
    throw new IOException(stripping.isEmpty() ? problem : stripping);
  }

  /** The keys of a trust anchor are signed; an answer without signatures was stripped of them. */
  private boolean isStripped(Message query, Message answer) {
    List<Record> records = answer.getSection(Section.ANSWER);
    return query.getQuestion().getType() == Type.DNSKEY
        && signedZones.contains(query.getQuestion().getName())
        && records.stream().anyMatch(DNSKEYRecord.class::isInstance)
        && records.stream().noneMatch(RRSIGRecord.class::isInstance);
  }

  /** The extended error of a refusal (RFC 8914). */
  static String reason(Message answer) {
    OPTRecord opt = answer.getOPT();
    if (opt == null) {
      return "";
    }
    StringBuilder words = new StringBuilder();
    for (EDNSOption option : opt.getOptions()) {
      if (option instanceof ExtendedErrorCodeOption error) {
        words.append(": ").append(ExtendedErrorCodeOption.text(error.getErrorCode()));
        if (error.getText() != null && !error.getText().isBlank()) {
          words.append(" (").append(error.getText()).append(')');
        }
      }
    }
    return words.toString();
  }

  private Message exchange(Message asked, InetSocketAddress resolver, LookupLimits limits)
      throws IOException {
    Message query = asked.clone();
    query.getHeader().setID(random.below(0x10000));
    query.getHeader().setFlag(Flags.RD);
    if (dnssec) {
      // We validate: we decide ourselves about what a resolver takes for bogus (RFC 4035 3.2.2, RFC
      // 6840 5.9).
      query.getHeader().setFlag(Flags.CD);
    }
    if (query.getOPT() == null) {
      query.addRecord(
          new OPTRecord(UDP_SIZE, 0, 0, dnssec ? ExtendedFlags.DO : 0), Section.ADDITIONAL);
    }
    byte[] wire = query.toWire();
    Message answer = overUdp(query, wire, resolver, limits);
    return answer.getHeader().getFlag(Flags.TC) ? overTcp(query, wire, resolver, limits) : answer;
  }

  private Duration tryTime(LookupLimits limits) throws SocketTimeoutException {
    Duration left = limits.left();
    if (!left.isPositive()) {
      throw new SocketTimeoutException("no time left");
    }
    return left.compareTo(timeout) < 0 ? left : timeout;
  }

  private Message overUdp(
      Message query, byte[] wire, InetSocketAddress resolver, LookupLimits limits)
      throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      // Connected: the kernel drops what comes from elsewhere and reports closed ports.
      socket.connect(resolver);
      socket.send(new DatagramPacket(wire, wire.length));
      long end = clock.nanoTime() + tryTime(limits).toNanos();
      byte[] buffer = new byte[UDP_SIZE + 1];
      IOException last = new SocketTimeoutException();
      for (int i = 0; i < MAX_UNEXPECTED_DATAGRAMS; i++) {
        long left = end - clock.nanoTime();
        if (left <= 0) {
          throw last;
        }
        socket.setSoTimeout(Math.clamp((left + 999_999) / 1_000_000, 1, Integer.MAX_VALUE));
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        try {
          socket.receive(packet);
        } catch (SocketTimeoutException e) {
          throw last;
        }
        try {
          Message answer = answer(query, Arrays.copyOf(buffer, packet.getLength()));
          if (answer != null) {
            return answer;
          }
        } catch (IOException e) {
          // The right identifier on a broken message: perhaps a faulty answer, perhaps a spoofed
          // one. A good one may
          // still come.
          last = e;
        }
      }
      throw new IOException("too many answers that do not fit the question");
    }
  }

  private Message overTcp(
      Message query, byte[] wire, InetSocketAddress resolver, LookupLimits limits)
      throws IOException {
    Duration time = tryTime(limits);
    Socket socket = new Socket();
    Deadline deadline = Deadline.after(time, socket);
    try (socket;
        deadline) {
      socket.connect(resolver, Math.clamp(time.toMillis(), 1, Integer.MAX_VALUE));
      ByteBuffer framed = ByteBuffer.allocate(2 + wire.length);
      socket.getOutputStream().write(framed.putShort((short) wire.length).put(wire).array());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] bytes = new byte[in.readUnsignedShort()];
      in.readFully(bytes);
      Message answer = answer(query, bytes);
      if (answer == null || answer.getHeader().getFlag(Flags.TC)) {
        throw new IOException("an answer over TCP does not fit the question");
      }
      return answer;
    } catch (IOException e) {
      if (deadline.passed()) {
        throw new SocketTimeoutException("TCP");
      }
      throw e.getMessage() == null ? new IOException("connection closed", e) : e;
    }
  }

  /**
   * A message with our identifier and the question that we asked (RFC 5452 section 9.1); null for
   * anything else.
   *
   * @throws IOException for one with our identifier that is broken
   */
  private static @Nullable Message answer(Message query, byte[] bytes) throws IOException {
    int id = query.getHeader().getID();
    if (bytes.length < 12 || ((bytes[0] & 0xff) << 8 | bytes[1] & 0xff) != id) {
      return null;
    }
    Message answer;
    try {
      answer = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      // The library throws both for malformed messages.
      throw new IOException("malformed answer", e);
    }
    Record echoed = answer.getQuestion();
    int rcode = answer.getRcode();
    boolean same =
        echoed == null
            ? rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN
            : echoed.equals(query.getQuestion());
    boolean isAnswer =
        answer.getHeader().getFlag(Flags.QR) && answer.getHeader().getOpcode() == Opcode.QUERY;
    return same && isAnswer ? answer : null;
  }
}
