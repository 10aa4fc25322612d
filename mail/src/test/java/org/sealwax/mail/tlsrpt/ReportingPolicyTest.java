package org.sealwax.mail.tlsrpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.smtp.MailboxParser;

/** RFC 8460 section 3. */
final class ReportingPolicyTest {
  private static List<ReportAddress> wanted(String... records) {
    return assertInstanceOf(
            ReportingPolicy.Wanted.class, ReportingPolicy.of(List.of(records)), records[0])
        .addresses();
  }

  private static void invalid(String... records) {
    assertInstanceOf(
        ReportingPolicy.Invalid.class, ReportingPolicy.of(List.of(records)), records[0]);
  }

  private static ReportAddress mail(String address) {
    return new ReportAddress.ByMail(MailboxParser.parse(address).orElseThrow());
  }

  @Test
  void readsTheExamplesOfTheRfc() {
    assertEquals(
        List.of(mail("reports@example.com")), wanted("v=TLSRPTv1;rua=mailto:reports@example.com"));
    assertEquals(
        List.of(new ReportAddress.ByPost(Domain.of("reporting.example.com"), 443, "/v1/tlsrpt")),
        wanted("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"));
  }

  @Test
  void takesSeveralAddressesAndIgnoresSchemesThatItDoesNotKnow() {
    assertEquals(
        List.of(
            mail("a@b.example"), new ReportAddress.ByPost(Domain.of("c.example"), 8443, "/?x=1")),
        wanted("v=TLSRPTv1; rua=mailto:a@b.example, ftp://x.example/,https://c.example:8443?x=1"));
  }

  @Test
  void takesAtMostFourAddresses() {
    String four =
        "v=TLSRPTv1;"
            + " rua=mailto:a@b.example,mailto:b@b.example,mailto:c@b.example,mailto:d@b.example";
    assertEquals(ReportingPolicy.MAX_ADDRESSES, wanted(four).size());
    assertEquals(ReportingPolicy.MAX_ADDRESSES, wanted(four + ",mailto:e@b.example").size());
  }

  @Test
  void twoRecordsAreNone() {
    String record = "v=TLSRPTv1;rua=mailto:a@b.example";
    assertEquals(new ReportingPolicy.Several(2), ReportingPolicy.of(List.of(record, "x", record)));
    assertEquals(
        1, wanted("v=TLSRPTv1;rua=mailto:a@b.example", "v=spf1 -all", "v=TLSRPTv2;x=y").size());
  }

  @Test
  void ignoresUnknownFieldsAndRefusesRepeatedOrMissingOnes() {
    assertEquals(1, wanted("v=TLSRPTv1; ruf=x; rua=mailto:a@b.example; future=1;").size());
    invalid("v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@b.example");
    invalid("v=TLSRPTv1;");
    invalid("v=TLSRPTv1; rua=mailto:nobody");
    invalid("v=TLSRPTv1; rua=http://clear.example/");
  }

  @Test
  void otherRecordsAreNoRecord() {
    for (String other : List.of("", "v=TLSRPTv1", "V=TLSRPTv1;rua=mailto:a@b.example", "x")) {
      assertInstanceOf(ReportingPolicy.None.class, ReportingPolicy.of(List.of(other)), other);
    }
  }

  @Test
  void undoesPercentEncodingInMailAddressesOnly() {
    assertEquals(List.of(mail("a!b@c.example")), wanted("v=TLSRPTv1;rua=mailto:a%21b@c.example"));
    invalid("v=TLSRPTv1;rua=mailto:a%0d%0ab@c.example");
    invalid("v=TLSRPTv1;rua=mailto:a%2");
    assertTrue(ReportAddress.parse("https://user@c.example/").isEmpty());
  }

  @Test
  void addressLimitIs500Bytes() {
    String base = "https://c.example/";
    String longest = base + "x".repeat(ReportAddress.MAX_LENGTH - base.length());
    assertTrue(ReportAddress.parse(longest).isPresent());
    assertTrue(ReportAddress.parse(longest + "x").isEmpty());
  }
}
