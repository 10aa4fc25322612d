package org.sealwax.router.deliver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.deliver.NextHostOrLater.HostPosition;
import org.sealwax.router.deliver.NextHostOrLater.RecipientVerdict;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.receipts.Receipts;

/**
 * Carries one consignment over the connections of a round: in transactions as large as the host's
 * limits allow. {@link OutgoingTransaction} is the conversation, {@link NextHostOrLater} decides
 * what it means for each recipient. One thread owns it.
 */
final class ConsignmentTransfer implements RoundWork {
  /** Recipients of one transaction where the host names no limit (RFC 5321 4.5.3.1.8). */
  static final int RECIPIENTS = 100;

  /**
   * Transactions at their slowest that one connection may last: a host that takes one recipient at
   * a time and dawdles over each would keep us for days.
   */
  static final int SLOW_TRANSACTIONS = 2;

  private final Consignment consignment;
  private final RecipientOutcomes outcomes;
  private final TriedHosts triedHosts;
  private final Ledger ledger;
  private final Receipts receipts;
  private final Clock clock;
  private final SmtpTimeouts times;
  private final int transactionsPerConnection;
  private final boolean authenticated;
  private final RoundPurpose purpose;
  private final StoredContent content;

  private final Set<Long> putOffHere = new HashSet<>();
  private final Set<Long> keptForTls = new HashSet<>();

  private String visited = "";

  /** The peer took offence at a parameter: those that can be spared are left out from now on. */
  private boolean sparing;

  /** The peer refused a recipient because of our IPv6 address. */
  private boolean shouldRetryOverIpv4;

  private Tried triedBefore = Tried.NOTHING;
  private int preference;
  private int putOffAt = Tried.NONE;
  private boolean answered;

  ConsignmentTransfer(
      Consignment consignment,
      RecipientOutcomes outcomes,
      DeliverySettings settings,
      TriedHosts triedHosts,
      Ledger ledger,
      Receipts receipts,
      Clock clock,
      boolean authenticated) {
    this.consignment = consignment;
    this.outcomes = outcomes;
    this.purpose = RoundPurpose.of(consignment);
    this.content = new StoredContent(consignment);
    this.triedHosts = triedHosts;
    this.ledger = ledger;
    this.receipts = receipts;
    this.clock = clock;
    this.times = settings.times();
    this.transactionsPerConnection = settings.pool().messages();
    this.authenticated = authenticated;
  }

  RoundPurpose purpose() {
    return purpose;
  }

  @Override
  public boolean isDone() {
    return outcomes.isDone();
  }

