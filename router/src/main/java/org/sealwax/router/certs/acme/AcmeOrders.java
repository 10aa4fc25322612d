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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpsUrl;
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
 * Keeps one certificate for each name: does what {@link RenewalRules} says, each name on a thread
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

  private final List<ManagedName> names;
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
    private boolean loaded;
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
   * @param folder of the files
   * @param directory of the authority
   * @param authority made with the first order or question
   * @param clock the believed time
   */
  public AcmeOrders(
      AcmeSettings settings,
      Domain host,
      Path folder,
      HttpsUrl directory,
      Supplier<CertificateAuthority> authority,
      ProofPublisher proofs,
      Clock clock,
      RandomSource random,
      OrderCounts counts,
      MailLog log) {
    this.names =
        settings.names(host).stream()
            .map(name -> new ManagedName(name, name.equals(host)))
            .toList();
    this.files = new AcmeFiles(folder, directory);
    this.keyType = settings.keyType();
    this.authority = authority;
    this.proofs = proofs;
    this.clock = clock;
    this.random = random;
    this.counts = counts;
    this.log = log;
    this.rate = new RateLimit(ORDERS / SECONDS, ORDERS, clock);
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

  /** What is due for a name and may begin now. */
  private RenewalStep begin(ManagedName name) {
    synchronized (name) {
      if (name.busy) {
        return RenewalStep.WAIT;
      }
      if (!name.loaded) {
        name.state = files.state(name.name);
        name.loaded = true;
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
    RenewalAnswer answer;
    try {
      answer =
          switch (step) {
            case ORDER -> order(name);
            case ASK_WINDOW -> ask(name);
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
      files.store(name.name, after);
    } catch (IOException e) {
      log.warning(SERVICE, "the state of " + name.name + " is not stored: " + FailureText.of(e));
    }
  }

  private RenewalAnswer order(ManagedName name) throws InterruptedException {
    try {
      Identity pair = name.unsaved;
      if (pair == null) {
        files.checkSpace(name.name);
        Optional<Identity> former = files.pair(name.name);
        KeyPair key = former.map(Identity::keyPair).orElseGet(() -> NewKey.of(keyType));
        pair = order(name.name, key, former.map(Identity::leaf));
        name.unsaved = pair;
      }
      files.store(name.name, pair);
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
   * @param former the certificate that it replaces (RFC 9773 5)
   * @return the pair
   * @throws OrderFailure when there is none
   * @throws InterruptedException when the thread is interrupted
   */
  public Identity order(Domain name, KeyPair key, Optional<X509Certificate> former)
      throws OrderFailure, InterruptedException {
    List<X509Certificate> chain = authority.get().order(List.of(name), key, former, proofs);
    return IssuedChain.join(name + " by ACME", chain, List.of(name), key, clock.now());
  }

  private RenewalAnswer ask(ManagedName name) throws InterruptedException {
    Optional<Identity> pair = files.pair(name.name);
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
        RenewalState state = name.loaded ? name.state : files.state(name.name);
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
