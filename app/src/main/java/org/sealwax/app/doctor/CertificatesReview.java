package org.sealwax.app.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.app.doctor.SiteFinding.SiteCheck;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import tools.jackson.databind.JsonNode;

/**
 * The certificates of this server, as {@code sealwax status} reports them: days left, renewals, a
 * refused pair, a rollover that waits for a person, and the TLSA records at each name server.
 *
 * @param report of the running server, or of what the next start would use
 */
record CertificatesReview(JsonNode report) implements SiteReview {
  @Override
  public List<SiteFinding> findings() {
    List<SiteFinding> found = new ArrayList<>();
    for (JsonNode item : report.path("status")) {
      check(item)
          .ifPresent(
              check ->
                  found.add(
                      check
                          .of(text(item, "subject"))
                          .found(verdict(item), text(item, "text"), fix(item))));
    }
    return found;
  }

  /** The other topics have reviews of their own. */
  private static Optional<SiteCheck> check(JsonNode item) {
    return switch (text(item, "topic")) {
      case "certificate", "key" -> Optional.of(SiteCheck.CERTIFICATE);
      case "renewal" -> Optional.of(SiteCheck.RENEWAL);
      case "rollover" -> Optional.of(SiteCheck.ROLLOVER);
      case "tlsa" -> Optional.of(SiteCheck.TLSA);
      default -> Optional.empty();
    };
  }

  private static SiteVerdict verdict(JsonNode item) {
    boolean expired = item.has("days_left") && item.path("days_left").asLong(0) < 0;
    return switch (text(item, "state")) {
      // Senders with DANE defer their mail; the router does not start.
      case "differs", "broken" -> SiteVerdict.ERROR;
      case "unknown" -> SiteVerdict.UNKNOWN;
      case "none", "unusable" -> SiteVerdict.NOTE;
      default ->
          expired ? SiteVerdict.ERROR : item.has("action") ? SiteVerdict.WARNING : SiteVerdict.OK;
    };
  }

  private static List<String> fix(JsonNode item) {
    return text(item, "action").lines().toList();
  }

  private static String text(JsonNode item, String member) {
    return item.path(member).asString("");
  }
}
