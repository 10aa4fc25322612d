package org.sealwax.router.certs.acme;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RateLimit;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.certs.acme.CertificateAuthority.OrderFailure;
import org.sealwax.router.certs.acme.RenewalRules.RenewalStep;
import org.sealwax.router.log.MailLog;

/**
 * Keeps one certificate for each name: does what {@link RenewalRules} states, each name on a thread
 * of its own. The host name needs nothing that the other names can use up.
 */
public final class AcmeOrders implements Closeable {
  /** In the log. */
  static final String SERVICE = "acme";

  /** Between two checks of what is due. */
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  /** Orders of other names than the host name at the same time. */
  private static final int CONCURRENT = 4;

  /** Let's Encrypt: 300 new orders of an account in three hours; the host name keeps its part. */
  private static final double ORDERS = 200;

  private static final double SECONDS = 3 * 3_600;

  private final Domain host;

  /** Changed as a whole, by a reload. */
  private volatile List<ManagedName> names;

  private final AcmeFiles files;
  private final AcmeSettings.KeyType keyType;
  private final Supplier<CertificateAuthority> authority;
  private final ProofPublisher proofs;
  private final Clock clock;
  private final RandomSource random;
  private final OrderCounts counts;
  private final MailLog log;
  private final Limit concurrent = Limit.of(CONCURRENT);
  private final RateLimit rate;
  private final RepeatedWork steps = new RepeatedWork(INTERVAL, this::stepOnce, this::failed);
  private final Set<Thread> running = ConcurrentHashMap.newKeySet();

  /** One name and its certificate. */
  private static final class ManagedName {
    private final Domain name;
    private final boolean isHost;
    private RenewalState state = RenewalState.NEW;

    /** The pair that {@link #state} is about; null: not read yet. */
    private @Nullable RenewedPair renewed;

    private boolean busy;

    /** Issued, and not stored yet: the disk was full. */
    private @Nullable Identity unsaved;

    ManagedName(Domain name, boolean isHost) {
      this.name = name;
      this.isHost = isHost;
    }
  }

  /**
   * The state of one certificate, for status.
   *
   * @param name that it is for
   * @param state what is known
   * @param next when it is ordered at the earliest
   */
  public record OrderStatus(Domain name, RenewalState state, Instant next) {}

  /**
   * Ends of orders, counted.
   *
   * @param issued with a certificate
   * @param failed without one
   */
  public record OrderCounts(LongAdder issued, LongAdder failed) {}

  /**
   * Nothing is ordered yet.
   *
   * @param host the host name
   * @param names each gets a certificate
   * @param files of the authority's certificates
   * @param authority made with the first order or question
   * @param clock the believed time
   */
  AcmeOrders(
      AcmeSettings settings,
      Domain host,
      List<Domain> names,
      AcmeFiles files,
      Supplier<CertificateAuthority> authority,
      ProofPublisher proofs,
      Clock clock,
      RandomSource random,
      OrderCounts counts,
      MailLog log) {
    this.host = host;
    this.names = names.stream().map(this::managed).toList();
    this.files = files;
    this.keyType = settings.keyType();
    this.authority = authority;
    this.proofs = proofs;
    this.clock = clock;
    this.random = random;
    this.counts = counts;
    this.log = log;
    this.rate = new RateLimit(ORDERS / SECONDS, ORDERS, clock);
  }

  private ManagedName managed(Domain name) {
    return new ManagedName(name, name.equals(host));
  }

  /** Orders certificates for these names from now on; an order in progress ends by itself. */
  public synchronized void use(List<Domain> wanted) {
    List<ManagedName> former = names;
    names =
        wanted.stream()
            .map(
                name ->
                    former.stream()
                        .filter(known -> known.name.equals(name))
                        .findFirst()
                        .orElseGet(() -> managed(name)))
            .toList();
    steps.wake();
  }

  /** Begins to order, and goes on. */
  public void start() {
    steps.start("acme");
    steps.wake();
  }

  private void stepOnce() {
    var _ = step();
  }

  private void failed(Throwable e) {
    log.bug("acme", e);
  }

  /** Begins what is due; the threads end with their steps. */
  List<Thread> step() {
    List<Thread> begun = new ArrayList<>();
    for (ManagedName name : names) {
      RenewalStep next = begin(name);
      if (next != RenewalStep.WAIT) {
        Thread worker =
            Threads.start(
                "acme " + name.name,
                () -> {
                  running.add(Thread.currentThread());
                  try {
                    work(name, next);
                  } finally {
                    end(name);
                    running.remove(Thread.currentThread());
                  }
                });
        begun.add(worker);
        if (steps.isClosed()) {
          worker.interrupt();
        }
      }
    }
    return begun;
  }

  /** Whether the state in memory is about a pair. */
  private static boolean isOf(ManagedName name, RenewedPair pair) {
    RenewedPair known = name.renewed;
    return known != null && known.file().equals(pair.file());
  }

  /** What is due for a name and may begin now. */
  private RenewalStep begin(ManagedName name) {
    synchronized (name) {
      if (name.busy) {
        return RenewalStep.WAIT;
      }
      RenewedPair renewed = files.renewed(name.name);
      if (!isOf(name, renewed)) {
        name.state = files.state(name.name, renewed.file());
        name.renewed = renewed;
        name.unsaved = null;
      }
      RenewalStep next = RenewalRules.next(name.state, clock.now());
      if (next == RenewalStep.WAIT) {
        return next;
      }
      if (!name.isHost) {
        if (!concurrent.tryTake()) {
          return RenewalStep.WAIT;
        }
        if (next == RenewalStep.ORDER && name.unsaved == null && !rate.tryTake()) {
          concurrent.give();
          return RenewalStep.WAIT;
        }
      }
      name.busy = true;
      return next;
    }
  }

