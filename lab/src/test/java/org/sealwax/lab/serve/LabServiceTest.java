package org.sealwax.lab.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.ScriptedSender;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.ConnectionLimiter;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.testkit.net.ManualClock;

/** The public lab: correct for clients with a token, useless to all others. */
@Tag("long")
@Timeout(600)
final class LabServiceTest {
  private static final InetAddress ASKER = InetAddress.ofLiteral("192.0.2.10");
  private static final int TIMEOUT = 60_000;
  private static final List<Trap.TrapCase> TRAP_CASES =
      Traps.chosen("a1,a4,b2,b3,b11,c9,d3n,e2,e3,e11,e14,e27,f2,f3,h1,h5").orElseThrow();

  @TempDir private Path folder = Path.of("");
  private LabServiceSettings settings =
      LabServiceSettings.loopback(LabServiceSettings.LabPorts.REAL);
  private Optional<LabService> open = Optional.empty();

  @BeforeEach
  void choose() throws IOException {
    settings = TestLabService.settings();
  }

  @AfterEach
  void close() throws IOException {
    if (open.isPresent()) {
      open.get().close();
    }
  }

  private LabService open(LabServiceSettings with, Clock clock) throws IOException {
    LabService service = TestLabService.open(with, folder, clock, TestLabService::closeConnection);
    open = Optional.of(service);
    return service;
  }

  private LabService open() throws IOException {
    return open(settings, Clock.system());
  }

  private static TokenBooking issued(LabService.TokenResult answer) {
    return assertInstanceOf(LabService.TokenResult.TokenIssued.class, answer, answer.toString())
        .booking();
  }

  private static TokenBooking token(LabService service) {
    return issued(service.issue(ASKER, Traps.quick(), SenderAddressFamily.IPV4, ""));
  }

  private ScriptedSender.LabAccess labAccess(LabService service) {
    return new ScriptedSender.LabAccess(
        service.resolvers().getFirst(),
        service.delegation(),
        service.rootPem(),
        settings.ports().smtp(),
        settings.ports().https());
  }

  private LabToken send(LabService service, ScriptedSender.Kind kind, Scope scope)
      throws IOException {
    LabToken token = issued(service.issue(ASKER, TRAP_CASES, SenderAddressFamily.IPV4, "")).token();
    assertEquals(java.util.Map.of(), token.setupFailures());
    ScriptedSender sender =
        new ScriptedSender(labAccess(service), token, kind, folder, Clock.system());
    for (Sighting sighting : token.sightings()) {
      scope.fork(
          () -> {
            sender.send(sighting.trapCase().label());
            return "";
          });
    }
    return token;
  }

  private static SenderReport report(LabToken token) {
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(token.sightings());
  }

  @Test
  void concurrentSendersAreJudgedSeparately() throws IOException, InterruptedException {
    LabService service = open();
    LabToken first;
    LabToken second;
    try (Scope scope = new Scope("scripted")) {
      first = send(service, ScriptedSender.Kind.GOOD, scope);
      second = send(service, ScriptedSender.Kind.CARELESS, scope);
      scope.join();
    }
    SenderReport good = report(first);
    assertEquals(List.of(), good.leaks());
    assertEquals(List.of(), good.losses());
    assertTrue(good.grade().letter().compareTo(GradeLetter.A_MINUS) <= 0, good.grade().text());
    assertEquals(
        List.of(),
        good.findings().stream()
            .filter(f -> f.check().id().startsWith("lab.") && f.outcome() == CheckOutcome.FAIL)
            .map(f -> f.code() + " " + f.observed())
            .toList());
    SenderReport bad = report(second);
    assertEquals(GradeLetter.F, bad.grade().letter());
    assertTrue(
        bad.leaks().containsAll(List.of("b2", "b3", "e3", "e11", "f3", "e27")),
        bad.leaks().toString());
  }

  private static Resolver resolver(LabService service, boolean validating) {
    return new CachingResolver(
        DnsSettings.defaults()
            .withResolvers(List.of(service.resolvers().getFirst()))
            .withAnchors(service.delegation())
            .withValidation(validating ? DnsSettings.Validation.OWN : DnsSettings.Validation.OFF),
        Clock.system(),
        RandomSource.secure());
  }

