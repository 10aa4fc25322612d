package org.sealwax.router.deliver;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.DotWriter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.receipts.Receipts;

/**
 * Carries one consignment over: MAIL, RCPT, content, for as many transactions as the host's limits
 * need. With PIPELINING the envelope and DATA leave in one write; a small message and its end in
 * another.
 */
final class ConsignmentTransfer implements RoundWork {
  /** Recipients of one transaction where the host names no limit (RFC 5321 4.5.3.1.8). */
  static final int RECIPIENTS = 100;

  /** From this size on BDAT saves the search for dots more than it costs to compute a size. */
  static final long CHUNKING_PAYS = 256 * 1_024;

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
  private final StoredContent content;
  private final byte[] prefix;

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

  private TransactionStage stage = TransactionStage.MAIL;
  private boolean hasReply;

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
    this.content = new StoredContent(consignment);
    this.triedHosts = triedHosts;
    this.ledger = ledger;
    this.receipts = receipts;
    this.clock = clock;
    this.times = settings.times();
    this.transactionsPerConnection = settings.pool().messages();
    this.authenticated = authenticated;
    String deliveredTo = consignment.deliveredTo();
    this.prefix =
        deliveredTo == null
            ? new byte[0]
            : ("Delivered-To: " + LocalPart.ascii(oneLine(deliveredTo)) + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
  }

