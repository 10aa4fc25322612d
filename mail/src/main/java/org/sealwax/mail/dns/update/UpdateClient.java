package org.sealwax.mail.dns.update;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.TreeSet;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;
import org.xbill.DNS.Update;

/**
 * Sends updates to the primary server of a zone. Blocks; thread-safe. An update is sent once: a
 * caller that repeats it after {@link UpdateResult.Unproven} relies on its conditions.
 */
public final class UpdateClient {
  /** RFC 8945 section 10: clocks may differ by this much. */
  private static final Duration FUDGE = TSIG.FUDGE;

  private final InetSocketAddress server;
  private final TsigKey key;
  private final Duration timeout;
  private final RandomSource random;
  private final TSIG tsig;

  /**
   * A client of one server.
   *
   * @param server address and port of the primary server
   * @param key shared with it
   * @param timeout for connecting, sending and the answer together; positive
   * @param clock the civil time, which signatures have
   * @param random for message identifiers
   */
  public UpdateClient(
      InetSocketAddress server, TsigKey key, Duration timeout, Clock clock, RandomSource random) {
    if (server.isUnresolved() || !timeout.isPositive()) {
      throw new IllegalArgumentException("an address and a positive timeout");
    }
    this.server = server;
    this.key = key;
    this.timeout = timeout;
    this.random = random;
    InstantSource civil = clock::civilTime;
    this.tsig =
        new TSIG(
            key.algorithm().dnsName(),
            ZoneRecord.name(key.name()),
            key.secret(),
            civil.withZone(ZoneOffset.UTC));
  }

  /**
   * Sends an update.
   *
   * @param update what to change
   * @return its result
   */
  public UpdateResult send(ZoneUpdate update) {
    Message message = message(update);
    try {
      return result(exchange(message), ZoneRecord.name(update.zone()));
    } catch (IOException e) {
      return new UpdateResult.Unproven(text() + ": " + FailureText.of(e));
    }
  }

  /**
   * {@return the serial number of a zone on this server, by a signed answer} Shows that the server
   * can be reached, has the zone and knows the key, and changes nothing.
   *
   * @param zone the apex
   * @throws IOException when no signed answer has it; the text gives the reason
   */
  public long serial(Domain zone) throws IOException {
    Name apex = ZoneRecord.name(zone);
    Message query = Message.newQuery(Record.newRecord(apex, Type.SOA, DClass.IN));
    query.getHeader().unsetFlag(Flags.RD);
    query.getHeader().setID(random.below(0x10000));
    Verified verified;
    try {
      verified = exchange(query);
    } catch (IOException e) {
      throw new IOException(text() + ": " + FailureText.of(e), e);
    }
    Message answer = verified.answer();
    if (!verified.problem().isEmpty()) {
      throw new IOException(text() + ": " + verified.problem());
    }
    for (Record record : answer.getSection(Section.ANSWER)) {
      if (record instanceof SOARecord soa
          && soa.getName().equals(apex)
          && answer.getHeader().getFlag(Flags.AA)) {
        return soa.getSerial();
      }
    }
    throw new IOException(
        text() + " is not authoritative for " + zone + ": " + Rcode.string(answer.getRcode()));
  }

  private Message message(ZoneUpdate update) {
    Update message = new Update(ZoneRecord.name(update.zone()));
    message.getHeader().setID(random.below(0x10000));
    for (Condition condition : update.conditions()) {
      switch (condition) {
        case Condition.NoRecords none ->
            message.absent(ZoneRecord.name(none.owner()), none.type().number());
        case Condition.ExactRecords exact ->
            exact
                .records()
                .forEach(
                    r ->
                        message.present(
                            new ZoneRecord(r.owner(), r.type(), Duration.ZERO, r.data()).record()));
      }
    }
    Set<Domain> added = new TreeSet<>();
    for (Change change : update.changes()) {
      switch (change) {
        case Change.Add(ZoneRecord record) -> {
          if (record.type() != RecordType.CNAME && added.add(record.owner())) {
            message.absent(ZoneRecord.name(record.owner()), Type.CNAME);
          }
          message.add(record.record());
        }
        case Change.Remove(ZoneRecord record) -> message.delete(record.record());
      }
    }
    return message;
  }

  /**
   * An answer to our message.
   *
   * @param problem with its signature; empty when that is good
   */
  private record Verified(Message answer, String problem) {}

  private Verified exchange(Message message) throws IOException {
    tsig.apply(message, null);
    TSIGRecord signature = message.getTSIG();
    byte[] wire = message.toWire();
    if (wire.length > 0xffff) {
      throw new IOException("the update is too large for one message");
    }
    byte[] bytes = overTcp(wire);
    int id = message.getHeader().getID();
    if (bytes.length < 12 || ((bytes[0] & 0xff) << 8 | bytes[1] & 0xff) != id) {
      throw new IOException("the answer is to another message");
    }
    Message answer;
    try {
      answer = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      // The library throws both for malformed messages.
      throw new IOException("malformed answer", e);
    }
    if (!answer.getHeader().getFlag(Flags.QR)
        || answer.getHeader().getFlag(Flags.TC)
        || answer.getHeader().getOpcode() != message.getHeader().getOpcode()) {
      throw new IOException("the answer is to another message");
    }
    Record asked = message.getQuestion();
    Record echoed = answer.getQuestion();
    // RFC 2136 section 3.8 allows an empty zone section.
    boolean empty = echoed == null && answer.getHeader().getOpcode() == Opcode.UPDATE;
    boolean failed = answer.getRcode() != Rcode.NOERROR;
    if (echoed == null ? !empty && !failed : !echoed.equals(asked)) {
      throw new IOException("the answer is about another zone");
    }
    return new Verified(answer, problem(answer, bytes, signature));
  }

