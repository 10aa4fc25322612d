package org.sealwax.router.certs;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;

/**
 * The certificates in force, one for each {@link CertificateSlot}: read with the first handshake,
 * and again when a source has another pair. The guard judges each other pair before it is put in
 * force; the last good one is kept in the state folder. Thread-safe.
 *
 * <p>A pair is judged by answers of the DNS, which no start and no handshake waits for. Until they
 * are here, the pair in force stays; after a start that is the one of the state folder, unless its
 * certificate has expired. A pair that was put in force without all answers is judged again, and
 * may be taken back.
 */
public final class ServerCertificates implements Supplier<IdentityStore> {
  /** How long until a refused pair, or one without all answers, is judged again. */
  static final Duration AGAIN = Duration.ofMinutes(5);

  private static final String CACHED =
      "its TLSA records are published, but senders may have the former ones until ";

  private static final String FORCE = "to load it in any case: sealwax reload --force";

  private final CertificateGuard guard;
  private final PublishedNames.Lookup lookup;
  private final KeptPairs kept;
  private final BooleanSupplier closed;
  private final Clock clock;
  private final MailLog log;

  /**
   * The first is for the host name and for all names that no other slot has. Changed as a whole, by
   * {@link #use}.
   */
  private volatile List<SlotInForce> slots;

  /** One turn at a time; the look-ups of a turn hold no other lock. */
  private final Object turns = new Object();

  private final AtomicBoolean turning = new AtomicBoolean();
  private volatile @Nullable Thread worker;
  private volatile @Nullable IdentityStore store;
  private @Nullable Counters counters;

  /**
   * Nothing is read yet.
   *
   * @param slots the first is for the host name, and for all names that no other slot has
   * @param guard judges pairs
   * @param lookup finds by what they are judged
   * @param state the state folder
   * @param closed whether the process ends: then no certificate is made any more
   * @param clock the believed time
   */
  public ServerCertificates(
      List<CertificateSlot> slots,
      CertificateGuard guard,
      PublishedNames.Lookup lookup,
      Path state,
      BooleanSupplier closed,
      Clock clock,
      MailLog log) {
    this.slots = slots.stream().map(SlotInForce::new).toList();
    this.guard = guard;
    this.lookup = lookup;
    this.kept = new KeptPairs(folder(state));
    this.closed = closed;
    this.clock = clock;
    this.log = log;
  }

  /** Where the last good pairs are. */
  private static Path folder(Path state) {
    return state.resolve("certificates");
  }

  @Override
  public IdentityStore get() {
    IdentityStore there = store;
    return there == null ? open() : there;
  }

  private synchronized IdentityStore open() {
    IdentityStore there = store;
    if (there != null) {
      return there;
    }
    if (closed.getAsBoolean()) {
      throw new IllegalStateException("the router is closed");
    }
    readFirst(slots, ServerCertificates::readNow);
    IdentityStore opened = IdentityStore.fixed(standard(), byName(), clock);
    store = opened;
    return opened;
  }

  private Identity standard() {
    return Objects.requireNonNull(slots.getFirst().inForce);
  }

  private Map<String, Identity> byName() {
    Map<String, Identity> byName = new LinkedHashMap<>();
    for (SlotInForce slot : slots.subList(1, slots.size())) {
      Identity identity = slot.inForce;
      if (identity != null) {
        slot.slot.namesFor(identity).forEach(name -> byName.putIfAbsent(name, identity));
      }
    }
    return byName;
  }

  /** How a source is read. */
  private interface SourceReader {
    Optional<Identity> read(PairSource source) throws IOException;
  }

  private static Optional<Identity> readNow(PairSource source) throws IOException {
    if (source.stamp().equals(PairSource.NONE)) {
      throw new IOException(source.name() + ": there is no certificate yet");
    }
    return Optional.of(source.read());
  }

