package org.sealwax.assess;

import java.util.List;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;

/**
 * One question to one address, with its limits. Opens connections only within the visit's
 * connection budget, waits no longer than the visit has time, one connection at a time, and never
 * throws because of the peer's behaviour: what it could not see is reported as a finding.
 */
public interface Probe {
  /**
   * The checks that it answers: each is reported as {@code not tested} when the probe has no
   * finding.
   */
  List<Check> checks();

  /** Connections that probes before this one must leave in the budget for it. */
  default int reserve(ScanDepth depth) {
    return 0;
  }

  /** Runs the probe. Findings are of {@link #checks}, at the visit's place. */
  List<Finding> run(AddressVisit visit) throws InterruptedException;
}
