package org.sealwax.router.certs.rollover;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.certs.rollover.RolloverAction.NameChange;

/**
 * Changes TLSA records by dynamic updates.
 *
 * @param rows the zones that can be changed
 * @param clock the civil time
 * @param random for message identifiers
 */
record ZoneUpdates(List<ZoneServerRow> rows, Clock clock, RandomSource random) {
  /** {@return the record of a change, as a line of a zone file} */
  static ZoneRecord record(NameChange change) {
    return ZoneRecord.tlsa(change.owner(), change.ttl(), change.key().tlsa());
  }

  /** {@return the result in words; empty when the server applied the change} */
  Optional<String> send(NameChange change) {
    ZoneServerRow row = ZoneServerRow.of(rows, change.owner()).orElse(null);
    if (row == null) {
      return Optional.of(
          (change.adds() ? "to be published: " : "to be removed: ") + record(change).line());
    }
    List<ZoneRecord> seen = new ArrayList<>();
    for (TlsaRecord tlsa : change.seen()) {
      seen.add(ZoneRecord.tlsa(change.owner(), change.ttl(), tlsa));
    }
    ZoneRecord record = record(change);
    ZoneUpdate update =
        new ZoneUpdate(
            row.zone(),
            List.of(new ZoneUpdate.Condition.ExactRecords(seen)),
            List.of(
                change.adds()
                    ? new ZoneUpdate.Change.Add(record)
                    : new ZoneUpdate.Change.Remove(record)));
    try {
      return switch (row.send(update, clock, random)) {
        case UpdateResult.Applied() -> Optional.empty();
        // This server has another set than the one that was seen: it has the change, or has more
        // changes to come. The next queries show which.
        case UpdateResult.ConditionFailed _ -> Optional.empty();
        case UpdateResult.Refused(String reason) -> Optional.of(reason);
        case UpdateResult.Unproven(String reason) -> Optional.of(reason);
      };
    } catch (IOException e) {
      return Optional.of(FailureText.of(e));
    }
  }
}
