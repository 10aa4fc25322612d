package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

/**
 * IPv6 addresses are shown by RFC 5952, and stored as earlier versions stored them: a row that
 * waits since before an upgrade has the next hop and the sender of a new one.
 */
final class StoredAddressTest {
  private static final AddressLiteral HOST =
      new AddressLiteral(InetAddress.ofLiteral("2001:db8::1"));

  /** As the version without RFC 5952 wrote them. */
  private static final String FORMER_HOP = "route![IPv6:2001:db8:0:0:0:0:0:1]:25";

  private static final String FORMER_SENDER = "a@[IPv6:2001:db8:0:0:0:0:0:1]";

  private static final Recipient RECIPIENT =
      TestRecipients.of(
          1, new DeliveryTarget.Remote(QueueTest.mailbox("b@example.org")), DsnRequest.none());

  private static RecipientBatch row(RecipientGroup group, String hop) {
    return group.stored(QueueId.of(1L << 40), BatchState.QUEUED, Instant.EPOCH, hop, "");
  }

  @Test
  void aNewRowHasTheKeysOfAFormerOne() {
    assertEquals(FORMER_HOP, new NextHop.Fixed(HOST, 25, "route").key());
    RecipientGroup group =
        new RecipientGroup(ReversePath.of(new Mailbox("a", HOST)), null, 0, List.of(RECIPIENT));
    assertEquals(FORMER_SENDER, row(group, FORMER_HOP).sender());
  }

  @Test
  void theSenderIsFoundInEitherForm() {
    for (String typed :
        List.of(FORMER_SENDER, "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:DB8:0:0::1]")) {
      QueueFilter filter =
          new QueueFilter(
              Optional.empty(),
              Optional.empty(),
              Optional.of(typed),
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      assertEquals(Optional.of(FORMER_SENDER), filter.forStore().sender(), typed);
    }
  }

  @Test
  void theListingShortensBoth() {
    assertEquals("route![IPv6:2001:db8::1]:25", AddressLiteral.shortened(FORMER_HOP));
    assertEquals("a@[IPv6:2001:db8::1]", AddressLiteral.shortened(FORMER_SENDER));
    assertEquals("[IPv6:2001:db8::1]", HOST.toString());
    for (String other : List.of("", "a@b.example", "x[IPv6:zz]", "[192.0.2.1]", "[IPv6:1:2:3]")) {
      assertEquals(other, AddressLiteral.shortened(other));
      assertEquals(other, AddressLiteral.expanded(other));
    }
    assertFalse(AddressLiteral.shortened("a@[IPv6:::]").contains("0"));
  }
}
