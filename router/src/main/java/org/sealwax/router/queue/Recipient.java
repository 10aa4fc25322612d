package org.sealwax.router.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;

/**
 * One recipient of a message, in one shape from the reply to its RCPT to its outcome; aliases are
 * already followed.
 *
 * @param key unique within the message; 0 until the queue has numbered it
 * @param target where it goes
 * @param sender reverse-path toward this recipient: the envelope's, or the rewritten one (SRS) of a
 *     forward
 * @param original the address in the client's RCPT
 * @param forwarded whether an alias led from {@code original} to {@code target}; a {@code
 *     Delivered-To: original} is put before the message then, which stops loops
 * @param holdOnRefusal a refusal by the target is held for the postmaster instead of answered by a
 *     DSN: forwards whose sender is neither SRS-verified nor trusted (no backscatter)
 * @param dsn DSN parameters
 * @param delayNotified the sender knows that it is late
 * @param last why it waits, or null before the first round
 */
public record Recipient(
    long key,
    DeliveryTarget target,
    ReversePath sender,
    Mailbox original,
    boolean forwarded,
    boolean holdOnRefusal,
    DsnRequest dsn,
    boolean delayNotified,
    @Nullable FailureCause last) {
  /** One that enters the queue. */
  public Recipient(
      DeliveryTarget target,
      ReversePath sender,
      Mailbox original,
      boolean forwarded,
      boolean holdOnRefusal,
      DsnRequest dsn) {
    this(0, target, sender, original, forwarded, holdOnRefusal, dsn, false, null);
  }

  /** A recipient that goes where it was addressed. */
  public static Recipient direct(Mailbox mailbox, ReversePath sender, DsnRequest dsn) {
    return new Recipient(new DeliveryTarget.Remote(mailbox), sender, mailbox, false, false, dsn);
  }

  /**
   * The recipients of our own message to an address: its targets where it is an alias of this host.
   *
   * @param targets by {@link Routing#targetsOf}
   */
  static List<Recipient> ofOwnMessage(
      Mailbox to, List<DeliveryTarget> targets, ReversePath sender, DsnRequest dsn) {
    return targets.stream()
        .map(
            target ->
                new Recipient(
                    target, sender, to, !target.equals(new DeliveryTarget.Remote(to)), false, dsn))
        .toList();
  }

  /** The original as it stands in Delivered-To, or null when not forwarded. */
  @Nullable String deliveredTo() {
    return forwarded ? original.toString() : null;
  }

  /** The same in the queue. */
  public Recipient numbered(long number) {
    return new Recipient(
        number, target, sender, original, forwarded, holdOnRefusal, dsn, delayNotified, last);
  }

  /** The same at another target. */
  public Recipient at(DeliveryTarget other) {
    return new Recipient(
        key, other, sender, original, forwarded, holdOnRefusal, dsn, delayNotified, last);
  }

  /** The same with another reverse-path. */
  public Recipient from(ReversePath other) {
    return new Recipient(
        key, target, other, original, forwarded, holdOnRefusal, dsn, delayNotified, last);
  }

  /** The same with other DSN parameters. */
  Recipient with(DsnRequest other) {
    return new Recipient(
        key, target, sender, original, forwarded, holdOnRefusal, other, delayNotified, last);
  }

  Recipient waitingFor(FailureCause cause, boolean notified) {
    return new Recipient(
        key, target, sender, original, forwarded, holdOnRefusal, dsn, notified, cause);
  }
}
