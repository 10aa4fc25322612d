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
import org.sealwax.router.queue.DsnWish.When;

/** RFC 3461 5.2.7: recipients of a client that come to one target. */
final class GroupingTest {
  private static final Mailbox TARGET = new Mailbox("target", Domain.of("example.org"));
  private static final ReversePath SENDER =
      ReversePath.of(new Mailbox("sender", Domain.of("origin.example")));
  private static final DsnWish NONE = DsnWish.none();
  private static final DsnWish NEVER = new DsnWish(Set.of(), true, null);

  private static DsnWish when(When... when) {
    return new DsnWish(Set.of(when), false, null);
  }

  private static NewRecipient direct(DsnWish wish) {
    return NewRecipient.direct(TARGET, SENDER, wish);
  }

  private static NewRecipient by(String alias, DsnWish wish) {
    Mailbox original = new Mailbox(alias, Domain.of("example.com"));
    return new NewRecipient(new Target.Remote(TARGET), SENDER, original, true, false, wish);
  }

  private static NewRecipient one(NewRecipient... all) {
    List<NewRecipient> there = Grouping.withoutDuplicates(List.of(all));
    List<NewRecipient> back = new ArrayList<>(List.of(all));
    Collections.reverse(back);
    NewRecipient only = there.getFirst();
    assertEquals(1, there.size());
    assertEquals(
        only.wish().when(), Grouping.withoutDuplicates(back).getFirst().wish().when(), "order");
    assertEquals(only.wish().never(), Grouping.withoutDuplicates(back).getFirst().wish().never());
    return only;
  }

  @Test
  void whatEitherOfTwoAsksForIsTold() {
    assertEquals(
        Set.of(When.SUCCESS, When.FAILURE),
        one(direct(when(When.SUCCESS)), by("a", when(When.FAILURE))).wish().when());
    assertEquals(
        Set.of(When.SUCCESS, When.FAILURE, When.DELAY),
        one(direct(NONE), by("a", when(When.SUCCESS))).wish().when(),
        "without NOTIFY failures and delays are told");
    assertEquals(
        Set.of(When.SUCCESS, When.DELAY, When.FAILURE),
        one(by("a", when(When.SUCCESS)), by("b", when(When.DELAY)), direct(when(When.FAILURE)))
            .wish()
            .when());
    assertEquals(NONE, one(direct(NONE), by("a", NONE)).wish());
  }

  @Test
  void neverOnlyIfAllSaySo() {
    assertEquals(NEVER, one(direct(NEVER), by("a", NEVER), by("b", NEVER)).wish());
    for (NewRecipient[] pair :
        List.of(
            new NewRecipient[] {direct(NEVER), by("a", NONE)},
            new NewRecipient[] {direct(NONE), by("a", NEVER)},
            new NewRecipient[] {direct(NEVER), direct(NONE)},
            new NewRecipient[] {by("a", NEVER), by("b", NONE)})) {
      assertEquals(NONE, one(pair).wish());
    }
    assertFalse(one(direct(NEVER), by("a", NEVER), by("b", when(When.DELAY))).wish().never());
  }

  @Test
  void whatIsToldIsToldByTheNameOfOneWhoWantsToHearOfIt() {
    DsnWish original = new DsnWish(Set.of(When.FAILURE), false, "rfc822;a@example.com");
    NewRecipient kept = one(direct(new DsnWish(Set.of(), true, "rfc822;x@y")), by("a", original));
    assertEquals("a@example.com", kept.original().toString());
    assertEquals("rfc822;a@example.com", kept.wish().originalRecipient());
    NewRecipient addressed = one(by("a", original), direct(when(When.SUCCESS)));
    assertEquals(TARGET, addressed.original());
    assertFalse(addressed.forwarded());
    @Nullable String none = addressed.wish().originalRecipient();
    assertNull(none, "the alias's ORCPT is not the direct one's");
  }
}
