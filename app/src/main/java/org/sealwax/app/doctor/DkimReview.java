package org.sealwax.app.doctor;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dkim.KeyPublication;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimRow;

/**
 * The key records of all keys that sign, or will sign, mail (RFC 6376 section 3.6): each has the
 * public half of its key file. Rows whose time is over are not examined.
 */
record DkimReview(List<DkimRow> rows, Resolver resolver, Clock clock) implements SiteReview {
  /** Bytes of one string of a TXT record (RFC 1035 section 3.3). */
  private static final int STRING = 255;

  DkimReview {
    rows = List.copyOf(rows);
  }

  @Override
  public List<SiteFinding> findings() {
    Instant now = clock.civilTime();
    List<SiteFinding> found = new ArrayList<>();
    for (DkimRow row : rows) {
      if (row.until().filter(until -> !now.isBefore(until)).isEmpty()) {
        found.add(of(row, now));
      }
    }
    return found;
  }

  private SiteFinding of(DkimRow row, Instant now) {
    SiteFinding.Checked dkim =
        SiteFinding.SiteCheck.DKIM.of(row.selector() + "._domainkey." + row.domain());
    DkimSigningKey key;
    try {
      key = DkimKeyFile.read(row.domain(), row.selector(), row.key());
    } catch (AccessDeniedException e) {
      return dkim.unknown(row.key() + " is not readable for this user");
    } catch (IOException e) {
      return dkim.error(
          "the key cannot be used: " + FailureText.of(e),
          "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out " + row.key());
    }
    DnsAnswer<String> answer = resolver.txt(key.recordName());
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return dkim.lookupFailed(answer.reason());
    }
    String publish = key.recordName() + ". TXT " + quoted(key.record());
    KeyPublication found = KeyPublication.of(key, answer.records());
    String fault =
        switch (found) {
          case PUBLISHED -> "";
          case TESTING -> "the record has t=y: receivers may ignore the signatures";
          case MISSING -> "no key record";
          case SEVERAL -> "there are several key records, and receivers ignore them all";
          case REVOKED -> "the record has an empty p=, which revokes the key";
          case OTHER_KEY -> "the record has another key than " + row.key();
          case UNUSABLE -> "the record is in error, or not for mail";
        };
    if (fault.isEmpty()) {
      return dkim.ok("the record has the key of " + row.key());
    }
    return row.isInForce(now) && found != KeyPublication.TESTING
        ? dkim.error(fault, publish)
        : dkim.warning(fault, publish);
  }

  /** As strings of a zone file. */
  private static String quoted(String record) {
    List<String> strings = new ArrayList<>();
    for (int at = 0; at < record.length(); at += STRING) {
      strings.add("\"" + record.substring(at, Math.min(record.length(), at + STRING)) + "\"");
    }
    return String.join(" ", strings);
  }
}
