package org.sealwax.mail.dns.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.TSIG;

/** Answers that prove nothing. A scripted server: real ones do not lie on demand. */
final class UpdateClientTest {
  private static final TsigKey KEY =
      TsigKey.parse("hmac-sha256:k.example:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  private static final TSIG SIGNER =
      new TSIG(KEY.algorithm().dnsName(), ZoneRecord.name(KEY.name()), KEY.secret());
  private static final TSIG OTHER_SIGNER =
      new TSIG(KEY.algorithm().dnsName(), ZoneRecord.name(KEY.name()), new byte[32]);
  private static final TSIG OTHER_NAME =
      new TSIG(KEY.algorithm().dnsName(), ZoneRecord.name(Domain.of("o.example")), KEY.secret());
  private static final ZoneUpdate UPDATE =
      new ZoneUpdate(
          Domain.of("example.org"),
          List.of(),
          List.of(
              new Change.Add(
                  ZoneRecord.txt(Domain.of("a.example.org"), Duration.ofSeconds(60), "x"))));

  /** Answers one message; null closes the connection. */
  private interface Script {
    byte[] answer(Message query) throws IOException;
  }

  @Test
  void onlyASignedAnswerIsASuccess() throws Exception {
    assertEquals(new UpdateResult.Applied(), sent(q -> signed(answer(q), q, SIGNER)));
    assertUnproven("not signed", q -> answer(q).toWire());
    assertUnproven("signature of the answer is wrong", q -> signed(answer(q), q, OTHER_SIGNER));
    assertUnproven("signature of the answer is wrong", q -> signed(answer(q), q, OTHER_NAME));
    // A signature that does not cover our message: an old answer, replayed.
    assertUnproven(
        "signature of the answer is wrong",
        q -> {
          Message answer = answer(q);
          SIGNER.apply(answer, null);
          return answer.toWire();
        });
    assertUnproven(
        "signature of the answer is wrong",
        q -> {
          byte[] wire = signed(rcode(q, Rcode.YXRRSET), q, SIGNER);
          wire[3] = (byte) (wire[3] & 0xf0);
          return wire;
        });
  }

  @Test
  void answersToSomethingElseProveNothing() throws Exception {
    assertUnproven(
        "to another message",
        q -> {
          Message answer = answer(q);
          answer.getHeader().setID(q.getHeader().getID() ^ 1);
          return signed(answer, q, SIGNER);
        });
    assertUnproven("to another message", q -> q.toWire());
    assertUnproven(
        "to another message",
        q -> {
          Message answer = answer(q);
          answer.getHeader().setOpcode(Opcode.QUERY);
          return signed(answer, q, SIGNER);
        });
    assertUnproven(
        "about another zone",
        q -> {
          Message answer = new org.xbill.DNS.Update(ZoneRecord.name(Domain.of("example.net")));
          answer.getHeader().setID(q.getHeader().getID());
          answer.getHeader().setFlag(Flags.QR);
          return signed(answer, q, SIGNER);
        });
    assertUnproven("to another message", _ -> new byte[] {1, 2, 3});
    assertUnproven(
        "malformed",
        q -> {
          byte[] wire = answer(q).toWire();
          wire[5] = 1; // a question that is not there
          return wire;
        });
    assertUnproven("closed without an answer", _ -> new byte[0]);
  }

  @Test
  void codesAreNamedInWords() throws Exception {
    assertTrue(
        assertInstanceOf(
                UpdateResult.ConditionFailed.class,
                sent(q -> signed(rcode(q, Rcode.NXRRSET), q, SIGNER)))
            .reason()
            .contains("the records are not those that must be there (NXRRSET)"));
    assertTrue(
        assertInstanceOf(
                UpdateResult.Refused.class, sent(q -> signed(rcode(q, Rcode.REFUSED), q, SIGNER)))
            .reason()
            .contains("policy does not allow"));
    assertUnproven("the server failed", q -> signed(rcode(q, Rcode.SERVFAIL), q, SIGNER));
  }

  @Test
  void aServerThatIsSilentOrGoneProvesNothing() throws Exception {
    int port;
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      port = silent.getLocalPort();
      UpdateResult result = client(port, Duration.ofMillis(200), Clock.system()).send(UPDATE);
      assertTrue(
          assertInstanceOf(UpdateResult.Unproven.class, result).reason().contains("no answer"));
    }
    assertInstanceOf(
        UpdateResult.Unproven.class,
        client(port, Duration.ofSeconds(20), Clock.system()).send(UPDATE));
  }

  private static void assertUnproven(String reason, Script script) throws Exception {
    String text = assertInstanceOf(UpdateResult.Unproven.class, sent(script)).reason();
    assertTrue(text.contains(reason), text);
  }

  private static UpdateClient client(int port, Duration timeout, Clock clock) {
    return new UpdateClient(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
        KEY,
        timeout,
        clock,
        RandomSource.secure());
  }

  private static UpdateResult sent(Script script) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      Thread serving =
          Thread.startVirtualThread(
              () -> {
                try (Socket socket = server.accept()) {
                  DataInputStream in = new DataInputStream(socket.getInputStream());
                  byte[] query = in.readNBytes(in.readUnsignedShort());
                  byte[] answer = script.answer(new Message(query));
                  if (answer.length > 0) {
                    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                    out.writeShort(answer.length);
                    out.write(answer);
                  }
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      UpdateResult result =
          client(server.getLocalPort(), Duration.ofSeconds(20), Clock.system()).send(UPDATE);
      serving.join();
      return result;
    }
  }

  private static Message answer(Message query) {
    Message answer = new Message(query.getHeader().getID());
    answer.getHeader().setOpcode(Opcode.UPDATE);
    answer.getHeader().setFlag(Flags.QR);
    return answer;
  }

  private static Message rcode(Message query, int rcode) {
    Message answer = answer(query);
    answer.getHeader().setRcode(rcode);
    return answer;
  }

  private static byte[] signed(Message answer, Message query, TSIG signer) throws IOException {
    signer.apply(answer, query.getTSIG());
    return answer.toWire();
  }
}
