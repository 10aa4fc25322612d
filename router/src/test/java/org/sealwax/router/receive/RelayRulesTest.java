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
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.route.AddressResolution;

/** Who may send where: the whole space, and the rows that matter by name. */
final class RelayRulesTest {
  private static final Mailbox RECIPIENT = SessionHarness.mailbox("a@b.example");
  private static final DeliveryTarget ELSEWHERE =
      new DeliveryTarget.Remote(SessionHarness.mailbox("x@y.example"));
  private static final List<ClientTrust> TRUSTS =
      List.of(
          new ClientTrust.AnyClient(),
          new ClientTrust.TrustedNetwork(),
          new ClientTrust.RelayCertificate("pin"),
          new ClientTrust.AuthenticatedUser("joe", "PLAIN"),
          new ClientTrust.LocalProgram());
  private static final List<AddressResolution> RESOLUTIONS =
      List.of(
          new AddressResolution.NotLocal(),
          new AddressResolution.Undeliverable("too many"),
          new AddressResolution.UnknownRecipient("no"),
          new AddressResolution.TemporaryFailure("later"),
          new AddressResolution.StoreTrouble("no disk"),
          new AddressResolution.Relayed(true),
          new AddressResolution.Relayed(false),
          new AddressResolution.Forwarded(List.of(ELSEWHERE)),
          new AddressResolution.ReturnedBounce(ELSEWHERE));

  private static RelayRules rules(RejectRow... rows) {
    return new RelayRules(
        List.of(Cidr.parse("192.0.2.0/24").orElseThrow()),
        TrustedCertificates.none(),
        List.of(rows),
        null);
  }

  @Test
  void onlyTrustedClientsRelay() {
    for (ClientTrust trust : TRUSTS) {
      for (AddressResolution resolution : RESOLUTIONS) {
        for (String local : List.of("a", "a%c.example", "c!a", "a@c", "a:b", "|x", "/x", "a b")) {
          Mailbox recipient = new Mailbox(local, RECIPIENT.domain());
          RelayRules.RelayDecision decision = rules().ruling(recipient, resolution, trust);
          boolean plain = local.equals("a");
          boolean taken =
              switch (resolution) {
                case AddressResolution.NotLocal n -> trust.mayRelay();
                case AddressResolution.UnknownRecipient u -> false;
                case AddressResolution.Undeliverable u -> false;
                case AddressResolution.TemporaryFailure n -> false;
                case AddressResolution.StoreTrouble s -> false;
                case AddressResolution.Relayed r -> r.listed() || plain;
                case AddressResolution.Forwarded f -> true;
                case AddressResolution.ReturnedBounce r -> true;
              };
          assertEquals(
              taken,
              decision instanceof RelayRules.RelayDecision.Take,
              () -> trust + " " + resolution + " " + local);
          if (decision instanceof RelayRules.RelayDecision.Refuse no) {
            boolean later =
                resolution instanceof AddressResolution.TemporaryFailure
                    || resolution instanceof AddressResolution.StoreTrouble;
            assertEquals(later, no.reply().isTransient(), () -> "reply " + no.reply());
          }
        }
      }
    }
  }

  @Test
  void everyClientButAnUnknownOneIsTrusted() {
    assertEquals(
        List.of(false, true, true, true, true),
        TRUSTS.stream().map(ClientTrust::mayRelay).toList());
    assertInstanceOf(
        ClientTrust.TrustedNetwork.class, rules().trust(InetAddress.ofLiteral("192.0.2.255")));
    assertInstanceOf(
        ClientTrust.AnyClient.class, rules().trust(InetAddress.ofLiteral("192.0.3.0")));
    assertInstanceOf(
        ClientTrust.AnyClient.class, rules().trust(InetAddress.ofLiteral("2001:db8::c000:201")));
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
  void rejectPatternsMatchAsDocumented(String pattern, String sender, boolean matches) {
    ReversePath path =
        sender.isEmpty() ? ReversePath.nullPath() : ReversePath.of(SessionHarness.mailbox(sender));
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
    Mailbox mailbox = SessionHarness.mailbox(recipient);
    assertEquals(folded, row.matches(mailbox, RecipientDelimiter.PLUS, false));
    assertEquals(caseSensitive, row.matches(mailbox, RecipientDelimiter.PLUS, true));
  }

  @Test
  void onlyAsciiLettersAreFoldedIntoTheNameOfThePostmaster() {
    AddressResolution resolution = new AddressResolution.UnknownRecipient("no");
    Domain host = Domain.of("mx.example.org");
    InetAddress own = InetAddress.ofLiteral("192.0.2.1");
    for (String name : List.of("postmaster", "POSTMASTER", "PostMaster")) {
      assertTrue(rules().isLocalPostmaster(new Mailbox(name, host), resolution, host, own), name);
    }
    assertFalse(
        rules().isLocalPostmaster(new Mailbox("po\u017ftmaster", host), resolution, host, own));
  }

  @Test
  void rowsRefuseByClientNameSenderAndRecipient() {
    RelayRules rules =
        rules(
            new RejectRow(new RejectRow.RejectMatch.UnnamedClient(), "no name"),
            new RejectRow(
                new RejectRow.RejectMatch.Client(Cidr.parse("203.0.113.0/24").orElseThrow()),
                "network"));
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
        () -> new RejectRow(new RejectRow.RejectMatch.UnnamedClient(), "a\r\n250 ok"));
  }
}
