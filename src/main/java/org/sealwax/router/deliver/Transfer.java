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
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.DotWriter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientDialogue;
import org.sealwax.mail.smtp.session.SmtpTimes;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Slot;

/**
 * Carries one consignment over: MAIL, RCPT, content, for as many transactions as the host's limits
 * need. With PIPELINING the envelope and DATA leave in one write; a small message and its end in
 * another.
 */
final class Transfer implements Errand {
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
  private final Outcomes outcomes;
  private final Tools tools;
  private final SmtpTimes times;
  private final int transactionsPerConnection;
  private final boolean authenticated;
  private final StoredContent content;
  private final byte[] prefix;

  private final Set<Long> putOffHere = new HashSet<>();
  private final Set<Long> keptForTls = new HashSet<>();

  private String visited = "";

  /** The peer took offence at a parameter: those that can be spared are left out from now on. */
  private boolean sparing;

  /** The peer refused somebody for our IPv6 address. */
  private boolean wantsIpv4;

  private Tried triedBefore = Tried.NOTHING;
  private int preference;
  private int putOffAt = Tried.NOBODY;
  private boolean answered;

  private Stage stage = Stage.MAIL;
  private boolean heard;

  Transfer(Consignment consignment, Outcomes outcomes, Tools tools, boolean authenticated) {
    this.consignment = consignment;
    this.outcomes = outcomes;
    this.content = new StoredContent(consignment);
    this.tools = tools;
    this.times = tools.settings().times();
    this.transactionsPerConnection = tools.settings().pool().messages();
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
  private interface Part<T extends @Nullable Object> {
    T run() throws IOException;
  }

  /** Runs a part with a total time, whatever the single waits allow. */
  private static <T extends @Nullable Object> T within(
      Duration allowed, ClientDialogue dialogue, Part<T> part) throws IOException {
    try (Deadline deadline = Deadline.after(allowed, dialogue)) {
      try {
        return part.run();
      } catch (StoredContent.Unreadable e) {
        throw e;
      } catch (IOException e) {
        throw deadline.passed() ? new TooSlow(allowed, e) : e;
      }
    }
  }

  /** The host said something that ends the conversation. */
  private record Ended(Fate fate) {}

  @Override
  public boolean isDone() {
    return outcomes.isDone();
  }

  @Override
  public boolean mayGoClear() {
    for (Addressee addressee : outcomes.open()) {
      if (!keptForTls.contains(addressee.key())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Tried triedBefore() {
    if (tools.tried().isEmpty()) {
      return triedBefore;
    }
    Tried own = tools.tried().at(triedKey());
    triedBefore = own.equals(Tried.NOTHING) ? tools.tried().at(silentHop()) : own;
    return triedBefore;
  }

  @Override
  public void comesTo(int at) {
    preference = at;
  }

  @Override
  public void tried(HostOrder order) {
    boolean over = outcomes.leavesNobody();
    if (answered && over && tools.tried().isEmpty()) {
      return;
    }
    // Where no host answers, other mail for the same next hop need not ask the same ones again.
    if (answered) {
      tools.tried().forget(silentHop());
    } else {
      tools.tried().put(silentHop(), order.after());
    }
    if (over) {
      tools.tried().forget(triedKey());
    } else {
      tools.tried().put(triedKey(), order.after().putOffAt(putOffAt));
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
  public void passedOver(Cause cause) {
    outcomes.passedOver(cause);
  }

  @Override
  public void ends(Meaning meaning) {
    outcomes.endsWith(meaning.cause());
    if (meaning.course() == Meaning.Course.REFUSE) {
      outcomes.settleAll(meaning.outcome());
    }
  }

  @Override
  public MailHost destination() {
    return Courier.destination(consignment.recipients().getFirst());
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
  public boolean insistsOnRequireTls() {
    return consignment.options().requireTls() && consignment.sender().mailboxIfAny().isPresent();
  }

  @Override
  public boolean teaches() {
    return consignment.sender().mailboxIfAny().isPresent();
  }

  @Override
  public boolean counts() {
    return consignment.options().tls() != MailOptions.Tls.REPORT;
  }

  @Override
  public String use() {
    return counts() ? "" : "|report";
  }

  @Override
  public Slot slot() {
    return consignment.slot();
  }

  @Override
  public String id() {
    return consignment.id().text();
  }

  @Override
  public Fate with(Peer peer) {
    answered = true;
    boolean finished = false;
    try {
      Fate fate = carry(peer);
      finished = true;
      if (fate != Fate.REUSABLE) {
        if (fate == Fate.MORE) {
          peer.dialogue().quit();
        } else {
          peer.dialogue().closeQuietly();
        }
      }
      return fate;
    } finally {
      if (!finished) {
        peer.dialogue().closeQuietly();
      }
    }
  }

  private Fate carry(Peer peer) {
    wantsIpv4 = false;
    Fate fate = carryAll(peer);
    return wantsIpv4 ? Fate.OVER_IPV4 : fate;
  }

  private Fate carryAll(Peer peer) {
    if (!peer.label().equals(visited)) {
      visited = peer.label();
      putOffHere.clear();
      sparing = false;
    }
    refuseWhatCannotGo(peer);
    boolean first = true;
    Duration longest = times.inAll(SLOW_TRANSACTIONS, RECIPIENTS, consignment.size());
    // Ends nothing by itself: between two transactions it is asked whether there is time for one.
    long began = tools.clock().nanoTime();
    while (!waiting(peer).isEmpty()) {
      if (!first && tools.clock().nanoTime() - began > longest.toNanos()) {
        return dawdled(longest, peer);
      }
      if (peer.transactions() >= Math.min(transactionsPerConnection, peer.mailMax())) {
        return Fate.MORE;
      }
      Fate fate = transact(peer);
      if (fate != null) {
        // A host that ends the conversation between two of our transactions has had its share.
        return fate == Fate.STALE && !first ? Fate.MORE : fate;
      }
      first = false;
    }
    return Fate.REUSABLE;
  }

  private Fate dawdled(Duration longest, Peer peer) {
    outcomes.passedOver(Trouble.tooSlow(Stage.MAIL, longest, peer.label()).cause());
    return Fate.NEXT_HOST;
  }

  /**
   * Who may be tried at this peer now. Whoever was put off by a host in TLS waits for TLS in this
   * round: who can bring about a 4yz there and strip TLS here must not get the mail in clear.
   */
  private List<Addressee> waiting(Peer peer) {
    if (outcomes.isDone()) {
      return List.of();
    }
    boolean clear = peer.handshake().isEmpty();
    List<Addressee> waiting = new ArrayList<>(4);
    for (Addressee addressee : outcomes.open()) {
      if (!putOffHere.contains(addressee.key())
          && !(clear && keptForTls.contains(addressee.key()))) {
        waiting.add(addressee);
      }
    }
    return waiting;
  }

  private void putOff(Addressee addressee, Cause cause, Peer peer) {
    outcomes.putOff(addressee, cause);
    putOffHere.add(addressee.key());
    putOffAt = Math.min(putOffAt, preference);
    // A host that is busy says so before it knows the recipient, and then any other host may help.
    boolean busy = stage == Stage.MAIL || cause.reply() == null || cause.reply().code() == 421;
    if (peer.handshake().isPresent() && !busy) {
      keptForTls.add(addressee.key());
    }
  }

  /** What the peer's own word means for those of {@code some} who are still open. */
  private void conclude(List<Addressee> some, Meaning meaning, Peer peer) {
    Set<Long> open = outcomes.open().stream().map(Addressee::key).collect(Collectors.toSet());
    for (Addressee addressee : some) {
      if (open.contains(addressee.key())) {
        switch (meaning.course()) {
          case REFUSE -> refuse(addressee, meaning.cause(), peer);
          case NEXT_HOST -> putOff(addressee, meaning.cause(), peer);
          case DEFER -> outcomes.settle(addressee, meaning.outcome());
        }
      }
    }
  }

  /**
   * Refuses, except whom a better host has put off, in this round or in one before that did not
   * come to this host: that one may take the mail later, and a lesser host after it must not bounce
   * it now.
   */
  private void refuse(Addressee addressee, Cause cause, Peer peer) {
    if (outcomes.isPutOff(addressee)) {
      putOffHere.add(addressee.key());
    } else if (preference > triedBefore.putOffAt()) {
      outcomes.notYet(addressee, Trouble.notYet(cause));
      putOffHere.add(addressee.key());
    } else if (peer.hasIpv4Beside()
        && cause.reply() != null
        && Trouble.isAboutIpv6(cause.reply())) {
      outcomes.notYet(addressee, Trouble.notYet(cause));
      putOffHere.add(addressee.key());
      wantsIpv4 = true;
    } else {
      outcomes.settle(addressee, new Outcome.Refused(cause));
    }
  }

  /** One transaction; null when the connection can go on. */
  private @Nullable Fate transact(Peer peer) {
    List<Addressee> batch = batch(peer);
    boolean reused = !peer.isFresh();
    peer.began();
    stage = Stage.MAIL;
    heard = false;
    Transaction transaction = new Transaction(peer, batch);
    try {
      // In production, right before the first word of the envelope.
      peer.assertGoodEnough(insistsOnRequireTls());
      Ended ended = transaction.run();
      return ended == null ? null : ended.fate();
    } catch (StoredContent.Unreadable e) {
      outcomes.settleAll(new Outcome.Deferred(Trouble.content(String.valueOf(e.getMessage()))));
      return Fate.CLOSED;
    } catch (TooSlow e) {
      return broken(Trouble.tooSlow(stage, e.allowed, peer.label()), transaction.atStake());
    } catch (IOException e) {
      if (reused && !heard) {
        return Fate.STALE;
      }
      return broken(Trouble.lost(stage, e, peer.label()), transaction.atStake());
    }
  }

  /** The connection broke; where the message may have been taken, nothing else is tried now. */
  private Fate broken(Meaning meaning, List<Addressee> some) {
    outcomes.passedOver(meaning.cause());
    if (meaning.course() == Meaning.Course.NEXT_HOST) {
      return Fate.NEXT_HOST;
    }
    Set<Long> open = outcomes.open().stream().map(Addressee::key).collect(Collectors.toSet());
    for (Addressee addressee : some) {
      if (open.contains(addressee.key())) {
        outcomes.settle(addressee, meaning.outcome());
      }
    }
    return Fate.CLOSED;
  }

  private void refuseWhatCannotGo(Peer peer) {
    Capabilities offered = peer.dialogue().capabilities();
    long size = consignment.size() + prefix.length;
    OptionalLong most = offered.maxSize();
    if (most.isPresent() && most.getAsLong() < size) {
      cannotGo(peer, waiting(peer), Trouble.tooBig(peer.label(), size, most.getAsLong()));
      return;
    }
    boolean binary = consignment.options().body() == MailOptions.Body.BINARY;
    if (binary && !(offered.offersChunking() && offered.offers("BINARYMIME"))) {
      cannotGo(peer, waiting(peer), Trouble.needsBinary(peer.label()));
      return;
    }
    if (offered.offersSmtpUtf8()) {
      return;
    }
    boolean all = content.needsUtf8();
    for (Addressee addressee : waiting(peer)) {
      if (all || !EnvelopeCommands.mailbox(addressee).isAscii()) {
        refuse(addressee, Trouble.needsSmtpUtf8(peer.label()), peer);
      }
    }
  }

  private void cannotGo(Peer peer, List<Addressee> some, Cause cause) {
    some.forEach(addressee -> refuse(addressee, cause, peer));
  }

  /** The next recipients, within the host's limits (RFC 9422). */
  private List<Addressee> batch(Peer peer) {
    Capabilities offered = peer.dialogue().capabilities();
    int most = Math.min(RECIPIENTS, offered.rcptMax().orElse(RECIPIENTS));
    int domains = offered.rcptDomainMax().orElse(Integer.MAX_VALUE);
    List<Addressee> batch = new ArrayList<>();
    Set<MailHost> seen = new HashSet<>();
    for (Addressee addressee : waiting(peer)) {
      MailHost domain = EnvelopeCommands.mailbox(addressee).domain();
      if (batch.size() < most && (seen.contains(domain) || seen.size() < domains)) {
        seen.add(domain);
        batch.add(addressee);
      }
    }
    return batch;
  }

  /** One MAIL with what follows. */
  private final class Transaction {
    private final Peer peer;
    private final ClientDialogue dialogue;
    private final Capabilities offered;
    private final List<Addressee> batch;
    private final List<Addressee> accepted = new ArrayList<>();
    private final boolean chunking;
    private final boolean pipelining;
    private final EnvelopeCommands commands;
    private boolean contentSent;

    Transaction(Peer peer, List<Addressee> batch) {
      this.peer = peer;
      this.dialogue = peer.dialogue();
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
              && (consignment.options().body() == MailOptions.Body.BINARY
                  || consignment.size() >= CHUNKING_PAYS);
    }

    /** Whom a lost connection concerns: after the end of the content nobody but those accepted. */
    List<Addressee> atStake() {
      return stage == Stage.END ? accepted : batch;
    }

    /** Null when the connection can go on. */
    @Nullable Ended run() throws IOException {
      Duration allowed = times.upToTheEnd(batch.size(), consignment.size() + (long) prefix.length);
      Ended ended = within(allowed, dialogue, this::upToTheEnd);
      return contentSent
          ? judged(within(times.finalReply(), dialogue, () -> reply(times.end())))
          : ended;
    }

    private @Nullable Ended upToTheEnd() throws IOException {
      boolean dataSent = pipelining && !chunking;
      String command = commands.mail(batch);
      dialogue.send(command);
      if (pipelining) {
        for (Addressee addressee : batch) {
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
      for (Addressee addressee : batch) {
        stage = Stage.RCPT;
        if (!pipelining) {
          dialogue.send(commands.rcpt(addressee));
        }
        Reply reply = reply(times.rcpt());
        if (reply.isPositive()) {
          accepted.add(addressee);
        } else if (!isToBeAskedAgain(addressee, reply)) {
          Meaning meaning = Trouble.of(Stage.RCPT, reply, peer.label());
          if (reply.code() == 421) {
            return goneAway(meaning, batch);
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
    private boolean isToBeAskedAgain(Addressee addressee, Reply reply) {
      // RFC 5321 §4.5.3.1.10: enough for one transaction.
      if (Trouble.isTooMany(reply) && !accepted.isEmpty()) {
        return true;
      }
      boolean parameters = !commands.rcpt(addressee).equals(commands.bare().rcpt(addressee));
      if (Trouble.isAboutParameters(reply) && parameters) {
        sparing = true;
        return true;
      }
      return false;
    }

    /** The host says that it goes, about whatever: those at stake may try another one. */
    private Ended goneAway(Meaning meaning, List<Addressee> some) {
      outcomes.passedOver(meaning.cause());
      conclude(some, meaning, peer);
      return new Ended(Fate.NEXT_HOST);
    }

    private @Nullable Ended mailFailed(String command, Reply mail, boolean dataSent)
        throws IOException {
      Meaning meaning = Trouble.of(Stage.MAIL, mail, peer.label());
      if (mail.code() == 421) {
        return heardNothingElse() ? new Ended(Fate.STALE) : goneAway(meaning, batch);
      }
      if (pipelining) {
        for (int i = 0; i < batch.size(); i++) {
          reply(times.rcpt());
        }
      }
      if (Trouble.isAboutParameters(mail) && !command.equals(commands.bare().mail(batch))) {
        sparing = true;
        return takeBack(dataSent);
      }
      outcomes.passedOver(meaning.cause());
      conclude(waiting(peer), meaning, peer);
      return meaning.course() == Meaning.Course.NEXT_HOST
          ? new Ended(Fate.NEXT_HOST)
          : takeBack(dataSent);
    }

    /** A connection used before that greets us with 421 was dying while it waited. */
    private boolean heardNothingElse() {
      return peer.transactions() > 1;
    }

    /** Ends a transaction without content (RFC 2920 3.1: a 354 that came too soon gets a dot). */
    private @Nullable Ended takeBack(boolean dataSent) throws IOException {
      stage = Stage.DATA;
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

    /** This connection is of no more use; whoever is to be asked again is asked on another one. */
    private Ended outOfStep() {
      return new Ended(waiting(peer).isEmpty() ? Fate.CLOSED : Fate.MORE);
    }

    private @Nullable Ended data(boolean dataSent) throws IOException {
      stage = Stage.DATA;
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
      stage = Stage.END;
      dots.end();
      contentSent = true;
      return null;
    }

    private @Nullable Ended noContent(Reply reply) {
      return contentFailed(Trouble.of(Stage.DATA, reply, peer.label()), reply);
    }

    private @Nullable Ended contentFailed(Meaning meaning, Reply reply) {
      outcomes.passedOver(meaning.cause());
      conclude(accepted, meaning, peer);
      if (meaning.course() == Meaning.Course.NEXT_HOST) {
        return new Ended(Fate.NEXT_HOST);
      }
      // After a clear refusal the conversation is in order; after nonsense it is not.
      return reply.isTransient() || reply.isPermanent() ? null : new Ended(Fate.CLOSED);
    }

    private @Nullable Ended bdat() throws IOException {
      stage = Stage.DATA;
      dialogue.send("BDAT " + (consignment.size() + prefix.length) + " LAST");
      OutputStream out = dialogue.content();
      out.write(prefix);
      content.copyTo(out::write);
      stage = Stage.END;
      contentSent = true;
      return null;
    }

    private @Nullable Ended judged(Reply reply) {
      if (reply.isPositive()) {
        boolean dsn = commands.passesWishesOn();
        String said = reply.toString();
        Outcome delivered = new Outcome.Delivered(peer.label(), said, peer.tls(), dsn, false);
        for (Addressee addressee : accepted) {
          outcomes.settle(addressee, delivered);
          tools
              .sources()
              .receipts()
              .give(
                  TlsWords.receipt(tools, consignment, EnvelopeCommands.mailbox(addressee), peer));
        }
        return null;
      }
      return contentFailed(Trouble.of(Stage.END, reply, peer.label()), reply);
    }

    private Reply exchange(String command, Duration longest) throws IOException {
      dialogue.send(command);
      return reply(longest);
    }

    private Reply reply(Duration longest) throws IOException {
      Reply reply = dialogue.reply(longest);
      heard = true;
      return reply;
    }
  }
}
