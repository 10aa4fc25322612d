package org.sealwax.router.config;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.reports.received.DoorSettings;
import org.sealwax.router.reports.received.ReceivedSettings;

/**
 * The {@code [tlsrpt_in]} table, when reports are taken.
 *
 * @param addresses by mail to these
 * @param door by POST there; empty: not
 * @param kept how they are kept
 */
public record TlsReportsInRow(
    List<Mailbox> addresses, Optional<DoorSettings> door, ReceivedSettings kept) {
  /** Copies. */
  public TlsReportsInRow {
    addresses = List.copyOf(addresses);
  }
}
