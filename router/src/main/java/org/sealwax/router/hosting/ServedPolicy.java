package org.sealwax.router.hosting;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;

/**
 * One policy file and its id.
 *
 * @param id of the TXT record that announces it
 * @param text the file
 * @param since when it was served first; measured time
 * @param announced when the TXT record was first seen with this id; measured time; empty: not yet
 */
public record ServedPolicy(String id, String text, Instant since, Optional<Instant> announced) {
  /** Checks both. */
  public ServedPolicy {
    if (!StsRecord.isId(id)) {
      throw new IllegalArgumentException("no id");
    }
    var _ = PolicyText.read(text);
  }

  /** {@return what the file states} */
  public StsPolicy policy() {
    return PolicyText.read(text);
  }

  /** {@return the TXT record at {@code _mta-sts}} */
  public String record() {
    return StsRecord.VERSION + " id=" + id + ";";
  }

  ServedPolicy announcedAt(Instant time) {
    return new ServedPolicy(id, text, since, Optional.of(time));
  }

  Duration maxAge() {
    return policy().maxAge();
  }
}
