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
    ORDINARY("Ordinary destinations: TLS is not required; the best offer is used"),
    EXCELLENT("Excellent destinations: they publish TLS requirements"),
    ATTACKED("Attacked destinations: an attacker on the path changes their answers");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    /** A heading. */
    String title() {
      return title;
    }
  }

  /** All, in the order of the demo. */
  static List<DemoDestination> all() {
    return List.of(
        new DemoDestination("a1", Kind.ORDINARY, "a good host without any policy"),
        new DemoDestination("b1", Kind.ORDINARY, "a host without TLS"),
        new DemoDestination("c1n", Kind.ORDINARY, "a host with broken TLS"),
        new DemoDestination("c9", Kind.ORDINARY, "a host with TLS 1.3 only"),
        new DemoDestination("h1", Kind.ORDINARY, "a domain that does not accept mail (null MX)"),
        new DemoDestination("a4", Kind.EXCELLENT, "DANE and MTA-STS, all correct"),
        new DemoDestination(
            "e2",
            Kind.EXCELLENT,
            "DANE names the key; the certificate around it is expired, self-signed and for"
                + " another name"),
        new DemoDestination(
            "b8",
            Kind.ATTACKED,
            "the first MX fails at STARTTLS; the second works, and TLS is not required"),
        new DemoDestination("b2", Kind.ATTACKED, "STARTTLS is stripped; DANE requires TLS"),
        new DemoDestination("b3", Kind.ATTACKED, "STARTTLS is stripped; MTA-STS requires TLS"),
        new DemoDestination(
            "d5s", Kind.ATTACKED, "a certificate for another name; MTA-STS requires the right one"),
        new DemoDestination("e3", Kind.ATTACKED, "a key that does not match the TLSA record"),
        new DemoDestination(
            "f3", Kind.ATTACKED, "MX records for a host outside the MTA-STS policy"));
  }

  /** The test case of the lab. */
  Trap.TrapCase trapCase() {
    return Traps.find(label)
        .orElseThrow(() -> new IllegalStateException("the lab has no test case " + label));
  }
}
