package org.sealwax.testkit.zone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.net.ManualClock;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/** What a public authoritative server must answer, and what it must refuse. */
final class AuthoritativeServerTest {
  private static final String ZONE = "lab.example";
  private static final InetAddress CLIENT = InetAddress.ofLiteral("198.51.100.7");
  private static final int RATE = 20;

  @TempDir private Path folder;
  private ManualClock clock = new ManualClock(Instant.parse("2026-11-26T08:00:00Z"));
  private AuthoritativeServer authority = open(RATE);

  @BeforeEach
  void serve() {
    authority = open(RATE);
  }

  private AuthoritativeServer open(int rate) {
    clock = new ManualClock(Instant.parse("2026-11-26T08:00:00Z"));
    try {
      Path file = folder == null ? Files.createTempFile("key", "") : folder.resolve("key");
      Files.deleteIfExists(file);
      AuthoritativeServer made =
          new AuthoritativeServer(
              new AuthoritativeServerSettings(
                  ZONE,
                  List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                  List.of("ns1.lab.example", "ns2.lab.example"),
                  rate),
              StoredZoneKey.open(file, ZONE),
              clock,
              RandomSource.secure());
      StringBuilder long64 = new StringBuilder();
      for (int i = 0; i < 60; i++) {
        long64.append("large TXT \"" + i + "x".repeat(60) + "\"\n");
      }
      made.add(
          List.of(
              Zone.of(
                      ZONE,
                      "ns1 A 192.0.2.53\nns2 A 192.0.2.54\n@ A 192.0.2.1\n@ MX 10 ns1\n"
                          + "_25._tcp.mx TLSA 3 1 1 "
                          + "ab".repeat(32)
                          + "\naway CNAME elsewhere.example.\n"
                          + long64)
                  .signed(ZoneSigning.WHITE_LIES),
              Zone.of("tok.lab.example", "mx A 192.0.2.2\n").signed(),
              Zone.of("e3.tok.lab.example", "@ MX 10 mx\nmx A 192.0.2.3\n")));
      return made;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Message question(String name, int type) {
    return Message.newQuery(Record.newRecord(ServedZone.absolute(name), type, DClass.IN));
  }

  private static Message dnssec(String name, int type, EDNSOption... options) {
    Message query = question(name, type);
    query.addRecord(new OPTRecord(4096, 0, 0, ExtendedFlags.DO, options), Section.ADDITIONAL);
    return query;
  }

  private Optional<Message> send(Message query, InetAddress from, boolean stream) {
    return authority
        .answer(query.toWire(), from, stream)
        .map(
            bytes -> {
              try {
                return new Message(bytes);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  private Message query(Message query) {
    return send(query, CLIENT, false).orElseThrow();
  }

  private Message query(String name, int type) {
    return query(question(name, type));
  }

  @Test
  void itAnswersForItsZoneWithAuthorityAndDoesNotRecurse() {
    Message answer = query("lab.example", Type.MX);
    assertTrue(answer.getHeader().getFlag(Flags.AA));
    assertFalse(answer.getHeader().getFlag(Flags.RA));
    assertEquals(1, answer.getSection(Section.ANSWER).size());
    assertEquals(0, answer.getSection(Section.ADDITIONAL).size(), "no more than was asked for");
    assertEquals(2, query("tok.lab.example", Type.NS).getSection(Section.ANSWER).size());
    Message alias = query("away.lab.example", Type.A);
    assertEquals(Rcode.NOERROR, alias.getRcode());
    assertEquals(1, alias.getSection(Section.ANSWER).size(), "the alias, not where it leads");
  }

  @Test
  void whatIsNotItsOwnIsRefused() {
    for (String name : List.of(".", "example", "lab.example.org", "xlab.example", "org")) {
      Message answer = query(name, Type.A);
      assertEquals(Rcode.REFUSED, answer.getRcode(), name);
      assertFalse(answer.getHeader().getFlag(Flags.AA), name);
      assertEquals(0, answer.getSection(Section.AUTHORITY).size(), name);
    }
    assertEquals(Rcode.REFUSED, query("lab.example", Type.AXFR).getRcode());
    assertEquals(Rcode.REFUSED, query("lab.example", Type.IXFR).getRcode());
    Message chaos =
        Message.newQuery(
            Record.newRecord(ServedZone.absolute("version.bind"), Type.TXT, DClass.CH));
    assertEquals(Rcode.REFUSED, query(chaos).getRcode());
  }

  @Test
  void absentNamesAreDeniedCorrectly() {
    Message noData = query("lab.example", Type.TLSA);
    assertEquals(Rcode.NOERROR, noData.getRcode());
    assertEquals(0, noData.getSection(Section.ANSWER).size());
    assertEquals("lab.example.", soa(noData).getName().toString());
    Message below = query("_tcp.mx.lab.example", Type.A);
    assertEquals(Rcode.NOERROR, below.getRcode(), "there are names below it");
    Message noName = query("none.lab.example", Type.A);
    assertEquals(Rcode.NXDOMAIN, noName.getRcode());
    assertEquals("lab.example.", soa(noName).getName().toString());
    assertEquals(300, soa(noName).getTTL());
    Message child = query("none.e3.tok.lab.example", Type.A);
    assertEquals("e3.tok.lab.example.", soa(child).getName().toString());
    Message delegation = query(dnssec("e3.tok.lab.example", Type.DS));
    assertEquals("tok.lab.example.", soa(delegation).getName().toString());
    Message apex = query(dnssec("lab.example", Type.DS));
    assertEquals(Rcode.NOERROR, apex.getRcode());
    assertEquals("lab.example.", soa(apex).getName().toString());
  }

  private static SOARecord soa(Message answer) {
    return answer.getSection(Section.AUTHORITY).stream()
        .filter(r -> r instanceof SOARecord)
        .map(r -> (SOARecord) r)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void denialRevealsNoOtherName() throws Exception {
    List<String> real = new ArrayList<>();
    base32 hex = new base32(base32.Alphabet.BASE32HEX, false, true);
    for (String name : List.of("tok", "ns1", "ns2", "mx", "away", "large")) {
      real.add(
          hex.toString(
              new NSEC3Record(
                      Name.root, DClass.IN, 0, 1, 0, 0, new byte[0], new byte[20], new int[0])
                  .hashName(ServedZone.absolute(name + ".lab.example"))));
    }
    for (int i = 0; i < 100; i++) {
      Message answer = send(dnssec("n" + i + ".lab.example", Type.A), CLIENT, true).orElseThrow();
      assertEquals(Rcode.NXDOMAIN, answer.getRcode());
      for (Record each : answer.getSection(Section.AUTHORITY)) {
        if (each instanceof NSEC3Record proof) {
          assertFalse(
              real.contains(proof.getName().getLabelString(0).toLowerCase(java.util.Locale.ROOT)));
          assertFalse(real.contains(hex.toString(proof.getNext())));
        }
      }
    }
  }

  @Test
  void unchangedZoneIsSignedAgainInTime() {
    for (int day = 0; day < 60; day += 20) {
      for (String name : List.of("lab.example", "none.lab.example", "none.tok.lab.example")) {
        Message answer = query(dnssec(name, Type.MX));
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
          for (Record each : answer.getSection(section)) {
            if (each instanceof RRSIGRecord signature) {
              assertTrue(
                  signature.getExpire().isAfter(clock.now().plus(Duration.ofDays(7))),
                  name + " on day " + day);
            }
          }
        }
      }
      clock.pass(Duration.ofDays(20));
    }
  }

  @Test
  void anyQueryGetsOneRrset() {
    Message answer = query(dnssec("lab.example", Type.ANY));
    assertEquals(
        1,
        answer.getSection(Section.ANSWER).stream()
            .map(Record::getType)
            .filter(t -> t != Type.RRSIG)
            .distinct()
            .count());
    assertTrue(answer.numBytes() < 500, "so small that forging is not worth it");
  }

  @Test
  void largeAnswersGoByTcp() {
    Message cut = query("large.lab.example", Type.TXT);
    assertTrue(cut.getHeader().getFlag(Flags.TC));
    byte[] udp =
        authority
            .answer(dnssec("large.lab.example", Type.TXT).toWire(), CLIENT, false)
            .orElseThrow();
    assertTrue(udp.length <= AuthoritativeServer.LARGEST_UDP, "4096 was offered, " + udp.length);
    Message whole = send(dnssec("large.lab.example", Type.TXT), CLIENT, true).orElseThrow();
    assertFalse(whole.getHeader().getFlag(Flags.TC));
    assertEquals(61, whole.getSection(Section.ANSWER).size());
  }

  @Test
  void brokenQuestionsGetAShortErrorAndAnswersGetNone() throws IOException {
    Message two = question("lab.example", Type.A);
    two.addRecord(
        Record.newRecord(ServedZone.absolute("lab.example"), Type.MX, DClass.IN), Section.QUESTION);
    assertEquals(Rcode.FORMERR, query(two).getRcode());
    Message update = question("lab.example", Type.SOA);
    update.getHeader().setOpcode(Opcode.UPDATE);
    assertEquals(Rcode.NOTIMP, query(update).getRcode());
    Message future = question("lab.example", Type.A);
    future.addRecord(new OPTRecord(1232, 0, 1, 0), Section.ADDITIONAL);
    Message badVersion = query(future);
    assertEquals(Rcode.BADVERS, badVersion.getRcode());
    Message answer = question("lab.example", Type.A);
    answer.getHeader().setFlag(Flags.QR);
    assertTrue(send(answer, CLIENT, false).isEmpty());
    byte[] torn = question("lab.example", Type.A).toWire();
    torn[12] = (byte) 200;
    byte[] error = authority.answer(torn, CLIENT, false).orElseThrow();
    assertEquals(12, error.length);
    assertEquals(Rcode.FORMERR, new Message(error).getRcode());
    assertTrue(authority.answer(new byte[11], CLIENT, false).isEmpty());
    // RFC 7873 §5.2.2: a cookie of a length that cannot be.
    byte[] shortCookie = dnssec("lab.example", Type.A, new CookieOption(new byte[8])).toWire();
    shortCookie[shortCookie.length - 9] = 7;
    shortCookie[shortCookie.length - 13]--;
    assertEquals(
        Rcode.FORMERR,
        new Message(
                authority
                    .answer(
                        java.util.Arrays.copyOf(shortCookie, shortCookie.length - 1), CLIENT, false)
                    .orElseThrow())
            .getRcode());
  }

  @Test
  void overTheRateClientsMustUseTcp() {
    int answered = 0;
    int slipped = 0;
    for (int i = 0; i < 1_000; i++) {
      Optional<Message> answer = send(question("lab.example", Type.MX), CLIENT, false);
      if (answer.isPresent()) {
        boolean slip = answer.get().getHeader().getFlag(Flags.TC);
        slipped += slip ? 1 : 0;
        answered += slip ? 0 : 1;
        assertEquals(slip ? 0 : 1, answer.get().getSection(Section.ANSWER).size());
      }
    }
    assertEquals(RATE * 4, answered, "the burst");
    assertEquals((1_000 - RATE * 4) / 2, slipped, "every second one of the rest");
    assertTrue(
        send(question("lab.example", Type.MX), InetAddress.ofLiteral("203.0.113.9"), false)
            .isPresent(),
        "others are not concerned");
    assertTrue(
        send(question("lab.example", Type.MX), InetAddress.ofLiteral("198.51.100.200"), true)
            .isPresent(),
        "by TCP it is answered");
    clock.pass(Duration.ofSeconds(1));
    int later = 0;
    for (int i = 0; i < 100; i++) {
      later +=
          send(question("lab.example", Type.MX), CLIENT, false)
                  .filter(a -> !a.getHeader().getFlag(Flags.TC))
                  .isPresent()
              ? 1
              : 0;
    }
    assertEquals(RATE, later, "a second's worth");
  }

  @Test
  void aFloodFromEverywhereIsBoundedAsAWhole() {
    int answered = 0;
    for (int i = 0; i < 20_000; i++) {
      InetAddress forged = InetAddress.ofLiteral("2001:db8:" + Integer.toHexString(i) + "::1");
      answered +=
          send(question("n" + i + ".lab.example", Type.A), forged, false)
                  .filter(a -> !a.getHeader().getFlag(Flags.TC))
                  .isPresent()
              ? 1
              : 0;
    }
    assertEquals(RATE * ResponseRateLimit.ALL * 4, answered);
  }

  @Test
  void aCookieIsProofOfAnAddress() {
    byte[] client = HexFormat.of().parseHex("2464c4abcf10c957");
    Message first = query(dnssec("lab.example", Type.MX, new CookieOption(client)));
    CookieOption given = cookie(first);
    assertArrayEquals(client, given.getClientCookie());
    byte[] server = given.getServerCookie().orElseThrow();
    assertEquals(16, server.length);
    Message shown = dnssec("lab.example", Type.MX, new CookieOption(client, server));
    for (int i = 0; i < 2 * RATE * 4; i++) {
      send(question("lab.example", Type.MX), CLIENT, false);
    }
    assertEquals(1, set(query(shown)), "beyond the rate, with proof");
    Optional<Message> none =
        send(dnssec("lab.example", Type.MX, new CookieOption(client)), CLIENT, false)
            .or(
                () ->
                    send(dnssec("lab.example", Type.MX, new CookieOption(client)), CLIENT, false));
    assertEquals(23, none.orElseThrow().getRcode(), "BADCOOKIE: here is one, come again");
    assertEquals(16, cookie(none.orElseThrow()).getServerCookie().orElseThrow().length);
    byte[] forged = server.clone();
    forged[15] ^= 1;
    Optional<Message> bad =
        send(dnssec("lab.example", Type.MX, new CookieOption(client, forged)), CLIENT, false)
            .or(
                () ->
                    send(
                        dnssec("lab.example", Type.MX, new CookieOption(client, forged)),
                        CLIENT,
                        false));
    assertEquals(23, bad.orElseThrow().getRcode(), "one that is not ours proves nothing");
    clock.pass(Duration.ofMinutes(61));
    DnsCookies cookies = new DnsCookies(new byte[16], clock);
    byte[] fresh = cookies.make(client, CLIENT);
    assertTrue(cookies.isValid(client, fresh, CLIENT));
    assertFalse(cookies.isValid(client, fresh, InetAddress.ofLiteral("198.51.100.8")));
    clock.pass(Duration.ofSeconds(3_601));
    assertFalse(cookies.isValid(client, fresh, CLIENT), "an hour old");
  }

  private static long set(Message answer) {
    return answer.getSection(Section.ANSWER).stream().filter(r -> r.getType() == Type.MX).count();
  }

  private static CookieOption cookie(Message answer) {
    return (CookieOption) answer.getOPT().getOptions(EDNSOption.Code.COOKIE).getFirst();
  }

  /** RFC 9018 appendix A.1, A.3 and A.4. */
  @Test
  void cookiesAreThoseOfTheStandard() {
    assertEquals(
        "010000005cf79f111f8130c3eee29480",
        made("e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 0x5cf79f11));
    assertEquals(
        "010000005cf7c609a6bb79d16625507a",
        made(
            "445536bcd2513298075a5d379663c962",
            "22681ab97d52c298",
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            0x5cf7c609));
    HexFormat hex = HexFormat.of();
    assertTrue(
        new DnsCookies(hex.parseHex("e5e973e5a6b2a43f48e7dc849e37bfcf"), at(0x5cf78f71L + 1_800))
            .isValid(
                hex.parseHex("fc93fc62807ddb86"),
                hex.parseHex("01abcdef5cf78f71a314227b6679ebf5"),
                InetAddress.ofLiteral("203.0.113.203")),
        "A.3: what is reserved is taken as it is");
  }

  private static Clock at(long time) {
    return new ManualClock(Instant.ofEpochSecond(time));
  }

  private static String made(String secret, String client, String address, long time) {
    HexFormat hex = HexFormat.of();
    return hex.formatHex(
        new DnsCookies(hex.parseHex(secret), at(time))
            .make(hex.parseHex(client), InetAddress.ofLiteral(address)));
  }

  @Test
  void overSocketsOneNetworkGetsItsConnectionsAndNoMore() throws IOException {
    Path file = folder.resolve("socket-key");
    try (AuthoritativeServer served =
        AuthoritativeServer.start(
            new AuthoritativeServerSettings(
                ZONE,
                List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                List.of("ns1.lab.example"),
                RATE),
            StoredZoneKey.open(file, ZONE),
            Clock.system(),
            RandomSource.secure())) {
      served.add(List.of(Zone.of(ZONE, "@ MX 10 mx\n").signed(ZoneSigning.WHITE_LIES)));
      byte[] query = question("lab.example", Type.MX).toWire();
      List<Socket> held = new ArrayList<>();
      for (int i = 0; i < AuthoritativeServer.MAX_CONNECTIONS_EACH; i++) {
        Socket socket = connect(served);
        held.add(socket);
        // Two at once in one connection (RFC 7766 6.2.1.1).
        assertEquals(2, answers(socket, query, 2));
      }
      Socket more = connect(served);
      held.add(more);
      assertEquals(0, answers(more, query, 1));
      for (Socket each : held) {
        each.close();
      }
      try (DatagramSocket udp = new DatagramSocket()) {
        udp.setSoTimeout(10_000);
        byte[] long1 = java.util.Arrays.copyOf(query, AuthoritativeServer.LARGEST_QUESTION + 1);
        udp.send(new DatagramPacket(long1, long1.length, served.addresses().getFirst()));
        udp.send(new DatagramPacket(query, query.length, served.addresses().getFirst()));
        DatagramPacket got = new DatagramPacket(new byte[2_000], 2_000);
        udp.receive(got);
        assertEquals(
            1,
            new Message(java.util.Arrays.copyOf(got.getData(), got.getLength()))
                .getSection(Section.ANSWER)
                .size());
      }
    }
  }

  private static Socket connect(AuthoritativeServer served) throws IOException {
    InetSocketAddress at = served.addresses().getFirst();
    Socket socket = new Socket(at.getAddress(), at.getPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static int answers(Socket socket, byte[] query, int times) {
    int count = 0;
    try {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      for (int i = 0; i < times; i++) {
        out.writeShort(query.length);
        out.write(query);
      }
      DataInputStream in = new DataInputStream(socket.getInputStream());
      for (int i = 0; i < times; i++) {
        in.readNBytes(in.readUnsignedShort());
        count++;
      }
    } catch (IOException e) {
      // Closed: what was counted was answered.
    }
    return count;
  }

  @Test
  void keySurvivesRestartAndIsPrivate() throws IOException {
    Path file = folder.resolve("zone.key");
    String ds = StoredZoneKey.open(file, ZONE).ds();
    assertTrue(ds.startsWith("lab.example. "), ds);
    assertEquals(ds, StoredZoneKey.open(file, ZONE).ds());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    Files.writeString(file, "secret\n");
    IOException no =
        org.junit.jupiter.api.Assertions.assertThrows(
            IOException.class, () -> StoredZoneKey.open(file, ZONE));
    assertFalse(String.valueOf(no.getMessage()).contains("secret"));
  }
}