  private void readFirst(List<SlotInForce> all, SourceReader reader) {
    try {
      for (SlotInForce slot : all) {
        readFirst(slot, reader);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first reading: what was in force before the start stays, until the guard has judged. */
  private void readFirst(SlotInForce slot, SourceReader reader) throws IOException {
    PairSource source = slot.slot.source();
    String stamp = source.stamp();
    slot.seen = stamp;
    Identity fresh;
    try {
      fresh = reader.read(source).orElse(null);
      slot.seen = source.stamp();
    } catch (IOException e) {
      slot.inForce = lastGood(slot).orElse(null);
      if (slot.inForce != null) {
        refuse(slot, new SlotInForce.Refusal(SlotInForce.RefusedBy.READER, FailureText.of(e)));
        logUse(slot.inForce, "in use from the state folder, valid until ");
      } else if (slot.slot.equals(slots.getFirst().slot) || !stamp.equals(PairSource.NONE)) {
        throw e;
      }
      return;
    }
    if (fresh == null) {
      slot.inForce = lastGood(slot).orElse(null);
      return;
    }
    Identity good = kept.isOf(slot.slot, slot.seen) ? fresh : lastGood(slot).orElse(null);
    slot.inForce = fresh;
    if (good == null || good.chain().equals(fresh.chain())) {
      slot.unsaved = good != fresh;
    } else if (clock.now().isBefore(good.expires())) {
      slot.inForce = good;
      slot.offered = fresh;
      slot.due = clock.now();
    } else {
      slot.former = good;
      slot.due = clock.now();
    }
    logUse(slot.inForce, "valid until ");
  }

  private Optional<Identity> lastGood(SlotInForce slot) {
    try {
      return kept.read(slot.slot);
    } catch (IOException e) {
      log.warning("tls", "the last good certificate cannot be read: " + FailureText.of(e));
      return Optional.empty();
    }
  }

  private void logUse(Identity identity, String text) {
    log.identity(identity.name(), text + identity.expires());
    CertificateDates.notice(identity, clock.now()).ifPresent(w -> log.warning("tls", w));
  }

  /**
   * Before anything listens: configured pairs are read, and the self-signed one is written.
   *
   * @throws IllegalStateException with the cause when one cannot be used
   */
  public void prepare() {
    if (!slots.stream().allMatch(slot -> slot.slot.source().isReadLate())) {
      var _ = get();
    }
  }

  /** {@return the name of the first slot} */
  Domain hostName() {
    return slots.getFirst().slot.subject();
  }

  /**
   * {@return each slot as it is now, or as a start would find it; makes no pair}
   *
   * @throws IllegalStateException with the cause when a pair cannot be used
   */
  List<CertificateStatus.SlotStatus> status() {
    List<SlotInForce> shown = slots;
    if (store == null) {
      shown = slots.stream().map(s -> new SlotInForce(s.slot)).toList();
      readFirst(shown, PairSource::readIfMade);
    }
    List<CertificateStatus.SlotStatus> all = new ArrayList<>();
    for (SlotInForce slot : shown) {
      SlotInForce.Refusal why = slot.refusal;
      all.add(
          new CertificateStatus.SlotStatus(
              slot.slot, slot.inForce, why == null ? "" : text(slot, why), slot.offered));
    }
    return List.copyOf(all);
  }

  /** Shows the days that each certificate is still valid. */
  public synchronized void showIn(Counters counted) {
    counters = counted;
    slots.forEach(slot -> show(slot, counted));
  }

  private void show(SlotInForce slot, Counters counted) {
    String label = "name";
    String value = slot.slot.name();
    counted.gauge(
        "sealwax_certificate_days_left",
        "Days until the certificate in force expires",
        label,
        value,
        () -> daysLeft(slot));
  }

  private long daysLeft(SlotInForce slot) {
    Identity identity = slot.inForce;
    return identity == null ? 0 : Duration.between(clock.now(), identity.expires()).toDays();
  }

  /** Where a source has another pair, or one is to be judged again, begins a turn for that. */
  public void reloadIfChanged() {
    var _ = get();
    Instant now = clock.now();
    if (slots.stream().anyMatch(slot -> slot.isDue(now)) && turning.compareAndSet(false, true)) {
      worker = Threads.start("certificates", this::workTurn);
    }
  }

  private void workTurn() {
    try {
      turn(TurnMode.TIMER);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      if (!closed.getAsBoolean()) {
        log.bug("certificates", e);
      }
    } finally {
      turning.set(false);
    }
  }

  /** Who asks for a turn. */
  enum TurnMode {
    /** The timer: a file that has just changed may be half written. */
    TIMER,
    /** An admin, who has written the files. */
    RELOAD,
    /** An admin, who wants whatever can be read. */
    FORCED
  }

  /**
   * Reads the sources that have another pair, judges the pairs that wait, and keeps the last good
   * ones.
   *
   * @param mode who asks
   */
  void turn(TurnMode mode) throws InterruptedException {
    boolean immediate = mode != TurnMode.TIMER;
    var _ = get();
    synchronized (turns) {
      for (SlotInForce slot : slots) {
        readChanged(slot, immediate);
        if (mode == TurnMode.FORCED && slot.offered != null) {
          load(slot, slot.offered, null);
          log.warning("tls", slot.slot.name() + ": loaded by --force, without the guard");
        } else if (slot.due != null && (immediate || slot.isJudged(clock.now()))) {
          judge(slot);
        }
        save(slot);
      }
      kept.retain(slots.stream().map(s -> s.slot).toList(), text -> log.warning("tls", text));
    }
  }

  /** Other programs write their files in several steps: a change is read when it has settled. */
  private void readChanged(SlotInForce slot, boolean immediate) {
    PairSource source = slot.slot.source();
    String stamp = source.stamp();
    if (stamp.equals(slot.seen)) {
      return;
    }
    if (!immediate && !stamp.equals(slot.settling)) {
      slot.settling = stamp;
      return;
    }
    try {
      Identity fresh = source.read();
      if (!immediate && !source.stamp().equals(stamp)) {
        return; // the next turn sees that
      }
      slot.seen = stamp;
      Identity now = slot.inForce;
      if (now != null && now.chain().equals(fresh.chain())) {
        slot.offered = null;
        slot.refusal = null;
        slot.unsaved = true;
      } else {
        slot.offered = fresh;
        slot.due = clock.now();
      }
    } catch (IOException e) {
      slot.seen = stamp;
      slot.offered = null;
      refuse(slot, new SlotInForce.Refusal(SlotInForce.RefusedBy.READER, FailureText.of(e)));
    }
  }

  private void judge(SlotInForce slot) throws InterruptedException {
    Identity fresh = slot.offered == null ? slot.inForce : slot.offered;
    Identity good = slot.lastGood();
    if (fresh == null || fresh == good) {
      slot.due = null;
      return;
    }
    PublishedNames published = lookup.find(slot.slot);
    LoadDecision decision;
    try {
      decision = guard.decide(good, fresh, published, clock.now());
    } catch (RuntimeException e) {
      // Without a judgement the new pair is the better guess: the former one ends first.
      log.bug("certificates", e);
      decision = LoadDecision.LOAD;
    }
    boolean complete = published.missing().isEmpty();
    CachedMismatch cached = CachedMismatch.after(slot.cached, decision, published, clock.now());
    slot.cached = cached;
    if (decision.isLoaded() && cached != null && waits(cached, good, fresh, published)) {
      Instant until = cached.until();
      Instant again = clock.now().plus(AGAIN);
      slot.due = until.isBefore(again) ? until : again;
      refuse(slot, new SlotInForce.Refusal(SlotInForce.RefusedBy.GUARD, CACHED + until));
    } else if (!decision.isLoaded()) {
      slot.due = clock.now().plus(AGAIN);
      slot.offered = fresh;
      if (slot.former != null) {
        putInForce(slot, slot.former);
        slot.former = null;
      }
      refuse(
          slot,
          new SlotInForce.Refusal(
              decision.isAlarm()
                  ? SlotInForce.RefusedBy.GUARD_WITH_ALARM
                  : SlotInForce.RefusedBy.GUARD,
              refusal(slot, decision)));
    } else if (fresh != slot.inForce) {
      load(slot, fresh, complete ? null : good);
      if (!complete) {
        log.warning(
            "tls",
            slot.slot.name()
                + ": the certificate is judged again, because a look-up failed: "
                + String.join("; ", published.missing()));
      }
    } else if (complete) {
      slot.former = null;
      slot.due = null;
      slot.unsaved = true;
    } else {
      slot.due = clock.now().plus(AGAIN);
    }
    if (decision.isLoaded() && decision.isAlarm()) {
      log.warning(
          "tls",
          slot.slot.name()
              + ": loaded because the former certificate ends soon, although "
              + decision.reasons());
    }
  }

  /**
   * Whether the new pair waits for the caches of senders: only while the one in force matches as
   * well, and does not end soon.
   */
  private boolean waits(
      CachedMismatch cached, @Nullable Identity good, Identity fresh, PublishedNames published) {
    Instant now = clock.now();
    return cached.isIn(now)
        && good != null
        && now.plus(LoadDecision.SHORT).isBefore(good.expires())
        && guard.decide(fresh, good, published, now).isLoaded();
  }

  private static String refusal(SlotInForce slot, LoadDecision decision) {
    Identity inForce = Objects.requireNonNull(slot.inForce);
    return "refused: "
        + decision.reasons()
        + (decision.isAlarm()
            ? "; the certificate in use ends on " + inForce.expires() + " and does less harm"
            : "; the former certificate matches");
  }

  private void load(SlotInForce slot, Identity fresh, @Nullable Identity former) {
    slot.offered = null;
    slot.former = former;
    slot.refusal = null;
    slot.cached = null;
    slot.due = former == null ? null : clock.now().plus(AGAIN);
    putInForce(slot, fresh);
    logUse(fresh, "reloaded, valid until ");
  }

  private synchronized void putInForce(SlotInForce slot, Identity identity) {
    slot.inForce = identity;
    slot.unsaved = true;
    get().use(standard(), byName());
  }

  private void refuse(SlotInForce slot, SlotInForce.Refusal why) {
    if (!why.equals(slot.refusal)) {
      slot.refusal = why;
      log.certificateRefused(slot.slot.source().name(), why.isUnusable(), text(slot, why));
    }
  }

  private static String text(SlotInForce slot, SlotInForce.Refusal why) {
    String name = slot.slot.source().name();
    return (why.text().startsWith(name) ? "" : name + ": ")
        + why.text()
        + "; the former certificate remains in use"
        + (why.isUnusable() ? "" : "; " + FORCE);
  }

  /** A pair that was not judged by all answers is not kept yet. */
  private void save(SlotInForce slot) {
    Identity good = slot.inForce;
    if (!slot.unsaved || good == null || slot.former != null || closed.getAsBoolean()) {
      return;
    }
    try {
      kept.write(slot.slot, good, slot.offered == null && slot.seen != null ? slot.seen : "");
      slot.unsaved = false;
      slot.saveFailure = "";
    } catch (IOException e) {
      String why = FailureText.of(e);
      if (!why.equals(slot.saveFailure)) {
        slot.saveFailure = why;
        log.warning("tls", "the last good certificate cannot be kept: " + why);
      }
    }
  }

  /**
   * Reads the sources that have another pair, on the admin's request.
   *
   * @param next the slots of the next configuration: other files are used after a restart, which
   *     should not be the one to find them wrong
   * @param forced whatever can be read is put in force, without the guard
   * @return what the guard refuses, in words
   * @throws IOException when a pair cannot be used
   */
  public List<String> reload(List<CertificateSlot> next, boolean forced) throws IOException {
    for (CertificateSlot slot : next) {
      if (slot.source() instanceof PairFiles files
          && slots.stream().noneMatch(s -> s.slot.source().equals(files))) {
        var _ = files.read();
      }
    }
    if (store == null) {
      return List.of();
    }
    try {
      turn(forced ? TurnMode.FORCED : TurnMode.RELOAD);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    List<String> refused = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (SlotInForce slot : slots) {
      SlotInForce.Refusal why = slot.refusal;
      if (why != null) {
        (why.isUnusable() ? wrong : refused).add(text(slot, why));
      }
    }
    if (!wrong.isEmpty()) {
      throw new IOException(wrong.stream().collect(Collectors.joining("; ")));
    }
    return List.copyOf(refused);
  }

  /**
   * Takes the names of another configuration: slots of new names are added, and those of names that
   * are gone are removed. The first slot stays, and so do slots with files that an admin names:
   * they change with a restart.
   *
   * @param next the slots of the configuration that is in force now
   */
  public void use(List<CertificateSlot> next) {
    synchronized (turns) {
      synchronized (this) {
        List<SlotInForce> changed = new ArrayList<>();
        for (SlotInForce slot : slots) {
          boolean isThere = next.stream().anyMatch(n -> n.names().equals(slot.slot.names()));
          if (slot == slots.getFirst() || isOfFiles(slot.slot) || isThere) {
            changed.add(slot);
          }
        }
        for (CertificateSlot slot : next) {
          if (!isOfFiles(slot)
              && changed.stream().noneMatch(s -> s.slot.names().equals(slot.names()))) {
            changed.add(added(slot));
          }
        }
        slots = List.copyOf(changed);
        if (store != null) {
          get().use(standard(), byName());
        }
      }
    }
  }

  private static boolean isOfFiles(CertificateSlot slot) {
    return slot.sources().stream().anyMatch(PairFiles.class::isInstance);
  }

  private SlotInForce added(CertificateSlot slot) {
    SlotInForce added = new SlotInForce(slot);
    try {
      if (store != null) {
        readFirst(added, ServerCertificates::readNow);
      }
    } catch (IOException e) {
      refuse(added, new SlotInForce.Refusal(SlotInForce.RefusedBy.READER, FailureText.of(e)));
    }
    Counters counted = counters;
    if (counted != null) {
      show(added, counted);
    }
    return added;
  }

  /** Ends the look-ups, and returns when nothing is written any more. */
  public void await() {
    Thread turn = worker;
    if (turn != null) {
      turn.interrupt();
    }
    synchronized (turns) {
      synchronized (this) {
        // Both locks are free when no pair is being read, made or kept.
      }
    }
  }
}