  @Test
  void namesExistForLiveTokensOnly() throws IOException {
    ManualClock clock = new ManualClock(Instant.now());
    LabService service = open(settings, clock);
    TokenBooking booking = token(service);
    String zone = booking.token().zone();
    assertEquals(Optional.of(booking), service.find(booking.token().token()));
    assertEquals(
        DnssecStatus.SECURE, resolver(service, true).mx(Domain.of("e3." + zone)).security());
    assertEquals(16 + ".lab.example".length(), zone.length());
    clock.pass(Duration.ofMinutes(61));
    assertEquals(Optional.empty(), service.find(booking.token().token()), "not swept yet, but");
    service.sweep();
    assertEquals(0, service.live());
    assertEquals(
        DnsAnswer.Kind.NO_NAME, resolver(service, false).mx(Domain.of("e3." + zone)).kind());
    service.end(booking);
    assertEquals(Optional.empty(), service.find(""));
    assertEquals(Optional.empty(), service.find("x".repeat(100_000)));
  }

  @Test
  void tokensAreLimitedPerNetworkAndInTotal() throws IOException {
    ManualClock clock = new ManualClock(Instant.now());
    LabService service = open(settings, clock);
    List<Trap.TrapCase> trapCases = List.of(Traps.find("a1").orElseThrow());
    List<TokenBooking> got = new ArrayList<>();
    for (int i = 0; i < settings.tokensEach(); i++) {
      got.add(
          issued(
              service.issue(
                  InetAddress.ofLiteral("192.0.2." + i), trapCases, SenderAddressFamily.IPV4, "")));
    }
    assertInstanceOf(
        LabService.TokenResult.TokenRefused.class,
        service.issue(
            InetAddress.ofLiteral("192.0.2.200"), trapCases, SenderAddressFamily.IPV4, ""));
    for (int i = settings.tokensEach(); i < settings.tokens(); i++) {
      issued(
          service.issue(
              InetAddress.ofLiteral("2001:db8:0:" + i + "00::1"),
              trapCases,
              SenderAddressFamily.IPV4,
              ""));
    }
    assertInstanceOf(
        LabService.TokenResult.TokenRefused.class,
        service.issue(
            InetAddress.ofLiteral("203.0.113.1"), trapCases, SenderAddressFamily.IPV4, ""));
    // Asking and giving back, again and again, is bounded too.
    service.end(got.getFirst());
    int more = 0;
    for (int i = 0; i < 50; i++) {
      if (service.issue(ASKER, trapCases, SenderAddressFamily.IPV4, "")
          instanceof LabService.TokenResult.TokenIssued again) {
        service.end(again.booking());
        more++;
      }
    }
    assertEquals(10, more, "twelve in an hour, two were had");
  }

  @Test
  void withFewAddressesThereAreFewTrapsAndAReason() throws IOException {
    String base = settings.addresses().getFirst().getHostAddress();
    String network = base.substring(0, base.length() - ".0.1".length());
    LabServiceSettings few =
        new LabServiceSettings(
            settings.zone(),
            settings.nameServers(),
            settings.addresses(),
            List.of(Cidr.parse(network + ".9.8/29").orElseThrow()),
            Optional.empty(),
            settings.ports(),
            settings.scale(),
            settings.tokens(),
            settings.tokensEach(),
            settings.life(),
            settings.connections(),
            settings.connectionsPerMinute(),
            settings.dnsRate());
    LabService service = open(few, Clock.system());
    TokenBooking first = token(service);
    int rows = Traps.quick().size();
    assertEquals(
        rows - 5, first.token().setupFailures().size(), "half of eight addresses, and a null MX");
    assertTrue(
        first.token().setupFailures().values().iterator().next().contains("no free IPv4 address"));
    TokenBooking second = token(service);
    assertEquals(rows - 5, second.token().setupFailures().size());
    service.end(first);
    assertEquals(
        rows - 5, token(service).token().setupFailures().size(), "what was lent came back");
  }

  @Test
  void keysSurviveARestart() throws IOException {
    LabService first = open();
    String root = first.rootPem();
    List<String> ds = first.delegation();
    first.close();
    LabService second = open();
    assertEquals(root, second.rootPem());
    assertEquals(ds, second.delegation());
  }

