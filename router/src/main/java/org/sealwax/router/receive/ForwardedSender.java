package org.sealwax.router.receive;

import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dmarc.AuthorDomain;

/**
 * How a message whose author DMARC did not confirm may be forwarded. At the target SPF passes for
 * whatever we send: for the domain of the reverse-path, and for our host name when there is none
 * (RFC 7208 section 2.4). Where that domain is aligned with the one in From, forwarding would prove
 * a forged author of our own domains.
 */
enum ForwardedSender {
  /** With the rewritten sender: it proves nothing about the author. */
  REWRITTEN,
  /** With the sender that came, for which SPF does not pass. */
  ORIGINAL,
  /** Not at all: a bounce keeps its empty sender, and our host name would prove the author. */
  NONE;

  /** Alignment by the tree walk of a receiver (RFC 9989) is not wider than this. */
  private static final PublicSuffixList SUFFIXES = PublicSuffixList.bundled();

  /**
   * Decides; a pure function.
   *
   * @param author not confirmed
   * @param path the sender for forwards
   * @param host our name in EHLO
   */
  static ForwardedSender of(AuthorDomain author, ReversePath path, Domain host) {
    return switch (path) {
      case ReversePath.Null _ -> isOfOrganisation(author, host) ? NONE : REWRITTEN;
      case ReversePath.SenderMailbox sender ->
          !(author instanceof AuthorDomain.Single)
                  || sender.mailbox().domain() instanceof Domain domain
                      && isOfOrganisation(author, domain)
              ? ORIGINAL
              : REWRITTEN;
    };
  }

  private static boolean isOfOrganisation(AuthorDomain author, Domain domain) {
    return author instanceof AuthorDomain.Single(Domain from)
        && SUFFIXES.sameOrganisation(from, domain);
  }
}
