package org.sealwax.router.queue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;

/** Runs a round of delivery of one batch, and hands in what follows from it. */
final class RoundRunner {
  private static final Duration SUSPECT_RETRY = Duration.ofSeconds(1);

  private final Spool spool;
  private final Routing routing;
  private final DeliveryAgent delivery;
  private final Clock clock;
  private final MailLog log;
  private final CrashMarks marks;
  private final QueueState state;
  private final StepApplier steps;

  RoundRunner(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      MailLog log,
      CrashMarks marks,
      QueueState state,
      StepApplier steps) {
    this.spool = spool;
    this.routing = routing;
    this.delivery = delivery;
    this.clock = clock;
    this.log = log;
    this.marks = marks;
    this.state = state;
    this.steps = steps;
  }

  /** Runs a round, in a thread of its own. */
  void run(RunningRound round) {
    BatchKey key = round.batch.key();
    RoundResult result = null;
    CrashMarks.StartPermission permission = marks.begin(key.message());
    state.roundBegan(key, permission == CrashMarks.StartPermission.GO);
    boolean ourFault = false;
    try {
      result = permission == CrashMarks.StartPermission.GO ? deliver(round) : null;
    } catch (InterruptedException e) {
      // Shutting down: the store still has the batch as it was, and the next start tries again.
      Thread.currentThread().interrupt();
      state.interrupted(key);
      return;
    } catch (SpoolException e) {
      log.storeTrouble("deliveries wait for the store", e);
    } catch (IOException e) {
      log.bug("round of " + key.message(), e);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Of one message: this thread is not supervised, and its end would leave the batch in hand.
      log.bug("round of " + key.message(), e);
      ourFault = true;
    } finally {
      steps.goBack(
          state.roundEnded(round, result == null ? new RoundResult.NothingLearned() : result));
    }
    if (result != null) {
      return;
    }
    switch (permission) {
      case GO -> {
        if (ourFault) {
          steps.fault(key);
        } else {
          steps.storeFailed(key);
        }
      }
      case LATER -> steps.nothingLearned(key, SUSPECT_RETRY);
      case HOLD -> steps.hold(key, QueueStep.ENDED_PROCESS);
      case LEAVE -> state.leave(key);
    }
  }

  /**
   * What the round showed, once its change is handed in.
   *
   * @throws IOException when the store cannot be read, and nothing was learned
   */
  private RoundResult deliver(RunningRound round) throws InterruptedException, IOException {
    ReadyBatch batch = round.batch;
    QueueId id = batch.key().message();
    LoadedBatch loaded =
        batch.loaded() == null ? LoadedBatch.load(spool, batch.key()) : batch.loaded();
    if (loaded == null) {
      state.letGo(batch.key());
      return new RoundResult.NothingLearned();
    }
    List<Recipient> recipients = loaded.group().recipients();
    NextHop nextHop = routing.nextHopFor(recipients.getFirst().target());
    if (isRerouted(loaded)) {
      return new RoundResult.NothingLearned();
    }
    ContentCheck check = new ContentCheck();
    RoundSlot slot = new RoundSlot(round);
    Consignment consignment = consignment(loaded, nextHop, check, slot);
    Map<Long, Outcome> outcomes;
    try {
      outcomes = delivery.deliver(consignment);
    } catch (RuntimeException e) {
      log.bug("delivery of " + id, e);
      outcomes = Map.of();
    }
    IOException found = check.found();
    if (found != null) {
      outcomes = check.heldIfDamaged(loaded.group(), outcomes);
      log.storeTrouble("the content of " + id + " is damaged and held", found);
    }
    RoundResult result = RoundResult.of(recipients, outcomes, slot.greeted);
    if (result instanceof RoundResult.Busy) {
      // It was not tried: it stays in line, and no round is counted.
      return result;
    }
    try {
      steps.apply(loaded, new QueueStep.Event.RoundEnded(outcomes));
    } catch (IOException e) {
      log.bug("after the round of " + id, e);
      steps.storeFailed(batch.key());
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      log.bug("after the round of " + id, e);
      steps.fault(batch.key());
    }
    return result;
  }

  /** Groups the recipients again if the configuration says another next hop by now. */
  private boolean isRerouted(LoadedBatch loaded) {
    List<Recipient> recipients = loaded.group().recipients();
    boolean goesThere = true;
    for (Recipient r : recipients) {
      goesThere &= line(loaded, r).equals(loaded.hop());
    }
    if (!goesThere) {
      steps.reroute(
          loaded,
          recipients.stream()
              .collect(
                  Collectors.groupingBy(
                      r -> line(loaded, r), LinkedHashMap::new, Collectors.toList())));
    }
    return !goesThere;
  }

  private String line(LoadedBatch loaded, Recipient r) {
    return SchedulingKey.of(routing.nextHopFor(r.target()), loaded.envelope().options().tls());
  }

  /** The slot of one round, as the delivery sees it. */
  private final class RoundSlot implements DeliverySlot {
    private final RunningRound round;
    private volatile boolean greeted;

    RoundSlot(RunningRound round) {
      this.round = round;
    }

    @Override
    public List<InetAddress> free(List<InetAddress> addresses) {
      return state.free(round, addresses);
    }

    @Override
    public void connected(InetAddress address) {
      state.connected(round, address);
    }

    @Override
    public void greeted() {
      boolean isFirst = !greeted;
      greeted = true;
      if (isFirst && !round.knownBefore()) {
        state.greeted(round);
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
    Instant arrived = loaded.arrived().plus(Duration.between(clock.now(), clock.civilTime()));
    Consignment.MessageContent content =
        inMemory != null ? () -> new InMemory(inMemory) : () -> check.open(() -> spool.content(id));
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
