package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.Target;
import org.sealwax.router.route.Resolution;

/** Who may send where: the whole space, and the rows that matter by name. */
final class RelayRulesTest {
  private static final Mailbox RECIPIENT = TestReception.mailbox("a@b.example");
  private static final Target ELSEWHERE = new Target.Remote(TestReception.mailbox("x@y.example"));
  private static final List<Trust> TRUSTS =
      List.of(
          new Trust.Stranger(),
          new Trust.Network(),
          new Trust.Certificate("pin"),
          new Trust.Login("joe"),
          new Trust.Local());
  private static final List<Resolution> RESOLUTIONS =
      List.of(
          new Resolution.NotOurs(),
          new Resolution.Unusable("too many"),
          new Resolution.Unknown("no"),
          new Resolution.NotNow("later"),
          new Resolution.Relayed(true),
          new Resolution.Relayed(false),
          new Resolution.Forwarded(List.of(ELSEWHERE)),
          new Resolution.Returned(ELSEWHERE));

  private static RelayRules rules(RejectRow... rows) {
    return new RelayRules(
        List.of(Cidr.parse("192.0.2.0/24").orElseThrow()),
        TrustedCertificates.none(),
        List.of(rows),
        null);
  }

  @Test
  void onlyTheTrustedSendToDomainsThatAreNotOursInTheWholeSpace() {
    for (Trust trust : TRUSTS) {
      for (Resolution resolution : RESOLUTIONS) {
        for (String local : List.of("a", "a%c.example", "c!a", "a@c", "a:b", "|x", "/x", "a b")) {
          Mailbox recipient = new Mailbox(local, RECIPIENT.domain());
          RelayRules.Ruling ruling = rules().ruling(recipient, resolution, trust);
          boolean plain = local.equals("a");
          boolean taken =
              switch (resolution) {
                case Resolution.NotOurs n -> trust.maySendAnywhere();
                case Resolution.Unknown u -> false;
                case Resolution.Unusable u -> false;
                case Resolution.NotNow n -> false;
                case Resolution.Relayed r -> r.listed() || plain;
                case Resolution.Forwarded f -> true;
                case Resolution.Returned r -> true;
              };
          assertEquals(
              taken,
              ruling instanceof RelayRules.Ruling.Take,
              () -> trust + " " + resolution + " " + local);
          if (ruling instanceof RelayRules.Ruling.Refuse no) {
            boolean later = resolution instanceof Resolution.NotNow;
            assertEquals(later, no.reply().isTransient(), () -> "reply " + no.reply());
          }
        }
      }
    }
  }

  @Test
  void onlyAStrangerIsNotTrusted() {
    assertEquals(
        List.of(false, true, true, true, true),
        TRUSTS.stream().map(Trust::maySendAnywhere).toList());
    assertInstanceOf(Trust.Network.class, rules().trust(InetAddress.ofLiteral("192.0.2.255")));
    assertInstanceOf(Trust.Stranger.class, rules().trust(InetAddress.ofLiteral("192.0.3.0")));
    assertInstanceOf(
        Trust.Stranger.class, rules().trust(InetAddress.ofLiteral("2001:db8::c000:201")));
  }

  @ParameterizedTest
  @CsvSource({
    "<>, '', true",
    "<>, a@b.example, false",
    "a@b.example, A@b.example, true",
    "a@b.example, c@b.example, false",
    "b.example, a@b.example, true",
    "b.example, a@c.b.example, false",
    ".b.example, a@c.b.example, true",
    ".b.example, a@b.example, false",
    "*, a@b.example, true",
    "*, '', false",
    "b.example, a@[192.0.2.1], false",
  })
  void patternsMeanWhatTheySay(String pattern, String sender, boolean matches) {
    ReversePath path =
        sender.isEmpty() ? ReversePath.nullPath() : ReversePath.of(TestReception.mailbox(sender));
    assertEquals(matches, AddressPattern.parse(pattern).orElseThrow().matches(path));
  }

  @ParameterizedTest
  @CsvSource({
    "brown@b.example, BROWN@b.example, true, false",
    "brown@b.example, brown+x@b.example, true, true",
    "brown@b.example, Brown+x+y@b.example, true, false",
    "brown@b.example, brown-x@b.example, false, false",
    "brown@b.example, browner@b.example, false, false",
    "brown+x@b.example, brown@b.example, false, false",
    "brown+x@b.example, brown+X@b.example, true, false",
    "jos\u00e9@b.example, jose\u0301@b.example, true, true",
    "jos\u00e9@b.example, jos\u00c9@b.example, false, false",
    "sales@b.example, \u017fales@b.example, false, false",
    "kim@b.example, \u212aim@b.example, true, false",
    "b.example, anyone+x@b.example, true, true",
  })
  void recipientRowsCompareWhatTheDirectoryCompares(
      String pattern, String recipient, boolean folded, boolean caseSensitive) {
    AddressPattern row = AddressPattern.parse(pattern).orElseThrow();
    Mailbox mailbox = TestReception.mailbox(recipient);
    assertEquals(folded, row.matches(mailbox, "+", false));
    assertEquals(caseSensitive, row.matches(mailbox, "+", true));
  }

  @Test
  void onlyAsciiLettersAreFoldedIntoTheNameOfThePostmaster() {
    Resolution ours = new Resolution.Unknown("no");
    Domain host = Domain.of("mx.example.org");
    InetAddress own = InetAddress.ofLiteral("192.0.2.1");
    for (String name : List.of("postmaster", "POSTMASTER", "PostMaster")) {
      assertTrue(rules().isOurPostmaster(new Mailbox(name, host), ours, host, own), name);
    }
    assertFalse(rules().isOurPostmaster(new Mailbox("po\u017ftmaster", host), ours, host, own));
  }

  @Test
  void rowsRefuseByClientNameSenderAndRecipient() {
    RelayRules rules =
        rules(
            new RejectRow(new RejectRow.On.Nameless(), "no name"),
            new RejectRow(
                new RejectRow.On.Client(Cidr.parse("203.0.113.0/24").orElseThrow()), "network"));
    InetAddress known = InetAddress.ofLiteral("192.0.2.1");
    ReversePath path = ReversePath.nullPath();
    assertTrue(rules.reject(known, false, path, RECIPIENT).isEmpty());
    assertEquals("no name", rules.reject(known, true, path, RECIPIENT).orElseThrow().text());
    assertEquals(
        "network",
        rules
            .reject(InetAddress.ofLiteral("203.0.113.7"), false, path, RECIPIENT)
            .orElseThrow()
            .text());
    assertTrue(rules.reject(null, false, path, RECIPIENT).isEmpty(), "a local program has none");
    assertThrows(
        IllegalArgumentException.class,
        () -> new RejectRow(new RejectRow.On.Nameless(), "a\r\n250 ok"));
  }
}
