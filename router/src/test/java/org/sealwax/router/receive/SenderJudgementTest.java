package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.milter.MilterSettings;
import org.sealwax.router.milter.ScriptedMilter;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.MemoryWire;

/**
 * Mail of clients without trust is judged by SPF, DKIM and DMARC; enforcement spares forwarders.
 */
final class SenderJudgementTest {
  private static final String FROM = "From: A <a@bank.example>\r\n";

  private static FixedResolver.Builder dns() {
    return FixedResolver.builder()
        .txt("bank.example", "v=spf1 ip4:198.51.100.7 -all")
        .txt("_dmarc.bank.example", "v=DMARC1; p=reject")
        .txt("other.example", "v=spf1 ip4:192.0.2.1 -all");
  }

  private static InboundSettings settings(InboundSettings.Mode mode, Cidr... relays) {
    return new InboundSettings(
        mode, Optional.empty(), List.of(relays), true, Duration.ofSeconds(10));
  }

  /** One message of 192.0.2.1 through a session. */
  private record Exchange(SessionHarness harness, String reply) {
    static Exchange of(
        InboundSettings settings, FixedResolver.Builder dns, String sender, String message)
        throws Exception {
      SessionHarness harness = new SessionHarness();
      harness.option("user jones@example.org");
      harness.resolver = dns.build();
      harness.inbound = settings;
      return of(harness, sender, message);
    }

    static Exchange of(SessionHarness harness, String sender, String message) throws Exception {
      MemoryWire wire = harness.start();
      String envelope =
          "EHLO client.example\r\nMAIL FROM:<"
              + sender
              + ">\r\nRCPT TO:<jones@example.org>\r\nDATA\r\n";
      assertTrue(line(wire).startsWith("220 "));
      send(wire, envelope);
      String line = "";
      while (!line.startsWith("354 ")) {
        line = line(wire);
        assertFalse(line.startsWith("5"), line);
      }
      send(wire, message + "\r\nbody\r\n.\r\n");
      String reply = line(wire);
      send(wire, "QUIT\r\n");
      assertTrue(line(wire).startsWith("221 "));
      // Ended: the entry is closed.
      assertEquals(-1, wire.in().read());
      return new Exchange(harness, reply);
    }

    private static void send(MemoryWire wire, String text) throws IOException {
      wire.out().write(text.getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
    }

    private static String line(MemoryWire wire) throws IOException {
      StringBuilder line = new StringBuilder();
      for (int b = wire.in().read(); b != '\n'; b = wire.in().read()) {
        assertTrue(b >= 0, "the session ended after " + line);
        line.append((char) b);
      }
      return line.toString().strip();
    }

    String stored() {
      assertTrue(reply.startsWith("250 "), reply);
      return harness.intake.kept().getFirst().content();
    }
  }

  private static Exchange enforced(String sender, String message) throws Exception {
    return Exchange.of(settings(InboundSettings.Mode.ENFORCE), dns(), sender, message);
  }

  @Test
  void theResultsStandOnTopAndForgedOnesAreRemoved() throws Exception {
    Exchange exchange =
        Exchange.of(
            settings(InboundSettings.Mode.REPORT),
            dns(),
            "x@other.example",
            "Authentication-Results: mx.example.org; dmarc=pass\r\n"
                + "Authentication-Results: elsewhere.example; spf=pass\r\n"
                + FROM);
    String stored = exchange.stored();
    assertTrue(
        stored.startsWith(
            "Authentication-Results: mx.example.org;\r\n"
                + "\tspf=pass smtp.mailfrom=other.example;\r\n"
                + "\tdkim=none;\r\n"
                + "\tdmarc=fail header.from=bank.example policy.dmarc=reject\r\n"
                + "Received: from client.example "),
        stored);
    assertTrue(
        stored.contains("\r\nAuthentication-Results: elsewhere.example; spf=pass\r\n" + FROM));
    assertFalse(stored.contains("dmarc=pass"), stored);
    assertTrue(stored.endsWith("\r\n\r\nbody\r\n"), stored);
    assertTrue(
        exchange.harness.log.lines().stream()
            .anyMatch(l -> l.startsWith("senderChecked[") && l.contains("dmarc=fail")),
        exchange.harness.log.lines().toString());
    assertEquals(
        "spf=pass dkim=none dmarc=fail header_from=bank.example policy=reject",
        exchange.harness.intake.kept().getFirst().envelope().checks());
  }

  @Test
  void mailThatFailsUnderAPolicyOfRejectIsRefused() throws Exception {
    Exchange exchange = enforced("x@other.example", FROM);
    assertEquals("550 5.7.1 rejected by the DMARC policy of bank.example", exchange.reply());
    assertEquals(0, exchange.harness.intake.kept().size());
    assertEquals(0, exchange.harness.intake.openEntries());
    assertEquals(
        "550 5.7.26 rejected by the DMARC policy of bank.example",
        enforced("x@bank.example", FROM).reply());
  }

