package org.sealwax.lab.traps;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.OddTlsBehaviour;

/**
 * One host of a site.
 *
 * @param label below the site: {@code mx}; {@code @} is the site itself
 * @param preference in its MX record; empty: it has none
 * @param reachability how it can be reached
 * @param smtp its SMTP behaviour
 * @param tls its TLS behaviour
 * @param leaf its certificate; {@code {host}} and {@code {site}} in names stand for those names
 * @param unnamed its certificate for a client that does not ask for the host's name
 * @param tlsa its TLSA records
 */
public record TrapHost(
    String label,
    OptionalInt preference,
    HostReachability reachability,
    SmtpBehaviour smtp,
    OddTlsBehaviour tls,
    CertificateSpec leaf,
    CertificateSpec unnamed,
    List<PublishedTlsa> tlsa) {
  /** How a host can be reached. */
  public enum HostReachability {
    /** By IPv4, and by IPv6 where the lab has enough addresses. */
    ANY,
    V4,
    V6,
    /** It has an address, and no server listens there. */
    REFUSED,
    /** An unreachable IPv6 address next to a good IPv4 one. */
    DEAD_V6,
    /** Its address is 127.0.0.1. */
    LOOP
  }

  /** Copies. */
  public TrapHost {
    tlsa = List.copyOf(tlsa);
  }

  /** A good host with preference 10. */
  public static TrapHost good(String label) {
    CertificateSpec leaf = CertificateSpec.of("{host}");
    return new TrapHost(
        label,
        OptionalInt.of(10),
        HostReachability.ANY,
        SmtpBehaviour.good(),
        OddTlsBehaviour.good(),
        leaf,
        leaf,
        List.of());
  }

  /** The same under another label. */
  public TrapHost named(String other) {
    return new TrapHost(other, preference, reachability, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same with another preference. */
  public TrapHost at(int other) {
    return new TrapHost(label, OptionalInt.of(other), reachability, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same without an MX record. */
  public TrapHost unlisted() {
    return new TrapHost(label, OptionalInt.empty(), reachability, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same, reached otherwise. */
  public TrapHost with(HostReachability other) {
    return new TrapHost(label, preference, other, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same with another SMTP behaviour. */
  public TrapHost withSmtp(UnaryOperator<SmtpBehaviour> change) {
    return new TrapHost(
        label, preference, reachability, change.apply(smtp), tls, leaf, unnamed, tlsa);
  }

  /** The same with another TLS behaviour. */
  public TrapHost withTls(UnaryOperator<OddTlsBehaviour> change) {
    return new TrapHost(
        label, preference, reachability, smtp, change.apply(tls), leaf, unnamed, tlsa);
  }

  /** The same with another certificate, whatever name is asked for. */
  public TrapHost certified(UnaryOperator<CertificateSpec> change) {
    CertificateSpec other = change.apply(leaf);
    return new TrapHost(label, preference, reachability, smtp, tls, other, other, tlsa);
  }

  /** The same with another certificate for clients that do not ask for its name. */
  public TrapHost certifiedUnnamed(UnaryOperator<CertificateSpec> change) {
    return new TrapHost(
        label, preference, reachability, smtp, tls, leaf, change.apply(unnamed), tlsa);
  }

  /** The same with these TLSA records. */
  public TrapHost withTlsa(PublishedTlsa... records) {
    return new TrapHost(
        label, preference, reachability, smtp, tls, leaf, unnamed, List.of(records));
  }
}
