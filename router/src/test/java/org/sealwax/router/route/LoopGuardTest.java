package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.DsnRequest;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.spool.QueueId;

/** A circle is refused for the alias it goes through, and for no other recipient. */
final class LoopGuardTest {
  private static final Outcome TAKEN = new Outcome.Delivered("mx", "250", "none", true, false);
  private static final DeliveryAgent ALL =
      c -> {
        Map<Long, Outcome> outcomes = new HashMap<>();
        c.recipients().forEach(r -> outcomes.put(r.key(), TAKEN));
        return outcomes;
      };

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
        content);
  }

  private static Map<Long, Outcome> deliver(@Nullable String deliveredTo, String content)
      throws InterruptedException {
    return new LoopGuard(ALL)
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
      assertEquals(LoopGuard.REASON, refused.cause().reason());
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
        new LoopGuard(ALL)
            .deliver(
                consignment(
                    "bugs@example.org",
                    () -> {
                      throw new IOException("no disk");
                    }));
    assertEquals(Map.of(1L, TAKEN, 2L, TAKEN), outcomes);
  }
}
