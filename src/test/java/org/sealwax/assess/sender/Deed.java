package org.sealwax.assess.sender;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.lab.Event;

/** Deeds of one row as tests write them down. */
final class Deed {
  private Deed() {}

  private static Deeds of(
      List<String> underTls,
      String mail,
      Optional<Event.Bounced> bounce,
      List<Event.Reported> reports,
      boolean optional) {
    return new Deeds(
        Set.of("MX", "A"),
        1,
        underTls,
        List.of(),
        false,
        List.of(),
        List.of(),
        0,
        false,
        bounce,
        List.of(),
        reports,
        underTls.size(),
        mail.isEmpty() ? List.of() : List.of(mail),
        false,
        optional);
  }

  /** Delivered under TLS, with these parameters of MAIL. */
  static Deeds delivered(String parameters) {
    return of(
        List.of("mx"), "MAIL FROM:<a@b.example>" + parameters, Optional.empty(), List.of(), false);
  }

  /** Delivered with {@code TLS-Required: No} in the header. */
  static Deeds deliveredOptional() {
    return of(List.of("mx"), "MAIL FROM:<a@b.example>", Optional.empty(), List.of(), true);
  }

  /** Given up with this status. */
  static Deeds bounced(String status) {
    return of(
        List.of(),
        "",
        Optional.of(new Event.Bounced(Instant.EPOCH, "failed", status)),
        List.of(),
        false);
  }

  /** Tried, and no more. */
  static Deeds tried() {
    return of(List.of(), "", Optional.empty(), List.of(), false);
  }

  /** Tried, and reported with these failures. */
  static Deeds reported(String way, boolean signed, long failures, String... types) {
    return of(
        List.of(),
        "",
        Optional.empty(),
        List.of(new Event.Reported(Instant.EPOCH, way, List.of(types), 0, failures, signed)),
        false);
  }
}
