package org.sealwax.lab.site;

import static org.sealwax.mail.fuzz.Target.holds;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.MemoryWire;
import org.sealwax.testkit.tls.Mint;

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
            "f"),
        Target.ofTexts(
            "lab-trap",
            new Host()::promise,
            "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<probe@a1."
                + ZONE
                + ">\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n",
            "EHLO x\r\nSTARTTLS\r\n\26\3\1\0\5\1\0\0\1\3",
            "MAIL FROM:<a@b>\r\nRCPT TO:<@a1."
                + ZONE
                + ":box@elsewhere.example>\r\nRCPT TO:<box%elsewhere.example@a1."
                + ZONE
                + ">\r\nDATA\r\n",
            "HELO \r\nRSET\r\nNOOP\r\nAUTH PLAIN AAAA\r\n\r\n\n.\r\n"));
  }

  /** A good host that hears anything. */
  private static final class Host {
    private final Mint mint = new Mint(Clock.system(), Chance.seeded(5));

    void promise(byte[] input) throws IOException {
      // More than is in flight at once would wait for a reader.
      byte[] some = Arrays.copyOf(input, Math.min(input.length, 16_384));
      Sighting sighting = new Sighting(Traps.find("a1").orElseThrow());
      String origin = "a1." + ZONE;
      int[] messages = new int[1];
      Place place =
          new Place(
              origin,
              sighting.row().site(),
              sighting,
              mint,
              Clock.system(),
              LabSettings.defaults(),
              new Place.Correspondence() {
                @Override
                public boolean takes(String domain) {
                  return domain.equals(origin);
                }

                @Override
                public Place.Scan scan(Collection<String> domains) {
                  holds(!domains.isEmpty(), "a message to somebody");
                  domains.forEach(d -> holds(d.equals(origin), "a message to us"));
                  return new Place.Scan() {
                    @Override
                    public void take(byte[] block, int offset, int length) {}

                    @Override
                    public void ended() {
                      messages[0]++;
                    }
                  };
                }
              },
              () -> {});
      place.settle(Addresses.loopback());
      MemoryWire.Pair pair = MemoryWire.pair();
      pair.client().out().write(some);
      pair.client().endOutput();
      new Conversation(pair.server(), place, place.hosts().getFirst(), Clock.system()).run();
      String said = new String(pair.client().in().readAllBytes(), StandardCharsets.ISO_8859_1);
      holds(said.startsWith("220 mx.a1."), "a greeting");
      holds(sighting.events().size() <= Sighting.MAX_EVENTS, "bounded");
      String text = new String(some, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
      holds(messages[0] == 0 || text.contains("@" + origin), "nothing for anybody else");
    }
  }
}
