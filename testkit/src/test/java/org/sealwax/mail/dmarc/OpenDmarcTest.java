package org.sealwax.mail.dmarc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.testkit.dns.FixedResolver;

/**
 * The library of OpenDMARC, by others, decides each case as we do. It follows RFC 7489: its
 * organizational domains come from the public suffix list and ours from the walk, so that the
 * records here are where both find the same. OpenDMARC 1.4.2 is not asked about a signature of a
 * public suffix: it takes {@code co.uk} for aligned with each domain below.
 */
final class OpenDmarcTest {
  /** Author, its organization, a domain inside of it, and one outside. */
  private record Names(String author, String organization, String inside, String outside) {}

  private static final List<Names> NAMES =
      List.of(
          new Names("example.com", "example.com", "mail.example.com", "example.net"),
          new Names("news.example.com", "example.com", "mail.example.com", "badexample.com"),
          new Names("shop.co.uk", "shop.co.uk", "mail.shop.co.uk", "other.co.uk"),
          new Names("a.b.shop.co.uk", "shop.co.uk", "shop.co.uk", "other.co.uk"));

  private static final List<String> RECORDS =
      List.of(
          "v=DMARC1; p=none",
          "v=DMARC1; p=quarantine",
          "v=DMARC1; p=reject",
          "v=DMARC1; p=reject; sp=none",
          "v=DMARC1; p=none; sp=reject",
          "v=DMARC1;p=reject;aspf=s",
          "v=DMARC1; p=reject; adkim=s; rua=mailto:a@example.org",
          "v=DMARC1 ; p = quarantine ; aspf = s ; adkim = s ;");

  /**
   * One message.
   *
   * @param spf the domain that SPF passed, or a dash
   * @param dkim the domain whose signature passed, or a dash
   */
  private record OneCase(Names names, String record, String spf, String dkim) {
    String line() {
      return String.join("\t", names.author, names.organization, spf, dkim, record);
    }

    /** OpenDMARC 1.4.2 takes {@code aspf=s} and {@code adkim=s} for relaxed. */
    boolean differsByStrictness() {
      boolean strict = record.contains("aspf") || record.contains("adkim");
      return strict && (spf.equals(names.inside) || dkim.equals(names.inside));
    }

    String ours() {
      List<AuthenticatedIdentifier> passed = new ArrayList<>();
      if (!spf.equals("-")) {
        passed.add(new AuthenticatedIdentifier(Mechanism.SPF, Domain.of(spf)));
      }
      if (!dkim.equals("-")) {
        passed.add(new AuthenticatedIdentifier(Mechanism.DKIM, Domain.of(dkim)));
      }
      DmarcVerdict verdict =
          new DmarcCheck(
                  FixedResolver.builder().txt("_dmarc." + names.organization, record).build())
              .of(
                  new AuthorDomain.Single(Domain.of(names.author)),
                  new AuthenticationFacts(passed, List.of()));
      return verdict.result() == DmarcResult.FAIL
          ? verdict.policy().name().toLowerCase(Locale.ROOT)
          : verdict.result().text();
    }
  }

  private static List<OneCase> cases() {
    List<OneCase> all = new ArrayList<>();
    for (Names names : NAMES) {
      for (String record : RECORDS) {
        for (String spf : List.of("-", names.author, names.inside, names.outside)) {
          for (String dkim : List.of("-", names.author, names.inside, names.outside)) {
            OneCase one = new OneCase(names, record, spf, dkim);
            if (!one.differsByStrictness()) {
              all.add(one);
            }
          }
        }
      }
    }
    return all;
  }

  private static List<String> theirs(List<OneCase> cases) throws IOException, InterruptedException {
    boolean ci = System.getenv("CI") != null;
    assumeTrue(ci || Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
    Process process =
        new ProcessBuilder(
                "/usr/bin/python3",
                "-c",
                """
                import ctypes, sys
                lib = ctypes.CDLL('libopendmarc.so.2')
                lib.opendmarc_policy_connect_init.restype = ctypes.c_void_p
                suffixes = b'/usr/share/publicsuffix/public_suffix_list.dat'
                assert lib.opendmarc_tld_read_file(suffixes, b'//', b'*.', b'!') == 0
                words = {14: 'absent', 15: 'pass', 16: 'reject', 17: 'quarantine', 18: 'none'}
                PASS = 1
                for line in sys.stdin.buffer.read().splitlines():
                  author, organization, spf, dkim, record = line.split(b'\\t')
                  policy = ctypes.c_void_p(lib.opendmarc_policy_connect_init(b'192.0.2.1', 0))
                  lib.opendmarc_policy_store_from_domain(policy, author)
                  if spf != b'-':
                    lib.opendmarc_policy_store_spf(policy, spf, PASS, 1, b'')
                  if dkim != b'-':
                    lib.opendmarc_policy_store_dkim(policy, dkim, b's', PASS, b'')
                  above = None if author == organization else organization
                  lib.opendmarc_policy_store_dmarc(policy, record, organization, above)
                  print(words[lib.opendmarc_get_policy_to_enforce(policy)])
                """)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var to = process.outputWriter(StandardCharsets.US_ASCII)) {
      to.write(String.join("\n", cases.stream().map(OneCase::line).toList()));
    } catch (IOException e) {
      assumeTrue(ci, "no libopendmarc2");
      throw e;
    }
    List<String> words = process.inputReader(StandardCharsets.US_ASCII).lines().toList();
    assumeTrue(process.waitFor() == 0 || ci, "no libopendmarc2");
    return words;
  }

  @Test
  void openDmarcDecidesAsWeDo() throws Exception {
    List<OneCase> cases = cases();
    List<String> theirs = theirs(cases);
    assertEquals(cases.size(), theirs.size());
    assertTrue(cases.size() >= 60, "cases");
    for (int i = 0; i < cases.size(); i++) {
      assertEquals(theirs.get(i), cases.get(i).ours(), cases.get(i).toString());
    }
    assertTrue(theirs.containsAll(List.of("pass", "reject", "quarantine", "none")));
  }
}
