package org.sealwax.app;

import java.util.List;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/**
 * A destination of the demo: one test case of the lab, and why it is shown.
 *
 * @param label label of the test case
 * @param kind what is to be shown
 * @param description what the host does, in one sentence
 */
record DemoDestination(String label, Kind kind, String description) {
  /** What is to be shown. */
  enum Kind {
    ORDINARY("Ordinary destinations: nothing demands TLS, so the best that they offer is taken"),
    EXCELLENT("Excellent destinations: they publish what must be demanded of them"),
    ATTACKED("Attacked destinations: someone on the way changes what they say");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    /** A heading. */
    String title() {
      return title;
    }
  }

  /** All, in the order of the programme. */
  static List<DemoDestination> all() {
    return List.of(
        new DemoDestination("a1", Kind.ORDINARY, "a good host without any policy"),
        new DemoDestination("b1", Kind.ORDINARY, "a host that has no TLS and never had"),
        new DemoDestination("c1n", Kind.ORDINARY, "a host whose TLS is broken for everybody"),
        new DemoDestination("c9", Kind.ORDINARY, "a host that speaks TLS 1.3 and nothing older"),
        new DemoDestination("h1", Kind.ORDINARY, "a domain that says it takes no mail (null MX)"),
        new DemoDestination("a4", Kind.EXCELLENT, "DANE and MTA-STS, all in order"),
        new DemoDestination(
            "e2",
            Kind.EXCELLENT,
            "DANE names the key; the certificate around it is expired, self-signed and for"
                + " another name"),
        new DemoDestination(
            "b8",
            Kind.ATTACKED,
            "the first MX is cut off at STARTTLS; the second is whole, and nothing demands TLS"),
        new DemoDestination("b2", Kind.ATTACKED, "STARTTLS is stripped, where DANE demands TLS"),
        new DemoDestination("b3", Kind.ATTACKED, "STARTTLS is stripped, where MTA-STS demands TLS"),
        new DemoDestination(
            "d5s",
            Kind.ATTACKED,
            "a certificate for another name, where MTA-STS demands the right"),
        new DemoDestination("e3", Kind.ATTACKED, "another key than the one that DANE names"),
        new DemoDestination(
            "f3",
            Kind.ATTACKED,
            "MX records that lead to a host which the MTA-STS policy forbids"));
  }

  /** The test case of the lab. */
  Trap.TrapCase trapCase() {
    return Traps.find(label)
        .orElseThrow(() -> new IllegalStateException("the lab has no row " + label));
  }
}