  @Test
  void signsOfAListOrForwarderSpareTheMessage() throws Exception {
    enforced("", FROM).stored();
    enforced("x@other.example", FROM + "List-Id: <l.example>\r\n").stored();
    enforced("x@other.example", FROM + "ARC-Seal: i=1; cv=none\r\n").stored();
    String stored =
        Exchange.of(
                settings(InboundSettings.Mode.ENFORCE, Cidr.parse("192.0.2.1").orElseThrow()),
                dns(),
                "x@other.example",
                FROM)
            .stored();
    assertFalse(stored.contains("spf="), stored);
    assertTrue(stored.contains("dmarc=fail"), stored);
  }

  @Test
  void otherPoliciesAndFailedLookUpsRefuseNothing() throws Exception {
    InboundSettings enforce = settings(InboundSettings.Mode.ENFORCE);
    String sender = "x@other.example";
    for (FixedResolver.Builder dns :
        List.of(
            dns().fails("_dmarc.bank.example"),
            dns().without("_dmarc.bank.example"),
            dns().without("_dmarc.bank.example").txt("_dmarc.bank.example", "v=DMARC1; p=none"),
            dns()
                .without("_dmarc.bank.example")
                .txt("_dmarc.bank.example", "v=DMARC1; p=reject; t=y"))) {
      Exchange.of(enforce, dns, sender, FROM).stored();
    }
    assertTrue(
        Exchange.of(enforce, dns().fails("bank.example"), "x@bank.example", FROM)
            .stored()
            .contains("dmarc=temperror"));
    assertTrue(
        enforced(sender, FROM + "From: b@bank.example\r\n").stored().contains("dmarc=permerror"));
  }

  @Test
  void clientsThatMayRelayAreNotJudged() throws Exception {
    SessionHarness harness = new SessionHarness();
    harness.option("user jones@example.org");
    harness.option("network 192.0.2.0/24");
    harness.resolver = dns().build();
    harness.inbound = settings(InboundSettings.Mode.ENFORCE);
    String forged = "Authentication-Results: mx.example.org; dmarc=pass\r\n";
    String stored = Exchange.of(harness, "x@other.example", forged + FROM).stored();
    assertTrue(stored.startsWith("Received: ") && stored.contains(forged), stored);
  }

  @Test
  void withoutChecksForgedResultsAreRemovedAndNothingIsLookedUp() throws Exception {
    Exchange exchange =
        Exchange.of(
            settings(InboundSettings.Mode.OFF),
            dns(),
            "x@other.example",
            "Authentication-Results: mx.example.org; dmarc=pass\r\n" + FROM);
    String stored = exchange.stored();
    assertTrue(stored.startsWith("Received: "), stored);
    assertFalse(stored.contains("Authentication-Results"), stored);
    assertFalse(
        exchange.harness.log.lines().stream().anyMatch(l -> l.startsWith("senderChecked[")),
        exchange.harness.log.lines().toString());
  }

  @Test
  void fieldsOfFiltersStandBelowTheResults() throws Exception {
    try (ScriptedMilter filter = new ScriptedMilter()) {
      filter.on(
          'E',
          ScriptedMilter.packet('i', "\0\0\0\0X-Filter\0seen\0"),
          ScriptedMilter.packet('c', ""));
      SessionHarness harness = new SessionHarness();
      harness.option("user jones@example.org");
      harness.resolver = dns().build();
      harness.inbound = settings(InboundSettings.Mode.REPORT);
      harness.milters.add(
          new MilterSettings(
              Optional.empty(),
              Optional.of(filter.address()),
              MilterSettings.OnFailure.DEFER,
              Duration.ofSeconds(10),
              Duration.ofSeconds(10),
              Duration.ofSeconds(10),
              2));
      String forged = "Authentication-Results: mx.example.org; dmarc=pass\r\n";
      String stored = Exchange.of(harness, "x@other.example", forged + FROM).stored();
      assertTrue(
          stored.matches(
              "(?s)Authentication-Results: mx\\.example\\.org;\r\n\tspf=pass .*?"
                  + "policy\\.dmarc=reject\r\nReceived: from .*?"
                  + "\r\nX-Filter: seen\r\nFrom: A <a@bank\\.example>\r\n\r\nbody\r\n"),
          stored);
      assertFalse(
          filter.commands().stream().anyMatch(c -> c.contains("dmarc=pass")),
          filter.commands().toString());
    }
  }

  /** The field waits for answers at most for the time limit. */
  @Test
  void aResolverThatDoesNotAnswerDelaysTheReplyByTheTimeLimitAtMost() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Resolver silent =
        (Resolver)
            Proxy.newProxyInstance(
                Resolver.class.getClassLoader(),
                new Class<?>[] {Resolver.class},
                (proxy, method, arguments) -> {
                  never.await();
                  throw new IllegalStateException("too late");
                });
    SessionHarness harness = new SessionHarness();
    harness.option("user jones@example.org");
    harness.resolver = silent;
    harness.inbound =
        new InboundSettings(
            InboundSettings.Mode.ENFORCE,
            Optional.empty(),
            List.of(),
            true,
            Duration.ofMillis(200));
    String stored = Exchange.of(harness, "x@other.example", FROM).stored();
    never.countDown();
    assertTrue(stored.contains("dmarc=temperror"), stored);
  }

