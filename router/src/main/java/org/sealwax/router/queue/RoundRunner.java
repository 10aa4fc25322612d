package org.sealwax.router.queue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;

/** Runs a round of delivery of one batch, and hands in what follows from it. */
final class RoundRunner {
  private static final Duration SUSPECT_RETRY = Duration.ofSeconds(1);

  private final Queue queue;
  private final DeliveryAgent delivery;

  RoundRunner(Queue queue, DeliveryAgent delivery) {
    this.queue = queue;
    this.delivery = delivery;
  }

  /**
   * Runs a round, in a thread of its own.
   *
   * @param cutThrough the session that waits for it, or null
   */
  void run(RunningRound round, @Nullable CutThroughRound cutThrough) {
    BatchKey key = round.batch.key();
    RoundResult result = null;
    CrashMarks.StartPermission permission = queue.marks.begin(key.message());
    LoadedBatch inMemory = queue.state.roundBegan(key, permission == CrashMarks.StartPermission.GO);
    boolean ourFault = false;
    try {
      result =
          permission == CrashMarks.StartPermission.GO ? deliver(round, inMemory, cutThrough) : null;
    } catch (InterruptedException e) {
      // Shutting down: the store still has the batch as it was, and the next start tries again.
      if (cutThrough == null || !cutThrough.ended(Map.of())) {
        queue.state.interrupted(key);
      }
      Thread.currentThread().interrupt();
      return;
    } catch (SpoolException e) {
      queue.log.storeTrouble("deliveries wait for the store", e);
    } catch (IOException e) {
      queue.log.bug("round of " + key.message(), e);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Of one message: this thread is not supervised, and its end would leave the batch in hand.
      queue.log.bug("round of " + key.message(), e);
      ourFault = true;
    } finally {
      queue.steps.goBack(
          queue.state.roundEnded(
              round, result == null ? new RoundResult.NothingLearned() : result));
    }
    if (result != null || cutThrough != null && cutThrough.ended(Map.of())) {
      return;
    }
    switch (permission) {
      case GO -> {
        if (ourFault) {
          queue.steps.fault(key);
        } else {
          queue.steps.storeFailed(key);
        }
      }
      case LATER -> queue.steps.nothingLearned(key, SUSPECT_RETRY);
      case HOLD -> queue.steps.hold(key, QueueStep.ENDED_PROCESS);
      case LEAVE -> queue.state.leave(key);
    }
  }

  /**
   * What the round showed, once its change is handed in.
   *
   * @throws IOException when the store cannot be read, and nothing was learned
   */
  private RoundResult deliver(
      RunningRound round, @Nullable LoadedBatch inMemory, @Nullable CutThroughRound cutThrough)
      throws InterruptedException, IOException {
    BatchKey key = round.batch.key();
    QueueId id = key.message();
    LoadedBatch loaded = inMemory == null ? LoadedBatch.load(queue.spool, key) : inMemory;
    if (loaded == null) {
      queue.state.letGo(key);
      return new RoundResult.NothingLearned();
    }
    List<Recipient> recipients = loaded.group().recipients();
    NextHop nextHop = queue.routing.nextHopFor(recipients.getFirst().target());
    if (cutThrough == null && isRerouted(loaded)) {
      return new RoundResult.NothingLearned();
    }
    ContentCheck check = new ContentCheck();
    RoundSlot slot = new RoundSlot(round, cutThrough);
    Consignment consignment = consignment(loaded, nextHop, check, slot);
    Map<Long, Outcome> outcomes;
    try {
      outcomes = delivery.deliver(consignment);
    } catch (RuntimeException e) {
      queue.log.bug("delivery of " + id, e);
      outcomes = Map.of();
    }
    IOException found = check.found();
    if (found != null) {
      outcomes = check.heldIfDamaged(loaded.group(), outcomes);
      queue.log.storeTrouble("the content of " + id + " is damaged and held", found);
    }
    RoundResult result = RoundResult.of(recipients, outcomes, slot.greeted);
    if (cutThrough != null && cutThrough.ended(outcomes)) {
      return result instanceof RoundResult.Busy ? new RoundResult.NothingLearned() : result;
    }
    if (result instanceof RoundResult.Busy) {
      // It was not tried: it stays in line, and no round is counted.
      return result;
    }
    try {
      queue.steps.apply(loaded, new QueueStep.Event.RoundEnded(outcomes));
    } catch (IOException e) {
      queue.log.bug("after the round of " + id, e);
      queue.steps.storeFailed(key);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      queue.log.bug("after the round of " + id, e);
      queue.steps.fault(key);
    }
    return result;
  }

