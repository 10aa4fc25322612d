package org.sealwax.mail.dmarc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.testkit.dns.FixedResolver;

/** The walk, the organization, alignment and policies, by the examples of RFC 9989 section 4.10. */
final class DmarcCheckTest {
  private static FixedResolver.Builder records(String... domainsAndTags) {
    FixedResolver.Builder dns = FixedResolver.builder();
    for (int i = 0; i < domainsAndTags.length; i += 2) {
      dns.txt("_dmarc." + domainsAndTags[i], "v=DMARC1; " + domainsAndTags[i + 1]);
    }
    return dns;
  }

  private static String organization(FixedResolver.Builder dns, String start) {
    return DmarcTreeWalk.from(dns.build(), Domain.of(start)).organization().name();
  }

  @Test
  void theOrganizationIsChosenAsInTheExamples() {
    assertEquals(
        "example.com",
        organization(
            records("mail.example.com", "p=none", "example.com", "p=none"), "a.mail.example.com"));
    assertEquals(
        "mail.example.com",
        organization(
            records("mail.example.com", "psd=n", "example.com", "p=none"), "a.mail.example.com"));
    assertEquals("example.com", organization(records("com", "psd=y"), "a.mail.example.com"));
    assertEquals(
        "mail.example.com", organization(records("example.com", "psd=y"), "mail.example.com"));
    // A public suffix that sends mail itself.
    assertEquals("example.com", organization(records("example.com", "psd=y"), "example.com"));
    assertEquals("a.example.com", organization(records(), "a.example.com"));
  }

  /** Section 4.10: eight questions at most, and these. */
  @Test
  void aLongNameIsAskedForEightTimes() {
    List<String> asked = new ArrayList<>();
    String start = "a.b.c.d.e.f.g.h.i.j.mail.example.com";
    for (String name :
        List.of(
            start,
            "g.h.i.j.mail.example.com",
            "h.i.j.mail.example.com",
            "i.j.mail.example.com",
            "j.mail.example.com",
            "mail.example.com",
            "example.com",
            "com")) {
      asked.add(name);
    }
    List<String> found =
        DmarcTreeWalk.from(everywhere(start), Domain.of(start)).found().stream()
            .map(r -> r.domain().name())
            .toList();
    assertEquals(asked, found);
    assertEquals(DmarcTreeWalk.MAX_QUERIES, found.size());
  }

  private static FixedResolver everywhere(String start) {
    FixedResolver.Builder dns = FixedResolver.builder();
    for (Optional<Domain> at = Optional.of(Domain.of(start));
        at.isPresent();
        at = at.get().parent()) {
      dns.txt("_dmarc." + at.get(), "v=DMARC1; p=none");
    }
    return dns.build();
  }

  private static AuthenticatedIdentifier spf(String domain) {
    return new AuthenticatedIdentifier(Mechanism.SPF, Domain.of(domain));
  }

  private static AuthenticatedIdentifier dkim(String domain) {
    return new AuthenticatedIdentifier(Mechanism.DKIM, Domain.of(domain));
  }

  private static DmarcVerdict check(
      FixedResolver.Builder dns, String author, AuthenticatedIdentifier... passed) {
    return new DmarcCheck(dns.build())
        .of(
            new AuthorDomain.Single(Domain.of(author)),
            new AuthenticationFacts(List.of(passed), List.of()));
  }

  @Test
  void relaxedAlignmentComparesOrganizations() {
    FixedResolver.Builder dns = records("example.com", "p=reject");
    assertEquals(DmarcResult.PASS, check(dns, "example.com", dkim("a.example.com")).result());
    assertEquals(DmarcResult.PASS, check(dns, "a.example.com", spf("b.example.com")).result());
    assertEquals(DmarcResult.FAIL, check(dns, "example.com", dkim("badexample.com")).result());
    assertEquals(DmarcResult.FAIL, check(dns, "example.com", dkim("com")).result());
    assertEquals(DmarcResult.FAIL, check(dns, "example.com").result());
  }

  /** A tenant of a public suffix does not vouch for another one. */
  @Test
  void organizationsBelowOnePublicSuffixAreNotAligned() {
    FixedResolver.Builder dns =
        records("hosting.example", "psd=y; p=none", "a.hosting.example", "p=reject");
    assertEquals(
        DmarcResult.FAIL, check(dns, "a.hosting.example", spf("b.hosting.example")).result());
    assertEquals(
        DmarcResult.PASS, check(dns, "a.hosting.example", spf("x.a.hosting.example")).result());
    // A part of an organization that is one itself.
    dns = records("example.com", "p=reject", "own.example.com", "psd=n");
    assertEquals(DmarcResult.FAIL, check(dns, "example.com", spf("own.example.com")).result());
  }

  @Test
  void strictAlignmentComparesNamesForEachMechanism() {
    FixedResolver.Builder dns = records("example.com", "p=reject; aspf=s");
    assertEquals(DmarcResult.FAIL, check(dns, "example.com", spf("a.example.com")).result());
    assertEquals(DmarcResult.PASS, check(dns, "example.com", spf("example.com")).result());
    assertEquals(DmarcResult.PASS, check(dns, "example.com", dkim("a.example.com")).result());
    dns = records("example.com", "p=reject; adkim=s");
    assertEquals(DmarcResult.FAIL, check(dns, "example.com", dkim("a.example.com")).result());
  }

  private static DmarcPolicy policy(FixedResolver.Builder dns, String author) {
    return check(dns, author).policy();
  }

