package org.sealwax.lab.site;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Cidr;

/** Each host has an address of its own, and none has one of the sender's machine. */
final class AddressSourceTest {
  private static final Cidr LOCAL = Cidr.parse("198.18.0.0/15").orElseThrow();

  @Test
  void noHostGetsTheNamespacesOwnAddress() throws AddressSource.NoAddressLeft {
    InetAddress own = InetAddress.ofLiteral(AddressSource.NAMESPACE_OWN);
    assertTrue(LOCAL.contains(own), "routed to the namespace");
    AddressSource addresses = AddressSource.namespace();
    Set<InetAddress> lent = new HashSet<>();
    assertThrows(
        AddressSource.NoAddressLeft.class,
        () -> {
          while (true) {
            InetAddress next = addresses.v4();
            assertTrue(lent.add(next), next + " twice");
          }
        });
    assertTrue(lent.size() > 60_000, lent.size() + " addresses");
    assertFalse(lent.contains(own));
    assertTrue(lent.stream().allMatch(LOCAL::contains));
  }

  @Test
  void noLoopbackHostGetsAnAddressInUse() throws AddressSource.NoAddressLeft {
    AddressSource addresses = AddressSource.loopback();
    for (int i = 0; i < 1_000; i++) {
      InetAddress next = addresses.v4();
      assertFalse(
          List.of("127.0.0.1", "127.0.1.1", "127.0.0.53").contains(next.getHostAddress()),
          next.toString());
    }
  }
}
