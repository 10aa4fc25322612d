package org.sealwax.mail.tls;

import java.util.List;

/**
 * TLS settings of the outbound side.
 *
 * @param groups key exchange groups in order, by IANA name; a key share is sent for the first
 * @param sessions how many sessions are kept for resumption
 */
public record ClientTlsSettings(List<String> groups, int sessions) {
  /** Sessions kept at most: about 4 KiB each with a chain. */
  public static final int MAX_SESSIONS = 20_000;

  /** Copies and checks. */
  public ClientTlsSettings {
    groups = List.copyOf(groups);
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("no key exchange groups");
    }
    if (sessions < 1 || sessions > MAX_SESSIONS) {
      throw new IllegalArgumentException("sessions: 1 to " + MAX_SESSIONS);
    }
  }

  /**
   * Hybrid first; a thousand sessions.
   *
   * @return the defaults
   */
  public static ClientTlsSettings defaults() {
    return new ClientTlsSettings(ListenerTlsSettings.GROUPS, 1_000);
  }
}
