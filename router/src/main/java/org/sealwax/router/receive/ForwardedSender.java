package org.sealwax.router.receive;

import java.util.function.BiPredicate;
import org.sealwax.mail.address.Domain;
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
  /** With the original envelope sender, for which SPF does not pass. */
  ORIGINAL,
  /** Not at all: a bounce keeps its empty sender, and our host name would prove the author. */
  NONE;

  /**
   * Decides; a pure function.
   *
   * @param author not confirmed
   * @param path the sender for forwards
   * @param host our name in EHLO
   * @param mayAlign whether SPF of the second domain may prove the first as author
   */
  static ForwardedSender of(
      AuthorDomain author, ReversePath path, Domain host, BiPredicate<Domain, Domain> mayAlign) {
    return switch (path) {
      case ReversePath.Null _ ->
          author instanceof AuthorDomain.Single(Domain from) && mayAlign.test(from, host)
              ? NONE
              : REWRITTEN;
      case ReversePath.SenderMailbox sender ->
          !(author instanceof AuthorDomain.Single(Domain from))
                  || sender.mailbox().domain() instanceof Domain domain
                      && mayAlign.test(from, domain)
              ? ORIGINAL
              : REWRITTEN;
    };
  }
}
