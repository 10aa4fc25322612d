package org.sealwax.app.doctor;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.Check;
import org.sealwax.mail.address.Domain;

/**
 * What a review found about one thing.
 *
 * @param verdict what it is worth
 * @param check stable name of the check, {@code ptr}
 * @param subject which address, name, domain or resolver
 * @param text what was seen, one sentence
 * @param fix records, settings or commands with the values of this very site; empty when there is
 *     nothing to do
 */
record SiteFinding(
    SiteVerdict verdict, String check, String subject, String text, List<String> fix) {
  /** From the best to the worst. */
  enum SiteVerdict {
    /** As it should be. */
    OK,
    /** Worth knowing; nothing to do. */
    NOTE,
    /** The check has no result. Never a good one. */
    UNKNOWN,
    /** Some receivers refuse or distrust mail for it. */
    WARNING,
    /** Mail is lost, refused or unprotected for it. */
    ERROR;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What is checked at the site itself. */
  enum SiteCheck {
    /** PTR names of a source address. */
    PTR,
    /** The name in EHLO. */
    EHLO,
    /** SPF of a domain that sends, or of the name in EHLO. */
    SPF,
    /** DMARC of a domain that stands in From. */
    DMARC,
    /** The record of a key that signs by DKIM. */
    DKIM,
    /** The domain that signs, compared with the domain in From. */
    ALIGNMENT,
    /** The MX records of a domain, compared with this host. */
    MX,
    /** The certificate that clients get, and one that is refused. */
    CERTIFICATE,
    /** Its next renewal. */
    RENEWAL,
    /** The change to another key. */
    ROLLOVER,
    /** TLSA records at one name server, compared with the certificate. */
    TLSA,
    /** A DNS list of the configuration, and whether it has our addresses. */
    DNSBL,
    /** A resolver. */
    RESOLVER,
    /** The system clock. */
    CLOCK,
    /** Port 25 of others. */
    OUTBOUND,
    /** Everything that {@code sealwax assess} examines. */
    RECEIVING;

    /** This check of an address, a name, a domain. */
    Checked of(Object subject) {
      return new Checked(name().toLowerCase(Locale.ROOT), new Subject(subject.toString()));
    }
  }

  /** An address, a name, a domain. */
  record Subject(String text) {}

  /** One check of one thing: makes its findings. */
  record Checked(String check, Subject subject) {
    /** A check of the assessment at one of our domains. */
    static Checked of(Check check, Domain domain) {
      return new Checked(check.id(), new Subject(domain.name()));
    }

    SiteFinding found(SiteVerdict verdict, String text, List<String> fix) {
      return new SiteFinding(verdict, check, subject.text(), text, fix);
    }

    SiteFinding ok(String text) {
      return found(SiteVerdict.OK, text, List.of());
    }

    SiteFinding note(String text) {
      return found(SiteVerdict.NOTE, text, List.of());
    }

    SiteFinding unknown(String text) {
      return found(SiteVerdict.UNKNOWN, text, List.of());
    }

    /** A look-up without an answer. */
    SiteFinding lookupFailed(String reason) {
      return unknown("the look-up failed: " + reason);
    }

    SiteFinding warning(String text, String... fix) {
      return found(SiteVerdict.WARNING, text, List.of(fix));
    }

    SiteFinding error(String text, String... fix) {
      return found(SiteVerdict.ERROR, text, List.of(fix));
    }
  }

  SiteFinding {
    fix = List.copyOf(fix);
  }
}
