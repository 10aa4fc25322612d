package org.sealwax.lab.judge;

import java.time.Instant;
import java.util.List;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.lab.traps.Traps;

/** Deeds of one row as tests write them down. */
final class SightingFactsBuilder {
  private SightingFactsBuilder() {}

  private static SightingFacts of(SightingBuilder conduct) {
    return SightingFacts.of(conduct.at(Traps.cases().getFirst()));
  }

  /** Delivered under TLS, with these parameters of MAIL. */
  static SightingFacts delivered(String parameters) {
    return of(
        SightingBuilder.connectedAndGreeted("mx")
            .mail(true, parameters)
            .delivered("mx", true, false));
  }

  /** Delivered with {@code TLS-Required: No} in the header. */
  static SightingFacts deliveredOptional() {
    return of(SightingBuilder.connectedAndGreeted("mx").mail(true, "").delivered("mx", true, true));
  }

  /** Given up with this status. */
  static SightingFacts bounced(String status) {
    return of(SightingBuilder.connectedAndGreeted("mx").bounced(status));
  }

  /** Tried, and no more. */
  static SightingFacts tried() {
    return of(SightingBuilder.connectedAndGreeted("mx"));
  }

  /** Tried, and reported with these failures. */
  static SightingFacts reported(String way, boolean signed, long failures, String... types) {
    return of(
        SightingBuilder.connectedAndGreeted("mx")
            .add(
                new TrapEvent.TlsReportReceived(
                    Instant.EPOCH, way, List.of(types), 0, failures, signed)));
  }
}