  /** Groups the recipients again if the configuration names another next hop by now. */
  private boolean isRerouted(LoadedBatch loaded) {
    List<Recipient> recipients = loaded.group().recipients();
    boolean goesThere = true;
    for (Recipient r : recipients) {
      goesThere &= line(loaded, r).equals(loaded.hop());
    }
    if (!goesThere) {
      queue.steps.reroute(
          loaded,
          recipients.stream()
              .collect(
                  Collectors.groupingBy(
                      r -> line(loaded, r), LinkedHashMap::new, Collectors.toList())));
    }
    return !goesThere;
  }

  private String line(LoadedBatch loaded, Recipient r) {
    return SchedulingKey.of(
        queue.routing.nextHopFor(r.target()), loaded.envelope().options().tls());
  }

  /** The slot of one round, as the delivery sees it. */
  private final class RoundSlot implements DeliverySlot {
    private final RunningRound round;
    private final @Nullable CutThroughRound cutThrough;
    private volatile boolean greeted;

    RoundSlot(RunningRound round, @Nullable CutThroughRound cutThrough) {
      this.round = round;
      this.cutThrough = cutThrough;
    }

    @Override
    public boolean mayEndData() {
      return cutThrough == null || cutThrough.mayEndData();
    }

    @Override
    public List<InetAddress> free(List<InetAddress> addresses) {
      return queue.state.free(round, addresses);
    }

    @Override
    public void connected(InetAddress address) {
      queue.state.connected(round, address);
    }

    @Override
    public void greeted() {
      boolean isFirst = !greeted;
      greeted = true;
      if (isFirst && !round.knownBefore()) {
        queue.state.greeted(round);
      }
    }

    @Override
    public Duration patience(Duration usual) {
      Duration most = round.patience();
      return most == null || most.compareTo(usual) > 0 ? usual : most;
    }
  }

  private Consignment consignment(
      LoadedBatch loaded, NextHop nextHop, ContentCheck check, DeliverySlot slot) {
    RecipientGroup group = loaded.group();
    byte @Nullable [] inMemory = loaded.content();
    QueueId id = loaded.id();
    // Its age by the clock of the delivery agent.
    Instant arrived =
        loaded.arrived().plus(Duration.between(queue.clock.now(), queue.clock.civilTime()));
    Consignment.MessageContent content =
        inMemory != null
            ? () -> new InMemory(inMemory)
            : () -> check.open(() -> queue.spool.content(id));
    return new Consignment(
        id,
        group.sender(),
        loaded.envelope().options(),
        nextHop,
        group.recipients(),
        group.deliveredTo(),
        arrived,
        group.rounds() + 1,
        loaded.size(),
        content,
        slot);
  }

  /** Remembers that a content turned out to be damaged while it was read. */
  private static final class ContentCheck {
    private volatile @Nullable IOException found;

    /** The damage, once some was seen. */
    @Nullable IOException found() {
      return found;
    }

    /** The content; what is read of it is watched. */
    InputStream open(Consignment.MessageContent opener) throws IOException {
      InputStream in = noted(opener::open);
      return new BlockInput() {
        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          return noted(() -> in.read(into, offset, length));
        }

        @Override
        public void close() throws IOException {
          in.close();
        }
      };
    }

    private interface ContentRead<T> {
      T get() throws IOException;
    }

    private <T> T noted(ContentRead<T> read) throws IOException {
      try {
        return read.get();
      } catch (SpoolException e) {
        if (e.kind() == SpoolException.Kind.DAMAGED) {
          found = e;
        }
        throw e;
      }
    }

    /** What to hold against a round that read damage: all is held but what was delivered before. */
    Map<Long, Outcome> heldIfDamaged(RecipientGroup group, Map<Long, Outcome> outcomes) {
      FailureCause cause =
          FailureCause.local(
              QueueStep.DAMAGED,
              EnhancedStatus.of("5.3.0"),
              "The stored content is damaged; the message is held.",
              FailureCause.Extent.MESSAGE);
      Map<Long, Outcome> all = new HashMap<>();
      for (Recipient r : group.recipients()) {
        Outcome outcome = outcomes.get(r.key());
        all.put(r.key(), outcome instanceof Outcome.Delivered ? outcome : new Outcome.Held(cause));
      }
      return all;
    }
  }

  /** A content in memory; copying it needs no buffer, as the sink is our own. */
  private static final class InMemory extends ByteArrayInputStream {
    InMemory(byte[] content) {
      super(content);
    }

    @Override
    public synchronized long transferTo(OutputStream out) throws IOException {
      int length = count - pos;
      out.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
