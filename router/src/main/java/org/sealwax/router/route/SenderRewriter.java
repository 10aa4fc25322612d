package org.sealwax.router.route;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.log.MailLog;

/** Sender rewriting with the secrets in force and the store of senders that do not fit. */
final class SenderRewriter {
  private final WatchedFile<Srs> secrets;
  private final SrsTokenStore store;
  private final SrsTokenLimits limits;
  private final Clock clock;
  private final MailLog log;

  SenderRewriter(
      WatchedFile<Srs> secrets,
      SrsTokenStore store,
      SrsTokenLimits limits,
      Clock clock,
      MailLog log) {
    this.secrets = secrets;
    this.store = store;
    this.limits = limits;
    this.clock = clock;
    this.log = log;
  }

  /** The sender to forward with. */
  ForwardSender rewritten(Mailbox sender) {
    return switch (secrets.now().rewritten(sender, clock.now())) {
      case Srs.Rewritten.Address a -> ForwardSender.of(ReversePath.of(a.address()));
      case Srs.Rewritten.Unchanged u -> ForwardSender.of(ReversePath.of(sender));
      case Srs.Rewritten.WithToken t -> new StoredSender(ReversePath.of(t.address()), t.token());
    };
  }

  private final class StoredSender implements ForwardSender {
    private final ReversePath path;
    private final SrsToken token;

    StoredSender(ReversePath path, SrsToken token) {
      this.path = path;
      this.token = token;
    }

    @Override
    public ReversePath path() {
      return path;
    }

    @Override
    public void checkRoom(@Nullable InetAddress client) throws IOException {
      store.checkRoom(token, client, limits);
    }

    @Override
    public void store(@Nullable InetAddress client) throws IOException {
      store.put(token, client, limits);
    }
  }

  /** Whether we made this address, and it has not expired. */
  boolean isValid(Mailbox address) {
    return switch (secrets.now().reversed(address, clock.now())) {
      case Srs.Reversed.OriginalSender o -> true;
      case Srs.Reversed.StoredSender s -> true;
      case Srs.Reversed.Refused r -> false;
      case Srs.Reversed.NotRewritten n -> false;
    };
  }

  /** What a recipient is that may be a rewritten sender. */
  sealed interface BounceTarget {
    /** The original sender. */
    record Found(Mailbox original) implements BounceTarget {}

    /** Refused, temporarily or permanently. */
    record Refused(AddressResolution resolution) implements BounceTarget {}

    /** No rewritten sender. */
    record NotRewritten() implements BounceTarget {}
  }

  /** Where a bounce goes. */
  BounceTarget reversed(Mailbox address) {
    WatchedFile.ParsedFile<Srs> now = secrets.state();
    return switch (now.value().reversed(address, clock.now())) {
      case Srs.Reversed.OriginalSender to -> new BounceTarget.Found(to.original());
      case Srs.Reversed.StoredSender stored -> stored(stored.token());
      case Srs.Reversed.Refused refused ->
          new BounceTarget.Refused(
              secrets.isChanged(now)
                  ? ConfiguredDirectory.changing()
                  : new AddressResolution.UnknownRecipient(refused.text()));
      case Srs.Reversed.NotRewritten n -> new BounceTarget.NotRewritten();
    };
  }

  private BounceTarget stored(String token) {
    try {
      Optional<Mailbox> original = store.find(token);
      return original.isPresent()
          ? new BounceTarget.Found(original.get())
          : new BounceTarget.Refused(
              new AddressResolution.UnknownRecipient("this SRS address is not known any more"));
    } catch (IOException e) {
      log.storeTrouble("a bounce was deferred: " + FailureText.of(e), e);
      return new BounceTarget.Refused(
          new AddressResolution.StoreTrouble("this SRS address cannot be looked up now"));
    }
  }
}
