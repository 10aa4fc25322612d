package org.sealwax.mail.dmarc;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Policy records and From fields of any bytes. */
public final class DmarcFuzzTargets {
  private DmarcFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "dmarc-record",
            DmarcFuzzTargets::record,
            "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=r; psd=n; t=y;"
                + " rua=mailto:a@example.org",
            "v=DMARC1;p=none",
            "v=DMARC1; p=bad; rua=mailto:a@example.org"),
        FuzzTarget.ofTexts(
            "dmarc-from",
            DmarcFuzzTargets::from,
            "User Name <user@example.org>",
            "\"a, b\" (c (d)) <\"x y\".z@example.org>, two@example.org",
            "Group: =?utf-8?q?a?= <a@[192.0.2.1]>, b@example.net;"));
  }

  private static void record(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    holds(
        DmarcRecord.of(text).isEmpty() || text.regionMatches(true, 0, "v", 0, 1),
        "a record without a version");
    FixedResolver dns = FixedResolver.builder().txt("_dmarc.example.org", text).build();
    DmarcVerdict verdict =
        new DmarcCheck(dns)
            .of(
                new AuthorDomain.Single(Domain.of("a.example.org")),
                new AuthenticationFacts(
                    List.of(
                        new AuthenticatedIdentifier(
                            AuthenticatedIdentifier.Mechanism.SPF, Domain.of("example.net"))),
                    List.of()));
    holds(
        verdict.result() == DmarcResult.NONE || verdict.result() == DmarcResult.FAIL,
        "foreign identifier: " + verdict);
    holds(
        verdict.result() == DmarcResult.FAIL || verdict.policy() == DmarcPolicy.NONE,
        "a policy that does not apply: " + verdict);
  }

  private static void from(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    if (AuthorDomain.of(AuthorField.of(List.of(text))) instanceof AuthorDomain.Single single) {
      // Written with blanks or comments inside, or in other letters, it is not found as it is.
      boolean plain = text.chars().allMatch(c -> c > ' ' && c <= '~' && c != '(');
      holds(
          !plain || text.toLowerCase(java.util.Locale.ROOT).contains("@" + single.domain().name()),
          single + " is not in the field");
      holds(
          AuthorDomain.of(AuthorField.of(List.of(text + ", x@other.example")))
                  instanceof AuthorDomain.Several
              || text.endsWith(","),
          "a second domain is not seen");
    }
    holds(
        AuthorDomain.of(AuthorField.of(List.of(text, text))) instanceof AuthorDomain.Malformed,
        "two fields are read as one");
  }
}