  @Test
  void thePolicyIsThatOfTheKindOfDomain() {
    FixedResolver.Builder dns =
        records("example.com", "p=none; sp=quarantine; np=reject").a("a.example.com", "192.0.2.1");
    assertEquals(DmarcPolicy.NONE, policy(dns, "example.com"));
    assertEquals(DmarcPolicy.QUARANTINE, policy(dns, "a.example.com"));
    assertEquals(DmarcPolicy.REJECT, policy(dns, "gone.example.com"));
    // A failed look-up does not show that a domain does not exist.
    assertEquals(
        DmarcPolicy.QUARANTINE,
        policy(dns.fails("gone.example.com", FixedResolver.Type.MX), "gone.example.com"));
    // Of the public suffix where the organization has no record.
    assertEquals(
        DmarcPolicy.REJECT, policy(records("com", "psd=y; p=none; np=reject"), "example.com"));
    // Its own record, and not that of the organization.
    assertEquals(
        DmarcPolicy.NONE,
        policy(records("example.com", "p=reject", "a.example.com", "p=none"), "a.example.com"));
  }

  @Test
  void inTestModeAPolicyIsOneLevelLower() {
    assertEquals(
        DmarcPolicy.QUARANTINE, policy(records("example.com", "p=reject; t=y"), "example.com"));
    assertEquals(
        DmarcPolicy.NONE, policy(records("example.com", "p=quarantine; t=y"), "example.com"));
  }

  @Test
  void noPolicyAppliesWithoutExactlyOneValidRecord() {
    assertEquals(DmarcResult.NONE, check(records(), "example.com", spf("example.com")).result());
    FixedResolver.Builder two = records("example.com", "p=reject", "example.com", "p=none");
    assertEquals(DmarcResult.NONE, check(two, "example.com").result());
    assertEquals(
        DmarcResult.NONE, check(records("example.com", "p=wrong"), "example.com").result());
    // Two records at the domain are none; that of the organization applies.
    two.txt("_dmarc.a.example.org", "v=DMARC1; p=none")
        .txt("_dmarc.a.example.org", "v=DMARC1; p=none")
        .txt("_dmarc.example.org", "v=DMARC1; sp=reject");
    assertEquals(DmarcPolicy.REJECT, policy(two, "a.example.org"));
  }

  @Test
  void aFailedLookUpIsATemporaryErrorUnlessSomethingPasses() {
    FixedResolver.Builder dns =
        records("example.com", "p=reject").fails("_dmarc.a.example.com").bogus("_dmarc.net");
    assertEquals(DmarcResult.TEMPERROR, check(dns, "a.example.com", spf("example.com")).result());
    assertEquals(DmarcResult.TEMPERROR, check(dns, "example.net", spf("example.net")).result());
    assertEquals(DmarcResult.TEMPERROR, check(dns, "example.com", spf("a.example.com")).result());
    assertEquals(
        DmarcResult.PASS,
        check(dns, "example.com", spf("a.example.com"), dkim("b.example.com")).result());
    DmarcCheck check = new DmarcCheck(dns.build());
    AuthorDomain author = new AuthorDomain.Single(Domain.of("example.com"));
    assertEquals(
        DmarcResult.TEMPERROR,
        check
            .of(author, new AuthenticationFacts(List.of(), List.of(dkim("b.example.com"))))
            .result());
    assertEquals(
        DmarcResult.FAIL,
        check.of(author, new AuthenticationFacts(List.of(), List.of(dkim("other.net")))).result());
  }

  @Test
  void aFromWithoutOneDomainNeverPasses() {
    for (AuthorDomain author :
        List.of(
            new AuthorDomain.Missing(),
            new AuthorDomain.Several(),
            new AuthorDomain.Malformed("why"))) {
      DmarcVerdict verdict =
          new DmarcCheck(records("example.com", "p=reject").build())
              .of(author, new AuthenticationFacts(List.of(spf("example.com")), List.of()));
      assertEquals(DmarcResult.PERMERROR, verdict.result());
      assertEquals(DmarcPolicy.NONE, verdict.policy());
      assertTrue(!verdict.reason().isEmpty());
    }
  }

  /** Receivers differ in how they find an organization: the wider one counts. */
  @ParameterizedTest
  @CsvSource({
    "example.org,         srs.example.org,       true,  the list",
    "example.co.uk,       srs.example.co.uk,     true,  the list below a suffix of two labels",
    "a.b.example.co.uk,   srs.example.co.uk,     true,  several labels below it",
    "example.co.uk,       srs.other.co.uk,       false, a neighbour below that suffix",
    "co.uk,               srs.other.co.uk,       false, the suffix as author",
    "example.org,         example.com,           false, nothing in common",
    "one.walked.org.uk,   srs.two.walked.org.uk, true,  the list and the walk",
    "one.gov.uk,       srs.two.gov.uk,     true,  a suffix with a record of its own",
    "one.police.uk,       srs.two.police.uk,     false, a suffix that says that it is one",
    "one.me.uk,           srs.two.me.uk,         true,  a look-up that fails and two labels",
    "one.me.uk,           srs.two.org.uk,        false, a look-up that fails and one label"
  })
  void whatAReceiverMayAlign(String author, String identifier, boolean expected, String why) {
    FixedResolver dns =
        FixedResolver.builder()
            .txt("_dmarc.walked.org.uk", "v=DMARC1; p=reject")
            .txt("_dmarc.gov.uk", "v=DMARC1; p=reject")
            .txt("_dmarc.police.uk", "v=DMARC1; p=reject; psd=y")
            .fails("_dmarc.me.uk")
            .build();
    assertEquals(
        expected, new DmarcCheck(dns).mayAlign(Domain.of(author), Domain.of(identifier)), why);
  }
}
