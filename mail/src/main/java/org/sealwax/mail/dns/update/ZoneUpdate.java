package org.sealwax.mail.dns.update;

import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;

/**
 * An update of one zone, which its server applies as a whole or not at all (RFC 2136 section 3.4).
 *
 * @param zone the apex of the zone
 * @param conditions what must be so for the update to be applied; at most {@link #MAX_RECORDS}
 * @param changes in this order; 1 to {@link #MAX_RECORDS}
 */
public record ZoneUpdate(Domain zone, List<Condition> conditions, List<Change> changes) {
  /** Prerequisites of one update, and changes. */
  public static final int MAX_RECORDS = 100;

  /** A prerequisite (RFC 2136 section 2.4). */
  public sealed interface Condition {
    /** {@return the name that it is about} */
    Domain owner();

    /**
     * There are no records of a type (section 2.4.3).
     *
     * @param owner the name
     * @param type the type
     */
    record NoRecords(Domain owner, RecordType type) implements Condition {}

    /**
     * The records of a name and type are exactly these, whatever their time to live (section
     * 2.4.2).
     *
     * @param records of one owner and type; at least one, at most {@link #MAX_RECORDS}
     */
    record ExactRecords(List<ZoneRecord> records) implements Condition {
      /** Copies, and checks that all are of one set. */
      public ExactRecords {
        records = List.copyOf(records);
        if (records.isEmpty()
            || records.size() > MAX_RECORDS
            || records.stream().map(r -> r.owner() + " " + r.type()).distinct().count() != 1) {
          throw new IllegalArgumentException("records of one owner and type");
        }
      }

      @Override
      public Domain owner() {
        return records.getFirst().owner();
      }
    }
  }

  /** A change of one record. */
  public sealed interface Change {
    /** {@return the record that is changed} */
    ZoneRecord record();

    /**
     * Adds a record (section 2.5.1). All records of its name and type get its time to live.
     *
     * @param record the new one; nothing changes when it exists
     */
    record Add(ZoneRecord record) implements Change {}

    /**
     * Removes one record (section 2.5.4).
     *
     * @param record by its data, whatever its time to live; nothing changes when it does not exist
     */
    record Remove(ZoneRecord record) implements Change {}
  }

  /** Copies, and checks the bounds and that all names are in the zone. */
  public ZoneUpdate {
    conditions = List.copyOf(conditions);
    changes = List.copyOf(changes);
    if (changes.isEmpty() || changes.size() > MAX_RECORDS || conditions.size() > MAX_RECORDS) {
      throw new IllegalArgumentException("1 to " + MAX_RECORDS + " changes");
    }
    for (Condition condition : conditions) {
      inZone(condition.owner(), zone);
    }
    for (Change change : changes) {
      inZone(change.record().owner(), zone);
    }
  }

  private static void inZone(Domain owner, Domain zone) {
    if (!owner.equals(zone) && !owner.isBelow(zone)) {
      throw new IllegalArgumentException(owner + " is not in the zone " + zone);
    }
  }
}
