package org.sealwax.router.queue;

import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;

/** Recipients of which a test names only what matters to it. */
public final class TestRecipients {
  private TestRecipients() {}

  /** One whose reverse-path does not matter, and whose target is what was addressed. */
  public static Recipient of(long key, DeliveryTarget target, DsnRequest dsn) {
    Mailbox to =
        switch (target) {
          case DeliveryTarget.Remote r -> r.mailbox();
          case DeliveryTarget.Pipe p -> p.mailbox();
          case DeliveryTarget.Reports r -> r.mailbox();
          case DeliveryTarget.Postmaster p -> p.mailbox();
        };
    return new Recipient(target, ReversePath.nullPath(), to, false, false, dsn).numbered(key);
  }
}
