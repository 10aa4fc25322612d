package org.sealwax.router.deliver;

/** Where in a delivery something happened, as far as its meaning depends on it. */
enum TransactionStage {
  AUTH,
  MAIL,
  RCPT,
  /** The command that announces content: DATA, or a BDAT chunk before the last. */
  DATA,
  /** After the last octet of content: from here on the message may have been taken. */
  END
}
