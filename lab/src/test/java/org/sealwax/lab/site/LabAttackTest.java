package org.sealwax.lab.site;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;

/** Attacks on the lab: relaying through it, filling its memory, invalid input. */
final class LabAttackTest {
  private static final int TIMEOUT = 60_000;

  private Lab lab;
  private LabToken token;
  private Resolver resolver;

  @BeforeEach
  void open() throws IOException {
    lab = TestLab.open();
    token = lab.issue(Traps.quick());
    resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolver()))
                .withValidation(DnsSettings.Validation.OFF),
            Clock.system(),
            RandomSource.secure());
  }

  @AfterEach
  void close() throws IOException {
    lab.close();
  }

  private InetAddress address(String host) {
    return resolver
        .addresses(Domain.of(host + "." + token.zone()), Resolver.AddressFamily.IPV4)
        .records()
        .getFirst();
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

  private static String send(Socket socket, String text) throws IOException {
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
  void theLabIsNoOpenRelay() throws IOException {
    List<String> attempts =
        List.of(
            "<box@elsewhere.example>",
            "<probe@e3." + token.zone() + ">",
            "<probe@b1." + token.zone() + ".elsewhere.example>",
            "<probe@" + token.zone() + ">",
            "<probe@bounce." + token.zone() + ">",
            "<box%elsewhere.example@elsewhere.example>",
            "<\"box@elsewhere.example\"@elsewhere.example>",
            "<@b1." + token.zone() + ":box@elsewhere.example>",
            "<box@[192.0.2.1]>",
            "<box!elsewhere.example>",
            "<Postmaster>");
    try (Socket socket = connect(address("mx.b1"), lab.settings().smtpPort())) {
      assertTrue(line(socket.getInputStream()).startsWith("220"));
      assertTrue(send(socket, "EHLO x").startsWith("250"));
      assertTrue(send(socket, "MAIL FROM:<a@elsewhere.example>").startsWith("250"));
      for (String attempt : attempts) {
        assertTrue(send(socket, "RCPT TO:" + attempt).startsWith("5"), attempt);
      }
      assertTrue(send(socket, "DATA").startsWith("503"));
    }
    assertFalse(
        token.sighting("b1").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.MessageAccepted));
  }

  @Test
  void aThousandConnectionsAtOnceAreAllAnsweredAndCounted()
      throws IOException, InterruptedException {
    List<String> hosts = List.of("a1", "b1", "b2", "b3", "b4", "e2", "e3", "e11", "f2", "f3");
    int each = 100;
    List<Scope.ForkedTask<String>> tasks = new ArrayList<>();
    List<InetAddress> addresses = hosts.stream().map(h -> address("mx." + h)).toList();
    try (Scope scope = new Scope("thousand")) {
      for (InetAddress address : addresses) {
        for (int i = 0; i < each; i++) {
          tasks.add(
              scope.fork(
                  () -> {
                    try (Socket socket = connect(address, lab.settings().smtpPort())) {
                      String greeting = line(socket.getInputStream());
                      String ehlo = send(socket, "EHLO x");
                      return greeting.substring(0, 3) + ehlo.substring(0, 3) + send(socket, "QUIT");
                    }
                  }));
        }
      }
      scope.join();
    }
    for (Scope.ForkedTask<String> task : tasks) {
      assertEquals("220250221 2.0.0 bye", task.get());
    }
    for (String host : hosts) {
      assertEquals(each, token.sighting(host).connections(), host);
      assertFalse(
          token.sighting(host).events().stream()
              .anyMatch(e -> e instanceof TrapEvent.MessageAccepted));
    }
  }

  @Test
  void garbageAtEveryListenerLeavesTheLabRunning() throws IOException {
    Random random = new Random(25);
    InetAddress smtp = address("mx.a1");
    InetAddress https = address("mta-sts.f2");
    for (int i = 0; i < 150; i++) {
      byte[] junk = new byte[1 + random.nextInt(400)];
      random.nextBytes(junk);
      switch (i % 3) {
        case 0 -> throwAt(smtp, lab.settings().smtpPort(), new byte[0], junk);
        case 1 ->
            throwAt(
                smtp,
                lab.settings().smtpPort(),
                "EHLO x\r\nSTARTTLS\r\n".getBytes(StandardCharsets.US_ASCII),
                junk);
        default -> throwAt(https, lab.settings().httpsPort(), new byte[] {22, 3, 1, 0, 90}, junk);
      }
      try (DatagramSocket udp = new DatagramSocket()) {
        udp.send(new DatagramPacket(junk, junk.length, lab.resolver()));
      }
    }
    assertEquals(1, resolver.mx(Domain.of("e2." + token.zone())).records().size());
    try (Socket socket = connect(smtp, lab.settings().smtpPort())) {
      assertTrue(line(socket.getInputStream()).startsWith("220"));
    }
  }

  private void throwAt(InetAddress to, int port, byte[] before, byte[] junk) throws IOException {
    try (Socket socket = connect(to, port)) {
      socket.getOutputStream().write(before);
      socket.getOutputStream().write(junk);
      socket.shutdownOutput();
      socket.getInputStream().readNBytes(10_000);
    } catch (java.net.SocketException e) {
      // It was rejected.
    }
  }
}
