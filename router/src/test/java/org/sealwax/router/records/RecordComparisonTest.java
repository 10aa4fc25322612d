package org.sealwax.router.records;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.records.RecordFixture.CURRENT;
import static org.sealwax.router.records.RecordFixture.KEY;
import static org.sealwax.router.records.RecordFixture.NEXT;
import static org.sealwax.router.records.RecordFixture.WHOLE;
import static org.sealwax.router.records.RecordFixture.answer;
import static org.sealwax.router.records.RecordFixture.at;
import static org.sealwax.router.records.RecordFixture.compare;
import static org.sealwax.router.records.RecordFixture.failure;
import static org.sealwax.router.records.RecordFixture.wanted;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordStanding.RecordEdit;
import org.sealwax.router.records.WantedRecord.Purpose;
import org.sealwax.testkit.dns.FixedResolver;

/** What is published in another correct form is published; no answer is never a missing record. */
final class RecordComparisonTest {
  private static final String TLSA = "_25._tcp.mx.project.example";
  private static final String OTHER_KEY = "3 1 1 " + "77".repeat(32);

  record Published(
      Purpose purpose, String owner, Presence presence, String text, List<String> data) {
    @Override
    public String toString() {
      return purpose + " " + owner + ": " + presence + " " + data;
    }
  }

  private static Published row(
      Purpose purpose, String owner, Presence presence, String text, String... data) {
    return new Published(purpose, owner, presence, text, List.of(data));
  }

  private static Published spf(Presence presence, String text, String... data) {
    return row(Purpose.SPF, "project.example", presence, text, data);
  }

  private static Published dkim(Presence presence, String text, String... data) {
    return row(Purpose.DKIM, KEY.recordName().name(), presence, text, data);
  }

  private static Published dmarc(Presence presence, String text, String... data) {
    return row(Purpose.DMARC, "_dmarc.project.example", presence, text, data);
  }

  private static Published reports(Presence presence, String text, String... data) {
    return row(Purpose.TLSRPT, "_smtp._tls.project.example", presence, text, data);
  }

  private static Published policy(Presence presence, String text, String... data) {
    return row(Purpose.MTA_STS, "_mta-sts.project.example", presence, text, data);
  }

  private static Published caa(Presence presence, String text, String... data) {
    return row(Purpose.CAA, "mx.project.example", presence, text, data);
  }

