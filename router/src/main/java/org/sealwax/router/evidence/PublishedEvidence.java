package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;

/**
 * The evidence that there is about domains besides the configuration: what they publish, what the
 * ledger has, and how either is asked for once more. The same for every delivery agent of a
 * process.
 */
public final class PublishedEvidence {
  private final List<EvidenceSource> sources;
  private final StsRecheck rechecks;
  private final Consumer<Domain> onForget;

  /** Looks up a domain's MTA-STS announcement once more (RFC 8461 5.1). */
  @FunctionalInterface
  public interface StsRecheck {
    /** The policy as it is now; empty when no policies are kept. May block like a look-up. */
    Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException;
  }

  /**
   * Evidence.
   *
   * @param sources DANE, MTA-STS, and the ledger as a source
   * @param rechecks looks up a domain's MTA-STS policy once more
   * @param onForget drops what a cache has about a name, so that the DNS is asked again
   */
  public PublishedEvidence(
      List<EvidenceSource> sources, StsRecheck rechecks, Consumer<Domain> onForget) {
    this.sources = List.copyOf(sources);
    this.rechecks = rechecks;
    this.onForget = onForget;
  }

  /** These sources, without a recheck or a cache. */
  public static PublishedEvidence of(List<EvidenceSource> sources) {
    return new PublishedEvidence(sources, domain -> Optional.empty(), domain -> {});
  }

  /** The sources, asked in this order. */
  public List<EvidenceSource> sources() {
    return sources;
  }

  /** The MTA-STS policy of a domain as it is now. */
  public Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException {
    return rechecks.recheck(domain);
  }

  /** Has the DNS asked again about a name. */
  public void forget(Domain name) {
    onForget.accept(name);
  }
}
