package org.sealwax.router.certs.rollover;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;

/** What is to be done in a state. Each may be done again. */
public sealed interface RolloverAction {
  /**
   * Nothing but to wait.
   *
   * @param reason what for
   */
  record Await(String reason) implements RolloverAction {}

  /** A key is made and stored; then {@link RolloverMachine#begin}. */
  record CreateKey() implements RolloverAction {}

  /**
   * Records are added or removed.
   *
   * @param changes for each name, at least one
   * @param reason what was seen
   */
  record Update(List<NameChange> changes, String reason) implements RolloverAction {
    /** Copies. */
    public Update {
      changes = List.copyOf(changes);
    }
  }

  /**
   * Asks for a certificate.
   *
   * @param key for this key
   */
  record Certify(KeyDigest key) implements RolloverAction {}

  /**
   * Destroys a key; then {@link RolloverMachine#destroyed}.
   *
   * @param key which is not in force, and in no record
   */
  record Destroy(KeyDigest key) implements RolloverAction {}

  /**
   * The change of one name.
   *
   * @param owner the name
   * @param seen its records, which must still be these; at least one
   * @param ttl their time to live
   * @param key what is added or removed
   * @param adds whether it is added
   */
  record NameChange(
      Domain owner, List<TlsaRecord> seen, Duration ttl, KeyDigest key, boolean adds) {
    /** Copies. */
    public NameChange {
      seen = List.copyOf(seen);
    }
  }
}
