package org.sealwax.router.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.log.MailLog;

/**
 * The ledger of a running router: {@link LedgerRules} over the records of a {@link LedgerWriter}.
 * Thread-safe.
 */
public final class PersistentLedger implements Ledger, Closeable {
  /** Greetings of hosts that no delivery needs, of one day (UTC), over restarts. */
  public static final int GREETINGS_A_DAY = 100;

  /** Domains that are remembered for greetings: many times what can be greeted in a day. */
  private static final int MOST_MAILED = 2_000;

  /** A source of trust in MX hosts besides DNSSEC. Thread-safe; answers from memory. */
  @FunctionalInterface
  public interface TrustedMxHosts {
    /** Whether an MTA-STS policy of {@code domain}, in {@code enforce} and in force, lists it. */
    boolean lists(Domain domain, Domain host);
  }

  private final LedgerStore store;
  private final Clock clock;
  private final MailLog log;
  private final TrustedMxHosts trustedMxHosts;
  private volatile LedgerRules rules;
  private final LedgerWriter writer;
  private final Set<Domain> mailed = ConcurrentHashMap.newKeySet();
  private final LocalFaultDetector localFault = new LocalFaultDetector();
  private final Map<LedgerEvent, LongAdder> events = new ConcurrentHashMap<>();

  private PersistentLedger(
      LedgerStore store,
      LedgerSettings settings,
      Clock clock,
      MailLog log,
      TrustedMxHosts trustedMxHosts)
      throws IOException {
    this.store = store;
    this.clock = clock;
    this.log = log;
    this.trustedMxHosts = trustedMxHosts;
    this.rules = new LedgerRules(settings, PublicSuffixList.bundled());
    this.writer = new LedgerWriter(store, () -> rules.settings().domains(), clock, log);
    writer.start();
  }

