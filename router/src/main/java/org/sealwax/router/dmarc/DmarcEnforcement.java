package org.sealwax.router.dmarc;

import org.sealwax.mail.dmarc.DmarcPolicy;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;

/** What a DMARC verdict leads to (RFC 9989 sections 5.4 and 7.4). Pure. */
sealed interface DmarcEnforcement {
  /** The message is accepted. */
  record Accept() implements DmarcEnforcement {}

  /**
   * It would be refused but for this reason.
   *
   * @param why in words for logs
   */
  record Spare(String why) implements DmarcEnforcement {}

  /** It is refused. */
  record Refuse() implements DmarcEnforcement {}

  /**
   * The decision.
   *
   * @param trustedRelay the client passes on mail of others for us
   */
  static DmarcEnforcement of(
      InboundSettings.Mode mode,
      DmarcVerdict verdict,
      ForwardingSigns signs,
      boolean trustedRelay) {
    boolean fails = verdict.result() == DmarcResult.FAIL && verdict.policy() == DmarcPolicy.REJECT;
    if (mode != InboundSettings.Mode.ENFORCE || !fails) {
      return new Accept();
    }
    if (trustedRelay) {
      return new Spare("trusted relay");
    }
    return signs.signs().isEmpty() ? new Refuse() : new Spare(String.join(", ", signs.signs()));
  }

  /** The word for logs. */
  default String text() {
    return switch (this) {
      case Accept _ -> "accept";
      case Spare spare -> "spared: " + spare.why();
      case Refuse _ -> "reject";
    };
  }
}
