package org.sealwax.mail.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and addresses are read strictly and written back so that they mean the same. */
final class AddressTest {
  @ParameterizedTest
  @CsvSource({
    "example.org, example.org",
    "EXAMPLE.Org., example.org",
    "bücher.example, xn--bcher-kva.example",
    "_25._tcp.mx.example.org, _25._tcp.mx.example.org",
    "localhost, localhost",
    "3com.example, 3com.example",
  })
  void readsADomainIntoItsCanonicalForm(String text, String name) {
    assertEquals(Optional.of(new Domain(name)), Domain.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        "-a.example",
        "a-.example",
        "a.-b",
        "exa mple.org",
        "a\r\nb",
        "a\0b",
        "a/b",
        "[192.0.2.1]",
        "a@b",
        "example.org..",
        "*.example.org",
        "a:b"
      })
  void refusesWhatIsNoDomain(String text) {
    assertEquals(Optional.empty(), Domain.parse(text));
  }

  @Test
  void aNameThatGrowsWhenItIsNormalisedIsNoNameAndNoException() {
    // U+FDFA becomes eighteen characters (NFKC).
    for (int length : new int[] {1, 10, 55, 60, 100, 500}) {
      assertTrue(Domain.parse("\ufdfa".repeat(length) + ".example").isEmpty(), "" + length);
    }
  }

  @Test
  void labelLimitIs63Bytes() {
    assertTrue(Domain.parse("a".repeat(63) + ".example").isPresent());
    assertFalse(Domain.parse("a".repeat(64) + ".example").isPresent());
  }

  @Test
  void nameLimitIs253Bytes() {
    String label = "a".repeat(49) + ".";
    String name = label.repeat(5);
    assertTrue(Domain.parse(name + "abc").isPresent());
    assertFalse(Domain.parse(name + "abcd").isPresent());
  }

  @Test
  void belowIsByLabelsNotByText() {
    assertTrue(Domain.of("mx.example.org").isBelow(Domain.of("example.org")));
    assertFalse(Domain.of("notexample.org").isBelow(Domain.of("example.org")));
    assertFalse(Domain.of("example.org").isBelow(Domain.of("example.org")));
  }

  @Property
  void whateverIsReadIsCanonical(@ForAll String text) {
    Domain.parse(text).ifPresent(d -> assertEquals(Optional.of(d), Domain.parse(d.name())));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      value = {
        "ann, ann",
        "ann.lee, ann.lee",
        "ann lee, \"ann lee\"",
        ".ann, \".ann\"",
        "ann., \"ann.\"",
        "a..b, \"a..b\"",
        "a@b, \"a@b\"",
        "a\"b, \"a\\\"b\"",
        "a\\b, \"a\\\\b\"",
        "grüße, grüße",
      })
  void quotesALocalPartWhereItMust(String local, String written) {
    assertEquals(written + "@example.org", new Mailbox(local, Domain.of("example.org")).toString());
  }

  @Test
  void anEmptyLocalPartIsWrittenQuoted() {
    assertEquals("\"\"@example.org", new Mailbox("", Domain.of("example.org")).toString());
  }

  @Test
  void theNullPathHasNoMailbox() {
    assertEquals(Optional.empty(), ReversePath.nullPath().mailboxIfAny());
    assertEquals("", ReversePath.nullPath().toString());
  }

  @ParameterizedTest
  @CsvSource({
    "example.org, example.org, true",
    "example.org, mx.example.org, false",
    ".example.org, mx.example.org, true",
    ".example.org, example.org, false",
    "*, anything.test, true",
  })
  void patternMatchesItsDomains(String pattern, String domain, boolean covers) {
    assertEquals(covers, DomainPattern.parse(pattern).orElseThrow().matches(Domain.of(domain)));
  }

  @Test
  void moreSpecificPatternIsPreferred() {
    int exact = DomainPattern.parse("a.b.example").orElseThrow().specificity();
    int near = DomainPattern.parse(".b.example").orElseThrow().specificity();
    int far = DomainPattern.parse(".example").orElseThrow().specificity();
    int any = DomainPattern.parse("*").orElseThrow().specificity();
    assertTrue(exact > near && near > far && far > any);
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.0/24, 192.0.2.255, true",
    "192.0.2.0/24, 192.0.3.0, false",
    "192.0.2.128/25, 192.0.2.127, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, 2001:db8::1, false",
    "2001:db8::/32, 2001:db8:ffff::1, true",
    "2001:db8::/33, 2001:db8:8000::1, false",
    "192.0.2.7, 192.0.2.7, true",
    "192.0.2.7, 192.0.2.6, false",
    "::1, ::1, true",
  })
  void aNetworkContainsItsAddresses(String network, String address, boolean inside) {
    assertEquals(
        inside, Cidr.parse(network).orElseThrow().contains(InetAddress.ofLiteral(address)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/x", "example.org", "::1/129", "/8"})
  void refusesWhatIsNoNetwork(String text) {
    assertEquals(Optional.empty(), Cidr.parse(text));
  }

  @Test
  void aCanonicalNameIsDemandedByTheConstructor() {
    assertThrows(IllegalArgumentException.class, () -> new Domain("Example.org"));
  }

  /** Names of SPF macros: each has one form, which no other reader of names takes. */
  @Test
  void aNameForQueriesEscapesWhatNoDomainHas() {
    assertEquals(
        "a\\043b\\032c.example.org", Domain.ofQuery("A+b c.example.org").orElseThrow().name());
    assertEquals("\\045a\\045.a-b.org", Domain.ofQuery("-a-.a-b.org").orElseThrow().name());
    assertEquals(Domain.of("a_b.example.org"), Domain.ofQuery("a_b.Example.org").orElseThrow());
    String label = "+".repeat(Domain.MAX_LABEL);
    String longest = (label + ".").repeat(3) + "+".repeat(Domain.MAX_LENGTH - 3 * 64);
    assertEquals(Domain.MAX_LENGTH, longest.length());
    assertTrue(Domain.ofQuery(longest).isPresent());
    for (String bad :
        List.of(
            "",
            ".",
            "a..b",
            "a.",
            label + "+.org",
            longest + "+",
            "caf\u00e9.org",
            "a\u0000.org")) {
      assertTrue(Domain.ofQuery(bad).isEmpty(), bad);
    }
    for (String form :
        List.of(
            "a\\043b.org", "a\\043b", "a\\097b.org", "a\\046b.org", "a\\999.org", "a\\04", "\\")) {
      assertTrue(Domain.parse(form).isEmpty() && Domain.ofDns(form).isEmpty(), form);
    }
    for (String form :
        List.of("a\\097b.org", "a\\046b.org", "a\\999.org", "a\\04", "\\", "A\\043")) {
      assertThrows(IllegalArgumentException.class, () -> new Domain(form), form);
    }
  }
}