  /** The sender that the target of jones@example.org gets; or our reply, if it refuses. */
  private static String forwarded(String policy, String sender, String from) throws Exception {
    return forwarded(
        dns().txt("_dmarc.example.org", policy).txt("example.org", "v=spf1 ip4:198.51.100.7 -all"),
        sender,
        from);
  }

  private static String forwarded(FixedResolver.Builder dns, String sender, String from)
      throws Exception {
    SessionHarness harness = new SessionHarness();
    harness.option("alias jones@example.org -> a@target.example");
    harness.resolver = dns.build();
    harness.inbound = settings(InboundSettings.Mode.REPORT);
    Exchange exchange = Exchange.of(harness, sender, "From: " + from + "\r\n");
    return exchange.reply().startsWith("250 ")
        ? harness.intake.kept().getFirst().recipients().getFirst().sender().toString()
        : exchange.reply();
  }

  /** SPF passes at the target for what this server sends: that must not prove a forged author. */
  @Test
  void forwardingDoesNotProveAForgedAuthorOfOurDomains() throws Exception {
    String reject = "v=DMARC1; p=reject";
    String rewritten = "srs=x=other.example@mx.example.org";
    assertEquals("x@other.example", forwarded(reject, "x@other.example", "a@example.org"));
    assertEquals("x@other.example", forwarded(reject, "x@other.example", "a@b.c.example.org"));
    assertEquals(
        "x@other.example", forwarded("v=DMARC1; p=none", "x@other.example", "a@example.org"));
    assertEquals(
        "x@other.example", forwarded(reject, "x@other.example", "a@example.org, b@c.example"));
    assertEquals("x@other.example", forwarded(reject, "x@other.example", "a@b@example.org"));
    // The authors of other organisations gain nothing.
    assertEquals(rewritten, forwarded(reject, "x@other.example", "a@bank.example"));
    assertEquals(rewritten, forwarded(reject, "x@other.example", "x@other.example"));
    // Without a policy nothing is proven.
    assertEquals(rewritten, forwarded("v=spf1", "x@other.example", "a@example.org"));
  }

  /** A group has members, and none has no author (RFC 6854). */
  @Test
  void membersOfAGroupAreAuthors() throws Exception {
    String reject = "v=DMARC1; p=reject";
    for (String group :
        List.of("team: a@example.org;", "\"a: b\": A <a@example.org>, x@example.org;")) {
      assertEquals("x@other.example", forwarded(reject, "x@other.example", group), group);
    }
    // Without a member there is no author that DMARC could confirm.
    assertEquals("x@other.example", forwarded(reject, "x@other.example", "nobody:;"));
    assertEquals(
        "x@other.example", forwarded(reject, "x@other.example", "t: a@example.org;, b@c.example"));
    assertEquals(
        "srs=x=other.example@mx.example.org",
        forwarded(reject, "x@other.example", "team: a@bank.example;"));
  }

  /** The walk finds an organization above a public suffix that has a record of its own. */
  @Test
  void aRecordAtAPublicSuffixMakesItsNamesOneOrganization() throws Exception {
    String rewritten = "srs=x=other.example@mx.example.org";
    FixedResolver.Builder suffix =
        dns().txt("_dmarc.org", "v=DMARC1; p=reject").txt("neighbour.org", "v=spf1 -all");
    assertEquals("x@other.example", forwarded(suffix, "x@other.example", "a@neighbour.org"));
    FixedResolver.Builder marked =
        dns().txt("_dmarc.org", "v=DMARC1; p=reject; psd=y").txt("neighbour.org", "v=spf1 -all");
    assertEquals(rewritten, forwarded(marked, "x@other.example", "a@neighbour.org"));
  }

  /** A bounce is not lost because the DNS does not answer. */
  @Test
  void aBounceWhoseAuthorCannotBeCheckedIsDeferred() throws Exception {
    assertEquals(
        "451 4.7.1 the author of this bounce cannot be checked now; try again later",
        forwarded(dns().fails("_dmarc.example.org"), "", "MAILER-DAEMON@mx.example.org"));
  }

  @Test
  void aBounceThatForgesAnAuthorOfOurDomainsIsNotForwarded() throws Exception {
    String reject = "v=DMARC1; p=reject";
    String refused = "550 5.7.1 DMARC does not confirm the author of this bounce";
    assertEquals(refused, forwarded(reject, "", "MAILER-DAEMON@mx.example.org"));
    assertEquals(refused, forwarded(reject, "", "a@example.org"));
    assertEquals("", forwarded(reject, "", "MAILER-DAEMON@bank.example"));
    assertEquals("", forwarded("v=spf1", "", "a@example.org"));
  }

  /** A relay has no reverse-path of its own: nothing changes for it. */
  @Test
  void mailThatIsNotForwardedKeepsItsSender() throws Exception {
    FixedResolver.Builder dns = dns().txt("_dmarc.example.org", "v=DMARC1; p=reject");
    Exchange exchange =
        Exchange.of(settings(InboundSettings.Mode.REPORT), dns, "", "From: a@example.org\r\n");
    assertTrue(exchange.reply().startsWith("250 "), exchange.reply());
  }
}
