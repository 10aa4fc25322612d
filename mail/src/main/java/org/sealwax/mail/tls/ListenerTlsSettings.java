package org.sealwax.mail.tls;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;

/**
 * TLS settings of one listener.
 *
 * @param name for logs and the session-id context
 * @param floor lowest version accepted
 * @param clientCertificates whether clients are asked for a certificate
 * @param resumption whether former sessions are resumed at all
 * @param tickets whether session tickets are sent; some large senders abort on them on port 25.
 *     Without tickets only TLS 1.2 resumes, by session id. JSSE cannot leave them out per listener
 * @param groups key exchange groups in order of preference, by IANA name; those that the engine
 *     lacks are ignored
 * @param ticketRotation age at which a new ticket key takes over
 * @param oldTicketKeys how many former keys still decrypt tickets
 * @param protocols of application-layer protocol negotiation (RFC 7301), in our order of
 *     preference; empty: none is negotiated
 */
public record ListenerTlsSettings(
    String name,
    TlsFloor floor,
    ClientCertificateMode clientCertificates,
    boolean resumption,
    boolean tickets,
    List<String> groups,
    Duration ticketRotation,
    int oldTicketKeys,
    List<String> protocols) {
  /** The hybrid first, then the groups that all implementations support. */
  public static final List<String> GROUPS =
      List.of("X25519MLKEM768", "x25519", "secp256r1", "secp384r1");

  /** Former keys kept at most; each is tried on every ticket. */
  public static final int MAX_OLD_TICKET_KEYS = 16;

  /** Copies and checks. */
  public ListenerTlsSettings {
    groups = List.copyOf(groups);
    protocols = List.copyOf(protocols);
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("no key exchange groups");
    }
    if (oldTicketKeys < 0 || oldTicketKeys > MAX_OLD_TICKET_KEYS) {
      throw new IllegalArgumentException("old ticket keys: 0 to " + MAX_OLD_TICKET_KEYS);
    }
    if (!ticketRotation.isPositive()) {
      throw new IllegalArgumentException("ticket rotation must be positive");
    }
  }

  /**
   * TLS 1.2 and 1.3, client certificate asked for, tickets rotated hourly and good for three.
   *
   * @param name the name of the listener
   * @return the defaults
   */
  public static ListenerTlsSettings defaults(String name) {
    return new ListenerTlsSettings(
        name,
        TlsFloor.DEFAULT,
        ClientCertificateMode.ASK,
        true,
        true,
        GROUPS,
        Duration.ofHours(1),
        2,
        List.of());
  }

  /**
   * {@return the same with another floor}
   *
   * @param other the new value
   */
  public ListenerTlsSettings withFloor(TlsFloor other) {
    return SettingsRecord.with(this, Map.of("floor", other));
  }

  /**
   * {@return the same with another client-certificate mode}
   *
   * @param other the new value
   */
  public ListenerTlsSettings withClientCertificates(ClientCertificateMode other) {
    return SettingsRecord.with(this, Map.of("clientCertificates", other));
  }

  /**
   * {@return the same with resumption or tickets switched}
   *
   * @param resume whether sessions are resumed
   * @param ticket whether tickets are issued
   */
  public ListenerTlsSettings withResumption(boolean resume, boolean ticket) {
    return SettingsRecord.with(this, Map.of("resumption", resume, "tickets", ticket));
  }

  /**
   * {@return the same with other application protocols}
   *
   * @param other in order of preference, for example {@code http/1.1}
   */
  public ListenerTlsSettings withProtocols(List<String> other) {
    return SettingsRecord.with(this, Map.of("protocols", List.copyOf(other)));
  }
}
