package org.sealwax.app.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.KeyRecordCheck;

/**
 * The key records of all keys that sign, will sign or have signed mail (RFC 6376 section 3.6).
 *
 * @param groups rows, of which the newest for a domain sign, and others apart from them
 * @param wanted the domains whose keys are examined
 */
record DkimReview(List<List<DkimRow>> groups, Predicate<Domain> wanted, KeyRecordCheck check)
    implements SiteReview {
  DkimReview {
    groups = List.copyOf(groups);
  }

  @Override
  public List<SiteFinding> findings() throws InterruptedException {
    List<SiteFinding> found = new ArrayList<>();
    for (List<DkimRow> rows : groups) {
      check.of(rows, wanted).forEach(finding -> found.add(finding(finding)));
    }
    return found;
  }

  private static SiteFinding finding(KeyRecordCheck.KeyFinding found) {
    SiteVerdict verdict =
        switch (found.verdict()) {
          case OK -> SiteVerdict.OK;
          case NOTE -> SiteVerdict.NOTE;
          case UNKNOWN -> SiteVerdict.UNKNOWN;
          case WARNING -> SiteVerdict.WARNING;
          case ERROR -> SiteVerdict.ERROR;
        };
    return SiteFinding.SiteCheck.DKIM.of(found.record()).found(verdict, found.text(), found.fix());
  }
}
