package org.sealwax.mail.spf;

import java.util.Optional;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;

/**
 * Whose permission is checked: the MAIL FROM identity (RFC 7208 2.4).
 *
 * @param localPart without quotes; {@code postmaster} when the sender has none
 * @param domain the domain that is asked; empty when there is none, as with an address literal
 */
public record SpfSender(String localPart, Optional<Domain> domain) {
  private static final String POSTMASTER = "postmaster";

  /** RFC 7208 4.3: a sender without a local part is the postmaster. */
  public SpfSender {
    localPart = localPart.isEmpty() ? POSTMASTER : localPart;
  }

  /**
   * {@return the identity of a sender; that of the null path is the postmaster of the EHLO name}
   *
   * @param path of MAIL FROM
   * @param hello the client's EHLO or HELO name
   */
  public static SpfSender of(ReversePath path, String hello) {
    return switch (path) {
      case ReversePath.Null _ -> new SpfSender(POSTMASTER, Domain.parse(hello));
      case ReversePath.SenderMailbox s -> of(s.mailbox());
    };
  }

  private static SpfSender of(Mailbox mailbox) {
    return switch (mailbox.domain()) {
      case Domain domain -> new SpfSender(mailbox.localPart(), Optional.of(domain));
      case AddressLiteral _ -> new SpfSender(mailbox.localPart(), Optional.empty());
    };
  }

  /** {@return the whole address; without a domain, the local part} */
  public String address() {
    return domain.map(d -> localPart + "@" + d).orElse(localPart);
  }
}
