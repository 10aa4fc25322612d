package org.sealwax.router.receive;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.Target;
import org.sealwax.router.route.Directory;
import org.sealwax.router.route.Resolution;

/** Our domains as a table; rewritten senders are {@code srs=user=domain@host}. */
final class TableDirectory implements Directory {
  private final Map<Mailbox, Resolution> known = new HashMap<>();
  private final Set<MailHost> ours = new LinkedHashSet<>();
  private final Set<MailHost> acceptAll = new LinkedHashSet<>();
  private final Domain host;

  TableDirectory(Domain host) {
    this.host = host;
  }

  void listed(Mailbox mailbox) {
    ours.add(mailbox.domain());
    known.put(mailbox, new Resolution.Relayed(true));
  }

  void acceptsAll(Domain domain) {
    ours.add(domain);
    acceptAll.add(domain);
  }

  void alias(Mailbox from, List<Target> targets) {
    ours.add(from.domain());
    known.put(from, new Resolution.Forwarded(targets));
  }

  void put(Mailbox mailbox, Resolution resolution) {
    ours.add(mailbox.domain());
    known.put(mailbox, resolution);
  }

  @Override
  public Resolution resolve(Mailbox recipient) {
    Resolution found = known.get(recipient);
    if (found != null) {
      return found;
    }
    if (acceptAll.contains(recipient.domain())) {
      return new Resolution.Relayed(false);
    }
    return ours.contains(recipient.domain())
        ? new Resolution.Unknown("no such user here")
        : new Resolution.NotOurs();
  }

  @Override
  public ReversePath senderForForward(ReversePath sender) {
    return sender
        .mailboxIfAny()
        .map(m -> ReversePath.of(new Mailbox("srs=" + m.localPart() + "=" + m.domain(), host)))
        .orElse(ReversePath.nullPath());
  }
}
