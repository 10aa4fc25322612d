package org.sealwax.router.certs.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.router.log.MailLog;

/** What is sent to which zone; a real server takes it in the scenario 35-acme. */
final class DnsProofsTest {
  private static final Proof.TxtRecord RECORD =
      new Proof.TxtRecord(Domain.of("_acme-challenge.mx.sub.example.org"), "value_-1");

  private final List<String> sent = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<Duration> waits = new ArrayList<>();
  private UpdateResult answer = new UpdateResult.Applied();

  private final MailLog log =
      new MailLog() {
        @Override
        public void warning(String service, String text) {
          warnings.add(text);
        }
      };

  private DnsProofs proofs(String... zones) {
    List<UpdatedZone> all = new ArrayList<>();
    for (String zone : zones) {
      all.add(new UpdatedZone(Domain.of(zone), this::send));
    }
    return new DnsProofs(new TxtUpdates(all), Duration.ofSeconds(7), waits::add, log);
  }

  private UpdateResult send(ZoneUpdate update) {
    ZoneUpdate.Change change = update.changes().getFirst();
    sent.add(
        update.zone() + " " + change.getClass().getSimpleName() + " " + change.record().line());
    return answer;
  }

  @Test
  void theClosestZoneGetsTheRecordAndLosesItAgain() throws Exception {
    ProofPublisher.PublishedProof published =
        proofs("example.org", "sub.example.org", "example.net").publish(RECORD);
    assertEquals(
        List.of("sub.example.org Add _acme-challenge.mx.sub.example.org. 60 IN TXT \"value_-1\""),
        sent);
    assertEquals(List.of(Duration.ofSeconds(7)), waits);
    published.withdraw();
    assertEquals(
        "sub.example.org Remove _acme-challenge.mx.sub.example.org. 60 IN TXT \"value_-1\"",
        sent.getLast());
  }

  @Test
  void aNameInNoZoneIsAFailure() {
    IOException e = assertThrows(IOException.class, () -> proofs("example.net").publish(RECORD));
    assertEquals(
        "no [[dns_update]] zone contains _acme-challenge.mx.sub.example.org", e.getMessage());
  }

  @Test
  void aRefusedUpdateIsAFailureAndLeavesNothing() {
    answer = new UpdateResult.Refused("192.0.2.53: the server's policy does not allow the update");
    IOException e = assertThrows(IOException.class, () -> proofs("example.org").publish(RECORD));
    assertTrue(String.valueOf(e.getMessage()).contains("does not allow the update"));
    assertTrue(sent.getLast().startsWith("example.org Remove "), sent.toString());
    assertEquals(1, warnings.size());
    assertTrue(waits.isEmpty());
  }
}