  static Stream<Published> published() {
    String key = ZoneRecord.txt(KEY.recordName(), Duration.ZERO, KEY.record()).data();
    return Stream.of(
        row(Purpose.MX, "project.example", Presence.MISSING, ""),
        row(
            Purpose.MX,
            "project.example",
            Presence.PUBLISHED,
            "next to backup.example",
            "20 backup.example.",
            "10 MX.project.example."),
        row(
            Purpose.MX,
            "project.example",
            Presence.DIFFERENT,
            "mail goes to filter.example: change it when mail is to come here",
            "10 filter.example."),
        row(
            Purpose.MX,
            "project.example",
            Presence.DIFFERENT,
            "the null MX record refuses all mail",
            "0 ."),
        row(
            Purpose.ADDRESS,
            "mx.project.example",
            Presence.PUBLISHED,
            "",
            "192.0.2.25",
            "192.0.2.26"),
        row(
            Purpose.ADDRESS,
            "mx.project.example",
            Presence.DIFFERENT,
            "there is 192.0.2.26",
            "192.0.2.26"),
        row(
            Purpose.PTR,
            "25.2.0.192.in-addr.arpa",
            Presence.DIFFERENT,
            "the address is called host-25.isp.example.",
            "host-25.isp.example."),
        row(Purpose.PTR, "25.2.0.192.in-addr.arpa", Presence.PUBLISHED, "", "mx.project.example."),
        spf(Presence.MISSING, "", "\"google-site-verification=x\""),
        spf(Presence.PUBLISHED, "", "\"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all\""),
        spf(Presence.PUBLISHED, "", "\"v=spf1 \" \"+mx a:mx.project.example ?all\""),
        spf(
            Presence.DIFFERENT,
            "does not permit 2001:db8::25",
            "\"v=spf1 ip4:192.0.2.25 include:_spf.other.example -all\""),
        spf(Presence.NOT_KNOWN, "", "\"v=spf1 include:broken.example -all\""),
        spf(
            Presence.DIFFERENT,
            "there are 2 SPF records, an error for every receiver: keep one of them",
            "\"v=spf1 ip4:192.0.2.25 -all\"",
            "\"v=spf1 a -all\""),
        spf(Presence.DIFFERENT, "the record permits every host of the internet", "\"v=spf1 +all\""),
        dkim(Presence.MISSING, ""),
        dkim(Presence.PUBLISHED, "", key),
        dkim(Presence.DIFFERENT, "the record has an empty p=, which revokes the key", "\"p=\""),
        dmarc(Presence.MISSING, ""),
        dmarc(Presence.PUBLISHED, "", "\"v=DMARC1; p=reject; adkim=s\""),
        dmarc(
            Presence.DIFFERENT,
            "the record is in error, and receivers ignore it",
            "\"v=DMARC1 p=reject\""),
        dmarc(
            Presence.DIFFERENT,
            "there are several DMARC records, and receivers ignore them all: keep one of them",
            "\"v=DMARC1; p=reject\"",
            "\"v=DMARC1; p=none\""),
        row(Purpose.TLSA, TLSA, Presence.MISSING, ""),
        row(Purpose.TLSA, TLSA, Presence.PUBLISHED, "", OTHER_KEY, CURRENT.toString()),
        row(Purpose.TLSA, TLSA, Presence.PUBLISHED, "as " + WHOLE, WHOLE.toString()),
        row(
            Purpose.TLSA,
            TLSA,
            Presence.DIFFERENT,
            "the certificate in force matches none of the records",
            OTHER_KEY),
        row(Purpose.TLSA_NEXT, TLSA, Presence.MISSING, "", CURRENT.toString()),
        row(Purpose.TLSA_NEXT, TLSA, Presence.PUBLISHED, "", upper(NEXT), CURRENT.toString()),
        reports(Presence.MISSING, ""),
        reports(
            Presence.PUBLISHED, "", "\"v=TLSRPTv1; rua=https://reports.example/v1,mailto:a@b.c\""),
        reports(
            Presence.DIFFERENT,
            "2 records: senders ignore them all; keep one of them",
            "\"v=TLSRPTv1; rua=mailto:a@b.c\"",
            "\"v=TLSRPTv1; rua=mailto:d@b.c\""),
        policy(Presence.MISSING, ""),
        policy(Presence.PUBLISHED, "", "\"v=STSv1; id=20261201\""),
        policy(Presence.DIFFERENT, "the id is 20260101", "\"v=STSv1; id=20260101;\""),
        caa(Presence.MISSING, ""),
        caa(
            Presence.PUBLISHED,
            "",
            "0 issue \"sectigo.com\"",
            "0 issue \"letsencrypt.org; validationmethods=dns-01\""),
        caa(Presence.MISSING, "", "0 iodef \"mailto:a@b.c\""),
        caa(
            Presence.DIFFERENT,
            "the records do not permit letsencrypt.org",
            "0 issue \"sectigo.com\""));
  }

  private static String upper(Object tlsa) {
    return tlsa.toString().toUpperCase(java.util.Locale.ROOT);
  }

  private static final FixedResolver OTHERS =
      FixedResolver.builder()
          .mx("project.example", 10, "mx.project.example")
          .a("mx.project.example", "192.0.2.25")
          .aaaa("mx.project.example", "2001:db8::25")
          .txt("_spf.other.example", "v=spf1 ip4:198.51.100.1 -all")
          .fails("broken.example")
          .build();

  @ParameterizedTest
  @MethodSource("published")
  void oneServerHas(Published published) throws Exception {
    RecordStanding found =
        compare(
            wanted(published.purpose(), published.owner()),
            OTHERS,
            published.data().toArray(String[]::new));
    assertEquals(published.presence(), found.presence(), found.text());
    if (published.presence() != Presence.NOT_KNOWN) {
      assertEquals(published.text(), found.text());
    }
  }

  /** The one SPF record gets our addresses; a second one would be an error for every receiver. */
  @Test
  void anSpfRecordIsAmended() throws Exception {
    String theirs = "\"v=spf1 ip4:192.0.2.25 include:_spf.other.example -all\"";
    RecordStanding found =
        compare(wanted(Purpose.SPF, "project.example"), OTHERS, theirs, "\"other=1\"");
    RecordEdit edit = found.edit().orElseThrow();
    assertEquals(2, edit.seen().size());
    assertEquals(List.of(theirs), edit.remove().stream().map(ZoneRecord::data).toList());
    assertEquals(
        List.of("\"v=spf1 ip6:2001:db8::25 ip4:192.0.2.25 include:_spf.other.example -all\""),
        edit.add().stream().map(ZoneRecord::data).toList());
    assertEquals(Duration.ofMinutes(5), edit.add().getFirst().ttl());
    assertEquals(edit.add(), found.lines());
  }

  /** Records of one set have one time to live (RFC 2181 section 5.2), also in a zone file. */
  @Test
  void aNewRecordHasTheTimeToLiveOfTheOthers() throws Exception {
    RecordStanding found = compare(wanted(Purpose.TLSA_NEXT, TLSA), CURRENT.toString());
    assertEquals(Duration.ofMinutes(5), found.lines().getFirst().ttl());
    assertEquals(found.lines(), found.edit().orElseThrow().add());
  }

