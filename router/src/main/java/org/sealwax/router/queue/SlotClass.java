package org.sealwax.router.queue;

/** Which part of the delivery slots a round takes one from. */
enum SlotClass {
  /** Mail of known senders to next hops that answer quickly: no bound of its own. */
  OTHERS(16),
  /** Mail to next hops at which no host has greeted us yet. */
  UNANSWERED(4),
  /** Mail to next hops whose rounds last long, or whose first round has not ended. */
  SLOW(6),
  /** Mail with the null sender, which strangers make us write: notifications above all. */
  STRANGERS(2),
  /** Such mail to next hops at which no host has greeted us yet; counted among the former too. */
  STRANGERS_UNANSWERED(1);

  private final int sixteenths;

  SlotClass(int sixteenths) {
    this.sixteenths = sixteenths;
  }

  /** Slots of this share, of so many; at least one. */
  int most(int deliveries) {
    return Math.max(1, deliveries * sixteenths / 16);
  }

  /** The share of a round. */
  static SlotClass of(boolean strangers, boolean greeted, boolean slow) {
    if (strangers) {
      return greeted ? STRANGERS : STRANGERS_UNANSWERED;
    }
    return !greeted ? UNANSWERED : slow ? SLOW : OTHERS;
  }
}
