package org.sealwax.router.records;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.records.RecordFixture.CONFIGURATION;
import static org.sealwax.router.records.RecordFixture.HOST;
import static org.sealwax.router.records.RecordFixture.KEY;
import static org.sealwax.router.records.RecordFixture.compare;
import static org.sealwax.router.records.RecordFixture.facts;
import static org.sealwax.router.records.RecordFixture.wanted;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.WantedRecord.Purpose;

/** Which records a configuration needs. */
final class WantedRecordsTest {
  private static List<String> lines(List<WantedRecord> wanted) {
    return wanted.stream()
        .filter(record -> record.purpose() != Purpose.DKIM)
        .flatMap(record -> record.records().stream())
        .map(ZoneRecord::line)
        .toList();
  }

  @Test
  void aForwarderNeedsThese() throws Exception {
    List<WantedRecord> all = wanted(CONFIGURATION, facts());
    String spf = " 3600 IN TXT \"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all\"";
    String reports = " 3600 IN TXT \"v=TLSRPTv1; rua=mailto:postmaster@";
    assertEquals(
        List.of(
            "mx.project.example. 3600 IN A 192.0.2.25",
            "mx.project.example. 3600 IN AAAA 2001:db8::25",
            "25.2.0.192.in-addr.arpa. 3600 IN PTR mx.project.example.",
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR"
                + " mx.project.example.",
            "_25._tcp.mx.project.example. 3600 IN TLSA 3 1 1 " + "ab".repeat(32),
            "_25._tcp.mx.project.example. 3600 IN TLSA 3 1 1 " + "cd".repeat(32),
            "project.example. 3600 IN MX 10 mx.project.example.",
            "_smtp._tls.project.example." + reports + "project.example\"",
            "srs.project.example. 3600 IN MX 10 mx.project.example.",
            "_smtp._tls.srs.project.example." + reports + "srs.project.example\"",
            "lists.example. 3600 IN MX 10 mx.project.example.",
            "_smtp._tls.lists.example." + reports + "lists.example\"",
            "mx.project.example." + spf,
            "project.example." + spf,
            "_dmarc.project.example. 3600 IN TXT"
                + " \"v=DMARC1; p=none; rua=mailto:postmaster@project.example\"",
            "srs.project.example." + spf,
            "_mta-sts.project.example. 3600 IN TXT \"v=STSv1; id=20261201;\"",
            "mta-sts.project.example. 3600 IN A 192.0.2.25",
            "mta-sts.project.example. 3600 IN AAAA 2001:db8::25",
            "mx.project.example. 3600 IN CAA 0 issue \"letsencrypt.org\""),
        lines(all));
    ZoneRecord key =
        all.stream()
            .filter(record -> record.purpose() == Purpose.DKIM)
            .findFirst()
            .orElseThrow()
            .records()
            .getFirst();
    assertEquals(KEY.recordName(), key.owner());
    assertEquals(Optional.of(KEY.record()), key.text());
    assertTrue(key.data().contains("\" \""), "strings of 255 bytes");
  }

  @Test
  void reportsGoWhereThisServerTakesThem() throws Exception {
    String mailbox = CONFIGURATION + "[tlsrpt_in]\naddresses = [\"tls@project.example\"]\n";
    assertTrue(
        lines(wanted(mailbox, facts()))
            .contains(
                "_smtp._tls.lists.example. 3600 IN TXT"
                    + " \"v=TLSRPTv1; rua=mailto:tls@project.example\""));
    String post = CONFIGURATION + "[tlsrpt_in]\nlisten = \"127.0.0.1:443\"\n";
    assertTrue(
        lines(wanted(post, facts()))
            .contains(
                "_smtp._tls.lists.example. 3600 IN TXT"
                    + " \"v=TLSRPTv1; rua=https://mx.project.example/v1/tlsrpt\""));
  }

  /** The smart host sends: its addresses are not ours, and nothing is made up for them. */
  @Test
  void behindASmartHostSpfIsNotKnown() throws Exception {
    String smart =
        CONFIGURATION + "[[transport]]\ndomain = \"*\"\nnext_hop = \"smart.example.net:587\"\n";
    List<WantedRecord> all = wanted(smart, facts());
    assertTrue(all.stream().noneMatch(record -> record.purpose() == Purpose.PTR));
    WantedRecord spf =
        all.stream()
            .filter(r -> r.purpose() == Purpose.SPF && r.owner().name().equals("project.example"))
            .findFirst()
            .orElseThrow();
    assertEquals(List.of(), spf.records());
    assertEquals(Presence.MISSING, compare(spf).presence());
    RecordStanding there = compare(spf, "\"v=spf1 include:_spf.example.net -all\"");
    assertEquals(Presence.NOT_CHECKED, there.presence());
    assertTrue(there.text().contains("smart.example.net"), there.text());
    assertEquals(
        Presence.DIFFERENT, compare(spf, "\"v=spf1 +all\"").presence(), "it is still evaluated");
  }

  @Test
  void whatIsNotKnownIsSaid() throws Exception {
    SiteFacts none =
        new SiteFacts(
            List.of(),
            Set.of(HOST),
            List.of(),
            Optional.empty(),
            "key.pem: permission denied",
            List.of(
                new org.sealwax.router.dkim.NeededKey(
                    KEY.recordName(), Optional.empty(), "s1.pem: permission denied")),
            List.of());
    List<RecordStanding> found =
        wanted(CONFIGURATION, none).stream()
            .filter(record -> record.records().isEmpty())
            .map(record -> compare(record))
            .toList();
    assertEquals(6, found.size(), found.toString());
    for (RecordStanding standing : found) {
      assertEquals(Presence.NOT_KNOWN, standing.presence());
      assertTrue(
          standing.text().contains("permission denied") || standing.text().contains("--address"),
          standing.text());
    }
  }

  /** Another name of this server in MX records has the certificate of that name. */
  @Test
  void everyNameOfThisServerHasItsKey() throws Exception {
    Domain second = Domain.of("mail.lists.example");
    SiteFacts one = facts();
    HostKey other = new HostKey(second, RecordFixture.WHOLE, List.of(RecordFixture.WHOLE));
    SiteFacts two =
        new SiteFacts(
            one.addresses(),
            Set.of(HOST, second),
            List.of(one.keys().getFirst(), other),
            one.nextKey(),
            "",
            List.of(),
            List.of());
    List<String> lines = lines(wanted(CONFIGURATION, two));
    assertTrue(
        lines.contains("_25._tcp.mail.lists.example. 3600 IN TLSA 3 0 1 " + "ef".repeat(32)));
    assertEquals(
        1, lines.stream().filter(line -> line.contains("cd".repeat(32))).count(), "next key");
  }
}
