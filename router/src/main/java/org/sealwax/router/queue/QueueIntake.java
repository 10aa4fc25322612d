package org.sealwax.router.queue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.queue.NotificationWriter.PreparedNotification;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.SpoolException;

/** Takes mail in: groups its recipients, asks for places in memory, and stores the message. */
final class QueueIntake implements Intake {
  private final Queue queue;

  QueueIntake(Queue queue) {
    this.queue = queue;
  }

  @Override
  public IncomingMessage open(ByteBudget memory) throws SpoolException {
    if (queue.state.isStopping()) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "the router is shutting down");
    }
    Draft draft = queue.spool.draft();
    draft.within(memory);
    return new SpoolingMessage(draft);
  }

  @Override
  public List<Recipient> ownRecipients(Mailbox to, ReversePath sender, DsnRequest dsn) {
    return Recipient.ofOwnMessage(to, queue.routing.targetsOf(to), sender, dsn);
  }

  /** A message on its way into the store. */
  private final class SpoolingMessage implements IncomingMessage {
    private final Draft draft;

    SpoolingMessage(Draft draft) {
      this.draft = draft;
    }

    @Override
    public QueueId id() {
      return draft.id();
    }

    @Override
    public OutputStream content() {
      return draft.content();
    }

    @Override
    public void reserve(int length) throws IOException {
      draft.reserve(length);
    }

    @Override
    public void fill(byte[] bytes) throws IOException {
      draft.fill(bytes);
    }

    @Override
    public void commit(Envelope envelope, List<Recipient> recipients) throws IOException {
      if (recipients.isEmpty()) {
        throw new IllegalArgumentException("no recipients");
      }
      take(draft, envelope, RecipientGroup.withoutDuplicates(recipients));
    }

    @Override
    public Optional<CutThrough> cutThrough(Envelope envelope, Recipient recipient)
        throws IOException {
      return begin(draft, envelope, recipient);
    }

    @Override
    public InputStream read() throws IOException {
      return draft.read();
    }

    @Override
    public InputStream rewrite() throws IOException {
      return draft.rewrite();
    }

    @Override
    public void quarantine(Envelope envelope, List<Recipient> recipients, String reason)
        throws IOException {
      if (recipients.isEmpty()) {
        throw new IllegalArgumentException("no recipients");
      }
      hold(draft, envelope, RecipientGroup.withoutDuplicates(recipients), reason);
    }

    @Override
    public void close() throws IOException {
      draft.close();
    }
  }

  private void take(Draft draft, Envelope submitted, List<Recipient> addressed) throws IOException {
    Instant now = queue.clock.now();
    QueueSettings in = queue.state.settings();
    Envelope envelope = submitted.withRecipients(addressed.size());
    List<Recipient> recipients = addressed;
    List<PreparedNotification> prepared = List.of();
    byte[] content = draft.small();
    if (addressed.size() > 1
        && envelope.sender() instanceof ReversePath.SenderMailbox(Mailbox sender)) {
      RecipientGroup.ExpandedRecipients expansion = RecipientGroup.expand(addressed);
      recipients = expansion.recipients();
      if (!expansion.expanded().isEmpty() && content != null) {
        LoadedBatch all =
            loaded(
                draft,
                "",
                envelope,
                new RecipientGroup(envelope.sender(), null, 0, addressed),
                now,
                content);
        prepared =
            List.of(queue.notifications.expanded(all, sender, expansion.expanded(), in, now));
      }
    }
    Map<RecipientBatch, LoadedBatch> incoming = new LinkedHashMap<>(2);
    for (RecipientGroup.KeyedGroup placed :
        RecipientGroup.of(
            recipients, envelope.options().tls(), queue.routing, in.recipientsPerRound())) {
      LoadedBatch loaded = loaded(draft, placed.hop(), envelope, placed.group(), now, content);
      incoming.put(reserve(loaded), loaded);
    }
    boolean stored = false;
    try {
      queue.spool.accept(
          new NewMessage(
              draft,
              now,
              QueueRecordCodec.ENVELOPE.write(envelope),
              List.copyOf(incoming.keySet())));
      stored = true;
    } finally {
      if (!stored) {
        queue.state.forget(incoming.keySet());
      }
    }
    // Apart from the message: a late notification is better than a refused message.
    queue.steps.announce(draft.id(), prepared);
    queue.steps.move(queue.state.begin(incoming, now, in.loadedBytes()));
  }

  /** Stores the message as provisional, and begins its round, if there is a slot for it. */
  private Optional<CutThrough> begin(Draft draft, Envelope submitted, Recipient recipient)
      throws IOException {
    Instant now = queue.clock.now();
    Envelope envelope = submitted.withRecipients(1);
    RecipientGroup.KeyedGroup placed =
        RecipientGroup.of(List.of(recipient), envelope.options().tls(), queue.routing, 1)
            .getFirst();
    RecipientBatch batch =
        placed.group().stored(draft.id(), BatchState.PROVISIONAL, null, placed.hop(), "");
    RunningRound round =
        queue.state.beginCutThrough(
            new DueBatch(batch.key(), BatchState.FRESH, now, batch.hop(), batch.sender()), now);
    if (round == null) {
      return Optional.empty();
    }
    boolean stored = false;
    try {
      queue.spool.accept(
          new NewMessage(draft, now, QueueRecordCodec.ENVELOPE.write(envelope), List.of(batch)));
      stored = true;
    } finally {
      if (!stored) {
        queue.state.giveUp(round);
      }
    }
    LoadedBatch loaded = loaded(draft, placed.hop(), envelope, placed.group(), now, draft.small());
    CutThroughRound cutThrough = new CutThroughRound(queue, loaded, round);
    queue.state.start(cutThrough, batch.recipients().length, queue.settings().loadedBytes());
    return Optional.of(cutThrough);
  }

  /** Stores the message with all recipients on hold; no place in memory is needed. */
  private void hold(Draft draft, Envelope submitted, List<Recipient> addressed, String text)
      throws IOException {
    FailureCause cause =
        FailureCause.local(
            QueueStep.QUARANTINED, EnhancedStatus.of("5.7.1"), text, FailureCause.Extent.RECIPIENT);
    List<Recipient> held = addressed.stream().map(r -> r.waitingFor(cause, false)).toList();
    Envelope envelope = submitted.withRecipients(held.size());
    List<RecipientBatch> batches =
        RecipientGroup.of(
                held,
                envelope.options().tls(),
                queue.routing,
                queue.settings().recipientsPerRound())
            .stream()
            .map(
                placed ->
                    placed
                        .group()
                        .stored(
                            draft.id(), BatchState.HELD, null, placed.hop(), QueueStep.QUARANTINED))
            .toList();
    queue.spool.accept(
        new NewMessage(
            draft, queue.clock.now(), QueueRecordCodec.ENVELOPE.write(envelope), batches));
    for (Recipient r : held) {
      queue.log.held(draft.id().text(), r.target().toString(), cause.reason(), text);
    }
  }

  private static LoadedBatch loaded(
      Draft draft,
      String hop,
      Envelope envelope,
      RecipientGroup group,
      Instant now,
      byte @Nullable [] content) {
    BatchKey key = new BatchKey(draft.id(), group.number());
    return new LoadedBatch(key, hop, envelope, group, now, draft.size(), content);
  }

  /** Decides whether a batch goes into the line at once or waits in the store. */
  private RecipientBatch reserve(LoadedBatch batch) {
    QueueId id = batch.id();
    RecipientGroup group = batch.group();
    String hop = batch.hop();
    Instant now = batch.arrived();
    return switch (queue.state.reserve(
        batch.key(), hop, AddressLiteral.expanded(group.sender().toString()), now)) {
      case Admission.Admitted t -> group.stored(id, BatchState.FRESH, null, hop, "");
      case Admission.NoPlace c -> group.stored(id, BatchState.QUEUED, now, hop, "");
      case Admission.Paused p -> {
        Instant due = p.due(queue.random.fraction());
        yield group.stored(id, BatchState.QUEUED, due, hop, p.cause().reason());
      }
    };
  }
}
