package org.sealwax.router.certs;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence.DaneState;

/**
 * What the DNS states about the hosts of one certificate.
 *
 * @param hosts names under which senders reach this server, with this certificate
 * @param views their TLSA records, as each server has them
 * @param missing what could not be looked up, in words; empty when all answers are there
 */
public record PublishedNames(List<Domain> hosts, List<TlsaView> views, List<String> missing) {
  /** Copies. */
  public PublishedNames {
    hosts = List.copyOf(hosts);
    views = List.copyOf(views);
    missing = List.copyOf(missing);
  }

  /** {@return the longest time for which a cache may keep one of the views} */
  Duration longestTtl() {
    return views.stream().map(TlsaView::ttl).max(Duration::compareTo).orElse(Duration.ZERO);
  }

  /**
   * The TLSA records of one host as one server has them.
   *
   * @param host an MX host
   * @param server the resolver (with DNSSEC), or the name and address of an authoritative server
   * @param state what a DANE sender makes of them
   * @param ttl for how long a cache may keep them from now on
   */
  public record TlsaView(Domain host, String server, DaneState state, Duration ttl) {
    /** How {@link #server} names the validated answer. */
    public static final String RESOLVER = "the resolver";
  }

  /** Looks this up, for a certificate. */
  @FunctionalInterface
  public interface Lookup {
    /**
     * {@return what is published; within about a minute, also when no server answers}
     *
     * @param slot which certificate
     * @throws InterruptedException when the thread is interrupted
     */
    PublishedNames find(CertificateSlot slot) throws InterruptedException;
  }
}
