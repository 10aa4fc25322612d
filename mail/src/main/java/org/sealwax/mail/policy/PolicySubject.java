package org.sealwax.mail.policy;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;

/**
 * The recipient domain, next hop and host that a requirement is about.
 *
 * @param destination the domain or address literal of the recipients: the next hop itself, or what
 *     a configured route leads from
 * @param nextHop the recipient domain, or the configured host
 * @param host the MX host to connect to; equal to {@code nextHop} when there is no MX step
 * @param secureMx whether the step from next hop to host was DNSSEC-validated
 * @param port at the host; TLSA records belong to one (RFC 6698 3)
 */
public record PolicySubject(
    MailHost destination, MailHost nextHop, MailHost host, boolean secureMx, int port) {
  /** The port for mail between MTAs that have no agreement (RFC 5321 4.5.4.2). */
  public static final int SMTP = 25;

  /**
   * Recipients whose own domain is the next hop.
   *
   * @param nextHop the next hop
   * @param host the MX host
   * @param secureMx whether the step from next hop to host was DNSSEC-validated
   * @param port the TCP port
   */
  public PolicySubject(MailHost nextHop, MailHost host, boolean secureMx, int port) {
    this(nextHop, nextHop, host, secureMx, port);
  }

  /**
   * The same at port 25, for mail between MTAs.
   *
   * @param nextHop the next hop
   * @param host the MX host
   * @param secureMx whether the step from next hop to host was DNSSEC-validated
   */
  public PolicySubject(MailHost nextHop, MailHost host, boolean secureMx) {
    this(nextHop, host, secureMx, SMTP);
  }

  /**
   * {@return a configured host at port 25}
   *
   * @param host the configured host
   */
  public static PolicySubject fixed(MailHost host) {
    return fixed(host, SMTP);
  }

  /**
   * {@return a configured host: nothing lies between it and us}
   *
   * @param host the configured host
   * @param port the TCP port
   */
  public static PolicySubject fixed(MailHost host, int port) {
    return new PolicySubject(host, host, false, port);
  }

  /**
   * {@return the same on the way to recipients at {@code destination}}
   *
   * @param destination the domain or address literal of the recipients
   */
  public PolicySubject to(MailHost destination) {
    return new PolicySubject(destination, nextHop, host, secureMx, port);
  }

  /** {@return whether nothing but our own configuration determines the host of the next hop} */
  public boolean isDirect() {
    return host.equals(nextHop);
  }

  /** The names that level {@code verify} accepts: the host name from the MX record. */
  List<Domain> hostNames() {
    return host instanceof Domain d ? List.of(d) : List.of();
  }

  /**
   * The names that level {@code secure} accepts: those that no forged MX record can choose: the
   * next hop, and the host when it lies below the next hop or was found by DNSSEC.
   */
  List<Domain> unforgeableNames() {
    List<Domain> names = new ArrayList<>(2);
    if (nextHop instanceof Domain hop) {
      names.add(hop);
      if (host instanceof Domain h && !h.equals(hop) && (secureMx || h.isBelow(hop))) {
        names.add(h);
      }
    }
    return names;
  }
}
