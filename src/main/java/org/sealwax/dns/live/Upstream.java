package org.sealwax.dns.live;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLongArray;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Deadline;
import org.sealwax.world.Threads;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;

/**
 * Exchanges one message with the configured recursive resolvers: a fresh UDP port and identifier
 * per try (RFC 5452), TCP when the answer is truncated, the next resolver when one fails.
 *
 * <p>It blocks the (virtual) thread of the inquiry and never completes exceptionally: an answer
 * that did not come is a SERVFAIL message and a note in the {@link Inquiry}. The validator swallows
 * exceptions in its denial proofs and then calls the answer unchecked, which looks like INSECURE.
 */
final class Upstream implements Resolver {
  /** EDNS payload size (DNS flag day 2020: no fragments). */
  static final int UDP_SIZE = 1232;

  /** Times each resolver is tried for one message. */
  static final int ROUNDS = 2;

  /** UDP datagrams read in one try: the rest is a flood of guesses (RFC 5452 section 9). */
  static final int MAX_STRANGERS = 20;

  /** A resolver that failed is asked last for so long. */
  static final Duration SHUNNED = Duration.ofSeconds(15);

  private final List<InetSocketAddress> resolvers;
  private final Duration timeout;
  private final boolean dnssec;
  private final Clock clock;
  private final Chance chance;
  private final AtomicLongArray shunnedUntil;
  private final KeyMessages keys;

  /**
   * @param dnssec whether to ask for signatures
   */
  Upstream(
      List<InetSocketAddress> resolvers,
      Duration timeout,
      boolean dnssec,
      Clock clock,
      Chance chance) {
    this.resolvers = List.copyOf(resolvers);
    this.timeout = timeout;
    this.dnssec = dnssec;
    this.clock = clock;
    this.chance = chance;
    this.keys = new KeyMessages(clock);
    this.shunnedUntil = new AtomicLongArray(resolvers.size());
    for (int i = 0; i < resolvers.size(); i++) {
      shunnedUntil.set(i, clock.nanoTime());
    }
  }

  @Override
  public CompletionStage<Message> sendAsync(Message query, Executor executor) {
    Inquiry inquiry = (Inquiry) executor;
    Straight<Message> answer = new Straight<>();
    Message kept = keys.find(query.getQuestion());
    if (kept != null) {
      inquiry.usedKept();
      answer.complete(kept);
    } else if (inquiry.isOnItsThread()) {
      answer.complete(provable(asked(query, inquiry)));
    } else {
      // The validator has gone over to the common pool, which must not be blocked.
      Threads.start("dns", () -> answer.complete(provable(asked(query, inquiry))));
    }
    return answer;
  }

  /**
   * Some zones deny without an SOA. The validator finds nothing to judge in such an answer and
   * calls it bogus even in unsigned zones (dnsjava issue 402). An unsigned SOA of ours gives it
   * something to judge at the right name: below a proven insecure delegation it is INSECURE, in a
   * signed zone it is still bogus.
   */
  private static Message provable(Message answer) {
    int rcode = answer.getRcode();
    if ((rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN)
        || !answer.getSection(Section.AUTHORITY).isEmpty()) {
      return answer;
    }
    if (answer.getQuestion().getType() == Type.CNAME
        && !answer.getSection(Section.ANSWER).isEmpty()) {
      // The alias itself was asked for: no denial behind it.
      return answer;
    }
    Name end = answer.getQuestion().getName();
    for (Record r : answer.getSection(Section.ANSWER)) {
      if (r instanceof CNAMERecord cname && cname.getName().equals(end)) {
        end = cname.getTarget();
      } else if (r.getType() != Type.DNAME && r.getType() != Type.RRSIG) {
        return answer;
      }
    }
    answer.addRecord(
        new SOARecord(end, DClass.IN, 0, Name.root, Name.root, 0, 0, 0, 0, 0), Section.AUTHORITY);
    return answer;
  }

  /** Goes on where it was completed: the validator's steps stay on the thread that asks. */
  private static final class Straight<T> extends CompletableFuture<T> {
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new Straight<>();
    }

