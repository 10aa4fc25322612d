package org.sealwax.router.dmarc;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.log.MailLog;

/**
 * Runs the checks of the messages of all sessions. Senders choose the name servers that we wait
 * for, so the checks have a share of the resolver's questions: one at a time for each message that
 * is checked. Thread-safe.
 */
public final class SenderChecks {
  /** Checks have this part of the questions that the resolver asks at once. */
  public static final int SHARE = 4;

  private final Resolver resolver;
  private final Semaphore slots;
  private final MailLog log;

  /**
   * Checks by this resolver.
   *
   * @param atOnce messages that are checked at a time
   */
  public SenderChecks(Resolver resolver, int atOnce, MailLog log) {
    this.resolver = resolver;
    this.slots = new Semaphore(Math.max(1, atOnce));
    this.log = log;
  }

  /** Begins with a message whose content comes now. */
  public MessageAuthentication begin(IncomingMail mail, InboundSettings settings) {
    return new MessageAuthentication(this, mail, settings);
  }

  /**
   * Whether a receiver could take SPF of a domain as proof of an author ({@link
   * DmarcCheck#mayAlign}). Without an answer in the time limit, two common labels are enough.
   */
  public boolean mayAlign(Domain author, Domain domain, Duration limit) {
    return within(
        limit,
        timed -> new DmarcCheck(timed).mayAlign(author, domain),
        () -> DmarcCheck.shareTwoLabels(author, domain));
  }

  /** The outcome in the time limit, or that of a message about which nothing is known. */
  AuthenticationOutcome outcome(MessageAuthentication message, Duration limit) {
    return within(limit, message::checked, message::unchecked);
  }

  private <T> T within(Duration limit, Function<Resolver, T> check, Supplier<T> unknown) {
    TimedResolver timed = new TimedResolver(resolver);
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Threads.start("sender-check", () -> run(check, unknown, limit, timed, outcome));
    try {
      return outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return unknown.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unknown.get();
    } catch (ExecutionException e) {
      log.bug("check of a sender", e.getCause() == null ? e : e.getCause());
      return unknown.get();
    } finally {
      timed.end();
    }
  }

  private <T> void run(
      Function<Resolver, T> check,
      Supplier<T> unknown,
      Duration limit,
      TimedResolver timed,
      CompletableFuture<T> outcome) {
    try {
      if (!slots.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        outcome.complete(unknown.get());
        return;
      }
      try {
        outcome.complete(check.apply(timed));
      } finally {
        slots.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      outcome.complete(unknown.get());
    } catch (RuntimeException e) {
      // A fault in our code that a hostile message triggered must not keep its mail out.
      outcome.completeExceptionally(e);
    }
  }
}
