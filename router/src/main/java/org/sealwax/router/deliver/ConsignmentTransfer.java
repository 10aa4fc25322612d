package org.sealwax.router.deliver;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.deliver.HostOrder.Tried;
import org.sealwax.router.deliver.NextHostOrLater.HostPosition;
import org.sealwax.router.deliver.NextHostOrLater.RecipientVerdict;
import org.sealwax.router.deliver.OutgoingTransaction.StoredContent;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * Carries one consignment over the connections of a round: in transactions as large as the host's
 * limits allow. {@link OutgoingTransaction} is the conversation, {@link NextHostOrLater} decides
 * what it means for each recipient. Each recipient is settled exactly once: by a host, or at {@link
 * #end}. One thread owns it.
 */
final class ConsignmentTransfer implements RoundWork {
  /** Recipients of one transaction where the host names no limit (RFC 5321 4.5.3.1.8). */
  static final int RECIPIENTS = 100;

  /**
   * Transactions at their slowest that one connection may last: a host that takes one recipient at
   * a time and is slow with each would keep us for days.
   */
  static final int SLOW_TRANSACTIONS = 2;

  private final Consignment consignment;
  private final HostOrder.TriedHosts triedHosts;
  private final DeliveryRecorder recorder;
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

  private final Map<Long, Outcome> settled = new LinkedHashMap<>();

  /** The recipients that still wait, in order. */
  private final Map<Long, Recipient> open = new LinkedHashMap<>();

  /**
   * Why a host deferred a recipient. The reply of the first such host is kept: hosts come in the
   * domain's own order, and a reply about a recipient is worth more than a failure of a later host.
   */
  private final Map<Long, FailureCause> deferred = new HashMap<>();

  /**
   * Why a host refused a recipient, for a reason on our side that another connection perhaps does
   * not have; if none is made in this round, this is why the recipient waits.
   */
  private final Map<Long, FailureCause> refusedForNow = new HashMap<>();

  /** Why each host was passed over, for what may be concluded from all of them together. */
  private final List<FailureCause> passed = new ArrayList<>();

  private @Nullable FailureCause lastCause;
  private boolean endedOtherwise;
  private boolean hostsLeft;
  private @Nullable Instant soonest;

  ConsignmentTransfer(
      Consignment consignment,
      DeliverySettings settings,
      HostOrder.TriedHosts triedHosts,
      DeliveryRecorder recorder,
      Clock clock) {
    this.consignment = consignment;
    for (Recipient recipient : consignment.recipients()) {
      open.put(recipient.key(), recipient);
    }
    this.purpose = new RoundPurpose(RoundPurpose.ConnectionUse.MAIL, consignment);
    this.content = new StoredContent(consignment);
    this.triedHosts = triedHosts;
    this.recorder = recorder;
    this.clock = clock;
    this.times = settings.times();
    this.transactionsPerConnection = settings.pool().messages();
    RouteSettings route =
        consignment.nextHop() instanceof NextHop.Fixed fixed
            ? settings.routes().get(fixed.route())
            : null;
    this.authenticated = route != null && route.credentials() != null;
  }

  RoundPurpose purpose() {
    return purpose;
  }

  @Override
  public boolean isDone() {
    return open.isEmpty();
  }

  /** Whether another round has nothing to do: every recipient was delivered or refused. */
  private boolean isFinal() {
    if (!isDone()) {
      return false;
    }
    for (Outcome outcome : settled.values()) {
      if (outcome instanceof Outcome.Deferred) {
        return false;
      }
    }
    return true;
  }

  /** Settles a recipient that waits, and returns it. */
  private Recipient settle(long key, Outcome outcome) {
    Recipient recipient = open.remove(key);
    if (recipient == null) {
      throw new IllegalStateException("recipient settled twice");
    }
    settled.put(key, outcome);
    return recipient;
  }

  /** Settles all recipients that wait. */
  private void settleAll(Outcome outcome) {
    for (long key : List.copyOf(open.keySet())) {
      settle(key, outcome);
    }
  }

  @Override
  public boolean mayUsePlaintext() {
    return !keptForTls.containsAll(open.keySet());
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
    hostsLeft = left;
  }

  @Override
  public void reachedPreference(int at) {
    preference = at;
  }

  @Override
  public void tried(HostOrder order) {
    boolean over = isFinal();
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

  /** Adds the cause of skipping one host; a failed policy outlasts an unreachable host. */
  @Override
  public void hostSkipped(FailureCause cause) {
    passed.add(cause);
    Instant until = cause.until();
    if (until != null && (soonest == null || until.isBefore(soonest))) {
      soonest = until;
    }
    if (lastCause == null || !FailureTable.isPolicyFailure(lastCause)) {
      lastCause = cause;
    }
  }

  @Override
  public void noHosts(FailureMeaning meaning) {
    endAllWith(meaning.cause());
    if (meaning.action() == FailureMeaning.FailureAction.REFUSE) {
      settleAll(meaning.outcome());
    }
  }

  /** The delivery as a whole ends for this cause, whatever the hosts were passed over for. */
  void endAllWith(FailureCause cause) {
    endedOtherwise = true;
    lastCause = cause;
  }

  /**
   * The outcomes at the end of the round. A recipient that still waits is deferred for its own
   * cause, or else the last one. With REQUIRETLS, when every host has shown that it cannot have the
   * mail, it is refused, except recipients that a host could defer by name (RFC 8689 4.2.1).
   */
  Map<Long, Outcome> end() {
    if (isDone()) {
      return settled;
    }
    FailureCause refusal =
        endedOtherwise || hostsLeft || !consignment.options().requireTls()
            ? null
            : FailureTable.requireTls(passed);
    FailureCause last = lastCause == null ? FailureTable.unknown() : lastCause;
    FailureCause common =
        endedOtherwise ? last : busy(last.withExtent(extent(last)).until(soonest));
    for (long key : List.copyOf(open.keySet())) {
      FailureCause own = deferred.getOrDefault(key, refusedForNow.getOrDefault(key, common));
      settle(
          key,
          refusal != null && !deferred.containsKey(key)
              ? new Outcome.Refused(refusal)
              : new Outcome.Deferred(own));
    }
    return settled;
  }

  /**
   * One host that let us begin a transaction shows that the next hop is there, whatever befell us
   * at the others.
   */
  private FailureCause.Extent extent(FailureCause last) {
    return last.scope() != FailureCause.Extent.NEXT_HOP
        ? last.scope()
        : passed.stream()
            .map(FailureCause::scope)
            .filter(scope -> scope != FailureCause.Extent.NEXT_HOP)
            .findFirst()
            .orElse(FailureCause.Extent.NEXT_HOP);
  }

  /** A host that was not tried because no slot was free: nothing is known before it was. */
  private FailureCause busy(FailureCause otherwise) {
    return passed.stream().filter(FailureCause::isBusy).findFirst().orElse(otherwise);
  }

  @Override
  public ConnectionResult runOn(HostConnection peer) {
    answered = true;
    shouldRetryOverIpv4 = false;
    ConnectionResult result = carry(peer);
    return shouldRetryOverIpv4 ? ConnectionResult.OVER_IPV4 : result;
  }

  private ConnectionResult carry(HostConnection peer) {
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
        return tooSlow(longest, peer);
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

  private ConnectionResult tooSlow(Duration longest, HostConnection peer) {
    hostSkipped(FailureTable.tooSlow(TransactionStage.MAIL, longest, peer.logName()).cause());
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
    for (Recipient recipient : open.values()) {
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
            new EnvelopeCommands(content, peer.session().capabilities(), authenticated, sparing),
            batch(peer, waiting),
            times);
    Transcript transcript = transaction.run(purpose.needsRequireTls());
    NextHostOrLater.TransactionResult result = NextHostOrLater.of(transcript, position);
    result.recipients().forEach((key, verdict) -> apply(key, verdict, peer));
    sparing |= result.sparesParameters();
    if (result.skipped() != null) {
      hostSkipped(result.skipped());
    }
    if (transcript.ending() instanceof Transcript.Ending.ContentUnreadable(String why)) {
      settleAll(new Outcome.Deferred(FailureTable.content(why)));
    }
    boolean isOver = transcript.content() != null && transcript.stage() != TransactionStage.DATA;
    return result.connection() != null || isOver
        ? result.connection()
        : takeBack(transaction, peer);
  }

  private HostPosition position(HostConnection peer, List<Recipient> waiting) {
    return peer.position(
        preference > triedBefore.putOffAt(),
        Collections.unmodifiableSet(deferred.keySet()),
        waiting);
  }

  private void apply(long key, RecipientVerdict verdict, HostConnection peer) {
    switch (verdict) {
      case RecipientVerdict.Settled(Outcome outcome) -> {
        Recipient recipient = settle(key, outcome);
        if (outcome instanceof Outcome.Delivered) {
          recorder
              .receipts()
              .add(
                  peer.receipt(
                      clock.now(),
                      recorder.ledger(),
                      consignment.id(),
                      recipient.target().mailbox()));
        }
      }
      case RecipientVerdict.NextHost(FailureCause cause, boolean onlyWithTls) -> {
        if (!open.containsKey(key)) {
          throw new IllegalStateException("put off and settled");
        }
        deferred.putIfAbsent(key, cause);
        putOffHere.add(key);
        putOffAt = Math.min(putOffAt, preference);
        if (onlyWithTls) {
          keptForTls.add(key);
        }
      }
      case RecipientVerdict.RefusalNotFinal(var cause, boolean overIpv4) -> {
        if (cause != null) {
          refusedForNow.put(key, cause);
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
      hostSkipped(NextHostOrLater.broken(ending, TransactionStage.DATA, peer.logName()).cause());
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
