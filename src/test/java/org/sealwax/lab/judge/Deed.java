package org.sealwax.lab.judge;

import java.time.Instant;
import java.util.List;
import org.sealwax.lab.site.Event;
import org.sealwax.lab.site.Scripted;
import org.sealwax.lab.traps.Traps;

/** Deeds of one row as tests write them down. */
final class Deed {
  private Deed() {}

  private static Deeds of(Scripted conduct) {
    return Deeds.of(conduct.at(Traps.rows().getFirst()));
  }

  /** Delivered under TLS, with these parameters of MAIL. */
  static Deeds delivered(String parameters) {
    return of(Scripted.came("mx").mail(true, parameters).delivered("mx", true, false));
  }

  /** Delivered with {@code TLS-Required: No} in the header. */
  static Deeds deliveredOptional() {
    return of(Scripted.came("mx").mail(true, "").delivered("mx", true, true));
  }

  /** Given up with this status. */
  static Deeds bounced(String status) {
    return of(Scripted.came("mx").bounced(status));
  }

  /** Tried, and no more. */
  static Deeds tried() {
    return of(Scripted.came("mx"));
  }

  /** Tried, and reported with these failures. */
  static Deeds reported(String way, boolean signed, long failures, String... types) {
    return of(
        Scripted.came("mx")
            .add(new Event.Reported(Instant.EPOCH, way, List.of(types), 0, failures, signed)));
  }
}
