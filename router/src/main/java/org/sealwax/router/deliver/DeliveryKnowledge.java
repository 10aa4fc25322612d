package org.sealwax.router.deliver;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.receipts.Receipts;

/**
 * The sources of evidence about domains, and the listeners for results of deliveries. The same for
 * every delivery agent of a process.
 *
 * @param published DANE, MTA-STS, and the ledger as a source
 * @param rechecks asks for a domain's MTA-STS policy once more
 * @param ledger told of every connection
 * @param receipts given for every delivered recipient
 * @param sessionListener told what every connection shows of the policies that applied (RFC 8460)
 * @param onForget takes what a cache has about a name: the DNS is asked afresh
 */
public record DeliveryKnowledge(
    List<EvidenceSource> published,
    StsRecheck rechecks,
    Ledger ledger,
    Receipts receipts,
    TlsSessionListener sessionListener,
    Consumer<Domain> onForget) {
  /** Looks at a domain's MTA-STS announcement once more (RFC 8461 5.1). */
  @FunctionalInterface
  public interface StsRecheck {
    /** The policy as it is now; empty when there is nobody to ask. May block like a look-up. */
    Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException;
  }

  /** Copies. */
  public DeliveryKnowledge {
    published = List.copyOf(published);
  }

  /** The configuration alone. */
  public static DeliveryKnowledge none() {
    return of(List.of());
  }

  /** These, without memory or receipts. */
  public static DeliveryKnowledge of(List<EvidenceSource> published) {
    return new DeliveryKnowledge(
        published,
        domain -> Optional.empty(),
        Ledger.empty(),
        Receipts.none(),
        TlsSessionListener.NONE,
        domain -> {});
  }

  /** The same with receipts that go another way, or by another who hears of them. */
  public DeliveryKnowledge with(UnaryOperator<Receipts> around) {
    return new DeliveryKnowledge(
        published, rechecks, ledger, around.apply(receipts), sessionListener, onForget);
  }

  /** The same for questions that are no mail: nothing is learnt from them. */
  DeliveryKnowledge withoutLedgerUpdates() {
    return new DeliveryKnowledge(
        published, rechecks, Ledger.empty(), Receipts.none(), TlsSessionListener.NONE, onForget);
  }
}