  @Override
  public boolean mayUsePlaintext() {
    for (Recipient recipient : outcomes.open()) {
      if (!keptForTls.contains(recipient.key())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Tried triedBefore() {
    if (triedHosts.isEmpty()) {
      return triedBefore;
    }
    Tried own = triedHosts.at(triedKey());
    triedBefore = own.equals(Tried.NOTHING) ? triedHosts.at(silentHop()) : own;
    return triedBefore;
  }

  @Override
  public void hostsLeft(boolean left) {
    outcomes.hostsLeft(left);
  }

  @Override
  public void reachedPreference(int at) {
    preference = at;
  }

  @Override
  public void tried(HostOrder order) {
    boolean over = outcomes.isFinal();
    if (answered && over && triedHosts.isEmpty()) {
      return;
    }
    // Where no host answers, other mail for the same next hop need not ask the same ones again.
    if (answered) {
      triedHosts.forget(silentHop());
    } else {
      triedHosts.put(silentHop(), order.after());
    }
    if (over) {
      triedHosts.forget(triedKey());
    } else {
      triedHosts.put(triedKey(), order.after().putOffAt(putOffAt));
    }
  }

  /** This mail on its way to this next hop. */
  private String triedKey() {
    return consignment.id().text()
        + silentHop()
        + "|"
        + consignment.sender()
        + "|"
        + consignment.deliveredTo();
  }

  private String silentHop() {
    return "|" + consignment.nextHop().key();
  }

  @Override
  public void hostSkipped(FailureCause cause) {
    outcomes.hostSkipped(cause);
  }

  @Override
  public void noHosts(FailureMeaning meaning) {
    outcomes.endAllWith(meaning.cause());
    if (meaning.action() == FailureMeaning.FailureAction.REFUSE) {
      outcomes.settleAll(meaning.outcome());
    }
  }

  @Override
  public ConnectionResult runOn(HostConnection peer) {
    answered = true;
    boolean finished = false;
    try {
      ConnectionResult fate = carry(peer);
      finished = true;
      if (fate != ConnectionResult.REUSABLE) {
        if (fate == ConnectionResult.MORE) {
          peer.session().quit();
        } else {
          peer.session().closeQuietly();
        }
      }
      return fate;
    } finally {
      if (!finished) {
        peer.session().closeQuietly();
      }
    }
  }

  private ConnectionResult carry(HostConnection peer) {
    shouldRetryOverIpv4 = false;
    ConnectionResult fate = carryAll(peer);
    return shouldRetryOverIpv4 ? ConnectionResult.OVER_IPV4 : fate;
  }

  private ConnectionResult carryAll(HostConnection peer) {
    if (!peer.logName().equals(visited)) {
      visited = peer.logName();
      putOffHere.clear();
      sparing = false;
    }
    refuseWhatCannotGo(peer);
    boolean first = true;
    Duration longest = times.inAll(SLOW_TRANSACTIONS, RECIPIENTS, consignment.size());
    // Ends nothing by itself: between two transactions it is asked whether there is time for one.
    long began = clock.nanoTime();
    while (!waiting(peer).isEmpty()) {
      if (!first && clock.nanoTime() - began > longest.toNanos()) {
        return dawdled(longest, peer);
      }
      if (peer.transactions() >= Math.min(transactionsPerConnection, peer.mailMax())) {
        return ConnectionResult.MORE;
      }
      ConnectionResult fate = transact(peer);
      if (fate != null) {
        // A host that closes the session between two of our transactions gets no more of them.
        return fate == ConnectionResult.STALE && !first ? ConnectionResult.MORE : fate;
      }
      first = false;
    }
    return ConnectionResult.REUSABLE;
  }

  private ConnectionResult dawdled(Duration longest, HostConnection peer) {
    outcomes.hostSkipped(
        FailureTable.tooSlow(TransactionStage.MAIL, longest, peer.logName()).cause());
    return ConnectionResult.NEXT_HOST;
  }

  /**
   * Recipients that may be tried at this peer now. A recipient that a host deferred in TLS waits
   * for TLS in this round: an attacker who can cause a 4yz there and strip TLS here must not get
   * the mail unencrypted.
   */
  private List<Recipient> waiting(HostConnection peer) {
    boolean clear = peer.handshake().isEmpty();
    List<Recipient> waiting = new ArrayList<>(4);
    for (Recipient recipient : outcomes.open()) {
      if (!putOffHere.contains(recipient.key())
          && !(clear && keptForTls.contains(recipient.key()))) {
        waiting.add(recipient);
      }
    }
    return waiting;
  }

  /** One transaction; null when the connection can go on. */
  private @Nullable ConnectionResult transact(HostConnection peer) {
    List<Recipient> waiting = waiting(peer);
    HostPosition position = position(peer, waiting);
    OutgoingTransaction transaction =
        new OutgoingTransaction(
            peer,
            new EnvelopeCommands(
                consignment, content, peer.session().capabilities(), authenticated, sparing),
            batch(peer, waiting),
            times);
    Transcript transcript = transaction.run(purpose.needsRequireTls());
    NextHostOrLater.TransactionResult result = NextHostOrLater.of(transcript, position);
    result.recipients().forEach((key, verdict) -> apply(key, verdict, peer));
    sparing |= result.sparesParameters();
    if (result.skipped() != null) {
      outcomes.hostSkipped(result.skipped());
    }
    if (transcript.ending() instanceof Transcript.Ending.ContentUnreadable(String why)) {
      outcomes.settleAll(new Outcome.Deferred(FailureTable.content(why)));
    }
    return result.connection() != null || transcript.content() != null
        ? result.connection()
        : takeBack(transaction, peer);
  }

  private HostPosition position(HostConnection peer, List<Recipient> waiting) {
    return new HostPosition(
        peer.logName(),
        peer.tls(),
        !peer.isUnused(),
        peer.handshake().isPresent(),
        peer.hasIpv4Alternative(),
        preference > triedBefore.putOffAt(),
        outcomes.deferred(),
        waiting);
  }

  private void apply(long key, RecipientVerdict verdict, HostConnection peer) {
    switch (verdict) {
      case RecipientVerdict.Settled(Outcome outcome) -> {
        Recipient recipient = outcomes.settle(key, outcome);
        if (outcome instanceof Outcome.Delivered) {
          receipts.add(
              peer.receipt(clock.now(), ledger, consignment.id(), recipient.target().mailbox()));
        }
      }
      case RecipientVerdict.NextHost(FailureCause cause, boolean onlyWithTls) -> {
        outcomes.defer(key, cause);
        putOffHere.add(key);
        putOffAt = Math.min(putOffAt, preference);
        if (onlyWithTls) {
          keptForTls.add(key);
        }
      }
      case RecipientVerdict.RefusalNotFinal(var cause, boolean overIpv4) -> {
        if (cause != null) {
          outcomes.deferralCauses(key, cause);
        }
        putOffHere.add(key);
        shouldRetryOverIpv4 |= overIpv4;
      }
    }
  }

  /** Takes back the envelope of a transaction that has no content. */
  private @Nullable ConnectionResult takeBack(
      OutgoingTransaction transaction, HostConnection peer) {
    Transcript.Ending ending = transaction.takeBack();
    if (!(ending instanceof Transcript.Ending.Replied)) {
      outcomes.hostSkipped(
          NextHostOrLater.broken(ending, TransactionStage.DATA, peer.logName()).cause());
      return ConnectionResult.NEXT_HOST;
    }
    if (transaction.isInStep()) {
      return null;
    }
    // This connection is of no more use; recipients that are left need another one.
    return waiting(peer).isEmpty() ? ConnectionResult.CLOSED : ConnectionResult.MORE;
  }

  private void refuseWhatCannotGo(HostConnection peer) {
    Capabilities offered = peer.session().capabilities();
    OptionalLong most = offered.maxSize();
    if (most.isPresent() && most.getAsLong() < content.size()) {
      refuse(
          waiting(peer),
          FailureTable.tooLarge(peer.logName(), content.size(), most.getAsLong()),
          peer);
    } else if (consignment.options().body() == MailOptions.BodyType.BINARY
        && !(offered.offersChunking() && offered.offers("BINARYMIME"))) {
      refuse(waiting(peer), FailureTable.needsBinary(peer.logName()), peer);
    } else if (!offered.offersSmtpUtf8()) {
      List<Recipient> waiting = waiting(peer);
      if (!content.needsUtf8()) {
        waiting.removeIf(recipient -> recipient.target().mailbox().isAscii());
      }
      if (!waiting.isEmpty()) {
        refuse(waiting, FailureTable.needsSmtpUtf8(peer.logName()), peer);
      }
    }
  }

  private void refuse(List<Recipient> some, FailureCause cause, HostConnection peer) {
    HostPosition position = position(peer, some);
    for (Recipient recipient : some) {
      apply(recipient.key(), NextHostOrLater.refusal(recipient, cause, position), peer);
    }
  }

  /** The next recipients, within the host's limits (RFC 9422). */
  private static List<Recipient> batch(HostConnection peer, List<Recipient> waiting) {
    Capabilities offered = peer.session().capabilities();
    int most = Math.min(RECIPIENTS, offered.rcptMax().orElse(RECIPIENTS));
    int domains = offered.rcptDomainMax().orElse(Integer.MAX_VALUE);
    List<Recipient> batch = new ArrayList<>();
    Set<MailHost> seen = new HashSet<>();
    for (Recipient recipient : waiting) {
      MailHost domain = recipient.target().mailbox().domain();
      if (batch.size() < most && (seen.contains(domain) || seen.size() < domains)) {
        seen.add(domain);
        batch.add(recipient);
      }
    }
    return batch;
  }
}
