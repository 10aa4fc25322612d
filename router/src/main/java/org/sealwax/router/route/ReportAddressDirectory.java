package org.sealwax.router.route;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.DeliveryTarget;

/**
 * A directory in front of another one: mail to some addresses is read by this server itself, as
 * reports about its TLS (RFC 8460), whatever an alias file has for them. All other addresses are
 * passed on. Immutable.
 */
public final class ReportAddressDirectory implements RecipientDirectory {
  private final Set<String> addresses = new HashSet<>();
  private final RecipientDirectory further;

  /**
   * Before {@code further}.
   *
   * @param addresses of domains that are ours; their local parts have no case
   */
  public ReportAddressDirectory(List<Mailbox> addresses, RecipientDirectory further) {
    addresses.forEach(a -> this.addresses.add(folded(a)));
    this.further = further;
  }

  private static String folded(Mailbox mailbox) {
    return LocalPart.folded(mailbox.localPart()) + "@" + mailbox.domain();
  }

  @Override
  public AddressResolution resolve(Mailbox recipient) {
    return addresses.contains(folded(recipient))
        ? new AddressResolution.Forwarded(List.of(new DeliveryTarget.Reports(recipient)))
        : further.resolve(recipient);
  }

  @Override
  public void reloadIfChanged() {
    further.reloadIfChanged();
  }

  @Override
  public AddressResolution postmaster() {
    return further.postmaster();
  }

  @Override
  public ReversePath senderForForward(ReversePath sender) {
    return further.senderForForward(sender);
  }

  @Override
  public boolean isValidRewrittenSender(ReversePath sender) {
    return further.isValidRewrittenSender(sender);
  }
}