  private Socket connect(InetAddress to, int port) throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(TIMEOUT);
    socket.connect(new InetSocketAddress(to, port), TIMEOUT);
    return socket;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder out = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      out.append((char) c);
    }
    return out.toString().strip();
  }

  private static String sendText(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write((text + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
    String line = line(socket.getInputStream());
    while (line.length() > 3 && line.charAt(3) == '-') {
      line = line(socket.getInputStream());
    }
    return line;
  }

  @Test
  void noListenerIsAnOpenRelay() throws IOException {
    LabService service = open();
    TokenBooking dead = token(service);
    TokenBooking live = token(service);
    service.end(dead);
    String zone = live.token().zone();
    InetAddress trap =
        resolver(service, false)
            .addresses(Domain.of("mx.b1." + zone), Resolver.AddressFamily.IPV4)
            .records()
            .getFirst();
    List<String> attempts =
        List.of(
            "<box@elsewhere.example>",
            "<probe@b1." + dead.token().zone() + ">",
            "<sender@bounce." + dead.token().zone() + ">",
            "<probe@e3." + zone + ">",
            "<probe@none." + zone + ">",
            "<probe@lab.example>",
            "<postmaster@lab.example>",
            "<probe@b1." + zone + ".elsewhere.example>",
            "<probe@xb1." + zone + ">",
            "<box%elsewhere.example@lab.example>",
            "<box%elsewhere.example@" + zone + ">",
            "<\"box@elsewhere.example\"@" + zone + ">",
            "<@b1." + zone + ":box@elsewhere.example>",
            "<@b1." + zone + ",@elsewhere.example:box@elsewhere.example>",
            "<elsewhere.example!box@" + zone + ">",
            "<elsewhere.example!box>",
            "<box@[192.0.2.1]>",
            "<box@[127.0.0.1]>",
            "<box@[IPv6:2001:db8::1]>",
            "<box@localhost>",
            "<box@b1." + zone + "@elsewhere.example>",
            "<box@elsewhere.example@b1." + zone + ">",
            "<box@b1." + zone + "> ORCPT=rfc822;box@elsewhere.example NOTIFY",
            "<>",
            "<box>",
            "<Postmaster>",
            "box@elsewhere.example");
    List<String> refusedAtTraps = new ArrayList<>(attempts);
    refusedAtTraps.add("<sender@bounce." + zone + ">");
    List<String> refusedAtDesk = new ArrayList<>(attempts);
    refusedAtDesk.add("<probe@b1." + zone + ">");
    for (InetAddress address : List.of(trap, settings.addresses().getFirst())) {
      try (Socket socket = connect(address, settings.ports().smtp())) {
        assertTrue(line(socket.getInputStream()).startsWith("220"));
        assertTrue(sendText(socket, "EHLO x").startsWith("250"));
        assertTrue(sendText(socket, "MAIL FROM:<a@elsewhere.example>").startsWith("250"));
        for (String attempt : address.equals(trap) ? refusedAtTraps : refusedAtDesk) {
          String reply = sendText(socket, "RCPT TO:" + attempt);
          assertTrue(reply.startsWith("550"), attempt + ": " + reply);
        }
        assertTrue(sendText(socket, "DATA").startsWith("503"));
        assertTrue(sendText(socket, "BDAT 5 LAST").startsWith("502"));
        assertTrue(sendText(socket, "VRFY box").startsWith("502"));
        assertTrue(sendText(socket, "EXPN list").startsWith("502"));
        assertTrue(sendText(socket, "ETRN elsewhere.example").startsWith("502"));
        assertTrue(sendText(socket, "TURN").startsWith("502"));
        assertTrue(sendText(socket, "AUTH PLAIN AGEAYQ==").startsWith("502"));
      }
    }
    assertFalse(
        live.token().sightings().stream()
            .flatMap(s -> s.events().stream())
            .anyMatch(
                e -> e instanceof TrapEvent.MessageAccepted || e instanceof TrapEvent.DsnReturned));
  }

  @Test
  void theReturnHostAcceptsBouncesOfLiveTokensOnly() throws IOException {
    LabService service = open();
    TokenBooking booking = token(service);
    TokenBooking other = token(service);
    String zone = booking.token().zone();
    try (Socket socket = connect(settings.addresses().getFirst(), settings.ports().smtp())) {
      line(socket.getInputStream());
      sendText(socket, "EHLO x");
      assertTrue(sendText(socket, "MAIL FROM:<>").startsWith("250"));
      assertTrue(sendText(socket, "RCPT TO:<sender@bounce." + zone + ">").startsWith("250"));
      assertTrue(sendText(socket, "DATA").startsWith("354"));
      String reply =
          sendText(
              socket,
              "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; probe@e3."
                  + zone
                  + "\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n.");
      assertTrue(reply.startsWith("250"), reply);
    }
    assertTrue(
        booking.token().sighting("e3").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.DsnReturned));
    assertFalse(
        other.token().sighting("e3").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.DsnReturned));
  }

  @Test
  void aThousandConnectionsAreAnsweredAndEachSourceIsLimited() throws IOException {
    LabService service = open();
    LabToken token = token(service).token();
    List<String> rows = List.of("a1", "b1", "b2", "b3", "b4", "e2", "e3", "e11", "f2", "f3");
    Resolver resolver = resolver(service, false);
    List<InetAddress> traps =
        rows.stream()
            .map(
                r ->
                    resolver
                        .addresses(
                            Domain.of("mx." + r + "." + token.zone()), Resolver.AddressFamily.IPV4)
                        .records()
                        .getFirst())
            .toList();
    List<Socket> held = new ArrayList<>();
    List<Scope.ForkedTask<String>> tasks = new ArrayList<>();
    try (Scope scope = new Scope("thousand")) {
      for (int i = 0; i < 1_000; i++) {
        InetAddress trap = traps.get(i % traps.size());
        InetAddress source = InetAddress.ofLiteral("127.0." + i / 50 + ".77");
        Socket socket = new Socket();
        held.add(socket);
        tasks.add(
            scope.fork(
                () -> {
                  socket.setSoTimeout(TIMEOUT);
                  socket.bind(new InetSocketAddress(source, 0));
                  socket.connect(new InetSocketAddress(trap, settings.ports().smtp()), TIMEOUT);
                  return line(socket.getInputStream()).substring(0, 3)
                      + sendText(socket, "EHLO x").substring(0, 3);
                }));
      }
      scope.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    for (Scope.ForkedTask<String> task : tasks) {
      assertEquals("220250", task.get());
    }
    // All are still open: 50 of each source, which may have 64.
    InetAddress greedy = InetAddress.ofLiteral("127.0.0.77");
    int more = 0;
    for (int i = 0; i < 40; i++) {
      Socket socket = new Socket();
      held.add(socket);
      socket.setSoTimeout(TIMEOUT);
      socket.bind(new InetSocketAddress(greedy, 0));
      try {
        socket.connect(new InetSocketAddress(traps.getFirst(), settings.ports().smtp()), TIMEOUT);
        more += socket.getInputStream().read() < 0 ? 0 : 1;
      } catch (IOException e) {
        // Closed at once, with or without a reply.
      }
    }
    assertEquals(settings.connections() - 50, more);
    for (Socket socket : held) {
      socket.close();
    }
    for (String row : rows) {
      Sighting sighting = token.sighting(row);
      assertTrue(sighting.connections() >= 100, row);
      assertFalse(
          sighting.events().stream()
              .anyMatch(
                  e ->
                      e instanceof TrapEvent.MessageAccepted
                          || e instanceof TrapEvent.SenderDeceived));
    }
    SenderReport report =
        new SenderAssessment(SenderProfile.OPPORTUNISTIC, false).report(token.sightings());
    assertEquals(List.of(), report.leaks());
    assertEquals(0, report.count(CheckOutcome.FAIL), "who says only EHLO did nothing wrong yet");
  }

  @Test
  void policyHostsAreSelectedBySniAndOtherNamesGetThePages() throws Exception {
    List<String> pages = new java.util.concurrent.CopyOnWriteArrayList<>();
    LabService service =
        TestLabService.open(
            settings,
            folder,
            Clock.system(),
            wire -> {
              pages.add(wire.peer().getAddress().getHostAddress());
              TestLabService.closeConnection(wire);
            });
    open = Optional.of(service);
    LabToken token = token(service).token();
    String report =
        "{\"policies\":[{\"policy\":{\"policy-domain\":\"e3."
            + token.zone()
            + "\"},\"summary\":{\"total-failure-session-count\":3},\"failure-details\":"
            + "[{\"result-type\":\"validation-failure\"}]}]}";
    String answer =
        https(
            "report." + token.zone(),
            "POST /e3 HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + report.length()
                + "\r\n\r\n"
                + report);
    assertTrue(answer.startsWith("HTTP/1.1 201"), answer);
    assertTrue(
        token.sighting("e3").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.TlsReportReceived));
    String policy =
        https("mta-sts.f3." + token.zone(), "GET /.well-known/mta-sts.txt HTTP/1.1\r\n\r\n");
    assertTrue(policy.contains("mode: enforce"), policy);
    assertTrue(
        token.sighting("f3").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.PolicyRequested));
    assertEquals(List.of(), pages);
    assertEquals("", https("lab.example", "GET / HTTP/1.1\r\n\r\n"));
    assertEquals("", https("mta-sts.f3.none.lab.example", "GET / HTTP/1.1\r\n\r\n"));
    assertEquals(2, pages.size());
    token.close();
    assertEquals("", https("report." + token.zone(), "GET / HTTP/1.1\r\n\r\n"));
    assertEquals(3, pages.size(), "a dead token has no hosts");
  }

  /** What comes back; empty when no TLS came about. */
  private String https(String name, String request) throws Exception {
    javax.net.ssl.SSLContext context = javax.net.ssl.SSLContext.getInstance("TLS");
    context.init(null, new javax.net.ssl.TrustManager[] {new TrustAnyServerManager()}, null);
    try (Socket plain = connect(settings.addresses().getFirst(), settings.ports().https());
        javax.net.ssl.SSLSocket socket =
            (javax.net.ssl.SSLSocket)
                context.getSocketFactory().createSocket(plain, name, 443, true)) {
      socket.startHandshake();
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    } catch (javax.net.ssl.SSLException | java.net.SocketException e) {
      return "";
    }
  }

  /** What is certified is not the question here. */
  private static final class TrustAnyServerManager extends javax.net.ssl.X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(
        java.security.cert.X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(
        java.security.cert.X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(
        java.security.cert.X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public void checkServerTrusted(
        java.security.cert.X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public java.security.cert.X509Certificate[] getAcceptedIssuers() {
      return new java.security.cert.X509Certificate[0];
    }
  }

  @Test
  void connectionsAreLimitedPerTokenAndPerSource() {
    ManualClock clock = new ManualClock(Instant.EPOCH);
    org.sealwax.mail.net.Limit all = org.sealwax.mail.net.Limit.of(10);
    ConnectionLimiter first = new ConnectionLimiter(all, 6, 4, 60, clock);
    ConnectionLimiter second = new ConnectionLimiter(all, 6, 4, 60, clock);
    InetAddress a = InetAddress.ofLiteral("2001:db8:1:1::1");
    InetAddress sameNetwork = InetAddress.ofLiteral("2001:db8:1:1:ffff::2");
    InetAddress b = InetAddress.ofLiteral("2001:db8:1:2::1");
    assertEquals(4, entered(first, a, 5) + entered(first, sameNetwork, 5));
    assertEquals(2, entered(first, b, 5), "six for one token");
    assertEquals(4, entered(second, a, 5), "and four are left for the other");
    assertEquals(0, entered(second, b, 5), "ten in all");
    second.leave(a);
    assertEquals(1, entered(second, b, 5));
    assertEquals(10, all.taken());
    // A minute's worth, whether they stay or not.
    int quick = 0;
    InetAddress c = InetAddress.ofLiteral("192.0.2.3");
    ConnectionLimiter third = new ConnectionLimiter(10, 4, 60, clock);
    for (int i = 0; i < 100; i++) {
      if (third.enter(c)) {
        third.leave(c);
        quick++;
      }
    }
    assertEquals(60, quick);
    clock.pass(Duration.ofSeconds(2));
    assertEquals(2, entered(third, c, 5));
  }

  private static int entered(ConnectionLimiter limiter, InetAddress from, int tries) {
    int count = 0;
    for (int i = 0; i < tries; i++) {
      count += limiter.enter(from) ? 1 : 0;
    }
    return count;
  }

  @Test
  void evidenceIsLimited() throws IOException {
    Sighting sighting =
        new Sighting(
            Traps.find("a1").orElseThrow(), new java.util.concurrent.atomic.AtomicLong(10_000));
    for (int i = 0; i < 100; i++) {
      sighting.add(new TrapEvent.ClientHelloSeen(Instant.EPOCH, i, new byte[1_880]));
    }
    assertEquals(5, sighting.events().size());
    assertEquals(95, sighting.dropped());
    assertEquals(100, sighting.version());
    assertTrue(Files.isDirectory(folder));
  }
}
