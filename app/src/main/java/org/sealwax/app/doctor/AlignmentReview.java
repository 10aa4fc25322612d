package org.sealwax.app.doctor;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.mail.dmarc.AuthenticationFacts;
import org.sealwax.mail.dmarc.AuthorDomain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.SenderRow;
import org.sealwax.router.dmarc.InboundSettings;

/**
 * Whether a signature that counts for DMARC is on our mail: on notifications, whose From is the
 * postmaster at the name of this host, and on mail of each domain that a {@code [[sender]]} row
 * allows. A signature counts when its domain is aligned with that in From (RFC 9989 section 4.4).
 * Unlike SPF it stays valid when a recipient forwards the mail.
 *
 * <p>Where the authors of incoming mail are not checked, the domain of rewritten senders must not
 * be aligned with ours: SPF passes for everything that we forward, so that forged mail of our
 * domains would pass DMARC at its target.
 *
 * @param site its hostname is the domain in From of notifications
 * @param senders users and clients, with their domains
 * @param keys that sign
 * @param inbound whether authors are checked
 */
record AlignmentReview(
    MailSite site,
    List<SenderRow> senders,
    List<DkimRow> keys,
    InboundSettings.Mode inbound,
    Resolver resolver,
    Clock clock)
    implements SiteReview {
  AlignmentReview {
    senders = List.copyOf(senders);
    keys = List.copyOf(keys);
  }

  @Override
  public List<SiteFinding> findings() {
    List<SiteFinding> found = new ArrayList<>();
    found.add(of(site.hostname(), ofNotifications(), "our notifications are"));
    Set<Domain> authors = new LinkedHashSet<>();
    senders.forEach(row -> authors.addAll(row.exactDomains()));
    for (Domain author : authors) {
      found.add(of(author, isSigning(author) ? Optional.of(author) : Optional.empty(), "mail is"));
    }
    site.rewriting()
        .filter(_ -> inbound == InboundSettings.Mode.OFF)
        .ifPresent(
            rewriting ->
                site.senderDomains().stream()
                    .filter(domain -> passesByForwarding(domain, rewriting))
                    .forEach(domain -> found.add(forgeable(domain, rewriting))));
    return found;
  }

  private boolean passesByForwarding(Domain author, Domain rewriting) {
    boolean isOwnDomain = author.equals(rewriting) && !isSigning(author);
    return !isOwnDomain && verdict(author, Mechanism.SPF, rewriting).result() == DmarcResult.PASS;
  }

  private static SiteFinding forgeable(Domain author, Domain rewriting) {
    return SiteFinding.SiteCheck.ALIGNMENT
        .of(author)
        .warning(
            "forged mail of this domain passes DMARC when we forward it: the domain of rewritten"
                + " senders, "
                + rewriting
                + ", is aligned with it",
            (author.equals(rewriting)
                    ? "[srs] domain = \"srs." + author + "\", a domain of its own, with "
                    : "add ")
                + "aspf=s in the DMARC record of "
                + author);
  }

  private DmarcVerdict verdict(Domain author, Mechanism mechanism, Domain identifier) {
    return new DmarcCheck(resolver)
        .of(
            new AuthorDomain.Single(author),
            new AuthenticationFacts(
                List.of(new AuthenticatedIdentifier(mechanism, identifier)), List.of()));
  }

  /** As {@code SigningPolicy.ownKeys}: the nearest domain with a key. */
  private Optional<Domain> ofNotifications() {
    Optional<Domain> at = Optional.of(site.hostname());
    while (at.isPresent() && !isSigning(at.get())) {
      at = at.get().parent();
    }
    return at;
  }

  private boolean isSigning(Domain domain) {
    Instant now = clock.civilTime();
    return keys.stream().anyMatch(key -> key.domain().equals(domain) && key.isInForce(now));
  }

  private SiteFinding of(Domain author, Optional<Domain> signer, String mail) {
    SiteFinding.Checked alignment = SiteFinding.SiteCheck.ALIGNMENT.of(author);
    String newKeys = "sealwax dkim new " + author;
    if (signer.isEmpty()) {
      return alignment.warning(
          mail
              + " not signed by DKIM: large receivers refuse it where SPF does not pass, and"
              + " notifications without a signature",
          newKeys);
    }
    if (!hasRsa(signer.get())) {
      return alignment.warning(
          mail + " signed with Ed25519 only (RFC 8463), which large receivers do not verify",
          newKeys);
    }
    DmarcVerdict verdict = verdict(author, Mechanism.DKIM, signer.get());
    String text = mail + " signed by " + signer.get();
    return switch (verdict.result()) {
      case PASS -> alignment.ok(text + ", which is aligned");
      case FAIL ->
          alignment.error(
              text
                  + ", which is not aligned with the domain in From: by the DMARC record of "
                  + verdict.policyDomain().map(Domain::name).orElse("")
                  + " the names must be the same",
              newKeys,
              "or remove adkim=s from that record");
      case TEMPERROR -> alignment.lookupFailed(verdict.reason());
      // DmarcReview shows what is wrong.
      case NONE, PERMERROR -> alignment.ok(text + "; no DMARC record applies");
    };
  }

  private boolean hasRsa(Domain signer) {
    Instant now = clock.civilTime();
    for (DkimRow key : keys) {
      if (key.domain().equals(signer) && key.isInForce(now)) {
        try {
          if (DkimKeyFile.read(signer, key.selector(), key.key()).algorithm()
              == DkimAlgorithm.RSA_SHA256) {
            return true;
          }
        } catch (IOException e) {
          return true; // DkimReview reports the reason
        }
      }
    }
    return false;
  }
}
