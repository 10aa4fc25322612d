package org.sealwax.router.certs.rollover;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.certs.acme.IssuedPair;
import org.sealwax.router.certs.acme.RenewedPair;
import org.sealwax.router.certs.rollover.PublishedKeys.ServerAnswer;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverDecision;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverFacts;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverRefusal;
import org.sealwax.router.certs.rollover.RolloverState.Phase;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.StateFiles;

/**
 * Does what {@link RolloverMachine} decides: asks the name servers, sends updates, stores keys and
 * the state. One thread; the commands of an admin take turns with it.
 */
public final class KeyRollover implements Closeable {
  /** The folder of the state and the keys, in the state folder. */
  public static final String FOLDER = "rollover";

  /** Tickets are bound to the pair: a server context for each, so none outlives the load. */
  private static final Duration TICKETS = Duration.ZERO;

  /** A phase that lasts longer may need a person. */
  private static final Duration LASTING = Duration.ofDays(1);

  private static final Duration TURN = Duration.ofSeconds(1);

  /** The part of a lifetime that is left when a certificate is ordered again. */
  private static final int RENEWED = 3;

  /** After an order that failed. */
  private static final Duration PAUSE = Duration.ofHours(1);

  /** Orders a certificate for the host name. */
  @FunctionalInterface
  public interface CertificateOrder {
    /**
     * {@return the chain for this key}
     *
     * @throws IOException when there is none; the message is for the admin
     */
    Identity order(KeyPair key) throws IOException, InterruptedException;
  }

  /**
   * Where certificates come from.
   *
   * @param order of one for the host name
   * @param first the file with the pair that was there before the first rollover; it may be missing
   */
  public record Authority(CertificateOrder order, Path first) {}

  /** Asks every authoritative server of a name at each of its addresses. */
  @FunctionalInterface
  public interface ServerLookup {
    /** {@return the TLSA records by server; empty when the servers cannot be found} */
    Map<String, DnsAnswer<TlsaRecord>> tlsa(Domain owner, Predicate<InetAddress> counted)
        throws InterruptedException;
  }

  /**
   * What a rollover is at, for status.
   *
   * @param state the state
   * @param waiting what it waits for; empty: nothing
   * @param record the line of the zone that an admin adds or removes; empty: none
   */
  public record RolloverStatus(RolloverState state, String waiting, String record) {}

  private final RolloverSettings settings;
  private final List<Domain> owners;
  private final Path folder;
  private final RolloverKeys keys;
  private final ZoneUpdates updates;
  private final ServerLookup servers;
  private final IdentitySettings identity;
  private final Optional<Authority> authority;
  private final SteadyClock clock;
  private final MailLog log;
  private final RolloverMachine machine;
  private final PairSource source;
  private final RepeatedWork turns = new RepeatedWork(TURN, this::turn, this::failed);

  private volatile RolloverState state;
  private volatile String waiting = "";
  private volatile String record = "";
  private volatile boolean looked;
  private @Nullable Instant lastLook;
  private @Nullable Instant failedOrder;
  private Supplier<Optional<KeyDigest>> inForce = Optional::empty;

  /**
   * Reads the state; nothing is done yet.
   *
   * @param identity how this server got its certificates before
   * @param authority that issues certificates; empty: they are self-signed, or the admin's files
   * @param stateFolder the state folder
   * @throws IOException when the state cannot be read
   */
  public KeyRollover(
      RolloverSettings settings,
      List<ZoneServerRow> zones,
      IdentitySettings identity,
      Optional<Authority> authority,
      Path stateFolder,
      ServerLookup servers,
      SteadyClock clock,
      RandomSource random,
      MailLog log)
      throws IOException {
    this.settings = settings;
    this.owners = settings.owners(identity.hostName());
    this.folder = stateFolder.resolve(FOLDER);
    this.keys = new RolloverKeys(folder, identity.hostName(), random);
    this.updates = new ZoneUpdates(zones, clock, random);
    this.servers = servers;
    this.identity = identity;
    this.authority = authority;
    this.clock = clock;
    this.log = log;
    this.machine = new RolloverMachine(new RolloverWaits(settings.keepOld(), TICKETS));
    this.state = RolloverFile.read(folder).orElseGet(() -> RolloverState.initial(clock.now()));
    this.source =
        new RolledPair(keys, () -> state.offered(looked), authority.isPresent(), clock.believed());
  }

  /**
   * {@return the slots with the pair of a rollover before all others of the first; where the admin
   * installs the certificates, without}
   */
  public List<CertificateSlot> in(List<CertificateSlot> slots) {
    if (authority.isEmpty() && identity.pair() != null) {
      return slots;
    }
    List<CertificateSlot> with = new ArrayList<>(slots);
    List<PairSource> sources = new ArrayList<>(List.of(source));
    sources.addAll(slots.getFirst().sources());
    with.set(0, new CertificateSlot(slots.getFirst().names(), sources));
    return List.copyOf(with);
  }

