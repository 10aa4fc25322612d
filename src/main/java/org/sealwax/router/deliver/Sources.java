package org.sealwax.router.deliver;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.tlsrpt.SessionWitness;
import org.sealwax.router.evidence.Source;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.receipts.Receipts;

/**
 * What is known of domains beside the configuration, and who is told what deliveries showed. The
 * same for every courier of a process.
 *
 * @param published DANE, MTA-STS, and the ledger as a source
 * @param rechecks asks for a domain's MTA-STS policy once more
 * @param ledger told of every connection
 * @param receipts given for every delivered recipient
 * @param sessions told what every connection shows of the policies that applied (RFC 8460)
 * @param forgets takes what a cache has about a name: the DNS is asked afresh
 */
public record Sources(
    List<Source> published,
    Rechecks rechecks,
    Ledger ledger,
    Receipts receipts,
    SessionWitness sessions,
    Consumer<Domain> forgets) {
  /** Looks at a domain's MTA-STS announcement once more (RFC 8461 5.1). */
  @FunctionalInterface
  public interface Rechecks {
    /** The policy as it is now; empty when there is nobody to ask. May block like a look-up. */
    Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException;
  }

  /** Copies. */
  public Sources {
    published = List.copyOf(published);
  }

  /** The configuration alone. */
  public static Sources none() {
    return of(List.of());
  }

  /** These, without memory or receipts. */
  public static Sources of(List<Source> published) {
    return new Sources(
        published,
        domain -> Optional.empty(),
        Ledger.blank(),
        Receipts.none(),
        SessionWitness.NOBODY,
        domain -> {});
  }

  /** The same with receipts that go another way, or by another who hears of them. */
  public Sources with(UnaryOperator<Receipts> around) {
    return new Sources(published, rechecks, ledger, around.apply(receipts), sessions, forgets);
  }

  /** The same for questions that are no mail: nothing is learnt from them. */
  Sources asking() {
    return new Sources(
        published, rechecks, Ledger.blank(), Receipts.none(), SessionWitness.NOBODY, forgets);
  }
}
