package org.sealwax.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.dnsbl.ReturnCodes;
import org.sealwax.testkit.dns.FixedResolver;

/** Lists of the configuration that work, that do not, and that have our own address. */
final class DnsListReviewTest {
  private static final String TEST_ENTRY = "2.0.0.127.bl.example";
  private static final String OURS = "25.2.0.192.bl.example";

  private static List<SiteFinding> findings(DnsList.Action action, FixedResolver.Builder dns) {
    DnsList list =
        new DnsList(Domain.of("bl.example"), List.of(ReturnCodes.parse("127.0.0.[2..4]")), action);
    return new DnsListReview(
            List.of(list), List.of(InetAddress.ofLiteral("192.0.2.25")), dns.build())
        .findings();
  }

  /** The answer to the test entry 127.0.0.2, and what is found. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "127.0.0.2       | OK      | ''",
        "127.255.255.254 | WARNING | [dns] resolvers = [\"127.0.0.1\"]",
        "127.0.0.9       | WARNING | codes",
        "''              | WARNING | codes",
        "fails           | UNKNOWN | ''"
      })
  void theTestEntrySaysWhetherAListWorks(String answer, SiteVerdict verdict, String fix) {
    FixedResolver.Builder dns = FixedResolver.builder();
    switch (answer) {
      case "" -> {}
      case "fails" -> dns.fails(TEST_ENTRY);
      default -> dns.a(TEST_ENTRY, answer);
    }
    List<SiteFinding> found = findings(DnsList.Action.REFUSE, dns);
    assertEquals(1, found.size());
    assertEquals(verdict, found.getFirst().verdict());
    assertTrue(String.join("\n", found.getFirst().fix()).contains(fix), found.toString());
  }

  /** A list that has ended often has every address, so that its users notice. */
  @Test
  void aListThatHasEveryAddressIsAnError() {
    List<SiteFinding> found =
        findings(
            DnsList.Action.REFUSE,
            FixedResolver.builder()
                .a(TEST_ENTRY, "127.0.0.2")
                .a("1.0.0.127.bl.example", "127.0.0.2")
                .a(OURS, "127.0.0.2"));
    assertEquals(1, found.size());
    assertEquals(SiteVerdict.ERROR, found.getFirst().verdict());
    assertEquals(List.of("remove the [[dnsbl]] entry of bl.example"), found.getFirst().fix());
  }

  @Test
  void anAddressOfOursOnABlockListIsAnError() {
    FixedResolver.Builder dns =
        FixedResolver.builder().a(TEST_ENTRY, "127.0.0.2").a(OURS, "127.0.0.4");
    SiteFinding listed = findings(DnsList.Action.NOTE, dns).getLast();
    assertEquals(SiteVerdict.ERROR, listed.verdict());
    assertEquals("192.0.2.25", listed.subject());
    assertTrue(listed.fix().getFirst().contains(OURS), listed.toString());
    assertEquals(1, findings(DnsList.Action.ALLOW, dns).size(), "good news on an allow list");
    dns.without(OURS).fails(OURS);
    assertEquals(SiteVerdict.UNKNOWN, findings(DnsList.Action.REFUSE, dns).getLast().verdict());
  }
}
