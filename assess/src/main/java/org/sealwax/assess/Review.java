package org.sealwax.assess;

import java.util.List;
import java.util.Optional;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.MxSet;

/**
 * One question to the target as a whole: names, policies, certificates against policies, hosts
 * against each other. What it asks of the DNS and of policy hosts it asks before any mail host is
 * visited, so that no slow mail host takes the time for it; it judges when all were visited. Opens
 * no SMTP connection.
 */
public interface Review {
  /**
   * The checks that it answers: each is reported {@code not tested} when the review returns no
   * finding for it.
   */
  List<Check> checks();

  /**
   * Asks the DNS and policy hosts.
   *
   * @param before the target with its hosts and addresses, none of them visited
   */
  PendingReview ask(TargetOverview before) throws InterruptedException;

  /**
   * Whether there is anything to ask where the mail of a domain goes there. A domain that takes no
   * mail needs no policies for it.
   */
  default boolean concerns(MxSet route) {
    return switch (route) {
      case MxSet.Hosts h -> true;
      case MxSet.NullMx n -> false;
      case MxSet.NoSuchDomain n -> false;
      case MxSet.LoopsBack l -> false;
      case MxSet.MxLookupFailed t -> false;
    };
  }

  /** What was asked, for judging. */
  interface PendingReview {
    /** Judges. */
    List<Finding> judge(TargetOverview all) throws InterruptedException;

    /**
     * The server name (SNI) that senders bound by policy send to this host, where one is specified.
     */
    default Optional<Domain> serverName(Domain host) {
      return Optional.empty();
    }
  }
}
