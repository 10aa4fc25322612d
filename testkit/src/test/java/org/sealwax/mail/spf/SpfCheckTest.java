package org.sealwax.mail.spf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.testkit.dns.FixedResolver;

/** What the public suite leaves open: the limits at n and n+1, failures, and what is quoted. */
final class SpfCheckTest {
  private static SpfRequest request(String client, String local) {
    return new SpfRequest(
        InetAddress.ofLiteral(client),
        SpfSender.of(
            ReversePath.of(new Mailbox(local, Domain.of("example.org"))), "mail.example.org"),
        "mail.example.org");
  }

  private static SpfVerdict check(FixedResolver.Builder dns) {
    return new SpfCheck(dns.build()).of(request("192.0.2.1", "user"));
  }

  private static FixedResolver.Builder mailExchangers(int count) {
    FixedResolver.Builder dns = FixedResolver.builder().txt("example.org", "v=spf1 mx -all");
    for (int i = 0; i < count; i++) {
      dns.mx("example.org", 10, "mx" + i + ".example.org")
          .a("mx" + i + ".example.org", "192.0.2.1");
    }
    return dns;
  }

  @Test
  void tenMxHostsAreCheckedAndElevenAreAnError() {
    assertEquals(SpfResult.PASS, check(mailExchangers(10)).result());
    assertEquals(SpfResult.PERMERROR, check(mailExchangers(11)).result());
  }

  /** Several hosts of one MX set without an address of the client's family are one void term. */
  @Test
  void aTermFindsNothingOnlyOnce() {
    FixedResolver.Builder dns = FixedResolver.builder().txt("example.org", "v=spf1 mx -all");
    for (int i = 0; i < 5; i++) {
      dns.mx("example.org", 10, "mx" + i + ".example.org")
          .aaaa("mx" + i + ".example.org", "2001:db8::1");
    }
    assertEquals(SpfResult.FAIL, check(dns).result());
  }

  @Test
  void aFailedLookUpIsNeverAResultAboutTheSender() {
    FixedResolver.Builder dns =
        FixedResolver.builder()
            .txt("example.org", "v=spf1 mx -all")
            .mx("example.org", 10, "mx.example.org");
    assertEquals(SpfResult.TEMPERROR, check(dns.fails("mx.example.org")).result());
    assertEquals(SpfResult.TEMPERROR, check(FixedResolver.builder().bogus("example.org")).result());
  }

  /** The owner of an address with many names, or with none that answer, cannot make an error. */
  @Test
  void namesOfTheAddressNeverMakeAnError() {
    FixedResolver.Builder dns =
        FixedResolver.builder().txt("example.org", "v=spf1 ptr ptr ptr ptr ?all");
    for (int i = 0; i < 30; i++) {
      dns.ptr("1.2.0.192.in-addr.arpa", "n" + i + ".example.org");
    }
    assertEquals(SpfResult.NEUTRAL, check(dns).result());
    assertEquals(SpfResult.NEUTRAL, check(dns.fails("1.2.0.192.in-addr.arpa")).result());
    // The eleventh name is not looked at.
    dns.without("1.2.0.192.in-addr.arpa");
    for (int i = 0; i < 11; i++) {
      dns.ptr("1.2.0.192.in-addr.arpa", "n" + i + ".example.org");
    }
    assertEquals(SpfResult.NEUTRAL, check(dns.a("n10.example.org", "192.0.2.1")).result());
    assertEquals(SpfResult.PASS, check(dns.a("n9.example.org", "192.0.2.1")).result());
  }

  /** RFC 8616 4: such a name cannot be asked for, so the term does not match. */
  @Test
  void aLocalPartThatIsNotAsciiMatchesNoMacro() {
    FixedResolver dns =
        FixedResolver.builder()
            .txt(
                "example.org", "v=spf1 -include:%{l}.bad.example exists:%{l}._spf.example.org ~all")
            .a("user._spf.example.org", "127.0.0.2")
            .txt("user.bad.example", "v=spf1 -all")
            .build();
    assertEquals(SpfResult.PASS, new SpfCheck(dns).of(request("192.0.2.1", "user")).result());
    assertEquals(
        SpfResult.SOFTFAIL, new SpfCheck(dns).of(request("192.0.2.1", "us\u00e9r")).result());
  }

  /** A local part that no host name has can be looked up nevertheless. */
  @Test
  void aBounceAddressIsAskedForAsItIs() {
    FixedResolver dns =
        FixedResolver.builder()
            .txt("example.org", "v=spf1 exists:%{l}._spf.%{d} -all")
            .a("b+1=user._spf.example.org", "127.0.0.2")
            .build();
    assertEquals(SpfResult.PASS, new SpfCheck(dns).of(request("192.0.2.1", "b+1=user")).result());
  }

  /** The name of an explanation has the grammar of a domain, once; nothing is fetched. */
  @Test
  void anExplanationIsCheckedAndNotAskedFor() {
    FixedResolver.Builder dns = FixedResolver.builder().fails("why.example.org");
    assertEquals(
        SpfResult.FAIL, check(dns.txt("example.org", "v=spf1 -all exp=why.example.org")).result());
    for (String wrong :
        new String[] {"exp=", "exp=%{x}", "exp=%{c}", "exp=a.example exp=b.example"}) {
      FixedResolver.Builder broken = FixedResolver.builder();
      assertEquals(
          SpfResult.PERMERROR, check(broken.txt("example.org", "v=spf1 -all " + wrong)).result());
    }
  }

  @Test
  void aReasonQuotesARecordInPrintableAscii() {
    SpfVerdict verdict =
        check(FixedResolver.builder().txt("example.org", "v=spf1 \r\n\u00e9" + "y".repeat(900)));
    assertEquals(SpfResult.PERMERROR, verdict.result());
    assertTrue(
        verdict.reason().matches("[ -~]{1," + SpfVerdict.MAX_REASON + "}"), verdict.reason());
  }

  @Test
  void theNullPathAsksTheDomainOfTheEhloName() {
    FixedResolver dns = FixedResolver.builder().txt("mail.example.org", "v=spf1 +all").build();
    SpfRequest bounce =
        new SpfRequest(
            InetAddress.ofLiteral("192.0.2.1"),
            SpfSender.of(ReversePath.nullPath(), "mail.example.org"),
            "mail.example.org");
    assertEquals(SpfResult.PASS, new SpfCheck(dns).of(bounce).result());
    assertEquals("postmaster@mail.example.org", bounce.sender().address());
  }
}
