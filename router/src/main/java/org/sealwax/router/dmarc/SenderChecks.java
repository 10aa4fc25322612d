package org.sealwax.router.dmarc;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /** The outcome in the time limit, or that of a message about which nothing is known. */
  AuthenticationOutcome outcome(MessageAuthentication message, Duration limit) {
    TimedResolver timed = new TimedResolver(resolver);
    CompletableFuture<AuthenticationOutcome> outcome = new CompletableFuture<>();
    Threads.start("sender-check", () -> check(message, limit, timed, outcome));
    try {
      return outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return message.unchecked();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return message.unchecked();
    } catch (ExecutionException e) {
      log.bug("check of a sender", e.getCause() == null ? e : e.getCause());
      return message.unchecked();
    } finally {
      timed.end();
    }
  }

  private void check(
      MessageAuthentication message,
      Duration limit,
      TimedResolver timed,
      CompletableFuture<AuthenticationOutcome> outcome) {
    try {
      if (!slots.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        outcome.complete(message.unchecked());
        return;
      }
      try {
        outcome.complete(message.checked(timed));
      } finally {
        slots.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      outcome.complete(message.unchecked());
    } catch (RuntimeException e) {
      // A fault in our code that a hostile message triggered must not keep its mail out.
      outcome.completeExceptionally(e);
    }
  }
}
