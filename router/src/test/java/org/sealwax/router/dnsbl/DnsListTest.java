package org.sealwax.router.dnsbl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.testkit.dns.FixedResolver;

/** Names and return codes of lists (RFC 5782), and what answers mean. */
final class DnsListTest {
  private static final Domain ZONE = Domain.of("dnsbl.example");

  private static DnsList list(DnsList.Action action, String... codes) {
    return new DnsList(ZONE, Arrays.stream(codes).map(ReturnCodes::parse).toList(), action);
  }

  private static DnsList blocks(String... codes) {
    return list(DnsList.Action.REFUSE, codes);
  }

  private static ListAnswer answer(DnsList list, String... codes) {
    FixedResolver.Builder dns = FixedResolver.builder();
    for (String code : codes) {
      dns.a("2.0.0.127.dnsbl.example", code);
    }
    return ListAnswer.of(
        list,
        dns.build()
            .addresses(
                list.nameOf(InetAddress.ofLiteral("127.0.0.2")), Resolver.AddressFamily.IPV4));
  }

  /** The examples of RFC 5782 2.1 and 2.4. */
  @ParameterizedTest
  @CsvSource({
    "192.0.2.99, 99.2.0.192.dnsbl.example",
    "2001:db8:1:2:3:4:567:89ab,"
        + " b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.dnsbl.example"
  })
  void theAddressIsReversed(String client, String name) {
    assertEquals(name, blocks("127.0.0.2").nameOf(InetAddress.ofLiteral(client)).name());
  }

  @Test
  void onlyConfiguredCodesList() {
    DnsList list = blocks("127.0.0.2", "127.0.[1..2].[4..11]");
    assertEquals(new ListAnswer.Listed(List.of("127.0.0.2")), answer(list, "127.0.0.2"));
    assertEquals(new ListAnswer.Listed(List.of("127.0.2.11")), answer(list, "127.0.2.11"));
    assertEquals(
        new ListAnswer.Listed(List.of("127.0.1.4")), answer(list, "127.0.0.9", "127.0.1.4"));
    for (String code :
        List.of("127.0.0.3", "127.0.3.4", "127.0.1.12", "127.0.0.1", "203.0.113.9")) {
      assertEquals(new ListAnswer.NotListed(), answer(list, code), code);
    }
    assertEquals(new ListAnswer.NotListed(), answer(list));
  }

  /** Even where the ranges of the configuration include the code, and next to other codes. */
  @Test
  void aRefusedQueryListsNoClient() {
    DnsList all = blocks("127.[0..255].[0..255].[0..255]");
    assertEquals(
        new ListAnswer.QueryRefused("127.255.255.254"),
        answer(all, "127.0.0.2", "127.255.255.254"));
    assertEquals(new ListAnswer.Listed(List.of("127.255.254.1")), answer(all, "127.255.254.1"));
  }

  @Test
  void failuresListNoClient() {
    FixedResolver dns = FixedResolver.builder().bogus("a.example").fails("b.example").build();
    for (String name : List.of("a.example", "b.example")) {
      assertInstanceOf(
          ListAnswer.NoAnswer.class,
          ListAnswer.of(
              blocks("127.0.0.2"), dns.addresses(Domain.of(name), Resolver.AddressFamily.IPV4)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "127.0.0", "127.0.0.2.", "127.0.0.256", "127.0.0.[5..4]", "127.0.0.[4..]",
            "127.0.0.[4]",
        "128.0.0.1", "[126..127].0.0.2", "127.0.0.0002", "127.0.0.2 ", "127..0.2", "::1",
            "127.0.0.[1..999]"
      })
  void otherTextIsNoReturnCode(String text) {
    assertThrows(IllegalArgumentException.class, () -> blocks(text));
  }

  @Test
  void sizesAreBounded() {
    assertThrows(IllegalArgumentException.class, DnsListTest::blocks);
    String[] codes = new String[DnsList.MAX_CODES + 1];
    Arrays.fill(codes, "127.0.0.2");
    assertThrows(IllegalArgumentException.class, () -> blocks(codes));
    assertEquals(DnsList.MAX_CODES, blocks(Arrays.copyOf(codes, DnsList.MAX_CODES)).codes().size());
    String longest = "a.".repeat((Domain.MAX_LENGTH - 64 - 1) / 2) + "a";
    assertEquals(Domain.MAX_LENGTH - 64, longest.length());
    DnsList list =
        new DnsList(
            Domain.of(longest), List.of(ReturnCodes.parse("127.0.0.2")), DnsList.Action.NOTE);
    assertEquals(Domain.MAX_LENGTH, list.nameOf(InetAddress.ofLiteral("::1")).name().length());
    Domain tooLong = Domain.of(longest + "a");
    assertThrows(
        IllegalArgumentException.class,
        () -> new DnsList(tooLong, List.of(ReturnCodes.parse("127.0.0.2")), DnsList.Action.NOTE));
  }

  @Test
  void anAllowListPrevailsInAnyOrder() {
    ListAnswer listed = new ListAnswer.Listed(List.of("127.0.0.2"));
    ListVerdict.AnsweredList block =
        new ListVerdict.AnsweredList(blocks("127.0.0.2"), listed, "why");
    ListVerdict.AnsweredList allow =
        new ListVerdict.AnsweredList(list(DnsList.Action.ALLOW, "127.0.0.2"), listed, "");
    ListVerdict.AnsweredList note =
        new ListVerdict.AnsweredList(list(DnsList.Action.NOTE, "127.0.0.2"), listed, "");
    ListVerdict.AnsweredList failed =
        new ListVerdict.AnsweredList(
            list(DnsList.Action.ALLOW, "127.0.0.2"), new ListAnswer.NoAnswer("timeout"), "");
    assertEquals(new ListVerdict.Refuse(ZONE, "why"), ListVerdict.of(List.of(block)));
    assertEquals(new ListVerdict.Refuse(ZONE, "why"), ListVerdict.of(List.of(failed, note, block)));
    assertEquals(new ListVerdict.Pass(), ListVerdict.of(List.of(block, allow)));
    assertEquals(new ListVerdict.Pass(), ListVerdict.of(List.of(allow, block)));
    assertEquals(new ListVerdict.Pass(), ListVerdict.of(List.of(note)));
    assertEquals(new ListVerdict.Pass(), ListVerdict.of(List.of()));
  }

  @Test
  void theExplanationIsPrintableAndShort() {
    FixedResolver dns =
        FixedResolver.builder()
            .txt("a.example", "see\r\n550 https://dnsbl.example/?q=\u00e9\u0007" + "x".repeat(400))
            .build();
    String text = ListAnswer.text(dns.txt(Domain.of("a.example")));
    assertTrue(text.startsWith("see550 https://dnsbl.example/?q=xx"), text);
    assertEquals(ListAnswer.MAX_TEXT, text.length());
    assertEquals("", ListAnswer.text(dns.txt(Domain.of("b.example"))));
    String longest = "a.".repeat((Domain.MAX_LENGTH - 64 - 1) / 2) + "a";
    String reply =
        new ListVerdict.Refuse(Domain.of(longest), text)
            .reply(InetAddress.ofLiteral("2001:db8:1111:2222:3333:4444:5555:6666"))
            .toString();
    assertTrue(reply.length() <= 510, "RFC 5321 4.5.3.1.5: " + reply.length());
    assertFalse(reply.contains("\n"), reply);
  }
}