  private void end(ManagedName name) {
    synchronized (name) {
      name.busy = false;
    }
    if (!name.isHost) {
      concurrent.give();
    }
  }

  private void work(ManagedName name, RenewalStep step) {
    RenewedPair renewed = Objects.requireNonNull(name.renewed, "begin() has read it");
    RenewalAnswer answer;
    try {
      answer =
          switch (step) {
            case ORDER -> order(name, renewed);
            case ASK_WINDOW -> ask(renewed.file());
            case WAIT -> throw new IllegalArgumentException("nothing to do");
          };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      log.bug("order of a certificate for " + name.name, e);
      answer = new RenewalAnswer.Failed("internal error", Optional.empty());
    }
    RenewalState after;
    synchronized (name) {
      after = RenewalRules.after(name.state, answer, clock.now(), random.fraction());
      name.state = after;
    }
    report(name, answer, after);
    try {
      files.store(name.name, renewed.file(), after);
    } catch (IOException e) {
      log.warning(SERVICE, "the state of " + name.name + " is not stored: " + FailureText.of(e));
    }
  }

  private RenewalAnswer order(ManagedName name, RenewedPair renewed) throws InterruptedException {
    try {
      Identity pair = name.unsaved;
      if (pair == null) {
        files.checkSpace(name.name);
        KeyPair key = renewed.key().read().orElseGet(() -> NewKey.of(keyType));
        pair = order(name.name, key, AcmeFiles.pair(renewed.file()).map(Identity::leaf));
        name.unsaved = pair;
      }
      new IssuedPair(renewed.file()).store(pair);
      name.unsaved = null;
      return new RenewalAnswer.Issued(AcmeFiles.facts(pair.leaf()));
    } catch (OrderFailure e) {
      return new RenewalAnswer.Failed(String.valueOf(e.getMessage()), e.retryAfter());
    } catch (IOException e) {
      return new RenewalAnswer.Failed(
          "the files of the certificate cannot be written: " + FailureText.of(e), Optional.empty());
    }
  }

  /**
   * Orders a certificate, which is not stored: a rollover holds the one for the next key until its
   * time has come.
   *
   * @param name one of the configured names
   * @param key that it is for
   * @return the pair
   * @throws OrderFailure when there is none
   * @throws InterruptedException when the thread is interrupted
   */
  public Identity order(Domain name, KeyPair key) throws OrderFailure, InterruptedException {
    try {
      Identity pair = order(name, key, Optional.empty());
      counts.issued().increment();
      return pair;
    } catch (OrderFailure e) {
      counts.failed().increment();
      throw e;
    }
  }

  private Identity order(Domain name, KeyPair key, Optional<X509Certificate> former)
      throws OrderFailure, InterruptedException {
    List<X509Certificate> chain = authority.get().order(List.of(name), key, former, proofs);
    return IssuedChain.join(name + " by ACME", chain, List.of(name), key, clock.now());
  }

  private RenewalAnswer ask(Path file) throws InterruptedException {
    Optional<Identity> pair = AcmeFiles.pair(file);
    return pair.isEmpty()
        ? new RenewalAnswer.NoWindow(Optional.empty())
        : authority.get().renewalWindow(pair.get().leaf());
  }

  private void report(ManagedName name, RenewalAnswer answer, RenewalState after) {
    switch (answer) {
      case RenewalAnswer.Issued issued -> {
        counts.issued().increment();
        log.note(
            SERVICE,
            "certificate for "
                + name.name
                + " issued: valid until "
                + issued.facts().end()
                + ", renewed from "
                + time(after));
      }
      case RenewalAnswer.Failed failed -> {
        counts.failed().increment();
        log.warning(
            SERVICE,
            "no certificate for "
                + name.name
                + ": "
                + failed.why()
                + "; next order at "
                + time(after));
      }
      case RenewalAnswer.Window window -> {
        // Shown in the status.
      }
      case RenewalAnswer.NoWindow none -> {
        // Two thirds of the lifetime count.
      }
    }
  }

  private static Instant time(RenewalState state) {
    return RenewalRules.nextOrder(state).truncatedTo(ChronoUnit.SECONDS);
  }

  /** {@return the state of each certificate} */
  public List<OrderStatus> status() {
    List<OrderStatus> all = new ArrayList<>();
    for (ManagedName name : names) {
      synchronized (name) {
        RenewedPair renewed = files.renewed(name.name);
        RenewalState state =
            isOf(name, renewed) ? name.state : files.state(name.name, renewed.file());
        all.add(new OrderStatus(name.name, state, RenewalRules.nextOrder(state)));
      }
    }
    return List.copyOf(all);
  }

  /** {@return certificates whose last order failed} */
  public long failing() {
    return status().stream().filter(s -> s.state().failures() > 0).count();
  }

  /** {@return lines for the daily summary to the postmaster; empty: all is well} */
  public List<String> summary() {
    List<String> lines = new ArrayList<>();
    for (OrderStatus status : status()) {
      RenewalState state = status.state();
      if (state.failures() > 0) {
        lines.add(
            "The order of a certificate for "
                + status.name()
                + " has failed since "
                + state.failedSince().truncatedTo(ChronoUnit.SECONDS)
                + " ("
                + state.failures()
                + " orders): "
                + state.failure()
                + ". "
                + state
                    .issued()
                    .map(i -> "The former certificate is in use and expires on " + i.end() + ".")
                    .orElse("There is no certificate of the authority yet."));
      }
    }
    return lines;
  }

  /** Ends orders in progress; what they published is withdrawn where that takes no time. */
  @Override
  public void close() {
    steps.close();
    for (Thread each : running) {
      each.interrupt();
      try {
        var _ = each.join(Duration.ofSeconds(3));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