  /** A sender with a policy that does not list this host would not deliver to it. */
  @Test
  void anMxRecordWaitsForThePolicy() throws Exception {
    SiteFacts facts = RecordFixture.facts();
    String why = "the policy lists the host only since yesterday";
    List<SiteFacts.HostedPolicy> policies =
        List.of(
            new SiteFacts.HostedPolicy(
                RecordFixture.PROJECT, Optional.of("v=STSv1; id=1;"), "", Optional.of(why)));
    SiteFacts later =
        new SiteFacts(
            facts.addresses(),
            facts.ownHosts(),
            facts.keys(),
            facts.nextKey(),
            "",
            List.of(),
            policies);
    WantedRecord mx =
        wanted(RecordFixture.CONFIGURATION, later).stream()
            .filter(record -> record.purpose() == Purpose.MX)
            .findFirst()
            .orElseThrow();
    RecordStanding found = compare(mx);
    assertEquals(Presence.MISSING, found.presence());
    assertEquals(why, found.text());
    assertEquals(List.of(), found.lines());
    assertEquals(Optional.empty(), found.edit());
    assertEquals(
        Presence.PUBLISHED, compare(mx, "10 mx.project.example.").presence(), "it is one already");
  }

  /** A missing TLSA record is added to the others; none of them is removed. */
  @Test
  void aTlsaRecordIsAdded() throws Exception {
    RecordEdit edit = compare(wanted(Purpose.TLSA, TLSA), OTHER_KEY).edit().orElseThrow();
    assertEquals(List.of(), edit.remove());
    assertEquals(CURRENT.toString(), edit.add().getFirst().data());
  }

  /** What a person must decide is not changed. */
  @Test
  void recordsOfOthersAreLeft() throws Exception {
    assertEquals(
        Optional.empty(),
        compare(wanted(Purpose.MX, "project.example"), "10 filter.example.").edit());
    assertEquals(
        Optional.empty(),
        compare(wanted(Purpose.ADDRESS, "mx.project.example"), "192.0.2.26").edit());
    assertEquals(
        Optional.empty(),
        compare(
                wanted(Purpose.SPF, "project.example"),
                "\"v=spf1 ip4:192.0.2.25 -all\"",
                "\"v=spf1 a -all\"")
            .edit());
  }

  @Test
  void aDmarcRecordAboveIsOneOfTheDomain() throws Exception {
    FixedResolver above =
        OTHERS.toBuilder().txt("_dmarc.project.example", "v=DMARC1; p=reject").build();
    WantedRecord below =
        new WantedRecord(
            Purpose.DMARC,
            Domain.of("_dmarc.sub.project.example"),
            ZoneRecord.RecordType.TXT,
            List.of(),
            new WantedRecord.Requirement.AuthorPolicy(Domain.of("sub.project.example")),
            "");
    RecordStanding found = compare(below, above);
    assertEquals(Presence.PUBLISHED, found.presence());
    assertEquals("by the record of project.example", found.text());
    assertEquals(Presence.MISSING, compare(below, OTHERS).presence());
  }

  @Test
  void caaRecordsAboveCount() throws Exception {
    WantedRecord caa = wanted(Purpose.CAA, "mx.project.example");
    FixedResolver permits =
        OTHERS.toBuilder()
            .caa("project.example", new CaaRecord(0, "issue", "letsencrypt.org"))
            .build();
    assertEquals(Presence.PUBLISHED, compare(caa, permits).presence());
    FixedResolver forbids =
        OTHERS.toBuilder().caa("project.example", new CaaRecord(0, "issue", ";")).build();
    assertEquals(Presence.DIFFERENT, compare(caa, forbids).presence());
    FixedResolver silent = OTHERS.toBuilder().fails("project.example").build();
    assertEquals(Presence.NOT_KNOWN, compare(caa, silent).presence());
  }

  private static RecordStanding of(
      WantedRecord wanted,
      Optional<PublishedViews.ServerView> primary,
      DnsAnswer<ZoneRecord> second)
      throws Exception {
    return new RecordComparison(OTHERS)
        .of(
            wanted,
            new PublishedViews(
                List.of(
                    at("ns1.example (192.0.2.1)", answer(wanted, "10 mx.project.example.")),
                    at("ns2.example (192.0.2.2)", second)),
                answer(wanted, "10 mx.project.example."),
                primary));
  }

