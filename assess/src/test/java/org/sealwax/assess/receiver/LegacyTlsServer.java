package org.sealwax.assess.receiver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerWriter;
import org.sealwax.mail.tls.wire.Ssl2;
import org.sealwax.mail.tls.wire.TlsSuite;
import org.sealwax.mail.tls.wire.TlsSuite.Authentication;
import org.sealwax.mail.tls.wire.TlsSuite.Exchange;

/**
 * A mail server with the TLS of twenty years, made of {@code tls.wire}: answers ClientHellos of
 * SSLv2 to TLS 1.3 as configured, has every flaw that shows in plaintext, and can finish no
 * handshake. Every field may be changed before {@link #start}.
 */
final class LegacyTlsServer implements AutoCloseable {
  static final KeyPair RSA = rsa(2_048);
  static final byte[] CERTIFICATE = certificate(RSA);

  Set<Integer> versions = new LinkedHashSet<>(List.of(0x0303));
  List<Integer> suites = List.of(0xc030, 0xc02f);
  List<Integer> groups = List.of(29, 23);
  List<Integer> schemes = List.of(0x0804, 0x0401);
  List<Integer> ssl2 = List.of();
  boolean serverOrder = true;
  boolean renegotiationInfo = true;
  boolean extendedMasterSecret = true;
  boolean compresses;
  boolean heartbeat;
  boolean heartbleed;
  boolean earlyCcs;

  /** Bytes that are kept back during the handshake: OpenSSL has 4,096, and an alert empties it. */
  int bytesHeldBack;

  /** Ends the connection where it should answer. */
  boolean closesAfterFlight;

  /** Sends nothing where it should answer. */
  boolean silentAfterFlight;

  boolean robot;
  boolean fallbackSignal = true;
  boolean ticketbleed;
  boolean explicitCurve;
  boolean reusesKeyShare;
  boolean closesInsteadOfAlert;
  boolean requestsCertificate;
  boolean sniWarning;
  int fieldBits = 2_048;
  int exportBits = 512;
  Predicate<ClientHello> drops = hello -> false;
  int dropsOver = Integer.MAX_VALUE;

  /** TLS with the first byte. */
  boolean implicit;

  String banner = "220 old.example.org ESMTP\r\n";
  String ehlo = "250-old.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
  String starttls = "220 2.0.0 go\r\n";

  /** Connections, counted from 1, on which EHLO does not offer STARTTLS. */
  IntPredicate withoutStarttls = number -> false;

  /** Connections on which STARTTLS is answered 454. */
  IntPredicate refusesStarttls = number -> false;

  /** Connections that end at STARTTLS. */
  IntPredicate closesAtStarttls = number -> false;

  /** Connections that end before a greeting. */
  IntPredicate closesAtOnce = number -> false;

  /** Instead of any TLS. */
  @Nullable NonTlsBehaviour behaviour;

  final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket listening;
  private final BigInteger reusedExponent = new BigInteger(2_000, new java.util.Random(5));

  /** What a server does that speaks no TLS after STARTTLS, or no SMTP at all. */
  interface NonTlsBehaviour {
    void serve(InputStream in, OutputStream out) throws IOException;
  }

