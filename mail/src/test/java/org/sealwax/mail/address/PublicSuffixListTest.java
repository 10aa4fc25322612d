package org.sealwax.mail.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cases by the kinds of rule that the list's own algorithm distinguishes. */
final class PublicSuffixListTest {
  private static String registrable(String name) {
    return PublicSuffixList.bundled().registrable(Domain.of(name)).map(Domain::name).orElse("-");
  }

  @ParameterizedTest
  @CsvSource({
    // One label, listed or not.
    "com, -",
    "example.com, example.com",
    "b.example.com, example.com",
    "a.b.example.com, example.com",
    "unlisted, -",
    "mx.unlisted, mx.unlisted",
    "a.mx.unlisted, mx.unlisted",
    // Two labels.
    "uk.com, -",
    "example.uk.com, example.uk.com",
    "co.uk, -",
    "a.b.example.co.uk, example.co.uk",
    // A wildcard, and its exception.
    "ck, -",
    "test.ck, -",
    "b.test.ck, b.test.ck",
    "a.b.test.ck, b.test.ck",
    "www.ck, www.ck",
    "www.www.ck, www.ck",
    "kobe.jp, kobe.jp",
    "c.kobe.jp, -",
    "b.c.kobe.jp, b.c.kobe.jp",
    "a.b.c.kobe.jp, b.c.kobe.jp",
    "city.kobe.jp, city.kobe.jp",
    "www.city.kobe.jp, city.kobe.jp",
    // A geographic rule below a general one.
    "ide.kyoto.jp, -",
    "a.b.ide.kyoto.jp, b.ide.kyoto.jp",
    "ac.jp, -",
    "a.b.ac.jp, b.ac.jp",
    // A name in its own script.
    "xn--55qx5d.cn, -",
    "shop.xn--55qx5d.cn, shop.xn--55qx5d.cn",
    "www.xn--85x722f.xn--55qx5d.cn, xn--85x722f.xn--55qx5d.cn",
    // The private part.
    "blogspot.com, -",
    "a.github.io, a.github.io",
    "b.a.github.io, a.github.io",
  })
  void findsTheRegistrableDomain(String name, String expected) {
    assertEquals(expected, registrable(name));
  }

  @Test
  void twoDomainsUnderOneSuffixAreTwoOrganisations() {
    PublicSuffixList list = PublicSuffixList.bundled();

    assertTrue(
        list.sameOrganisation(Domain.of("mx1.mail.example.co.uk"), Domain.of("example.co.uk")));
    assertFalse(list.sameOrganisation(Domain.of("a.co.uk"), Domain.of("b.co.uk")));
    assertTrue(list.sameOrganisation(Domain.of("co.uk"), Domain.of("co.uk")));
    assertFalse(list.sameOrganisation(Domain.of("com"), Domain.of("example.com")));
  }

  @Test
  void passesOverWhatIsNoRule() throws IOException {
    PublicSuffixList list =
        PublicSuffixList.read(
            new StringReader("// comment\n\n  a.b trailing words\n!\n*.\n-x-\n!k.c\n*.c\n"));

    assertEquals("z.a.b", list.registrable(Domain.of("y.z.a.b")).orElseThrow().name());
    assertEquals("k.c", list.registrable(Domain.of("x.k.c")).orElseThrow().name());
    assertEquals("x.l.c", list.registrable(Domain.of("x.l.c")).orElseThrow().name());
  }

  @Test
  void ruleCountLimit() throws IOException {
    String full =
        IntStream.range(0, PublicSuffixList.MAX_RULES)
            .mapToObj(i -> "r" + i + ".test")
            .collect(Collectors.joining("\n"));

    PublicSuffixList.read(new StringReader(full));
    assertThrows(
        IOException.class, () -> PublicSuffixList.read(new StringReader(full + "\none.more")));
  }
}
