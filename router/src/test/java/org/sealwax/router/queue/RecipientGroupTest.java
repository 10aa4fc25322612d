package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.DsnRequest.NotifyEvent;

/** RFC 3461 5.2.7: recipients of a client that come to one target. */
final class RecipientGroupTest {
  private static final Mailbox TARGET = new Mailbox("target", Domain.of("example.org"));
  private static final ReversePath SENDER =
      ReversePath.of(new Mailbox("sender", Domain.of("origin.example")));
  private static final DsnRequest NONE = DsnRequest.none();
  private static final DsnRequest NEVER = new DsnRequest(Set.of(), true, null);

  private static DsnRequest when(NotifyEvent... when) {
    return new DsnRequest(Set.of(when), false, null);
  }

  private static Recipient direct(DsnRequest dsn) {
    return Recipient.direct(TARGET, SENDER, dsn);
  }

  private static Recipient by(String alias, DsnRequest dsn) {
    Mailbox original = new Mailbox(alias, Domain.of("example.com"));
    return new Recipient(new DeliveryTarget.Remote(TARGET), SENDER, original, true, false, dsn);
  }

  private static Recipient one(Recipient... all) {
    List<Recipient> there = RecipientGroup.withoutDuplicates(List.of(all));
    List<Recipient> back = new ArrayList<>(List.of(all));
    Collections.reverse(back);
    Recipient only = there.getFirst();
    assertEquals(1, there.size());
    assertEquals(
        only.dsn().when(), RecipientGroup.withoutDuplicates(back).getFirst().dsn().when(), "order");
    assertEquals(
        only.dsn().never(), RecipientGroup.withoutDuplicates(back).getFirst().dsn().never());
    return only;
  }

  @Test
  void notifyOfBothDuplicatesIsMerged() {
    assertEquals(
        Set.of(NotifyEvent.SUCCESS, NotifyEvent.FAILURE),
        one(direct(when(NotifyEvent.SUCCESS)), by("a", when(NotifyEvent.FAILURE))).dsn().when());
    assertEquals(
        Set.of(NotifyEvent.SUCCESS, NotifyEvent.FAILURE, NotifyEvent.DELAY),
        one(direct(NONE), by("a", when(NotifyEvent.SUCCESS))).dsn().when(),
        "without NOTIFY failures and delays are told");
    assertEquals(
        Set.of(NotifyEvent.SUCCESS, NotifyEvent.DELAY, NotifyEvent.FAILURE),
        one(
                by("a", when(NotifyEvent.SUCCESS)),
                by("b", when(NotifyEvent.DELAY)),
                direct(when(NotifyEvent.FAILURE)))
            .dsn()
            .when());
    assertEquals(NONE, one(direct(NONE), by("a", NONE)).dsn());
  }

  @Test
  void notifyNeverNeedsAllDuplicates() {
    assertEquals(NEVER, one(direct(NEVER), by("a", NEVER), by("b", NEVER)).dsn());
    for (Recipient[] pair :
        List.of(
            new Recipient[] {direct(NEVER), by("a", NONE)},
            new Recipient[] {direct(NONE), by("a", NEVER)},
            new Recipient[] {direct(NEVER), direct(NONE)},
            new Recipient[] {by("a", NEVER), by("b", NONE)})) {
      assertEquals(NONE, one(pair).dsn());
    }
    assertFalse(one(direct(NEVER), by("a", NEVER), by("b", when(NotifyEvent.DELAY))).dsn().never());
  }

  @Test
  void dsnNamesARecipientThatRequestedIt() {
    DsnRequest original =
        new DsnRequest(Set.of(NotifyEvent.FAILURE), false, "rfc822;a@example.com");
    Recipient kept = one(direct(new DsnRequest(Set.of(), true, "rfc822;x@y")), by("a", original));
    assertEquals("a@example.com", kept.original().toString());
    assertEquals("rfc822;a@example.com", kept.dsn().originalRecipient());
    Recipient addressed = one(by("a", original), direct(when(NotifyEvent.SUCCESS)));
    assertEquals(TARGET, addressed.original());
    assertFalse(addressed.forwarded());
    @Nullable String none = addressed.dsn().originalRecipient();
    assertNull(none, "the alias's ORCPT is not the direct one's");
  }
}
