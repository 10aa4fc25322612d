package org.sealwax.router.route;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.Target;

/**
 * Stands before a directory: mail to some addresses is read by this server itself, as reports about
 * its TLS (RFC 8460), whatever an alias file says of them. All else passes. Immutable.
 */
public final class ReportAddresses implements Directory {
  private final Set<String> addresses = new HashSet<>();
  private final Directory further;

  /**
   * Before {@code further}.
   *
   * @param addresses of domains that are ours; their local parts have no case
   */
  public ReportAddresses(List<Mailbox> addresses, Directory further) {
    addresses.forEach(a -> this.addresses.add(folded(a)));
    this.further = further;
  }

  private static String folded(Mailbox mailbox) {
    return LocalPart.folded(mailbox.localPart()) + "@" + mailbox.domain();
  }

  @Override
  public Resolution resolve(Mailbox recipient) {
    return addresses.contains(folded(recipient))
        ? new Resolution.Forwarded(List.of(new Target.Reports(recipient)))
        : further.resolve(recipient);
  }

  @Override
  public void look() {
    further.look();
  }

  @Override
  public Resolution postmaster() {
    return further.postmaster();
  }

  @Override
  public ReversePath senderForForward(ReversePath sender) {
    return further.senderForForward(sender);
  }

  @Override
  public boolean vouchesFor(ReversePath sender) {
    return further.vouchesFor(sender);
  }
}
