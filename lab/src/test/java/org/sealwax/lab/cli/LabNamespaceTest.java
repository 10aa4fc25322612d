package org.sealwax.lab.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sealwax.lab.site.AddressSource;

/** The network of {@code --isolate}. */
final class LabNamespaceTest {
  /** What is on an interface is the sender's own; what is only routed is the lab's. */
  @Test
  void theInterfacesIpv4AddressIsNeverAssignedToATrap() {
    assertTrue(
        LabNamespace.SETUP.contains("ip addr add " + AddressSource.NAMESPACE_OWN + "/32 dev lo\n"));
    assertEquals(1, LabNamespace.SETUP.lines().filter(l -> l.startsWith("ip addr add")).count());
    assertTrue(LabNamespace.SETUP.contains("ip route add local 198.18.0.0/15 dev lo\n"));
  }
}
