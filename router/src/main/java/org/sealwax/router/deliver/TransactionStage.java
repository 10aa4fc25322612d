package org.sealwax.router.deliver;

/** The stage of a delivery at which something happened, as far as its meaning depends on it. */
enum TransactionStage {
  AUTH,
  MAIL,
  RCPT,
  /** The command that announces content: DATA, or a BDAT chunk before the last. */
  DATA,
  /** After the last byte of content: from here on the message may have been taken. */
  END
}
