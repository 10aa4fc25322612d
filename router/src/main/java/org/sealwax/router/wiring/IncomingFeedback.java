package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.feedback.AliasTarget;
import org.sealwax.router.feedback.BounceReader;
import org.sealwax.router.feedback.DeadTargets;
import org.sealwax.router.feedback.FeedbackCounting;
import org.sealwax.router.feedback.FeedbackReader;
import org.sealwax.router.feedback.FeedbackStore;
import org.sealwax.router.feedback.FeedbackSummary;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TargetReplies;
import org.sealwax.router.reports.inbox.ReportInbox;
import org.sealwax.router.route.AddressResolution;
import org.sealwax.router.route.RecipientDirectory;

/**
 * What others report about our mail: the store, the inbox for reports by mail, the reader of
 * bounces; and the targets that answer "unknown user". The store is opened when it is needed.
 */
public final class IncomingFeedback implements Closeable {
  /** How long a report waits for the DNS or the disk, at most. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  private final Path state;
  private final Supplier<RouterSettings> settings;
  private final Supplier<RecipientDirectory> directory;
  private final MailLog log;
  private final Lazy<FeedbackStore> store;
  private final DeadTargets dead;
  private final BounceReader bounces;
  private final ReportInbox inbox;
  private boolean loaded;
  private boolean failed;

  /**
   * Opens nothing yet.
   *
   * @param initial settings at the start
   * @param settings those in force
   * @param directory recipients of the configuration in force
   * @param resolver for the keys of signatures
   * @param counters what is counted
   */
  public IncomingFeedback(
      RouterSettings initial,
      Supplier<RouterSettings> settings,
      Supplier<RecipientDirectory> directory,
      Resolver resolver,
      Counters counters,
      Clock clock,
      MailLog log) {
    this.state = initial.server().state();
    this.settings = settings;
    this.directory = directory;
    this.log = log;
    this.store =
        Lazy.opened(
            "the store of feedback cannot be opened",
            () -> FeedbackStore.open(storeFile(state), log));
    this.dead = new DeadTargets(clock, log);
    PublicSuffixList suffixes = PublicSuffixList.bundled();
    FeedbackCounting counting =
        new FeedbackCounting(
            this::opened, this::targets, () -> settings.get().feedback().keep(), counters, clock);
    this.bounces = new BounceReader(counting, suffixes, clock, log);
    Duration half = initial.queue().schedule().lifetime().dividedBy(2);
    this.inbox =
        new ReportInbox(
            FeedbackReader.NAME,
            state.resolve("feedback-aside"),
            half.compareTo(PATIENCE) < 0 ? half : PATIENCE,
            new FeedbackReader(counting, this::isOurs, resolver, suffixes, clock),
            clock,
            log);
  }

  /** The store of a state folder. */
  public static Path storeFile(Path state) {
    return state.resolve(FeedbackStore.FILE);
  }

  private FeedbackStore opened() throws IOException {
    try {
      return store.get();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Domains whose mail this server sends or accepts, and what is below them. */
  private boolean isOurs(Domain domain) {
    return settings.get().ownDomains().stream()
        .anyMatch(own -> domain.equals(own) || domain.isBelow(own));
  }

  /** Where an alias leads, by SMTP; empty where the address is none. */
  private List<Mailbox> targets(Mailbox address) {
    boolean ours =
        settings.get().forward().aliasDomains().stream()
            .anyMatch(row -> row.domain().equals(address.domain()));
    return ours && directory.get().resolve(address) instanceof AddressResolution.Forwarded to
        ? to.targets().stream()
            .filter(DeliveryTarget.Remote.class::isInstance)
            .map(DeliveryTarget::mailbox)
            .toList()
        : List.of();
  }

  /** Whether mail to an address is read here. */
  boolean takes(Mailbox address) {
    return settings.get().feedback().reads(address);
  }

  /** Reads the reports of a consignment. */
  Map<Long, Outcome> read(Consignment consignment) throws InterruptedException {
    return inbox.deliver(consignment);
  }

  /** Reads the report in a message to a rewritten sender. */
  public void bounced(Consignment consignment) {
    bounces.read(consignment);
  }

  /** Gets the replies of the targets of aliases. */
  public TargetReplies replies() {
    return dead;
  }

  /** Is counted from now on; what an earlier process knew of targets counts. */
  public void start(Counters counters) {
    counters.gauge(
        "sealwax_dead_aliases",
        "Targets of aliases that answered \"unknown user\" on seven consecutive days",
        dead::count);
    if (Files.exists(storeFile(state))) {
      load();
    }
  }

  private synchronized void load() {
    if (!loaded) {
      try {
        dead.load(opened().runs());
        loaded = true;
      } catch (IOException e) {
        note(e);
      }
    }
  }

  /** Stores what has changed; called again and again. */
  public synchronized void save() {
    if (!dead.isChanged()) {
      return;
    }
    load();
    if (!loaded) {
      return;
    }
    Map<AliasTarget, DeadTargets.@Nullable DailyRun> changed = dead.takeChanged();
    try {
      opened().saveRuns(changed);
      failed = false;
    } catch (IOException e) {
      dead.changedAgain(changed.keySet());
      note(e);
    }
  }

  private void note(IOException e) {
    if (!failed) {
      failed = true;
      log.storeTrouble("replies of targets are not stored: " + FailureText.of(e), e);
    }
  }

  /** Lines for the daily summary; a report is in one summary only. */
  public List<String> summary() {
    List<String> lines = new ArrayList<>(dead.sentences());
    List<String> reported = List.of();
    try {
      if (Files.exists(storeFile(state))) {
        reported = FeedbackSummary.sentences(opened().takeFresh());
      }
    } catch (IOException e) {
      log.storeTrouble("reports are not in the summary: " + FailureText.of(e), e);
    }
    if (!reported.isEmpty()) {
      if (!lines.isEmpty()) {
        lines.add("");
      }
      lines.add("Reported by others since the last summary, and not verified:");
      lines.addAll(reported);
    }
    return lines;
  }

  @Override
  public void close() throws IOException {
    save();
    FeedbackStore opened = store.ifCreated();
    if (opened != null) {
      opened.close();
    }
  }
}
