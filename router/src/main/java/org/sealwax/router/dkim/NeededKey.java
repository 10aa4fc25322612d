package org.sealwax.router.dkim;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.dkim.KeyTimes.LoadedKey;

/**
 * A key whose record must be published: it signs mail, or will.
 *
 * @param record name of its record
 * @param key the key; empty: its file cannot be read
 * @param problem why not; empty: it can
 */
public record NeededKey(Domain record, Optional<DkimSigningKey> key, String problem) {
  /**
   * {@return the keys that sign now or later; one that no longer signs is left to {@link
   * KeyRecordCheck}, which knows how long its record is needed}
   *
   * @param rows of which the newest for a domain sign
   * @param now the current time
   */
  public static List<NeededKey> of(List<DkimRow> rows, Instant now) {
    List<NeededKey> needed = new ArrayList<>();
    List<LoadedKey> keys = new ArrayList<>();
    for (DkimRow row : rows) {
      try {
        keys.add(new LoadedKey(row, DkimKeyFile.read(row.domain(), row.selector(), row.key())));
      } catch (IOException e) {
        needed.add(
            new NeededKey(
                Domain.of(row.selector() + "._domainkey." + row.domain()),
                Optional.empty(),
                FailureText.of(e)));
      }
    }
    for (LoadedKey key : keys) {
      if (!(KeyTimes.of(key, keys, now) instanceof KeyTimes.Ended)) {
        needed.add(new NeededKey(key.key().recordName(), Optional.of(key.key()), ""));
      }
    }
    return needed;
  }
}