  private byte[] overTcp(byte[] wire) throws IOException {
    Socket socket = new Socket();
    Deadline deadline = Deadline.after(timeout, socket);
    try (socket;
        deadline) {
      socket.connect(server, Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
      ByteBuffer framed = ByteBuffer.allocate(2 + wire.length);
      socket.getOutputStream().write(framed.putShort((short) wire.length).put(wire).array());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] bytes = new byte[in.readUnsignedShort()];
      in.readFully(bytes);
      return bytes;
    } catch (IOException e) {
      if (deadline.passed()) {
        throw new IOException("no answer within " + timeout.toSeconds() + " s", e);
      }
      throw e instanceof EOFException ? new IOException("closed without an answer", e) : e;
    }
  }

  /** RFC 8945 sections 5.3 and 5.4: an answer without a good signature proves nothing. */
  private String problem(Message answer, byte[] bytes, TSIGRecord ours) {
    TSIGRecord theirs = answer.getTSIG();
    String rcode = rcodeText(answer.getRcode());
    if (theirs == null) {
      return "the answer is not signed (" + rcode + ")";
    }
    int verified = tsig.verify(answer, bytes, ours);
    return switch (theirs.getError()) {
      case Rcode.BADKEY ->
          "the server does not know the key " + key.name() + ", or no rule allows it";
      case Rcode.BADSIG -> "the server has another secret for the key " + key.name();
      case Rcode.BADTIME -> "the clocks differ: " + times(theirs, ours);
      case Rcode.NOERROR ->
          switch (verified) {
            case Rcode.NOERROR -> "";
            case Rcode.BADTIME -> "the clocks differ: " + times(theirs, ours);
            default -> "the signature of the answer is wrong (" + rcode + ")";
          };
      default -> "the server does not accept the signature: " + rcode;
    };
  }

  private static String times(TSIGRecord theirs, TSIGRecord ours) {
    Instant there = theirs.getTimeSigned();
    byte[] other = theirs.getOther();
    if (theirs.getError() == Rcode.BADTIME && other != null && other.length == 6) {
      // RFC 8945 section 5.2.3: the server's time, of 48 bits.
      there = Instant.ofEpochSecond(new BigInteger(1, other).longValueExact());
    }
    return "the server's is "
        + there
        + ", ours "
        + ours.getTimeSigned()
        + ", and more than "
        + FUDGE.toSeconds()
        + " s is too much";
  }

  private UpdateResult result(Verified verified, Name zone) {
    int rcode = verified.answer().getRcode();
    if (!verified.problem().isEmpty()) {
      return new UpdateResult.Unproven(text() + ": " + verified.problem());
    }
    return switch (rcode) {
      case Rcode.NOERROR -> new UpdateResult.Applied();
      case Rcode.NXDOMAIN, Rcode.YXDOMAIN, Rcode.YXRRSET, Rcode.NXRRSET ->
          new UpdateResult.ConditionFailed(text() + ": " + rcodeText(rcode));
      // RFC 2136 section 3.5: after SERVFAIL the zone may have either state.
      case Rcode.SERVFAIL -> new UpdateResult.Unproven(text() + ": " + rcodeText(rcode));
      default ->
          new UpdateResult.Refused(
              text() + ", zone " + zone.toString(true) + ": " + rcodeText(rcode));
    };
  }

  /** RFC 2136 section 2.2. */
  private static String rcodeText(int rcode) {
    String words =
        switch (rcode) {
          case Rcode.NOERROR -> "no error";
          case Rcode.FORMERR -> "the server cannot read the update";
          case Rcode.SERVFAIL -> "the server failed";
          case Rcode.NXDOMAIN -> "a name that must exist does not";
          case Rcode.NOTIMP -> "the server has no dynamic updates";
          case Rcode.REFUSED -> "the server's policy does not allow the update";
          case Rcode.YXDOMAIN -> "a name that must not exist does";
          case Rcode.YXRRSET -> "there are records where none must be";
          case Rcode.NXRRSET -> "the records are not those that must be there";
          case Rcode.NOTAUTH -> "the server is not authoritative for the zone, or denies the key";
          case Rcode.NOTZONE -> "a name is not in the zone";
          default -> "the server returned an error";
        };
    return words + " (" + Rcode.string(rcode) + ")";
  }

  private String text() {
    return AddressText.of(server.getAddress()) + " port " + server.getPort();
  }
}
