package org.sealwax.lab;

import static org.sealwax.fuzz.Target.holds;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.sealwax.fuzz.Target;
import org.sealwax.world.Clock;

/** What senders write to the lab. */
public final class LabTargets {
  private static final String ZONE = "k7f2q9.lab.example";

  private LabTargets() {}

  /** All of them. */
  public static List<Target> all() {
    return List.of(
        Target.ofTexts(
            "lab-post",
            input -> {
              Sighting sighting = new Sighting(Traps.find("e3").orElseThrow());
              PostOffice office =
                  new PostOffice(
                      Map.of("e3", sighting), List.of("bounce." + ZONE), ZONE, Clock.system());
              office.read(new String(input, StandardCharsets.ISO_8859_1));
              office.report(input, "https", false);
              holds(sighting.events().size() <= Sighting.MAX_EVENTS, "bounded");
              holds(
                  sighting.events().stream()
                      .allMatch(e -> e instanceof Event.Bounced || e instanceof Event.Reported),
                  "only notices and reports");
            },
            "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; probe@e3."
                + ZONE
                + "\r\nAction: failed\r\nStatus: 5.1.10\r\n\r\n",
            "DKIM-Signature: v=1\r\nContent-Type: application/tlsrpt+gzip\r\n\r\nH4sIAAAAAAAA\r\n",
            "{\"policies\":[{\"policy\":{\"policy-domain\":\"e3."
                + ZONE
                + "\"},\"summary\":{\"total-failure-session-count\":3},\"failure-details\":"
                + "[{\"result-type\":\"validation-failure\"}]}]}"),
        Target.ofTexts(
            "lab-choice",
            input ->
                Traps.chosen(Target.line(input))
                    .ifPresent(rows -> holds(!rows.isEmpty(), "a choice of nothing")),
            "quick,e3,d1s",
            "all",
            "f"));
  }
}
