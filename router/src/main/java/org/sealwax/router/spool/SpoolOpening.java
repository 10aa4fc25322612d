package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.spool.ScanMarks.Scan;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.SqliteFailure;

/**
 * Opens the database for the writer: at a start after what the last process left was looked at, and
 * again after each failure of the store. A database that cannot be read is copied out row by row.
 * Owned by the thread that opens the spool, and by the writer's thread from then on.
 */
final class SpoolOpening {
  private final SqliteSpool spool;

  /** Messages of failed commits, which may have reached the disk. */
  private final Set<QueueId> doubtful = new LinkedHashSet<>();

  /**
   * Whether this process has had the database open: then its sessions wait for provisional mail.
   */
  private boolean wasOpen;

  SpoolOpening(SqliteSpool spool) {
    this.spool = spool;
  }

  /**
   * Before the first opening: takes a salvage to its end, or begins one that is due, and begins the
   * check that this run owes.
   *
   * @param used whether a process has had this spool before
   */
  void prepare(boolean used) throws IOException {
    requestSalvageAfterEnds();
    int contents = spool.bodies.present().size();
    spool.space.withReserve(() -> spool.salvage.beforeOpening(used, contents));
    spool.upkeep.owes(spool.space.withReserve(this::beginCheck));
  }

  /** Asks for the salvage when the last processes ended during the same work on the database. */
  private void requestSalvageAfterEnds() throws IOException {
    List<Scan> suspects = spool.scans.suspects();
    if (suspects.isEmpty()) {
      return;
    }
    boolean fits =
        Files.exists(spool.database) && spool.space.hasSpaceFor(Files.size(spool.database));
    spool.log.storeTrouble(
        "the process ended "
            + ScanMarks.ENDS
            + " times while it read the spool's database ("
            + suspects.stream()
                .map(scan -> scan.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .collect(Collectors.joining(", "))
            + "): "
            + (fits
                ? "it is copied row by row"
                : "there is no space to copy it row by row; it is used unchanged"),
        null);
    if (fits) {
      spool.salvage.request();
    }
    spool.scans.reset();
  }

  /** Null when there is no database yet. */
  private @Nullable IntegrityCheck beginCheck() throws SpoolException {
    try {
      return Files.exists(spool.database) ? new IntegrityCheck(spool.database) : null;
    } catch (SQLException e) {
      SpoolException why = SpoolException.of("the spool cannot be opened", e);
      if (!SqliteFailure.isUnreadable(e)) {
        throw why;
      }
      spool.salvage.run(why);
      return null;
    }
  }

  /** A message of a failed commit: it is removed when the database is open again. */
  void addDoubtful(QueueId id) {
    doubtful.add(id);
  }

  /**
   * An open database.
   *
   * @param newest the highest number of a message that is or was here
   */
  record OpenedDatabase(WriterConnection connection, long newest) {}

  /** Opens the database, or what can be copied out of it, so that nothing in it is FRESH. */
  OpenedDatabase open() throws SpoolException {
    try {
      return openOnce();
    } catch (SpoolException e) {
      if (e.kind() != Kind.DAMAGED) {
        throw e;
      }
      copyOut(e);
      return openOnce();
    }
  }

  /** Puts what can be read of the database into a new one. */
  void copyOut(SpoolException why) throws SpoolException {
    spool.salvage.run(why);
    spool.upkeep.replaced();
    spool.readers.renew();
  }

  private OpenedDatabase openOnce() throws SpoolException {
    WriterConnection opening = null;
    OpenedDatabase opened = null;
    try {
      int recovered;
      int dropped;
      spool.scans.begin(Scan.OPEN);
      try {
        opening = new WriterConnection(spool.database, !Files.exists(spool.database));
        opening.begin(true);
        for (QueueId id : doubtful) {
          opening.forget(id);
        }
        recovered = opening.recover(spool.clock.now());
        dropped = wasOpen ? 0 : opening.dropProvisional();
      } finally {
        spool.scans.end(Scan.OPEN);
      }
      opening.touch();
      opening.commit();
      for (QueueId id : doubtful) {
        spool.bodies.remove(id);
      }
      doubtful.clear();
      if (recovered > 0) {
        spool.log.note(
            "spool",
            CountText.of(recovered, "accepted message was | accepted messages were")
                + " not yet delivered when the last run ended");
      }
      if (dropped > 0) {
        spool.log.note(
            "spool",
            CountText.of(dropped, "message was | messages were")
                + " not yet acknowledged when the last run ended: dropped");
      }
      wasOpen = true;
      opened = new OpenedDatabase(opening, opening.newest());
      return opened;
    } catch (SQLException | IOException e) {
      throw SpoolException.of("the spool cannot be opened", e);
    } finally {
      if (opening != null && opened == null) {
        opening.close();
      }
    }
  }
}