  /**
   * Opens or makes the ledger.
   *
   * @param file in a folder that only we may write
   * @throws IOException when it cannot be read: it is not taken for an empty one
   */
  public static PersistentLedger open(
      Path file, LedgerSettings settings, Clock clock, MailLog log, TrustedMxHosts trustedMxHosts)
      throws IOException {
    LedgerStore store = LedgerStore.open(file);
    try {
      return new PersistentLedger(store, settings, clock, log, trustedMxHosts);
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Puts other settings in force: a reload. */
  public void use(LedgerSettings settings) {
    rules = new LedgerRules(settings, PublicSuffixList.bundled());
  }

  /** The fallback ladder's memories of hosts, kept over a restart. */
  public HostMemories hostMemories() {
    return writer.hostMemories();
  }

  /** Takes one of the day's greetings; false when they are used up. */
  public boolean tryTakeProbe() {
    return writer.tryTakeProbe(LevelProgress.day(clock.now()));
  }

  /** The rules in force, for explaining. */
  public LedgerRules rules() {
    return rules;
  }

  /** The time as far as it is believed now. */
  public ClockReading moment() {
    return writer.believed().read();
  }

  private @Nullable DomainRecord row(Domain domain) {
    return writer.held(domain).row();
  }

  /** Changes a record by the rules, and logs what that means. */
  private @Nullable LedgerChange update(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    LedgerChange done = writer.change(domain, change);
    if (done != null) {
      done.facts().forEach(fact -> log(done.row(), fact));
    }
    return done;
  }

  /** Changes a record that is there. */
  private @Nullable LedgerChange step(
      Domain domain, ClockReading at, Function<LedgerTransition, LedgerChange> change) {
    return update(domain, row -> row == null ? null : change.apply(rules.step(row, at)));
  }

  private void log(DomainRecord row, LedgerChange.Fact fact) {
    LedgerEvent event = fact.event();
    if (event != null) {
      events.computeIfAbsent(event, e -> new LongAdder()).increment();
    }
    String text = row.domain() + " " + fact.text();
    if (event == LedgerEvent.PROMOTED || event == LedgerEvent.HEALED) {
      log.note("ledger", text);
    } else {
      log.warning("ledger", text);
    }
    if (event == LedgerEvent.VIOLATED) {
      violated(row);
    }
  }

  private void violated(DomainRecord row) {
    List<Domain> together = localFault.violated(row.domain(), organisation(row), clock.now());
    if (!together.isEmpty()) {
      log.warning(
          "ledger",
          together.size()
              + " domains of unrelated organisations show less at the same time; the cause is probably on"
              + " our side");
    }
    together.forEach(domain -> step(domain, moment(), LedgerTransition::nearUs));
  }

  private Domain organisation(DomainRecord row) {
    Domain host = row.mx().stream().min(Comparator.naturalOrder()).orElse(row.domain());
    return rules.suffixes().registrable(host).orElse(host);
  }

  @Override
  public LedgerRound beginRound(Domain domain, RoundMx answer, SampleOrigin origin) {
    step(domain, moment(), row -> begun(row, domain, answer));
    return new LedgerRound() {
      @Override
      public void addresses(Domain host, boolean ipv4, boolean ipv6) {
        step(domain, moment(), row -> row.resolves(host, ipv4, ipv6));
      }

      @Override
      public void observed(HostSample sample) {
        PersistentLedger.this.observed(domain, answer, sample, origin);
      }

      @Override
      public boolean needsFreshDns() {
        DomainRecord row = row(domain);
        return row != null && row.violation() != null;
      }
    };
  }

  /** {@return domains that mail was sent to since the last call, a bounded number} */
  public List<Domain> takeMailed() {
    List<Domain> taken = List.copyOf(mailed);
    taken.forEach(mailed::remove);
    return taken;
  }

  /** MX hosts of a domain that are worth a greeting now: {@link LedgerRules#hostsToProbe}. */
  public Set<Domain> hostsToProbe(Domain domain) {
    DomainRecord row = row(domain);
    return row == null ? Set.of() : rules.hostsToProbe(row, moment());
  }

  private LedgerChange begun(LedgerTransition row, Domain domain, RoundMx answer) {
    return row.roundBegins(answer, host -> trustedMxHosts.lists(domain, host));
  }

  private void observed(Domain domain, RoundMx answer, HostSample sample, SampleOrigin origin) {
    ClockReading at = moment();
    RememberedSample remembered = RememberedSample.of(sample, origin, at.now());
    // A bounce from outside does not make a row, nor does a domain that answers nothing.
    boolean makesRow = remembered.counts() && remembered.level() != ProvenLevel.SILENT;
    LedgerChange change =
        update(
            domain,
            row -> {
              DomainRecord known = row;
              if (known == null && makesRow) {
                DomainRecord fresh = DomainRecord.fresh(domain, at.now());
                known = begun(rules.step(fresh, at), domain, answer).row();
              }
              return known == null
                  ? null
                  : rules.step(known, at).observed(sample.host(), remembered);
            });
    if (change != null) {
      learn(change.row(), sample.host(), remembered, at);
      if (remembered.counts() && mailed.size() < MOST_MAILED) {
        mailed.add(domain);
      }
    }
  }

  /** What an observation shows about our clock, and about our place in the network. */
  private void learn(DomainRecord row, Domain host, RememberedSample sample, ClockReading at) {
    if (row.standing() != null && row.violation() == null && sample.level().isTls()) {
      localFault.kept(row.domain(), organisation(row), at.now());
    }
    if (!at.trusted() && sample.level() == ProvenLevel.VERIFIED) {
      writer.believed().peerVerified(rules.suffixes().registrable(host).orElse(host));
    }
  }

  @Override
  public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    var _ = settled(domain);
    return writer.held(domain).evidence(rules);
  }

  /** The row of a domain, after what time alone has changed. */
  private @Nullable DomainRecord settled(Domain domain) {
    DomainRecord row = row(domain);
    if (row == null || rules.isSettled(row, clock.now())) {
      return row;
    }
    LedgerChange change = step(domain, moment(), LedgerTransition::timePassed);
    return change == null ? row : change.row();
  }

  @Override
  public Optional<ActiveViolation> activeViolation(Domain domain) {
    DomainRecord row = settled(domain);
    return row == null ? Optional.empty() : rules.activeViolation(row, moment());
  }

  /**
   * An MTA-STS policy in {@code enforce} ran out while its refresh failed: the domain keeps level
   * {@code verify} with the policy's MX hosts until that decays.
   *
   * @param mx not empty
   */
  public void keep(Domain domain, List<MxPattern> mx) {
    if (mx.isEmpty()) {
      return;
    }
    ClockReading at = moment();
    update(
        domain,
        row ->
            rules
                .step(row == null ? DomainRecord.fresh(domain, at.now()) : row, at)
                .policyExpired(mx));
  }

  /** The row of a domain, for display. */
  public Optional<DomainRecord> domainRecord(Domain domain) {
    return Optional.ofNullable(settled(domain));
  }

  /**
   * The MX hosts of a domain that were verified, by what they showed since then. Reads the disk.
   *
   * @throws UncheckedIOException when the row cannot be read
   */
  public List<ProvenHost> proven(Domain domain, Instant since) {
    DomainRecord row = settled(domain);
    return row == null
        ? List.of()
        : ProvenHost.of(row, host -> trustedMxHosts.lists(domain, host), since);
  }

  /**
   * The admin takes a domain as it shows itself now; durable when this returns.
   *
   * @return what changed, in words; empty when nothing stands against the domain
   */
  public Optional<String> accept(Domain domain) throws IOException {
    LedgerChange change = step(domain, moment(), LedgerTransition::acceptedByAdmin);
    if (change == null || change.facts().isEmpty()) {
      return Optional.empty();
    }
    flush();
    return Optional.of(change.facts().getLast().text());
  }

  /**
   * Forgets all about a domain; durable when this returns.
   *
   * @return whether anything was known
   */
  public boolean forget(Domain domain) throws IOException {
    boolean known = writer.remove(domain, row -> true);
    if (known) {
      log.warning("ledger", domain + " is removed by the admin");
      writer.flush();
    }
    return known;
  }

  /** The admin confirms the clock; holds begin again. */
  public void confirmClock() {
    writer.believed().confirm();
  }

  /** The filter of a listing. */
  public enum DomainFilter {
    ALL("1"),
    WITH_LEVEL("standing_level IS NOT NULL"),
    VIOLATED("violation_since IS NOT NULL");

    private final String condition;

    DomainFilter(String condition) {
      this.condition = condition;
    }

    String condition() {
      return condition;
    }
  }

  /**
   * Rows by name, as far as they are on disk.
   *
   * @param after where the last page ended, or ""
   * @param most of one page, at most 1,000
   */
  public List<DomainRecord> page(DomainFilter which, String after, int most) throws IOException {
    flush();
    return store.page(which, after, Math.clamp(most, 1, 1_000));
  }

  /** Every row, page by page: to compare configurations. */
  public void each(DomainFilter which, Consumer<DomainRecord> consumer) throws IOException {
    String after = "";
    while (true) {
      List<DomainRecord> page = page(which, after, 1_000);
      page.forEach(consumer);
      if (page.size() < 1_000) {
        return;
      }
      after = page.getLast().domain().name();
    }
  }

  /**
   * For metrics, as far as it is on disk.
   *
   * @param domains remembered
   * @param encrypt with that level
   * @param verify with that level
   * @param violated that show less than their level now
   */
  public record Figures(int domains, int encrypt, int verify, int violated) {
    /** With a level. */
    public int withLevel() {
      return encrypt + verify;
    }
  }

  /** How many rows there are. */
  public Figures figures() throws IOException {
    return new Figures(
        writer.rows(),
        store.count("standing_level = 'encrypt'"),
        store.count("standing_level = 'verify'"),
        store.count(DomainFilter.VIOLATED.condition()));
  }

  /** What happened to levels since the ledger was opened. */
  public long count(LedgerEvent event) {
    return events.getOrDefault(event, new LongAdder()).sum();
  }

  /** Writes what has changed; durable when this returns. */
  public void flush() throws IOException {
    writer.flush();
  }

  /** Writes what is left and closes. */
  @Override
  public void close() throws IOException {
    writer.close();
  }
}