  @Test
  void aServerThatLagsIsNamed() throws Exception {
    WantedRecord mx = wanted(Purpose.MX, "project.example");
    RecordStanding found = of(mx, Optional.empty(), answer(mx));
    assertEquals(Presence.MISSING, found.presence());
    assertEquals(
        "missing at ns2.example (192.0.2.2); published at ns1.example (192.0.2.1)", found.text());
    assertEquals(Optional.empty(), found.edit(), "it will come");
    assertTrue(found.lagging());
    RecordStanding primary =
        of(mx, Optional.of(at("p", answer(mx, "10 mx.project.example."))), answer(mx));
    assertTrue(
        primary
            .text()
            .endsWith("the primary server has it, and other servers will get it from there"));
    RecordStanding hidden = of(mx, Optional.of(at("p", answer(mx))), answer(mx));
    assertTrue(hidden.edit().isPresent(), "the primary server lacks it");
    assertFalse(hidden.lagging());
  }

  @Test
  void aSilentServerIsNotAMissingRecord() throws Exception {
    WantedRecord mx = wanted(Purpose.MX, "project.example");
    RecordStanding found = of(mx, Optional.empty(), failure(mx, "timed out"));
    assertEquals(Presence.NOT_KNOWN, found.presence());
    assertEquals("no answer from ns2.example (192.0.2.2): timed out", found.text());
    RecordStanding allSilent =
        new RecordComparison(OTHERS)
            .of(
                mx,
                new PublishedViews(
                    List.of(at("ns1.example", failure(mx, "timed out"))),
                    failure(mx, "SERVFAIL"),
                    Optional.empty()));
    assertEquals(Presence.NOT_KNOWN, allSilent.presence());
    assertEquals(Optional.empty(), allSilent.edit());
    assertEquals(List.of(), allSilent.lines());
  }

  /** A machine without IPv6 cannot ask the other address. */
  @Test
  void oneAddressOfAServerIsEnough() throws Exception {
    WantedRecord mx = wanted(Purpose.MX, "project.example");
    DnsAnswer<ZoneRecord> good = answer(mx, "10 mx.project.example.");
    RecordStanding found =
        new RecordComparison(OTHERS)
            .of(
                mx,
                new PublishedViews(
                    List.of(
                        at("ns1.example (192.0.2.1)", good),
                        at("ns1.example (2001:db8::1)", failure(mx, "unreachable"))),
                    good,
                    Optional.empty()));
    assertEquals(Presence.PUBLISHED, found.presence(), found.text());
  }

  /** The key may be published by another provider, to which the name leads. */
  @Test
  void anAliasIsFollowedAndNotChanged() throws Exception {
    WantedRecord dkim = wanted(Purpose.DKIM, KEY.recordName().name());
    PublishedViews.ServerView alias =
        at(
            "ns1.example (192.0.2.1)",
            DnsAnswer.unknown(DnssecStatus.FAILED, dkim.owner(), 1, Duration.ZERO, "an alias"));
    RecordComparison comparison = new RecordComparison(OTHERS);
    String key = ZoneRecord.txt(KEY.recordName(), Duration.ZERO, KEY.record()).data();
    RecordStanding there =
        comparison.of(
            dkim, new PublishedViews(List.of(alias), answer(dkim, key), Optional.empty()));
    assertEquals(Presence.PUBLISHED, there.presence());
    assertEquals(List.of(), there.lines(), "a record next to an alias is an error");
    RecordStanding lacking =
        comparison.of(dkim, new PublishedViews(List.of(alias), answer(dkim), Optional.empty()));
    assertEquals(Presence.MISSING, lacking.presence());
    assertEquals(Optional.empty(), lacking.edit());
  }

  @Test
  void bogusAnswersAndUnsignedZonesAreNamed() throws Exception {
    WantedRecord tlsa = wanted(Purpose.TLSA, TLSA);
    DnsAnswer<ZoneRecord> good = answer(tlsa, CURRENT.toString());
    List<PublishedViews.ServerView> servers = List.of(at("ns1.example (192.0.2.1)", good));
    RecordComparison comparison = new RecordComparison(OTHERS);
    RecordStanding bogus =
        comparison.of(
            tlsa,
            new PublishedViews(
                servers,
                DnsAnswer.unknown(
                    DnssecStatus.BOGUS, tlsa.owner(), 0, Duration.ZERO, "signature expired"),
                Optional.empty()));
    assertEquals(Presence.NOT_KNOWN, bogus.presence());
    assertEquals("DNSSEC: signature expired", bogus.text());
    RecordStanding unsigned =
        comparison.of(
            tlsa,
            new PublishedViews(
                servers,
                new DnsAnswer<>(
                    good.records(),
                    good.kind(),
                    DnssecStatus.INSECURE,
                    tlsa.owner(),
                    0,
                    Duration.ZERO,
                    ""),
                Optional.empty()));
    assertEquals(
        "the zone is not signed by DNSSEC: senders ignore TLSA records there",
        unsigned.wanted().note());
  }
}
