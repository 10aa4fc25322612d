package org.sealwax.router.deliver;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.OriginalRecipient;
import org.sealwax.router.deliver.OutgoingTransaction.StoredContent;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Recipient;

/**
 * MAIL and RCPT of one transaction, with the parameters that the host offers.
 *
 * @param authenticated whether we authenticated
 * @param minimal whether what the mail can go without is left out: SIZE, RET, ENVID, NOTIFY, ORCPT
 *     and AUTH, and BODY and SMTPUTF8 where the content does not need them
 */
record EnvelopeCommands(
    StoredContent content, Capabilities offered, boolean authenticated, boolean minimal) {

  private EnvelopeCommands withoutOptionalParameters() {
    return new EnvelopeCommands(content, offered, authenticated, true);
  }

  /** Whether MAIL has parameters that the mail can go without. */
  boolean hasOptionalParameters(List<Recipient> batch) {
    return !mail(batch).equals(withoutOptionalParameters().mail(batch));
  }

  /** Whether RCPT has parameters that the mail can go without. */
  boolean hasOptionalParameters(Recipient recipient) {
    return !rcpt(recipient).equals(withoutOptionalParameters().rcpt(recipient));
  }

  /** Whether the content is BINARYMIME, which only BDAT carries (RFC 3030 section 3). */
  boolean isBinary() {
    return content.consignment().options().body() == MailOptions.BodyType.BINARY;
  }

  /** Whether the host has the DSN parameters; otherwise it is one without DSN (RFC 3461 5.2.2). */
  boolean passesDsnOn() {
    return offered.offersDsn() && !minimal;
  }

  /** MAIL for these recipients. */
  String mail(List<Recipient> batch) {
    Consignment consignment = content.consignment();
    StringBuilder out = new StringBuilder(96);
    out.append("MAIL FROM:<").append(consignment.sender()).append('>');
    MailOptions options = consignment.options();
    if (offered.offersSize() && !minimal) {
      out.append(" SIZE=").append(content.size());
    }
    switch (options.body()) {
      case SEVEN_BIT -> {}
      case EIGHT_BIT -> {
        // Where 8BITMIME is not offered the content goes as it is (docs/adr/0014).
        if (offered.offersEightBit() && !(minimal && content.isAscii())) {
          out.append(" BODY=8BITMIME");
        }
      }
      case BINARY -> out.append(" BODY=BINARYMIME");
    }
    if (offered.offersSmtpUtf8() && needsUtf8(batch)) {
      out.append(" SMTPUTF8");
    }
    boolean requireTls = options.requireTls() && offered.offersRequireTls();
    if (requireTls) {
      // RFC 8689 §4.2.1, last paragraph: the next host is bound as we are.
      out.append(" REQUIRETLS");
    }
    if (passesDsnOn()) {
      switch (options.returnContent()) {
        case UNSPECIFIED -> {}
        case HEADERS -> out.append(" RET=HDRS");
        // RFC 8689 §5: RET=FULL is disregarded with REQUIRETLS.
        case FULL -> out.append(requireTls ? " RET=HDRS" : " RET=FULL");
      }
      if (options.envelopeId() != null) {
        out.append(" ENVID=").append(options.envelopeId());
      }
    }
    if (authenticated && !minimal) {
      // RFC 4954 §5: the host does not know the user that we authenticate for.
      out.append(" AUTH=<>");
    }
    return out.toString();
  }

  private boolean needsUtf8(List<Recipient> batch) {
    if (!minimal && content.consignment().options().smtputf8() || content.needsUtf8()) {
      return true;
    }
    for (Recipient recipient : batch) {
      if (!recipient.target().mailbox().isAscii()) {
        return true;
      }
    }
    return false;
  }

  /** RCPT for one of them. */
  String rcpt(Recipient recipient) {
    StringBuilder out = new StringBuilder(64);
    out.append("RCPT TO:<").append(recipient.target().mailbox()).append('>');
    if (!passesDsnOn()) {
      return out.toString();
    }
    DsnRequest dsn = recipient.dsn();
    if (dsn.never()) {
      out.append(" NOTIFY=NEVER");
    } else if (!dsn.when().isEmpty()) {
      out.append(" NOTIFY=")
          .append(
              dsn.when().stream()
                  .sorted()
                  .map(when -> when.name().toUpperCase(Locale.ROOT))
                  .collect(Collectors.joining(",")));
    }
    if (dsn.originalRecipient() != null) {
      OriginalRecipient.sevenBit(dsn.originalRecipient())
          .ifPresent(original -> out.append(" ORCPT=").append(original));
    }
    return out.toString();
  }
}
