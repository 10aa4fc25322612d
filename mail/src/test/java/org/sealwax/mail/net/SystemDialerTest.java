package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Cidr;

/** The guard on hostile names, and the connection itself. */
final class SystemDialerTest {
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final InetAddress LOOPBACK = ip("127.0.0.1");

  private static InetAddress ip(String text) {
    return InetAddress.ofLiteral(text);
  }

  static List<SpecialUse> blocks() {
    return SpecialUse.blocks();
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void refusesFirstAndLastAddressOfEveryBlock(SpecialUse use) throws IOException {
    byte[] first = use.block().network().getAddress();
    byte[] last = first.clone();
    for (int bit = use.block().prefix(); bit < first.length * 8; bit++) {
      assertEquals(0, first[bit / 8] >> (7 - bit % 8) & 1, "the block starts at its network");
      last[bit / 8] |= (byte) (0x80 >>> bit % 8);
    }
    for (byte[] bytes : List.of(first, last)) {
      InetAddress address = InetAddress.getByAddress(bytes);
      assertTrue(SpecialUse.of(address).isPresent(), address.toString());
      InetSocketAddress target = new InetSocketAddress(address, 25);
      Dialer guarded = SystemDialer.guarded(DialerSettings.defaults());
      assertThrows(Dialer.ForbiddenTarget.class, () -> guarded.connect(target, null, SOON));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1.0.0.0,                 0.0.0.0/8",
    "9.255.255.255,           10.0.0.0/8",
    "11.0.0.0,                10.0.0.0/8",
    "100.63.255.255,          100.64.0.0/10",
    "100.128.0.0,             100.64.0.0/10",
    "126.255.255.255,         127.0.0.0/8",
    "128.0.0.0,               127.0.0.0/8",
    "169.253.255.255,         169.254.0.0/16",
    "169.255.0.0,             169.254.0.0/16",
    "172.15.255.255,          172.16.0.0/12",
    "172.32.0.0,              172.16.0.0/12",
    "191.255.255.255,         192.0.0.0/24",
    "192.0.1.0,               192.0.0.0/24",
    "192.0.3.0,               192.0.2.0/24",
    "192.31.195.255,          192.31.196.0/24",
    "192.52.194.0,            192.52.193.0/24",
    "192.88.98.255,           192.88.99.0/24",
    "192.167.255.255,         192.168.0.0/16",
    "192.169.0.0,             192.168.0.0/16",
    "192.175.49.0,            192.175.48.0/24",
    "198.17.255.255,          198.18.0.0/15",
    "198.20.0.0,              198.18.0.0/15",
    "198.51.99.255,           198.51.100.0/24",
    "198.51.101.0,            198.51.100.0/24",
    "203.0.112.255,           203.0.113.0/24",
    "203.0.114.0,             203.0.113.0/24",
    "223.255.255.255,         224.0.0.0/4",
    "2001:200::,              2001::/23",
    "2001:db7:ffff::1,        2001:db8::/32",
    "2001:db9::,              2001:db8::/32",
    "2003::,                  2002::/16",
    "2620:4f:7fff::1,         2620:4f:8000::/48",
    "2620:4f:8001::,          2620:4f:8000::/48",
    "3ffe:ffff::1,            3fff::/20",
    "3fff:1000::,             3fff::/20",
    "2a00:1450::1,            ordinary",
    "64:ff9b::808:808,        NAT64 of 8.8.8.8",
  })
  void letsTheNeighboursOfEveryBlockPass(String address, String neighbourOf) {
    assertEquals(Optional.empty(), SpecialUse.of(ip(address)), neighbourOf);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b::",
        "64:ff9b::ffff:ffff",
        "::ffff:0:7f00:1",
        "64:ff9b:0:0:0:1::",
        "1fff:ffff::1",
        "4000::",
        "fdff::1",
        "fe80::1"
      })
  void refusesDisguisesAndUnassignedSpace(String address) {
    assertTrue(SpecialUse.of(ip(address)).isPresent());
  }

  @Test
  void judgesAnIpv4MappedAddressAsTheIpv4AddressItIs() throws IOException {
    byte[] mapped = new byte[16];
    mapped[10] = mapped[11] = (byte) 0xff;
    System.arraycopy(LOOPBACK.getAddress(), 0, mapped, 12, 4);
    InetAddress disguised = Inet6Address.getByAddress(null, mapped, -1);
    assertTrue(disguised instanceof Inet6Address, "the JDK would have undone the disguise");
    assertEquals("127.0.0.0/8", SpecialUse.of(disguised).orElseThrow().block().toString());
    System.arraycopy(ip("8.8.8.8").getAddress(), 0, mapped, 12, 4);
    assertEquals(Optional.empty(), SpecialUse.of(Inet6Address.getByAddress(null, mapped, -1)));
  }

  @Test
  void connectsToAllowedTargets() throws IOException {
    Dialer allowing =
        SystemDialer.guarded(new DialerSettings(List.of(Cidr.parse("127.0.0.0/8").orElseThrow())));
    Dialer other =
        SystemDialer.guarded(new DialerSettings(List.of(Cidr.parse("10.0.0.0/8").orElseThrow())));
    try (ServerSocket server = new ServerSocket(0, 5, LOOPBACK)) {
      InetSocketAddress to = new InetSocketAddress(LOOPBACK, server.getLocalPort());
      for (Dialer dialer : List.of(allowing, SystemDialer.trusted())) {
        try (Wire wire = dialer.connect(to, ip("127.0.0.5"), SOON);
            Socket peer = server.accept()) {
          assertEquals(to, wire.peer());
          assertEquals(ip("127.0.0.5"), peer.getInetAddress());
          wire.out().write(7);
          assertEquals(7, peer.getInputStream().read());
        }
      }
      assertThrows(Dialer.ForbiddenTarget.class, () -> other.connect(to, null, SOON));
    }
  }

  @Test
  void refusedAndTimedOutAreDistinct() throws IOException {
    Dialer dialer = SystemDialer.trusted();
    // The port of tcpmux: no system gives it to who asks for any port.
    InetSocketAddress closedPort = new InetSocketAddress(LOOPBACK, 1);
    assertThrows(ConnectException.class, () -> dialer.connect(closedPort, null, SOON));
    try (ServerSocket full = new ServerSocket(0, 1, LOOPBACK)) {
      InetSocketAddress to = new InetSocketAddress(LOOPBACK, full.getLocalPort());
      List<Wire> queued = new ArrayList<>();
      // The system drops SYNs once the backlog of one is full, after a connection or two.
      assertThrows(
          SocketTimeoutException.class,
          () -> {
            for (int i = 0; i < 10; i++) {
              queued.add(dialer.connect(to, null, Duration.ofMillis(200)));
            }
          });
      for (Wire wire : queued) {
        wire.close();
      }
    }
  }

  @Test
  void refusesNamesThatWouldHaveToBeResolved() {
    InetSocketAddress name = InetSocketAddress.createUnresolved("localhost", 25);
    assertThrows(
        IllegalArgumentException.class, () -> SystemDialer.trusted().connect(name, null, SOON));
  }
}