  /**
   * Begins.
   *
   * @param keyInForce the key of the pair that clients get
   */
  public void start(Supplier<Optional<KeyDigest>> keyInForce) {
    inForce = keyInForce;
    turns.start("rollover");
    turns.wake();
  }

  private void failed(Throwable e) {
    if (e instanceof IOException) {
      report("the state cannot be stored: " + FailureText.of(e));
    } else {
      log.bug("rollover", e);
    }
  }

  /** One decision, and what follows from it. */
  private synchronized void turn() throws IOException, InterruptedException {
    Instant now = clock.now();
    Instant last = lastLook;
    boolean due = last == null || !now.isBefore(last.plus(machine.look(state)));
    RolloverFacts facts =
        new RolloverFacts(
            due ? Optional.of(look()) : Optional.empty(), inForce.get(), isCertified());
    RolloverDecision decision = machine.decide(state, facts, now);
    store(decision.state());
    looked |= due;
    if (due) {
      act(decision.action());
      scheduled(now);
    }
  }

  private boolean isCertified() {
    KeyDigest other = state.other().orElse(null);
    if (other == null) {
      return false;
    }
    if (authority.isEmpty()) {
      return !keys.has(other) || identity.pair() == null;
    }
    // The first key can be one that no authority has certified: its pair is elsewhere.
    return issued(other).map(this::isFresh).orElse(true);
  }

  /** The file with the certificate of the authority for a key; empty: the key is not ours. */
  private Optional<Path> issued(KeyDigest key) {
    if (keys.has(key)) {
      return Optional.of(keys.issued(key));
    }
    return authority
        .map(Authority::first)
        .filter(
            first ->
                read(first)
                    .filter(pair -> KeyDigest.of(pair.leaf().getPublicKey()).equals(key))
                    .isPresent());
  }