  private static String oneLine(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) == 0x7f) {
        throw new IllegalStateException("control character in a mailbox");
      }
    }
    return text;
  }

  /** The peer was never silent for too long, and yet took too long. */
  private static final class TooSlow extends IOException {
    private final transient Duration allowed;

    TooSlow(Duration allowed, IOException cause) {
      super("too slow", cause);
      this.allowed = allowed;
    }
  }

  /** A part of a transaction. */
  @FunctionalInterface
  private interface TransactionPart<T extends @Nullable Object> {
    T run() throws IOException;
  }

  /** Runs a part with a total time, whatever the single waits allow. */
  private static <T extends @Nullable Object> T within(
      Duration allowed, ClientSession dialogue, TransactionPart<T> part) throws IOException {
    try (Deadline deadline = Deadline.after(allowed, dialogue)) {
      try {
        return part.run();
      } catch (StoredContent.ContentUnreadable e) {
        throw e;
      } catch (IOException e) {
        throw deadline.passed() ? new TooSlow(allowed, e) : e;
      }
    }
  }

  /** The host's reply ends the session. */
  private record TransferEnd(ConnectionResult result) {}

  @Override
  public boolean isDone() {
    return outcomes.isDone();
  }

  @Override
  public boolean mayUsePlaintext() {
    for (Recipient addressee : outcomes.open()) {
      if (!keptForTls.contains(addressee.key())) {
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
  public MailHost destination() {
    return SmtpDeliveryAgent.destination(consignment.recipients().getFirst());
  }

  @Override
  public List<Evidence> evidence() {
    return switch (consignment.options().tls()) {
      case UNSPECIFIED -> List.of();
      case REQUIRED -> List.of(new Evidence.RequireTls());
      case OPTIONAL, REPORT -> List.of(new Evidence.TlsRequiredNo());
    };
  }

  @Override
  public boolean needsRequireTls() {
    return consignment.options().requireTls() && consignment.sender().mailboxIfAny().isPresent();
  }

  @Override
  public boolean updatesLedger() {
    return consignment.sender().mailboxIfAny().isPresent();
  }

  @Override
  public boolean isReported() {
    return consignment.options().tls() != MailOptions.TlsOption.REPORT;
  }

  @Override
  public String connectionUse() {
    return isReported() ? "" : "|report";
  }

  @Override
  public DeliverySlot slot() {
    return consignment.slot();
  }

  @Override
  public String id() {
    return consignment.id().text();
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
    if (outcomes.isDone()) {
      return List.of();
    }
    boolean clear = peer.handshake().isEmpty();
    List<Recipient> waiting = new ArrayList<>(4);
    for (Recipient addressee : outcomes.open()) {
      if (!putOffHere.contains(addressee.key())
          && !(clear && keptForTls.contains(addressee.key()))) {
        waiting.add(addressee);
      }
    }
    return waiting;
  }

  private void putOff(Recipient addressee, FailureCause cause, HostConnection peer) {
    outcomes.defer(addressee, cause);
    putOffHere.add(addressee.key());
    putOffAt = Math.min(putOffAt, preference);
    // A busy host replies so before it knows the recipient, and any other host may help.
    boolean busy =
        stage == TransactionStage.MAIL || cause.reply() == null || cause.reply().code() == 421;
    if (peer.handshake().isPresent() && !busy) {
      keptForTls.add(addressee.key());
    }
  }

  /** The meaning of the peer's reply for the recipients of {@code some} that are still open. */
  private void conclude(List<Recipient> some, FailureMeaning meaning, HostConnection peer) {
    Set<Long> open = outcomes.open().stream().map(Recipient::key).collect(Collectors.toSet());
    for (Recipient addressee : some) {
      if (open.contains(addressee.key())) {
        switch (meaning.action()) {
          case REFUSE -> refuse(addressee, meaning.cause(), peer);
          case NEXT_HOST -> putOff(addressee, meaning.cause(), peer);
          case DEFER -> outcomes.settle(addressee, meaning.outcome());
        }
      }
    }
  }

  /**
   * Refuses, except the recipients that a better host has deferred, in this round or in one before
   * that did not come to this host: that one may take the mail later, and a lesser host after it
   * must not bounce it now.
   */
  private void refuse(Recipient addressee, FailureCause cause, HostConnection peer) {
    if (outcomes.isDeferred(addressee)) {
      putOffHere.add(addressee.key());
    } else if (preference > triedBefore.putOffAt()) {
      outcomes.deferralCauses(addressee, FailureTable.asDeferral(cause));
      putOffHere.add(addressee.key());
    } else if (peer.hasIpv4Alternative()
        && cause.reply() != null
        && FailureTable.isAboutIpv6(cause.reply())) {
      outcomes.deferralCauses(addressee, FailureTable.asDeferral(cause));
      putOffHere.add(addressee.key());
      shouldRetryOverIpv4 = true;
    } else {
      outcomes.settle(addressee, new Outcome.Refused(cause));
    }
  }

  /** One transaction; null when the connection can go on. */
  private @Nullable ConnectionResult transact(HostConnection peer) {
    List<Recipient> batch = batch(peer);
    boolean reused = !peer.isUnused();
    peer.transactionBegan();
    stage = TransactionStage.MAIL;
    hasReply = false;
    OutgoingTransaction transaction = new OutgoingTransaction(peer, batch);
    try {
      // In production, right before MAIL.
      peer.assertMeetsRequirement(needsRequireTls());
      TransferEnd ended = transaction.run();
      return ended == null ? null : ended.result();
    } catch (StoredContent.ContentUnreadable e) {
      outcomes.settleAll(
          new Outcome.Deferred(FailureTable.content(String.valueOf(e.getMessage()))));
      return ConnectionResult.CLOSED;
    } catch (TooSlow e) {
      return broken(
          FailureTable.tooSlow(stage, e.allowed, peer.logName()),
          transaction.undecidedRecipients());
    } catch (IOException e) {
      if (reused && !hasReply) {
        return ConnectionResult.STALE;
      }
      return broken(FailureTable.lost(stage, e, peer.logName()), transaction.undecidedRecipients());
    }
  }

  /** The connection broke; where the message may have been taken, nothing else is tried now. */
  private ConnectionResult broken(FailureMeaning meaning, List<Recipient> some) {
    outcomes.hostSkipped(meaning.cause());
    if (meaning.action() == FailureMeaning.FailureAction.NEXT_HOST) {
      return ConnectionResult.NEXT_HOST;
    }
    Set<Long> open = outcomes.open().stream().map(Recipient::key).collect(Collectors.toSet());
    for (Recipient addressee : some) {
      if (open.contains(addressee.key())) {
        outcomes.settle(addressee, meaning.outcome());
      }
    }
    return ConnectionResult.CLOSED;
  }

  private void refuseWhatCannotGo(HostConnection peer) {
    Capabilities offered = peer.session().capabilities();
    long size = consignment.size() + prefix.length;
    OptionalLong most = offered.maxSize();
    if (most.isPresent() && most.getAsLong() < size) {
      cannotGo(peer, waiting(peer), FailureTable.tooLarge(peer.logName(), size, most.getAsLong()));
      return;
    }
    boolean binary = consignment.options().body() == MailOptions.BodyType.BINARY;
    if (binary && !(offered.offersChunking() && offered.offers("BINARYMIME"))) {
      cannotGo(peer, waiting(peer), FailureTable.needsBinary(peer.logName()));
      return;
    }
    if (offered.offersSmtpUtf8()) {
      return;
    }
    boolean all = content.needsUtf8();
    for (Recipient addressee : waiting(peer)) {
      if (all || !EnvelopeCommands.mailbox(addressee).isAscii()) {
        refuse(addressee, FailureTable.needsSmtpUtf8(peer.logName()), peer);
      }
    }
  }

  private void cannotGo(HostConnection peer, List<Recipient> some, FailureCause cause) {
    some.forEach(addressee -> refuse(addressee, cause, peer));
  }

  /** The next recipients, within the host's limits (RFC 9422). */
  private List<Recipient> batch(HostConnection peer) {
    Capabilities offered = peer.session().capabilities();
    int most = Math.min(RECIPIENTS, offered.rcptMax().orElse(RECIPIENTS));
    int domains = offered.rcptDomainMax().orElse(Integer.MAX_VALUE);
    List<Recipient> batch = new ArrayList<>();
    Set<MailHost> seen = new HashSet<>();
    for (Recipient addressee : waiting(peer)) {
      MailHost domain = EnvelopeCommands.mailbox(addressee).domain();
      if (batch.size() < most && (seen.contains(domain) || seen.size() < domains)) {
        seen.add(domain);
        batch.add(addressee);
      }
    }
    return batch;
  }

  /** One MAIL with what follows. */
  private final class OutgoingTransaction {
    private final HostConnection peer;
    private final ClientSession dialogue;
    private final Capabilities offered;
    private final List<Recipient> batch;
    private final List<Recipient> accepted = new ArrayList<>();
    private final boolean chunking;
    private final boolean pipelining;
    private final EnvelopeCommands commands;
    private boolean contentSent;

    OutgoingTransaction(HostConnection peer, List<Recipient> batch) {
      this.peer = peer;
      this.dialogue = peer.session();
      this.offered = dialogue.capabilities();
      this.batch = batch;
      this.pipelining = offered.offersPipelining();
      this.commands =
          new EnvelopeCommands(
              consignment,
              content,
              offered,
              consignment.size() + prefix.length,
              authenticated,
              sparing);
      this.chunking =
          offered.offersChunking()
              && (consignment.options().body() == MailOptions.BodyType.BINARY
                  || consignment.size() >= CHUNKING_PAYS);
    }

    /**
     * The recipients that a lost connection concerns: after the end of the content only those
     * accepted.
     */
    List<Recipient> undecidedRecipients() {
      return stage == TransactionStage.END ? accepted : batch;
    }

    /** Null when the connection can go on. */
    @Nullable TransferEnd run() throws IOException {
      Duration allowed =
          times.untilEndOfContent(batch.size(), consignment.size() + (long) prefix.length);
      TransferEnd ended = within(allowed, dialogue, this::upToTheEnd);
      return contentSent
          ? judged(within(times.finalReply(), dialogue, () -> reply(times.end())))
          : ended;
    }

    private @Nullable TransferEnd upToTheEnd() throws IOException {
      boolean dataSent = pipelining && !chunking;
      String command = commands.mail(batch);
      dialogue.send(command);
      if (pipelining) {
        for (Recipient addressee : batch) {
          dialogue.send(commands.rcpt(addressee));
        }
        if (dataSent) {
          dialogue.send("DATA");
        }
      }
      Reply mail = reply(times.mail());
      if (!mail.isPositive()) {
        return mailFailed(command, mail, dataSent);
      }
      for (Recipient addressee : batch) {
        stage = TransactionStage.RCPT;
        if (!pipelining) {
          dialogue.send(commands.rcpt(addressee));
        }
        Reply reply = reply(times.rcpt());
        if (reply.isPositive()) {
          accepted.add(addressee);
        } else if (!staysOpen(addressee, reply)) {
          FailureMeaning meaning = FailureTable.of(TransactionStage.RCPT, reply, peer.logName());
          if (reply.code() == 421) {
            return hostClosing(meaning, batch);
          }
          conclude(List.of(addressee), meaning, peer);
        }
      }
      if (accepted.isEmpty()) {
        return takeBack(dataSent);
      }
      return chunking ? bdat() : data(dataSent);
    }

    /** Whether the recipient stays open for the next transaction on this connection. */
    private boolean staysOpen(Recipient addressee, Reply reply) {
      // RFC 5321 §4.5.3.1.10: enough for one transaction.
      if (FailureTable.isTooMany(reply) && !accepted.isEmpty()) {
        return true;
      }
      boolean parameters =
          !commands.rcpt(addressee).equals(commands.withoutOptionalParameters().rcpt(addressee));
      if (FailureTable.isAboutParameters(reply) && parameters) {
        sparing = true;
        return true;
      }
      return false;
    }

    /** The host closes the session: its recipients may try another host. */
    private TransferEnd hostClosing(FailureMeaning meaning, List<Recipient> some) {
      outcomes.hostSkipped(meaning.cause());
      conclude(some, meaning, peer);
      return new TransferEnd(ConnectionResult.NEXT_HOST);
    }

    private @Nullable TransferEnd mailFailed(String command, Reply mail, boolean dataSent)
        throws IOException {
      FailureMeaning meaning = FailureTable.of(TransactionStage.MAIL, mail, peer.logName());
      if (mail.code() == 421) {
        return firstReplyWas421()
            ? new TransferEnd(ConnectionResult.STALE)
            : hostClosing(meaning, batch);
      }
      if (pipelining) {
        for (int i = 0; i < batch.size(); i++) {
          reply(times.rcpt());
        }
      }
      if (FailureTable.isAboutParameters(mail)
          && !command.equals(commands.withoutOptionalParameters().mail(batch))) {
        sparing = true;
        return takeBack(dataSent);
      }
      outcomes.hostSkipped(meaning.cause());
      conclude(waiting(peer), meaning, peer);
      return meaning.action() == FailureMeaning.FailureAction.NEXT_HOST
          ? new TransferEnd(ConnectionResult.NEXT_HOST)
          : takeBack(dataSent);
    }

    /** A connection used before that greets us with 421 was dying while it waited. */
    private boolean firstReplyWas421() {
      return peer.transactions() > 1;
    }

    /** Ends a transaction without content (RFC 2920 3.1: a 354 that came too soon gets a dot). */
    private @Nullable TransferEnd takeBack(boolean dataSent) throws IOException {
      stage = TransactionStage.DATA;
      if (!dataSent) {
        Reply reset = exchange("RSET", times.rcpt());
        return reset.isPositive() ? null : outOfStep();
      }
      Reply go = reply(times.data());
      if (go.code() == 354) {
        dialogue.send(".");
        reply(times.end());
        return null;
      }
      return go.code() == 421 || !(go.isTransient() || go.isPermanent()) ? outOfStep() : null;
    }

    /** This connection is of no more use; recipients that are left need another one. */
    private TransferEnd outOfStep() {
      return new TransferEnd(
          waiting(peer).isEmpty() ? ConnectionResult.CLOSED : ConnectionResult.MORE);
    }

    private @Nullable TransferEnd data(boolean dataSent) throws IOException {
      stage = TransactionStage.DATA;
      if (!dataSent) {
        dialogue.send("DATA");
      }
      Reply go = reply(times.data());
      if (go.code() != 354) {
        return noContent(go);
      }
      DotWriter dots = new DotWriter(dialogue.content());
      dots.write(prefix, 0, prefix.length);
      content.copyTo(dots::write);
      stage = TransactionStage.END;
      dots.end();
      contentSent = true;
      return null;
    }

    private @Nullable TransferEnd noContent(Reply reply) {
      return contentFailed(FailureTable.of(TransactionStage.DATA, reply, peer.logName()), reply);
    }

    private @Nullable TransferEnd contentFailed(FailureMeaning meaning, Reply reply) {
      outcomes.hostSkipped(meaning.cause());
      conclude(accepted, meaning, peer);
      if (meaning.action() == FailureMeaning.FailureAction.NEXT_HOST) {
        return new TransferEnd(ConnectionResult.NEXT_HOST);
      }
      // After a valid refusal the session can go on; after an invalid reply it cannot.
      return reply.isTransient() || reply.isPermanent()
          ? null
          : new TransferEnd(ConnectionResult.CLOSED);
    }

    private @Nullable TransferEnd bdat() throws IOException {
      stage = TransactionStage.DATA;
      dialogue.send("BDAT " + (consignment.size() + prefix.length) + " LAST");
      OutputStream out = dialogue.content();
      out.write(prefix);
      content.copyTo(out::write);
      stage = TransactionStage.END;
      contentSent = true;
      return null;
    }

    private @Nullable TransferEnd judged(Reply reply) {
      if (reply.isPositive()) {
        boolean dsn = commands.passesDsnOn();
        String said = reply.toString();
        Outcome delivered = new Outcome.Delivered(peer.logName(), said, peer.tls(), dsn, false);
        for (Recipient addressee : accepted) {
          outcomes.settle(addressee, delivered);
          receipts.add(
              TlsLogText.receipt(
                  clock.now(), ledger, consignment, EnvelopeCommands.mailbox(addressee), peer));
        }
        return null;
      }
      return contentFailed(FailureTable.of(TransactionStage.END, reply, peer.logName()), reply);
    }

    private Reply exchange(String command, Duration longest) throws IOException {
      dialogue.send(command);
      return reply(longest);
    }

    private Reply reply(Duration longest) throws IOException {
      Reply reply = dialogue.reply(longest);
      hasReply = true;
      return reply;
    }
  }
}
