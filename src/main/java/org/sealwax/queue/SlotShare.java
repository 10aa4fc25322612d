package org.sealwax.queue;

/** Which part of the delivery slots a round takes one from. */
enum SlotShare {
  /** Mail of known senders to next hops that answer quickly: no bound of its own. */
  OTHERS(0),
  /** Mail to next hops at which no host has greeted us yet. */
  UNANSWERED(4),
  /** Mail to next hops whose rounds last long. */
  SLOW(4),
  /** Mail with the null sender, which strangers make us write: notifications above all. */
  STRANGERS(8),
  /** Such mail to next hops at which no host has greeted us yet; counted among the former too. */
  STRANGERS_UNANSWERED(16);

  private final int part;

  SlotShare(int part) {
    this.part = part;
  }

  /** Slots of this share, of so many; at least one. */
  int most(int deliveries) {
    return part == 0 ? deliveries : Math.max(1, deliveries / part);
  }

  /** The share of a round. */
  static SlotShare of(boolean strangers, boolean greeted, boolean slow) {
    if (strangers) {
      return greeted ? STRANGERS : STRANGERS_UNANSWERED;
    }
    return !greeted ? UNANSWERED : slow ? SLOW : OTHERS;
  }
}
