package org.sealwax.mail.dns.validate;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.ValidatedAnswer.AnswerContent;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Zones on our own server, whose messages a test may change before the validator sees them. */
final class SignedZones implements AutoCloseable {
  /** The result of one question, its aliases followed. */
  record ValidationOutcome(
      DnssecStatus security, String content, String reason, Set<MessageSource.DnsQuery> queries) {}

  /** Verifies each signature once: the tests judge the same signatures again and again. */
  private static final class CachingSignatureAlgorithms implements Algorithms {
    private final Algorithms standard = new StandardAlgorithms();
    private final Map<String, Boolean> known = new HashMap<>();

    @Override
    public boolean isSupported(int algorithm) {
      return standard.isSupported(algorithm);
    }

    @Override
    public boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature) {
      String name =
          new String(signed, StandardCharsets.ISO_8859_1)
              + new String(signature, StandardCharsets.ISO_8859_1)
              + new String(key.getKey(), StandardCharsets.ISO_8859_1);
      return known.computeIfAbsent(name, n -> standard.verifies(key, signed, signature));
    }
  }

  private final LoopbackResolver server;
  private final TrustAnchors anchors;
  private final Algorithms algorithms = new CachingSignatureAlgorithms();
  private final Instant now = Clock.system().now();
  private final Map<MessageSource.DnsQuery, Message> messages = new HashMap<>();

  SignedZones(Zone... zones) throws IOException {
    server = LoopbackResolver.start(Clock.system(), zones);
    anchors = TrustAnchors.of(server.anchors());
  }

  static Name name(String text) {
    return Name.fromConstantString(text.endsWith(".") ? text : text + ".");
  }

  /** A copy of the server's answer. */
  Message query(MessageSource.DnsQuery query) {
    return messages
        .computeIfAbsent(
            query,
            q -> {
              try {
                return exchange(q);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            })
        .clone();
  }

  private Message exchange(MessageSource.DnsQuery query) throws IOException {
    Message question = Message.newQuery(Record.newRecord(query.name(), query.type(), DClass.IN));
    question.addRecord(new OPTRecord(1232, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
    byte[] wire = question.toWire();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(30_000);
      socket.send(new DatagramPacket(wire, wire.length, server.address()));
      DatagramPacket in = new DatagramPacket(new byte[4096], 4096);
      socket.receive(in);
      Message answer = new Message(Arrays.copyOf(in.getData(), in.getLength()));
      if (!answer.getHeader().getFlag(Flags.TC)) {
        return answer;
      }
    }
    try (Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
      socket.setSoTimeout(30_000);
      java.io.DataOutputStream out = new java.io.DataOutputStream(socket.getOutputStream());
      out.writeShort(wire.length);
      out.write(wire);
      java.io.DataInputStream in = new java.io.DataInputStream(socket.getInputStream());
      byte[] bytes = new byte[in.readUnsignedShort()];
      in.readFully(bytes);
      return new Message(bytes);
    }
  }

  int port() {
    return server.address().getPort();
  }

  /** The trust anchor, a DS record in presentation form. */
  String anchor() {
    return server.anchors().getFirst();
  }

  ValidationOutcome judge(Name name, int type) {
    return judge(name, type, Map.of(), new HashMap<>());
  }

  /**
   * Judges one question and its aliases.
   *
   * @param changed messages that come instead of the server's
   * @param known zone cuts established before
   */
  ValidationOutcome judge(
      Name name,
      int type,
      Map<MessageSource.DnsQuery, Message> changed,
      Map<Name, ZoneStatus> known) {
    return judge(
        name,
        type,
        query -> {
          Message other = changed.get(query);
          Message message = other == null ? messages.get(query) : other;
          return message == null ? query(query) : message;
        },
        known);
  }

  /** Judges one question and its aliases by the messages of a source. */
  ValidationOutcome judge(
      Name name, int type, MessageSource messagesOf, Map<Name, ZoneStatus> known) {
    Set<MessageSource.DnsQuery> asked = new HashSet<>();
    MessageSource source =
        new MessageSource() {
          @Override
          public Message fetch(DnsQuery query) throws IOException {
            asked.add(query);
            return messagesOf.fetch(query);
          }

          @Override
          public void prefetch(List<DnsQuery> queries) {
            messagesOf.prefetch(queries);
          }
        };
    DnssecValidator validator = new DnssecValidator(algorithms, anchors, known, source, now);
    DnssecStatus security = DnssecStatus.SECURE;
    Name at = name;
    for (int aliases = 0; aliases < 12; aliases++) {
      ValidatedAnswer judged = validator.judge(at, type);
      security = judged.security().compareTo(security) > 0 ? judged.security() : security;
      switch (judged.content()) {
        case AnswerContent.Alias alias -> at = alias.target();
        case AnswerContent.Found found -> {
          Set<String> data = new TreeSet<>();
          found.records().forEach(r -> data.add(r.rdataToString()));
          return new ValidationOutcome(security, at + " " + data, judged.reason(), asked);
        }
        case AnswerContent.NoData _, AnswerContent.NoName _, AnswerContent.Unknown _ -> {
          String kind = judged.content().getClass().getSimpleName();
          return new ValidationOutcome(security, at + " " + kind, judged.reason(), asked);
        }
      }
    }
    return new ValidationOutcome(DnssecStatus.FAILED, "too many aliases", "", asked);
  }

  static String text(MessageSource.DnsQuery query) {
    return query.name() + " " + Type.string(query.type());
  }

  /** One section replaced. */
  static Message with(Message message, int section, List<Record> records) {
    Message changed = message.clone();
    changed.removeAllRecords(section);
    records.forEach(r -> changed.addRecord(r, section));
    return changed;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
