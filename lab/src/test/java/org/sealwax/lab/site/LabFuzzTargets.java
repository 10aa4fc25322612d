package org.sealwax.lab.site;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.net.MemoryWire;
import org.sealwax.testkit.tls.LabCertificateAuthority;

/** What senders write to the lab. */
public final class LabFuzzTargets {
  private static final String ZONE = "k7f2q9.lab.example";

  private LabFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "lab-post",
            input -> {
              Sighting sighting =
                  new Sighting(Traps.find("e3").orElseThrow(), new AtomicLong(Long.MAX_VALUE));
              ReturnMail office =
                  new ReturnMail(
                      Map.of("e3", sighting), List.of("bounce." + ZONE), ZONE, Clock.system());
              office.read(new String(input, StandardCharsets.ISO_8859_1));
              office.report(input, "https", false);
              holds(sighting.events().size() <= Sighting.MAX_EVENTS, "bounded");
              holds(
                  sighting.events().stream()
                      .allMatch(
                          e ->
                              e instanceof TrapEvent.DsnReturned
                                  || e instanceof TrapEvent.TlsReportReceived),
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
        FuzzTarget.ofTexts(
            "lab-choice",
            input ->
                Traps.chosen(FuzzTarget.line(input))
                    .ifPresent(trapCases -> holds(!trapCases.isEmpty(), "a choice of nothing")),
            "quick,e3,d1s",
            "all",
            "f"),
        FuzzTarget.ofTexts(
            "lab-trap",
            new AcceptingTrapHost()::check,
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
  private static final class AcceptingTrapHost {
    private final LabCertificateAuthority authority =
        new LabCertificateAuthority(Clock.system(), RandomSource.seeded(5));

    void check(byte[] input) throws IOException {
      // More than is in flight at once would wait for a reader.
      byte[] some = Arrays.copyOf(input, Math.min(input.length, 16_384));
      Sighting sighting =
          new Sighting(Traps.find("a1").orElseThrow(), new AtomicLong(Long.MAX_VALUE));
      String origin = "a1." + ZONE;
      int[] messages = new int[1];
      LiveSite site =
          new LiveSite(
              origin,
              sighting.trapCase().site(),
              sighting,
              authority,
              Clock.system(),
              LabSettings.defaults(),
              new LiveSite.SiteMailHandler() {
                @Override
                public boolean acceptsDomain(String domain) {
                  return domain.equals(origin);
                }

                @Override
                public LiveSite.BodyScan scan(Collection<String> domains) {
                  holds(!domains.isEmpty(), "a message to somebody");
                  domains.forEach(d -> holds(d.equals(origin), "a message to us"));
                  return new LiveSite.BodyScan() {
                    @Override
                    public void take(byte[] block, int offset, int length) {}

                    @Override
                    public void ended() {
                      messages[0]++;
                    }
                  };
                }
              },
              same -> {});
      site.assignAddresses(AddressSource.loopback());
      MemoryWire.MemoryWirePair pair = MemoryWire.pair();
      pair.client().out().write(some);
      pair.client().endOutput();
      new TrapSession(pair.server(), site, site.hosts().getFirst(), Clock.system()).run();
      String output = new String(pair.client().in().readAllBytes(), StandardCharsets.ISO_8859_1);
      holds(output.startsWith("220 mx.a1."), "a greeting");
      holds(sighting.events().size() <= Sighting.MAX_EVENTS, "bounded");
      String text = new String(some, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
      holds(messages[0] == 0 || text.contains("@" + origin), "nothing for anybody else");
    }
  }
}
