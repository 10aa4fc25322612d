package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.route.AddressResolution;
import org.sealwax.router.route.ForwardSender;
import org.sealwax.router.route.RecipientDirectory;

/** Our domains as a table; rewritten senders are {@code srs=user=domain@host}. */
final class TableDirectory implements RecipientDirectory {
  private final Map<Mailbox, AddressResolution> known = new HashMap<>();
  private final Set<MailHost> localDomains = new LinkedHashSet<>();
  private final Set<MailHost> acceptAll = new LinkedHashSet<>();
  private final Domain host;

  TableDirectory(Domain host) {
    this.host = host;
  }

  void listed(Mailbox mailbox) {
    localDomains.add(mailbox.domain());
    known.put(mailbox, new AddressResolution.Relayed(true));
  }

  void acceptsAll(Domain domain) {
    localDomains.add(domain);
    acceptAll.add(domain);
  }

  void alias(Mailbox from, List<DeliveryTarget> targets) {
    localDomains.add(from.domain());
    known.put(from, new AddressResolution.Forwarded(targets));
  }

  void put(Mailbox mailbox, AddressResolution resolution) {
    localDomains.add(mailbox.domain());
    known.put(mailbox, resolution);
  }

  @Override
  public AddressResolution resolve(Mailbox recipient) {
    AddressResolution found = known.get(recipient);
    if (found != null) {
      return found;
    }
    if (acceptAll.contains(recipient.domain())) {
      return new AddressResolution.Relayed(false);
    }
    return localDomains.contains(recipient.domain())
        ? new AddressResolution.UnknownRecipient("no such user here")
        : new AddressResolution.NotLocal();
  }

  @Override
  public ForwardSender senderForForward(ReversePath sender) {
    ReversePath path =
        sender
            .mailboxIfAny()
            .map(m -> ReversePath.of(new Mailbox("srs=" + m.localPart() + "=" + m.domain(), host)))
            .orElse(ReversePath.nullPath());
    return new StoredSenders.TableSender(path, senders);
  }

  final StoredSenders senders = new StoredSenders();

  /** A store of senders, of which the newest may be refused. */
  static final class StoredSenders {
    int room = Integer.MAX_VALUE;
    String failsAt = "";
    private int stored;

    private void check(String stage) throws IOException {
      if (stage.equals(failsAt)) {
        throw new IOException("the disk is gone");
      }
      if (stored >= room) {
        throw new ForwardSender.NoRoomForSender("full");
      }
    }

    private record TableSender(ReversePath path, StoredSenders senders) implements ForwardSender {
      @Override
      public void checkRoom(@Nullable InetAddress client) throws IOException {
        senders.check("rcpt");
      }

      @Override
      public void store(@Nullable InetAddress client) throws IOException {
        senders.check("end");
        senders.stored++;
      }
    }
  }
}
