package org.sealwax.router.records;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.dns.update.ZoneRecord;

/**
 * What is published of a wanted record.
 *
 * @param wanted the record
 * @param presence what is published
 * @param text what was found, with the server where not all have it
 * @param lines the records that should be there in the end: those that are published where they
 *     will do
 * @param edit the change that leads there; empty: nothing is to be changed, or a person must do it
 * @param lagging whether some servers have it: nothing is to be changed, the others are to follow
 */
public record RecordStanding(
    WantedRecord wanted,
    Presence presence,
    String text,
    List<ZoneRecord> lines,
    Optional<RecordEdit> edit,
    boolean lagging) {
  /** From the best to the worst. */
  public enum Presence {
    /** In a correct form, at every server. */
    PUBLISHED,
    /** It exists, and only a person can know whether it is right. */
    NOT_CHECKED,
    /** A look-up has no answer. */
    NOT_KNOWN,
    /** There is no such record. */
    MISSING,
    /** There is one that will not do. */
    DIFFERENT;

    /** {@return the words of output: {@code not known}} */
    public String words() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * A change of the records of one name and type.
   *
   * @param seen all of them, as they are; the change is made only if they still are
   * @param remove some of these
   * @param add new ones
   */
  public record RecordEdit(List<ZoneRecord> seen, List<ZoneRecord> remove, List<ZoneRecord> add) {
    /** Copies. */
    public RecordEdit {
      seen = List.copyOf(seen);
      remove = List.copyOf(remove);
      add = List.copyOf(add);
    }
  }

  /** Copies. */
  public RecordStanding {
    lines = List.copyOf(lines);
  }
}
