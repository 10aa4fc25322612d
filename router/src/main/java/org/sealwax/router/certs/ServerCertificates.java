package org.sealwax.router.certs;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.log.MailLog;

/**
 * The certificates in force, one for each {@link CertificateSlot}: read with the first handshake,
 * and again when a source has another pair. Thread-safe.
 */
public final class ServerCertificates implements Supplier<IdentityStore> {
  /** Renewal by ACME comes 30 days before the end; what is left at 14 was not renewed. */
  static final Duration SOON = Duration.ofDays(14);

  private final BooleanSupplier closed;
  private final Clock clock;
  private final MailLog log;

  /** The first is for the host name and for all names that no other slot has. */
  private List<SlotInForce> slots;

  private @Nullable IdentityStore store;

  /** A slot with its pair, once it is read. */
  private static final class SlotInForce {
    private final CertificateSlot slot;
    private String seen = "";
    private @Nullable Identity identity;

    /** Why another pair is in force than the source has; empty: it is that one. */
    private String refusal = "";

    SlotInForce(CertificateSlot slot) {
      this.slot = slot;
    }
  }

  /**
   * Nothing is read yet.
   *
   * @param slots the first is for the host name, and for all names that no other slot has
   * @param closed whether the process ends: then no certificate is made any more
   * @param clock the believed time
   */
  public ServerCertificates(
      List<CertificateSlot> slots, BooleanSupplier closed, Clock clock, MailLog log) {
    this.slots = slots.stream().map(SlotInForce::new).toList();
    this.closed = closed;
    this.clock = clock;
    this.log = log;
  }

  @Override
  public synchronized IdentityStore get() {
    IdentityStore there = store;
    if (there != null) {
      return there;
    }
    if (closed.getAsBoolean()) {
      throw new IllegalStateException("the router is closed");
    }
    try {
      for (SlotInForce slot : slots) {
        readFirst(slot);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    Identity standard = slots.getFirst().identity;
    IdentityStore opened = IdentityStore.fixed(Objects.requireNonNull(standard), byName(), clock);
    store = opened;
    return opened;
  }

  private void readFirst(SlotInForce slot) throws IOException {
    if (slot.slot.source().stamp().equals(PairSource.NONE) && slot != slots.getFirst()) {
      return;
    }
    Identity read = slot.slot.source().read();
    slot.seen = slot.slot.source().stamp();
    slot.identity = read;
    log.identity(read.name(), "valid until " + read.expires());
    lifetime(read, clock.now()).ifPresent(w -> log.warning("tls", w));
  }

  private Map<String, Identity> byName() {
    Map<String, Identity> byName = new LinkedHashMap<>();
    for (SlotInForce slot : slots.subList(1, slots.size())) {
      Identity identity = slot.identity;
      if (identity != null) {
        slot.slot.namesFor(identity).forEach(name -> byName.putIfAbsent(name, identity));
      }
    }
    return byName;
  }

  /** What an admin should know about the dates of a certificate. */
  public static Optional<String> lifetime(Identity identity, Instant now) {
    Instant end = identity.expires();
    Instant begin = identity.leaf().getNotBefore().toInstant();
    if (now.isAfter(end)) {
      return Optional.of(identity.name() + ": the certificate expired on " + end);
    }
    if (now.isBefore(begin)) {
      return Optional.of(identity.name() + ": the certificate is valid only from " + begin);
    }
    return now.plus(SOON).isAfter(end)
        ? Optional.of(identity.name() + ": the certificate expires soon, on " + end)
        : Optional.empty();
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

  /** Reads the sources that have another pair; one that cannot be used changes nothing. */
  public void reloadIfChanged() {
    reload(get());
  }

  private synchronized void reload(IdentityStore opened) {
    boolean changed = false;
    for (SlotInForce slot : slots) {
      String stamp = slot.slot.source().stamp();
      if (!stamp.equals(slot.seen)) {
        slot.seen = stamp;
        changed |= reload(slot);
      }
    }
    if (changed) {
      opened.use(Objects.requireNonNull(slots.getFirst().identity), byName());
    }
  }

  private boolean reload(SlotInForce slot) {
    try {
      Identity fresh = slot.slot.source().read();
      Identity former = slot.identity;
      Instant now = clock.now();
      // Unless the former one ends no later: then the new one is at least not worse.
      if (former != null
          && now.isAfter(fresh.expires())
          && former.expires().isAfter(fresh.expires())) {
        return keptFormer(slot, "the new certificate expired on " + fresh.expires());
      }
      Instant begin = fresh.leaf().getNotBefore().toInstant();
      if (former != null && now.isBefore(begin)) {
        return keptFormer(slot, "the new certificate is valid only from " + begin);
      }
      slot.identity = fresh;
      slot.refusal = "";
      log.identity(fresh.name(), "reloaded, valid until " + fresh.expires());
      lifetime(fresh, now).ifPresent(w -> log.warning("tls", w));
      return true;
    } catch (IOException e) {
      return keptFormer(slot, FailureText.of(e));
    }
  }

  private boolean keptFormer(SlotInForce slot, String why) {
    slot.refusal =
        slot.slot.source().name() + ": " + why + "; the former certificate remains in use";
    log.warning("tls", slot.refusal);
    return false;
  }

  /**
   * Reads the sources that have another pair.
   *
   * @param next the slots of the next configuration: other files are used after a restart, which
   *     should not be the one to find them wrong
   * @throws IOException when a pair cannot be used
   */
  public void check(List<CertificateSlot> next) throws IOException {
    for (CertificateSlot slot : next) {
      if (slot.source() instanceof PairFiles files
          && slots.stream().noneMatch(s -> s.slot.source().equals(files))) {
        var _ = files.read();
      }
    }
    IdentityStore opened;
    synchronized (this) {
      opened = store;
    }
    if (opened == null) {
      return;
    }
    reload(opened);
    String wrong =
        slots.stream()
            .map(s -> s.refusal)
            .filter(why -> !why.isEmpty())
            .collect(Collectors.joining("; "));
    if (!wrong.isEmpty()) {
      throw new IOException(wrong);
    }
  }

  /** Returns when no handshake makes certificates any more; after the end none begins. */
  public synchronized void await() {
    // The lock is free when no pair is being read.
  }
}