  private static Optional<Identity> read(Path file) {
    try {
      return Files.exists(file) ? Optional.of(Identity.read(file, file)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * {@return the pair in force when a rollover has made its key: the one that is renewed; its key
   * is not destroyed while it is in force}
   */
  public Optional<RenewedPair> renewed() {
    return state
        .current()
        .filter(keys::has)
        .map(
            key ->
                new RenewedPair(
                    keys.issued(key),
                    () -> Optional.of(keys.read(key, clock.civilTime()).keyPair())));
  }

  /** Whether there is a certificate of the authority, and no need for another one. */
  private boolean isFresh(Path file) {
    Identity pair = read(file).orElse(null);
    if (pair == null) {
      return false;
    }
    Instant begin = pair.leaf().getNotBefore().toInstant();
    Duration left = Duration.between(clock.civilTime(), pair.expires());
    return left.multipliedBy(RENEWED).compareTo(Duration.between(begin, pair.expires())) > 0;
  }

  private void order(CertificateOrder from, KeyDigest key) throws InterruptedException {
    Instant now = clock.now();
    Instant failed = failedOrder;
    if (failed != null && now.isBefore(failed.plus(PAUSE))) {
      return;
    }
    try {
      Path file = issued(key).orElseThrow(() -> new IOException("its file is gone"));
      KeyPair pair =
          keys.has(key)
              ? keys.read(key, clock.civilTime()).keyPair()
              : Identity.read(file, file).keyPair();
      new IssuedPair(file).store(from.order(pair));
      failedOrder = null;
    } catch (IOException e) {
      failedOrder = now;
      report("no certificate for the key " + key.hex() + ": " + FailureText.of(e));
    }
  }

  private void store(RolloverState next) throws IOException {
    RolloverState former = state;
    if (next.equals(former)) {
      return;
    }
    if (turns.isClosed()) {
      throw new IOException("the server stops");
    }
    StateFiles.ownFolder(folder);
    RolloverFile.write(folder, next);
    state = next;
    if (next.phase() != former.phase()) {
      log.note("rollover", former.phase() + " to " + next.phase());
    }
  }

  private PublishedKeys look() throws InterruptedException {
    List<ServerAnswer> answers = new ArrayList<>();
    for (Domain owner : owners) {
      Map<String, DnsAnswer<TlsaRecord>> found = servers.tlsa(owner, settings.servers()::include);
      found.forEach((server, records) -> answers.add(new ServerAnswer(owner, server, records)));
      if (found.isEmpty()) {
        answers.add(
            new ServerAnswer(
                owner,
                "its name servers",
                DnsAnswer.unknown(
                    DnssecStatus.FAILED, owner, 0, Duration.ZERO, "they cannot be found")));
      }
    }
    lastLook = clock.now();
    return new PublishedKeys(answers);
  }

  private void act(RolloverAction action) throws IOException, InterruptedException {
    record = "";
    switch (action) {
      case RolloverAction.Await(String reason) -> report(reason);
      case RolloverAction.CreateKey _ -> throw new IllegalStateException("begun by a command");
      case RolloverAction.Update update -> update(update);
      case RolloverAction.Certify(KeyDigest key) when authority.isPresent() ->
          order(authority.get().order(), key);
      case RolloverAction.Certify(KeyDigest key) ->
          report(
              "a certificate for the key "
                  + keys.files(key).key()
                  + ": install both at "
                  + source(identity)
                  + ", then reload");
      case RolloverAction.Destroy(KeyDigest key) -> {
        destroy(key);
        store(machine.destroyed(state, clock.now()));
        report("");
      }
    }
  }

  private static String source(IdentitySettings identity) {
    IdentitySettings.CertificatePair pair = identity.pair();
    return pair == null ? "the state folder" : pair.certificate() + " and " + pair.key();
  }

  private void update(RolloverAction.Update update) {
    List<String> problems = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (RolloverAction.NameChange change : update.changes()) {
      updates.send(change).ifPresent(problems::add);
      lines.add(ZoneUpdates.record(change).line());
    }
    record = String.join("\n", lines);
    problems.addFirst(update.reason());
    report(String.join("; ", problems));
  }

  private void report(String reason) {
    if (!reason.equals(waiting)) {
      waiting = reason;
      if (!reason.isEmpty()) {
        log.note("rollover", state.phase() + ": " + reason);
      }
    }
  }

  private void destroy(KeyDigest key) throws IOException {
    if (keys.has(key)) {
      keys.destroy(key);
      log.note("rollover", "destroyed the key " + key.hex());
      return;
    }
    Optional<Path> first = issued(key);
    if (first.isPresent()) {
      Files.deleteIfExists(first.get());
      log.note("rollover", "destroyed the key " + key.hex());
      return;
    }
    // The first one: of the self-signed pair, or in files of the admin.
    IdentitySettings.CertificatePair made = IdentityStore.selfSignedFiles(identity);
    if (Files.exists(made.key())
        && KeyDigest.of(Identity.read(made.certificate(), made.key()).leaf().getPublicKey())
            .equals(key)) {
      Files.deleteIfExists(made.key());
      Files.deleteIfExists(made.certificate());
      log.note("rollover", "destroyed the key " + key.hex());
    } else {
      log.note("rollover", "the old key " + key.hex() + " can be deleted where it came from");
    }
  }

  private void scheduled(Instant now) throws IOException, InterruptedException {
    boolean due =
        state.phase() == Phase.IDLE
            && state.current().isPresent()
            && settings.every().filter(e -> !now.isBefore(state.ended().plus(e))).isPresent();
    if (due) {
      try {
        begin();
      } catch (RolloverRefusal e) {
        log.warning("rollover", "not started: " + e.getMessage());
      }
    }
  }

  /**
   * Starts a rollover, by an admin's command.
   *
   * @throws RolloverRefusal when the state or the published records do not allow it
   * @throws IOException when the key or the state cannot be stored; nothing was changed
   */
  public synchronized void begin() throws RolloverRefusal, IOException, InterruptedException {
    Instant now = clock.now();
    PublishedKeys published = look();
    store(
        machine
            .decide(state, new RolloverFacts(Optional.of(published), inForce.get(), false), now)
            .state());
    var _ = machine.start(state, published);
    KeyDigest next = keys.create(clock.civilTime());
    store(machine.begin(state, next, now));
    lastLook = null;
    log.note("rollover", "made the key " + next.hex());
  }

  /**
   * Gives a rollover up, by an admin's command.
   *
   * @throws RolloverRefusal when there is none that can be given up
   * @throws IOException when the state cannot be stored
   */
  public synchronized void abort() throws RolloverRefusal, IOException {
    store(machine.abort(state, clock.now()));
    lastLook = null;
  }

  /** {@return lines for the daily summary: a phase that lasts, and what it waits for} */
  public List<String> summary() {
    RolloverStatus now = status();
    Phase phase = now.state().phase();
    boolean lasts = now.state().since().plus(LASTING).isBefore(clock.now());
    // To drain takes as long as it is configured.
    if (phase == Phase.IDLE || phase == Phase.DRAIN || !lasts) {
      return List.of();
    }
    return List.of(
        "The rollover of the key is in phase "
            + phase.name().toLowerCase(Locale.ROOT)
            + " since "
            + now.state().since().truncatedTo(ChronoUnit.SECONDS)
            + (now.waiting().isEmpty() ? "." : " and waits for: " + now.waiting())
            + (now.record().isEmpty() ? "" : "; record: " + now.record()));
  }

  /** {@return the state, without waiting for the thread} */
  public RolloverStatus status() {
    return new RolloverStatus(state, waiting, record);
  }

  @Override
  public void close() {
    turns.close();
  }
}
