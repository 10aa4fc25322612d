package org.sealwax.lab.traps;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.OddTls;

/**
 * One host of a site.
 *
 * @param label below the site: {@code mx}; {@code @} is the site itself
 * @param preference in its MX record; empty: it has none
 * @param reach how it can be reached
 * @param smtp how it speaks
 * @param tls how it shakes hands
 * @param leaf its certificate; {@code {host}} and {@code {site}} in names stand for those names
 * @param unnamed its certificate for a client that does not ask for the host's name
 * @param tlsa its TLSA records
 */
public record Host(
    String label,
    OptionalInt preference,
    Reach reach,
    Smtp smtp,
    OddTls tls,
    LeafPlan leaf,
    LeafPlan unnamed,
    List<Shown> tlsa) {
  /** How a host can be reached. */
  public enum Reach {
    /** By IPv4, and IPv6 where the lab has addresses enough. */
    ANY,
    V4,
    V6,
    /** It has an address, and nobody listens there. */
    REFUSED,
    /** A dead IPv6 address beside a good IPv4 one. */
    DEAD_V6,
    /** Its address is 127.0.0.1. */
    LOOP
  }

  /** Copies. */
  public Host {
    tlsa = List.copyOf(tlsa);
  }

  /** A good host with preference 10. */
  public static Host good(String label) {
    LeafPlan leaf = LeafPlan.of("{host}");
    return new Host(
        label, OptionalInt.of(10), Reach.ANY, Smtp.good(), OddTls.good(), leaf, leaf, List.of());
  }

  /** The same under another label. */
  public Host named(String other) {
    return new Host(other, preference, reach, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same with another preference. */
  public Host at(int other) {
    return new Host(label, OptionalInt.of(other), reach, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same without an MX record. */
  public Host unlisted() {
    return new Host(label, OptionalInt.empty(), reach, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same, reached otherwise. */
  public Host with(Reach other) {
    return new Host(label, preference, other, smtp, tls, leaf, unnamed, tlsa);
  }

  /** The same, speaking otherwise. */
  public Host speaking(UnaryOperator<Smtp> change) {
    return new Host(label, preference, reach, change.apply(smtp), tls, leaf, unnamed, tlsa);
  }

  /** The same, shaking hands otherwise. */
  public Host shaking(UnaryOperator<OddTls> change) {
    return new Host(label, preference, reach, smtp, change.apply(tls), leaf, unnamed, tlsa);
  }

  /** The same with another certificate, whatever name is asked for. */
  public Host certified(UnaryOperator<LeafPlan> change) {
    LeafPlan other = change.apply(leaf);
    return new Host(label, preference, reach, smtp, tls, other, other, tlsa);
  }

  /** The same with another certificate for clients that do not ask for its name. */
  public Host certifiedUnnamed(UnaryOperator<LeafPlan> change) {
    return new Host(label, preference, reach, smtp, tls, leaf, change.apply(unnamed), tlsa);
  }

  /** The same with these TLSA records. */
  public Host showing(Shown... records) {
    return new Host(label, preference, reach, smtp, tls, leaf, unnamed, List.of(records));
  }
}