  LegacyTlsServer() {
    try {
      listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static KeyPair rsa(int bits) {
    try {
      KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
      keys.initialize(bits);
      return keys.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] certificate(KeyPair pair) {
    try {
      X500Name name = new X500Name("CN=old.example.org");
      Instant now = Instant.now();
      return new JcaX509v3CertificateBuilder(
              name,
              BigInteger.ONE,
              Date.from(now.minusSeconds(86_400)),
              Date.from(now.plusSeconds(86_400)),
              name,
              pair.getPublic())
          .build(new JcaContentSignerBuilder("SHA256withRSA").build(pair.getPrivate()))
          .getEncoded();
    } catch (IOException | org.bouncycastle.operator.OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  LegacyTlsServer start() {
    Threads.start("old stack", this::accept);
    return this;
  }

  int port() {
    return listening.getLocalPort();
  }

  InetAddress address() {
    return listening.getInetAddress();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        int number = connections.incrementAndGet();
        Threads.start("old session", () -> session(socket, number));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void session(Socket socket, int number) {
    try (socket) {
      if (closesAtOnce.test(number)) {
        return;
      }
      socket.setSoTimeout(20_000);
      socket.setTcpNoDelay(true);
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      if (implicit) {
        tls(in, out);
        return;
      }
      out.write(banner.getBytes(StandardCharsets.ISO_8859_1));
      while (true) {
        String line = line(in);
        if (line == null || line.equalsIgnoreCase("QUIT")) {
          return;
        }
        if (line.regionMatches(true, 0, "EHLO", 0, 4)) {
          send(out, withoutStarttls.test(number) ? "250 old.example.org\r\n" : ehlo);
        } else if (line.equalsIgnoreCase("STARTTLS") && refusesStarttls.test(number)) {
          send(out, "454 4.7.0 TLS not available due to temporary reason\r\n");
        } else if (line.equalsIgnoreCase("STARTTLS") && closesAtStarttls.test(number)) {
          return;
        } else if (line.equalsIgnoreCase("STARTTLS")) {
          send(out, starttls);
          if (starttls.startsWith("220")) {
            NonTlsBehaviour instead = behaviour;
            if (instead != null) {
              instead.serve(in, out);
            } else {
              tls(in, out);
            }
            return;
          }
        } else {
          send(out, "250 2.0.0 ok\r\n");
        }
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      // The client went away, or did not like us.
    }
  }

  private static void send(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static @Nullable String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        return line.toString(StandardCharsets.ISO_8859_1).strip();
      }
      line.write(b);
    }
    return null;
  }

  private void tls(InputStream in, OutputStream out) throws IOException, GeneralSecurityException {
    byte[] bytes = new byte[64 * 1024];
    int count = 0;
    while (true) {
      int more = in.read(bytes, count, bytes.length - count);
      if (more < 0) {
        return;
      }
      count += more;
      if ((bytes[0] & 0x80) != 0 && count >= 2) {
        two(out);
        return;
      }
      switch (ClientHello.read(bytes, 0, count)) {
        case ClientHello.ClientHelloParse.Partial p -> {}
        case ClientHello.ClientHelloParse.Broken b -> {
          refuse(out, 50);
          return;
        }
        case ClientHello.ClientHelloParse.Whole whole -> {
          if (count > dropsOver || drops.test(whole.hello())) {
            return;
          }
          answer(whole.hello(), Arrays.copyOf(bytes, count), in, out);
          return;
        }
      }
    }
  }

  private void two(OutputStream out) throws IOException {
    if (!ssl2.isEmpty()) {
      out.write(Ssl2.serverHello(CERTIFICATE, ssl2, new byte[16]));
    } else {
      refuse(out, 70);
    }
  }

  private void refuse(OutputStream out, int description) throws IOException {
    if (!closesInsteadOfAlert) {
      out.write(Records.fatal(description));
    }
  }

  private void answer(ClientHello hello, byte[] bytes, InputStream in, OutputStream out)
      throws IOException, GeneralSecurityException {
    int asked =
        hello.versions().stream()
            .filter(v -> v <= 0x0304)
            .max(Integer::compare)
            .orElse(hello.legacyVersion());
    List<Integer> usable =
        versions.stream()
            .filter(v -> v <= asked)
            .filter(v -> hello.versions().isEmpty() || hello.versions().contains(v))
            .sorted()
            .toList();
    if (usable.isEmpty()) {
      refuse(out, 70);
      return;
    }
    int version = usable.getLast();
    int best = versions.stream().max(Integer::compare).orElseThrow();
    if (fallbackSignal && hello.suites().contains(TlsSuite.FALLBACK_SCSV) && version < best) {
      refuse(out, 86);
      return;
    }
    List<Integer> offered = schemesOf(bytes);
    Optional<Integer> suite = choose(hello, version, offered);
    if (suite.isEmpty()) {
      refuse(out, 40);
      return;
    }
    if (sniWarning) {
      out.write(Records.of(RecordHeader.ALERT, version, new byte[] {1, 112}));
    }
    if (version >= Records.TLS13) {
      retry(hello, suite.get(), out);
      return;
    }
    flight(hello, bytes, version, suite.get(), out);
    afterFlight(version, in, out);
  }

  private void retry(ClientHello hello, int suite, OutputStream out) throws IOException {
    Optional<Integer> group = groups.stream().filter(hello.groups()::contains).findFirst();
    if (group.isEmpty()) {
      refuse(out, 40);
      return;
    }
    out.write(
        Records.of(
            RecordHeader.HANDSHAKE,
            Records.TLS12,
            ServerWriter.retry(HexFormat.of().parseHex(hello.sessionId()), suite, group.get())));
  }

  private Optional<Integer> choose(ClientHello hello, int version, List<Integer> offered) {
    List<Integer> order = serverOrder ? suites : hello.suites();
    List<Integer> other = serverOrder ? hello.suites() : suites;
    return order.stream()
        .filter(other::contains)
        .filter(
            id -> {
              TlsSuite s = TlsSuite.of(id).orElse(null);
              if (s == null || s.tls13() != (version >= Records.TLS13)) {
                return false;
              }
              if (s.needsTls12() && version < Records.TLS12) {
                return false;
              }
              boolean curve = s.exchange() == Exchange.ECDHE;
              boolean group = hello.groups().stream().anyMatch(groups::contains);
              return !curve || (group || explicitCurve) && version > Records.SSL3;
            })
        .filter(id -> version != Records.TLS12 || scheme(id, offered) != -2)
        .findFirst();
  }

  /** The signature schemes of a ClientHello in one record, which our parser does not keep. */
  private static List<Integer> schemesOf(byte[] bytes) {
    int at = RecordHeader.SIZE + 4 + 2 + 32;
    at += 1 + (bytes[at] & 0xff);
    at += 2 + u16(bytes, at);
    at += 1 + (bytes[at] & 0xff);
    List<Integer> all = new ArrayList<>();
    for (at += 2; at + 4 <= bytes.length; at += 4 + u16(bytes, at + 2)) {
      if (u16(bytes, at) == ClientHelloBuilder.SIGNATURE_ALGORITHMS) {
        for (int i = 0; i < u16(bytes, at + 4); i += 2) {
          all.add(u16(bytes, at + 6 + i));
        }
      }
    }
    return all;
  }

  private static int u16(byte[] bytes, int at) {
    return at + 2 > bytes.length ? 0 : (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
  }

  private int scheme(int suite, List<Integer> offered) {
    TlsSuite s = TlsSuite.of(suite).orElseThrow();
    boolean signs =
        (s.exchange() == Exchange.ECDHE || s.exchange() == Exchange.DHE)
            && s.authentication() != Authentication.ANONYMOUS;
    if (!signs) {
      return -1;
    }
    return schemes.stream()
        .filter(x -> offered.isEmpty() || offered.contains(x))
        .findFirst()
        .orElse(-2);
  }

  private void flight(ClientHello hello, byte[] bytes, int version, int suite, OutputStream out)
      throws IOException {
    TlsSuite s = TlsSuite.of(suite).orElseThrow();
    ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    boolean knows =
        hello.extensions().contains(ClientHelloBuilder.RENEGOTIATION_INFO)
            || hello.suites().contains(TlsSuite.RENEGOTIATION_SCSV);
    if (renegotiationInfo && knows) {
      extensions.writeBytes(
          ServerWriter.extension(ClientHelloBuilder.RENEGOTIATION_INFO, (byte) 0));
    }
    if (extendedMasterSecret && hello.extensions().contains(23)) {
      extensions.writeBytes(ServerWriter.extension(23));
    }
    if (heartbeat && hello.extensions().contains(ClientHelloBuilder.HEARTBEAT)) {
      extensions.writeBytes(ServerWriter.extension(ClientHelloBuilder.HEARTBEAT, (byte) 1));
    }
    boolean deflate = compresses && offersDeflate(bytes);
    byte[] id = HexFormat.of().parseHex(hello.sessionId());
    byte[] given = ticketbleed && id.length > 0 ? Arrays.copyOf(id, 32) : new byte[0];
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(
        ServerWriter.hello(
            version, new byte[32], given, suite, deflate ? 1 : 0, extensions.toByteArray()));
    boolean anonymous = s.authentication() == Authentication.ANONYMOUS;
    if (!anonymous) {
      all.writeBytes(ServerWriter.certificates(List.of(CERTIFICATE)));
    }
    all.writeBytes(exchange(hello, version, s, schemesOf(bytes)));
    if (requestsCertificate) {
      all.writeBytes(
          ServerWriter.request(
              List.of(1), version >= Records.TLS12 ? List.of(0x0401) : List.of(), List.of()));
    }
    all.writeBytes(ServerWriter.done());
    out.write(Records.of(RecordHeader.HANDSHAKE, version, all.toByteArray()));
  }

  private byte[] exchange(ClientHello hello, int version, TlsSuite suite, List<Integer> offered) {
    boolean anonymous = suite.authentication() == Authentication.ANONYMOUS;
    java.util.function.UnaryOperator<byte[]> signature = anonymous ? null : p -> new byte[256];
    int scheme = version >= Records.TLS12 && !anonymous ? scheme(suite.id(), offered) : -1;
    if (suite.exchange() == Exchange.ECDHE) {
      if (explicitCurve) {
        return org.sealwax.mail.tls.wire.PresentationWriter.handshake(
            12, new byte[] {1, 0, 0, 0, 0, 0});
      }
      int group = groups.stream().filter(hello.groups()::contains).findFirst().orElseThrow();
      int size = group == NamedGroup.X25519 ? 32 : 65;
      return ServerWriter.curve(group, new byte[size], scheme, signature);
    }
    if (suite.exchange() == Exchange.DHE) {
      int bits = suite.export() ? exportBits : fieldBits;
      byte[] prime = prime(bits);
      BigInteger value =
          reusesKeyShare ? reusedExponent : new BigInteger(bits - 8, new java.util.Random());
      return ServerWriter.field(prime, new byte[] {2}, value.toByteArray(), scheme, signature);
    }
    if (suite.exchange() == Exchange.RSA && suite.export()) {
      return ServerWriter.exportKey(prime(512), new byte[] {1, 0, 1}, signature);
    }
    return new byte[0];
  }

  private static byte[] prime(int bits) {
    byte[] prime = new byte[bits / 8];
    Arrays.fill(prime, (byte) 0xfb);
    return prime;
  }

  /** Whether the ClientHello offers deflate: the list of methods is not kept by the parser. */
  private static boolean offersDeflate(byte[] bytes) {
    int at = RecordHeader.SIZE + 4 + 2 + 32;
    at += 1 + (bytes[at] & 0xff);
    at += 2 + ((bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff));
    int methods = bytes[at] & 0xff;
    for (int i = 1; i <= methods; i++) {
      if (bytes[at + i] == 1) {
        return true;
      }
    }
    return false;
  }

  /** What comes after our flight: heartbeats, an early ChangeCipherSpec, a key exchange. */
  private void afterFlight(int version, InputStream in, OutputStream out)
      throws IOException, GeneralSecurityException {
    boolean exchanged = false;
    boolean changed = false;
    ByteArrayOutputStream back = new ByteArrayOutputStream();
    while (true) {
      byte[] head = in.readNBytes(RecordHeader.SIZE);
      if (head.length < RecordHeader.SIZE || closesAfterFlight) {
        return;
      }
      if (silentAfterFlight) {
        continue;
      }
      RecordHeader header = RecordHeader.at(head, 0);
      byte[] body = in.readNBytes(header.length());
      switch (header.type()) {
        case Records.HEARTBEAT -> {
          int asked = (body[1] & 0xff) << 8 | (body[2] & 0xff);
          boolean over = 3 + asked + 16 > body.length;
          if (heartbeat && (heartbleed || !over)) {
            byte[] answer = new byte[3 + asked + 16];
            answer[0] = 2;
            back.writeBytes(Records.of(Records.HEARTBEAT, version, answer));
            if (back.size() > bytesHeldBack) {
              back.writeTo(out);
              back.reset();
            }
          }
        }
        case RecordHeader.CHANGE_CIPHER_SPEC -> {
          if (!exchanged && !earlyCcs) {
            refuse(out, 10);
            return;
          }
          changed = true;
        }
        case RecordHeader.HANDSHAKE -> {
          if (changed) {
            refuse(out, 20);
            return;
          }
          if (body.length > 0 && body[0] != 16) {
            refuse(out, 10);
            return;
          }
          exchanged = true;
          if (robot && !padded(body)) {
            refuse(out, 51);
            return;
          }
        }
        default -> {
          return;
        }
      }
    }
  }

  /** Whether the premaster secret of a ClientKeyExchange has the right padding. */
  private static boolean padded(byte[] message) throws GeneralSecurityException {
    RSAPrivateKey key = (RSAPrivateKey) RSA.getPrivate();
    BigInteger value = new BigInteger(1, Arrays.copyOfRange(message, 6, message.length));
    byte[] block = value.modPow(key.getPrivateExponent(), key.getModulus()).toByteArray();
    // The leading zero is not written by BigInteger.
    if (block.length != 255 || block[0] != 2) {
      return false;
    }
    int zero = 1;
    while (zero < block.length && block[zero] != 0) {
      zero++;
    }
    return block.length - zero - 1 == 48;
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
