package org.sealwax.router.records;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.records.RecordStanding.RecordEdit;

/**
 * The dynamic updates that publish what is missing: one zone in each, and for each set of records
 * the condition that it is as it was seen (RFC 2136 section 2.4), so that what another person or
 * program changes in between is not undone.
 *
 * @param updates for zones that can be changed, in the order of the records
 * @param others changes of names in no such zone
 */
public record RecordUpdates(List<PlannedUpdate> updates, List<SetEdit> others) {
  /** Sets in one update: each has a condition of several records and changes. */
  private static final int SETS = 20;

  /**
   * An update, and where it goes.
   *
   * @param row the zone and its primary server
   * @param update the update
   */
  public record PlannedUpdate(ZoneServerRow row, ZoneUpdate update) {}

  /**
   * The change of one set, whatever number of wanted records is in it.
   *
   * @param owner its name
   * @param type its type
   * @param edit the change
   */
  public record SetEdit(Domain owner, RecordType type, RecordEdit edit) {
    /** {@return the condition that the set is as it was seen} */
    public Condition condition() {
      return edit.seen().isEmpty()
          ? new Condition.NoRecords(owner, type)
          : new Condition.ExactRecords(edit.seen());
    }

    /** {@return its changes, what goes first} */
    public List<Change> changes() {
      List<Change> changes = new ArrayList<>();
      edit.remove().forEach(record -> changes.add(new Change.Remove(record)));
      edit.add().forEach(record -> changes.add(new Change.Add(record)));
      return changes;
    }

    private SetEdit and(RecordEdit more) {
      return new SetEdit(
          owner,
          type,
          new RecordEdit(
              edit.seen(), union(edit.remove(), more.remove()), union(edit.add(), more.add())));
    }

    private static List<ZoneRecord> union(List<ZoneRecord> one, List<ZoneRecord> other) {
      List<ZoneRecord> all = new ArrayList<>(one);
      other.stream().filter(record -> all.stream().noneMatch(record::isSame)).forEach(all::add);
      return all;
    }
  }

  /** Copies. */
  public RecordUpdates {
    updates = List.copyOf(updates);
    others = List.copyOf(others);
  }

  /** {@return the changes by set, in the order of the records} */
  public static List<SetEdit> sets(List<RecordStanding> standings) {
    Map<List<Object>, SetEdit> sets = new LinkedHashMap<>();
    for (RecordStanding standing : standings) {
      if (standing.edit().isPresent()) {
        RecordEdit edit = standing.edit().get();
        Domain owner = standing.wanted().owner();
        RecordType type = standing.wanted().type();
        sets.merge(
            List.of(owner, type),
            new SetEdit(owner, type, edit),
            (one, other) -> one.and(other.edit()));
      }
    }
    return List.copyOf(sets.values());
  }

  /**
   * {@return the updates}
   *
   * @param standings what is published
   * @param zones that can be changed
   * @param domains whose records are ours: no other name is changed
   */
  public static RecordUpdates of(
      List<RecordStanding> standings, List<ZoneServerRow> zones, SiteDomains domains) {
    Map<ZoneServerRow, List<SetEdit>> byZone = new LinkedHashMap<>();
    List<SetEdit> others = new ArrayList<>();
    for (SetEdit set : sets(standings)) {
      Optional<ZoneServerRow> zone =
          ZoneServerRow.of(zones, set.owner()).filter(_ -> domains.contains(set.owner()));
      boolean fits = set.edit().seen().size() <= ZoneUpdate.MAX_RECORDS;
      if (zone.isPresent() && fits) {
        byZone.computeIfAbsent(zone.get(), _ -> new ArrayList<>()).add(set);
      } else {
        others.add(set);
      }
    }
    List<PlannedUpdate> updates = new ArrayList<>();
    byZone.forEach(
        (row, sets) -> {
          for (int at = 0; at < sets.size(); at += SETS) {
            List<SetEdit> some = sets.subList(at, Math.min(sets.size(), at + SETS));
            updates.add(
                new PlannedUpdate(
                    row,
                    new ZoneUpdate(
                        row.zone(),
                        some.stream().map(SetEdit::condition).toList(),
                        some.stream().flatMap(set -> set.changes().stream()).toList())));
          }
        });
    return new RecordUpdates(updates, others);
  }
}
