package org.sealwax.assess.model;

import java.time.Duration;
import java.util.Locale;

/** The depth of a scan, with its budget of connections per address. */
public enum ScanDepth {
  QUICK(8, Duration.ofMinutes(2)),
  STANDARD(45, Duration.ofMinutes(10)),
  FULL(120, Duration.ofMinutes(30));

  private final int connections;
  private final Duration total;

  ScanDepth(int connections, Duration total) {
    this.connections = connections;
    this.total = total;
  }

  /** Connections per address, at most. */
  public int connections() {
    return connections;
  }

  /** For the whole assessment: a tarpit may take 300 s a banner and is waited for. */
  public Duration total() {
    return total;
  }

  /** Stable, for options and JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