    @Override
    public Executor defaultExecutor() {
      return Runnable::run;
    }
  }

  private Message asked(Message query, Inquiry inquiry) {
    return KeyMessages.isAboutKeys(query.getQuestion())
        ? keys.once(query.getQuestion(), inquiry, () -> ask(query, inquiry))
        : ask(query, inquiry);
  }

  /** Asks for keys afresh from now on. */
  void forgetKeys() {
    keys.forget();
  }

  /** The answer, or a SERVFAIL of our own with the trouble noted. */
  Message ask(Message query, Inquiry inquiry) {
    String trouble = "no resolver configured";
    List<Integer> order = order();
    for (int i = 0; i < ROUNDS * order.size(); i++) {
      if (!inquiry.left().isPositive()) {
        trouble = "no answer in time";
        break;
      }
      if (!inquiry.mayAsk()) {
        trouble = "more than " + Inquiry.MAX_MESSAGES + " messages for one question";
        break;
      }
      int which = order.get(i % order.size());
      InetSocketAddress resolver = resolvers.get(which);
      try {
        Message answer = exchange(query, resolver, inquiry);
        int rcode = answer.getRcode();
        if (rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN) {
          return answer;
        }
        trouble = Rcode.string(rcode) + " from " + text(resolver) + reason(answer);
        if (i + 1 >= order.size()) {
          // Said in so many words by every resolver: asking again would be the same question.
          break;
        }
      } catch (SocketTimeoutException e) {
        trouble = "timeout at " + text(resolver);
        shun(which);
      } catch (PortUnreachableException e) {
        trouble = text(resolver) + " is not there";
        shun(which);
      } catch (IOException e) {
        trouble = text(resolver) + ": " + e.getMessage();
        shun(which);
      }
    }
    inquiry.trouble(trouble);
    Message failed = new Message(query.getHeader().getID());
    failed.getHeader().setFlag(Flags.QR);
    failed.getHeader().setRcode(Rcode.SERVFAIL);
    failed.addRecord(query.getQuestion(), Section.QUESTION);
    return failed;
  }

  private void shun(int which) {
    shunnedUntil.set(which, clock.nanoTime() + SHUNNED.toNanos());
  }

  /** The resolvers as configured, with those that failed lately at the end. */
  private List<Integer> order() {
    List<Integer> good = new ArrayList<>();
    List<Integer> bad = new ArrayList<>();
    long now = clock.nanoTime();
    for (int i = 0; i < resolvers.size(); i++) {
      (shunnedUntil.get(i) - now > 0 ? bad : good).add(i);
    }
    good.addAll(bad);
    return good;
  }

  private static String text(InetSocketAddress resolver) {
    return resolver.getAddress().getHostAddress() + ":" + resolver.getPort();
  }

  /** What the resolver says about its refusal (RFC 8914). */
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

  private Message exchange(Message asked, InetSocketAddress resolver, Inquiry inquiry)
      throws IOException {
    Message query = asked.clone();
    query.getHeader().setID(chance.below(0x10000));
    query.getHeader().setFlag(Flags.RD);
    if (query.getOPT() == null) {
      query.addRecord(
          new OPTRecord(UDP_SIZE, 0, 0, dnssec ? ExtendedFlags.DO : 0), Section.ADDITIONAL);
    }
    byte[] wire = query.toWire();
    Message answer = overUdp(query, wire, resolver, inquiry);
    return answer.getHeader().getFlag(Flags.TC) ? overTcp(query, wire, resolver, inquiry) : answer;
  }

  private Duration tryTime(Inquiry inquiry) throws SocketTimeoutException {
    Duration left = inquiry.left();
    if (!left.isPositive()) {
      throw new SocketTimeoutException("no time left");
    }
    return left.compareTo(timeout) < 0 ? left : timeout;
  }

  private Message overUdp(Message query, byte[] wire, InetSocketAddress resolver, Inquiry inquiry)
      throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      // Connected: the kernel drops what comes from elsewhere and tells of closed ports.
      socket.connect(resolver);
      socket.send(new DatagramPacket(wire, wire.length));
      long end = clock.nanoTime() + tryTime(inquiry).toNanos();
      byte[] buffer = new byte[UDP_SIZE + 1];
      IOException last = new SocketTimeoutException();
      for (int i = 0; i < MAX_STRANGERS; i++) {
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
        byte[] bytes = Arrays.copyOf(buffer, packet.getLength());
        if (!hasId(bytes, query)) {
          continue;
        }
        try {
          Message answer = parse(bytes);
          if (answers(answer, query)) {
            return answer;
          }
        } catch (IOException e) {
          // The right identifier on a broken message: ours perhaps, a guess perhaps. A good one may
          // still come.
          last = e;
        }
      }
      throw new IOException("a flood of strange answers");
    }
  }

  private Message overTcp(Message query, byte[] wire, InetSocketAddress resolver, Inquiry inquiry)
      throws IOException {
    Duration time = tryTime(inquiry);
    Socket socket = new Socket();
    Deadline deadline = Deadline.after(time, socket);
    try (socket;
        deadline) {
      socket.connect(resolver, Math.clamp(time.toMillis(), 1, Integer.MAX_VALUE));
      byte[] framed = new byte[wire.length + 2];
      framed[0] = (byte) (wire.length >> 8);
      framed[1] = (byte) wire.length;
      System.arraycopy(wire, 0, framed, 2, wire.length);
      socket.getOutputStream().write(framed);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] bytes = new byte[in.readUnsignedShort()];
      in.readFully(bytes);
      Message answer = hasId(bytes, query) ? parse(bytes) : new Message();
      if (!answers(answer, query) || answer.getHeader().getFlag(Flags.TC)) {
        throw new IOException("strange answer over TCP");
      }
      return answer;
    } catch (IOException e) {
      if (deadline.passed()) {
        throw new SocketTimeoutException("TCP");
      }
      throw e.getMessage() == null ? new IOException("connection closed", e) : e;
    }
  }

  private static boolean hasId(byte[] bytes, Message query) {
    return bytes.length >= 12
        && (((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff)) == query.getHeader().getID();
  }

  private static Message parse(byte[] bytes) throws IOException {
    try {
      return new Message(bytes);
    } catch (IOException | RuntimeException e) {
      // The library throws both for broken messages.
      throw new IOException("malformed answer", e);
    }
  }

  /** RFC 5452 section 9.1: the question must be the one we asked. */
  private static boolean answers(Message answer, Message query) {
    Record asked = query.getQuestion();
    Record echoed = answer.getQuestion();
    if (!answer.getHeader().getFlag(Flags.QR)
        || answer.getHeader().getOpcode() != Opcode.QUERY
        || answer.getHeader().getID() != query.getHeader().getID()) {
      return false;
    }
    if (echoed == null) {
      int rcode = answer.getRcode();
      return rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN;
    }
    return echoed.getName().equals(asked.getName())
        && echoed.getType() == asked.getType()
        && echoed.getDClass() == asked.getDClass();
  }

  // The validator sets these on its head resolver; here they are fixed.

  @Override
  public void setPort(int port) {}

  @Override
  public void setTCP(boolean flag) {}

  @Override
  public void setIgnoreTruncation(boolean flag) {}

  @Override
  public void setEDNS(int version, int size, int flags, List<EDNSOption> options) {}

  @Override
  public void setTSIGKey(TSIG key) {}

  @Override
  public void setTimeout(Duration duration) {}
}
