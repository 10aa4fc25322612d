package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;

/**
 * Each kind of next hop has its delivery; and a circle is refused for the alias it goes through,
 * and for no other recipient.
 */
final class NextHopDeliveryTest {
  private static final Outcome TAKEN = new Outcome.Delivered("mx", "250", "none", true, false);
  private static final DeliveryAgent ALL =
      c -> {
        Map<Long, Outcome> outcomes = new HashMap<>();
        c.recipients().forEach(r -> outcomes.put(r.key(), TAKEN));
        return outcomes;
      };

  private static DeliveryAgent named(String name) {
    return c -> c.outcomes(r -> new Outcome.Delivered(name, r.target().toString(), "", true, true));
  }

  private final List<Consignment> bounced = new ArrayList<>();

  private static final RecipientDirectory DIRECTORY =
      new RecipientDirectory() {
        @Override
        public AddressResolution resolve(Mailbox recipient) {
          return new AddressResolution.NotLocal();
        }

        @Override
        public ForwardSender senderForForward(ReversePath sender) {
          return ForwardSender.of(sender);
        }

        @Override
        public boolean isValidRewrittenSender(ReversePath sender) {
          return sender.toString().startsWith("SRS0=");
        }
      };

  private NextHopDelivery delivery(DeliveryAgent hosts) {
    return new NextHopDelivery(
        ForwardSettings.defaults(),
        DIRECTORY,
        memory -> {
          throw new SpoolException(SpoolException.Kind.FULL, "not here");
        },
        hosts,
        named("command"),
        named("reports"),
        bounced::add);
  }

  private static Consignment consignment(
      @Nullable String deliveredTo, Consignment.MessageContent content) {
    Domain domain = Domain.of("one.example");
    return new Consignment(
        QueueId.of(7),
        ReversePath.nullPath(),
        MailOptions.plain(),
        new NextHop.ByMx(domain),
        List.of(
            TestRecipients.of(
                1, new DeliveryTarget.Remote(new Mailbox("a", domain)), DsnRequest.none()),
            TestRecipients.of(
                2, new DeliveryTarget.Remote(new Mailbox("b", domain)), DsnRequest.none())),
        deliveredTo,
        Instant.EPOCH,
        1,
        10,
        content,
        DeliverySlot.unlimited());
  }

  private Map<Long, Outcome> deliver(@Nullable String deliveredTo, String content)
      throws InterruptedException {
    return delivery(ALL)
        .deliver(
            consignment(
                deliveredTo,
                () -> new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void refusesAForwardThatWasAtTheAliasBefore() throws Exception {
    String content = "Received: x\r\n".repeat(2000) + "Delivered-To: Bugs@Example.org\r\n\r\n";
    Map<Long, Outcome> outcomes = deliver("bugs@example.org", content);
    assertEquals(2, outcomes.size());
    for (Outcome outcome : outcomes.values()) {
      Outcome.Refused refused = assertInstanceOf(Outcome.Refused.class, outcome);
      assertEquals("5.4.6", refused.cause().status().toString());
      assertEquals(NextHopDelivery.LOOP, refused.cause().reason());
    }
  }

  @Test
  void letsOtherAliasesAndPlainMailPass() throws Exception {
    String content = "Delivered-To: bugs@example.org\r\n\r\nDelivered-To: news@example.org\r\n";
    assertEquals(Map.of(1L, TAKEN, 2L, TAKEN), deliver("news@example.org", content));
    assertEquals(Map.of(1L, TAKEN, 2L, TAKEN), deliver(null, content));
    assertEquals(Map.of(1L, TAKEN, 2L, TAKEN), deliver("bugs@example.org", ""));
  }

  @Test
  void unreadableContentIsLeftToTheDeliveryAgent() throws Exception {
    Map<Long, Outcome> outcomes =
        delivery(ALL)
            .deliver(
                consignment(
                    "bugs@example.org",
                    () -> {
                      throw new IOException("no disk");
                    }));
    assertEquals(Map.of(1L, TAKEN, 2L, TAKEN), outcomes);
  }

  private String host(NextHop hop, DeliveryTarget target) throws InterruptedException {
    Consignment mail =
        new Consignment(
            QueueId.of(7),
            ReversePath.nullPath(),
            MailOptions.plain(),
            hop,
            List.of(TestRecipients.of(1, target, DsnRequest.none())),
            null,
            Instant.EPOCH,
            1,
            10,
            () -> new ByteArrayInputStream(new byte[10]),
            DeliverySlot.unlimited());
    return switch (delivery(named("hosts")).deliver(mail).get(1L)) {
      case Outcome.Delivered d -> d.host();
      case Outcome.Held h -> "held " + h.cause().reason();
      case null, default -> "neither";
    };
  }

  @Test
  void theKindOfTheNextHopDecides() throws Exception {
    Domain domain = Domain.of("one.example");
    Mailbox bob = new Mailbox("bob", domain);
    DeliveryTarget remote = new DeliveryTarget.Remote(bob);
    DeliveryTarget postmaster = new DeliveryTarget.Postmaster(bob);
    assertEquals("hosts", host(new NextHop.ByMx(domain), remote));
    assertEquals("hosts", host(new NextHop.Fixed(domain, 25, "smart"), remote));
    assertEquals("command", host(new NextHop.Pipe("x"), new DeliveryTarget.Pipe("x", bob)));
    assertEquals("reports", host(new NextHop.Reports(), new DeliveryTarget.Reports(bob)));
    assertEquals("held postmaster", host(new NextHop.NoPostmaster(), postmaster));
    // The configuration changed after the next hop was chosen.
    assertEquals("held postmaster", host(new NextHop.ByMx(domain), postmaster));
  }

  /** In its first round alone, and only as a notification. */
  @Test
  void aBounceToARewrittenSenderIsReadOnce() throws Exception {
    Domain domain = Domain.of("one.example");
    for (String original : List.of("SRS0=x", "srs0=x", "user")) {
      for (int round = 1; round <= 2; round++) {
        for (ReversePath sender :
            List.of(ReversePath.nullPath(), ReversePath.of(new Mailbox("x", domain)))) {
          Recipient recipient =
              new Recipient(
                      new DeliveryTarget.Remote(new Mailbox("a", domain)),
                      sender,
                      new Mailbox(original, domain),
                      false,
                      false,
                      DsnRequest.none())
                  .numbered(1);
          Consignment mail =
              new Consignment(
                  QueueId.of(7),
                  sender,
                  MailOptions.plain(),
                  new NextHop.ByMx(domain),
                  List.of(recipient),
                  null,
                  Instant.EPOCH,
                  round,
                  10,
                  () -> new ByteArrayInputStream(new byte[10]),
                  DeliverySlot.unlimited());
          assertEquals(1, delivery(ALL).deliver(mail).size());
        }
      }
    }
    assertEquals(1, bounced.size());
  }
}
