package org.sealwax.router.queue;

/** The class of delivery slots from which a round takes one. */
enum SlotClass {
  /** Mail of known senders to next hops that answer quickly: no bound of its own. */
  OTHERS(16),
  /** Mail to next hops at which no host has greeted us yet. */
  UNANSWERED(4),
  /** Mail to next hops whose rounds last long, or whose first round has not ended. */
  SLOW(6),
  /** Mail with the null sender, which other hosts can cause: mostly notifications. */
  NULL_SENDER(2),
  /** Such mail to next hops at which no host has greeted us yet; counted among the former too. */
  NULL_SENDER_UNANSWERED(1);

  private final int sixteenths;

  SlotClass(int sixteenths) {
    this.sixteenths = sixteenths;
  }

  /** The slots of this class, out of a number of slots; at least one. */
  int most(int deliveries) {
    return Math.max(1, deliveries * sixteenths / 16);
  }

  /** The slot class of a round. */
  static SlotClass of(boolean nullSender, boolean greeted, boolean slow) {
    if (nullSender) {
      return greeted ? NULL_SENDER : NULL_SENDER_UNANSWERED;
    }
    return !greeted ? UNANSWERED : slow ? SLOW : OTHERS;
  }
}
