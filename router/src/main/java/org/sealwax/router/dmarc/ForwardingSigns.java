package org.sealwax.router.dmarc;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimResult;
import org.sealwax.mail.message.HeaderSection;

/**
 * What suggests that a list or a forwarder sent a message on, so that DMARC can fail for honest
 * mail (RFC 7960). Anyone can write these signs: they only spare a message from a refusal.
 *
 * @param signs in words for logs; empty: none
 */
record ForwardingSigns(List<String> signs) {
  /** Copies. */
  ForwardingSigns {
    signs = List.copyOf(signs);
  }

  /** The signs of a message. */
  static ForwardingSigns of(IncomingMail mail, HeaderSection header, List<DkimResult> signatures) {
    List<String> signs = new ArrayList<>(0);
    if (mail.sender() instanceof ReversePath.Null) {
      signs.add("null sender");
    }
    if (!header.named("List-Id").isEmpty()) {
      signs.add("List-Id");
    }
    if (!header.named("ARC-Seal").isEmpty()) {
      signs.add("ARC set");
    }
    if (signatures.stream().anyMatch(ForwardingSigns::isBodyChanged)) {
      signs.add("changed body");
    }
    return new ForwardingSigns(signs);
  }

  private static boolean isBodyChanged(DkimResult result) {
    return switch (result.changes()) {
      case BODY_ONLY, BODY_CONTINUES -> true;
      case NONE, UNKNOWN -> false;
    };
  }
}
