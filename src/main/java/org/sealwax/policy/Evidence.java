package org.sealwax.policy;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known before connecting, one case per source. DNS security, MTA-STS, the ledger and the
 * message's own demands are further cases; each may raise or refuse, never lower.
 */
public sealed interface Evidence {
  /** Where it comes from, for {@link Requirement#because}. */
  String origin();

  /** When it stops counting, or null. */
  @Nullable Instant expires();

  /** What holds where the admin wrote no row about the next hop. */
  record Default(Level level) implements Evidence {
    /** The default has neither pins nor names, so it ends at encrypt. */
    public Default {
      if (level == Level.FINGERPRINT) {
        throw new IllegalArgumentException("pins cannot be a default");
      }
    }

    @Override
    public String origin() {
      return "default " + level.word();
    }

    @Override
    public @Nullable Instant expires() {
      return null;
    }
  }

  /**
   * A configured route (smart host, relay domain's next hop) with a level of its own.
   *
   * @param name of the route
   * @param row what it demands; the pattern plays no part
   */
  record Route(String name, PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return "route " + name + " " + row.level().word();
    }

    @Override
    public @Nullable Instant expires() {
      return row.expires();
    }
  }

  /** A row that covers the next hop. */
  record NextHopRow(PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return "row for the next hop " + row.level().word();
    }

    @Override
    public @Nullable Instant expires() {
      return row.expires();
    }
  }

  /** A row that covers the MX host: raises only, because anybody may point an MX record there. */
  record HostRow(PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return "row for the host " + row.level().word();
    }

    @Override
    public @Nullable Instant expires() {
      return row.expires();
    }
  }
}
