package org.sealwax.ledger;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.policy.Observation;
import org.sealwax.policy.Rung;
import org.sealwax.tls.Handshake;
import org.sealwax.tls.Pin;
import org.sealwax.tls.Pins;
import org.sealwax.tls.TlsVersion;

/**
 * One remembered observation of a host.
 *
 * @param at when, in whole seconds
 * @param family of the address
 * @param shown what it was worth
 * @param rung how much was offered
 * @param counts whether mail that may teach us was behind it
 * @param version of TLS, or null without TLS
 * @param key of the leaf certificate, or null without one
 */
public record Showing(
    Instant at,
    Path.Family family,
    Shown shown,
    Rung rung,
    boolean counts,
    @Nullable TlsVersion version,
    @Nullable Pin key) {
  /** Whole seconds, as they are stored. */
  public Showing {
    at = at.truncatedTo(ChronoUnit.SECONDS);
  }

  static Showing of(Seen seen, boolean counts, Instant now) {
    Handshake handshake =
        seen.observation() instanceof Observation.Encrypted e ? e.handshake() : null;
    return new Showing(
        now,
        Path.Family.of(seen.address()),
        Shown.of(seen),
        seen.rung(),
        counts,
        handshake == null ? null : handshake.version(),
        handshake == null || handshake.peerChain().isEmpty()
            ? null
            : Pins.of(handshake.peerChain().getFirst()));
  }

  Showing withKey(Pin same) {
    return new Showing(at, family, shown, rung, counts, version, same);
  }
}
