package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.log.MailLog;

/** Answers {@code dns-01} (RFC 8555 8.4) by dynamic updates (RFC 2136), signed by TSIG. */
final class DnsUpdateProofs implements ProofPublisher {
  /** A record that is needed for seconds. */
  private static final Duration TTL = Duration.ofSeconds(60);

  private final List<UpdatedZone> zones;
  private final Duration wait;
  private final AcmeClient.Pause pause;
  private final MailLog log;

  /**
   * Nothing is sent yet.
   *
   * @param zones that can be changed
   * @param wait until all name servers have a record
   */
  DnsUpdateProofs(List<UpdatedZone> zones, Duration wait, AcmeClient.Pause pause, MailLog log) {
    this.zones = List.copyOf(zones);
    this.wait = wait;
    this.pause = pause;
    this.log = log;
  }

  @Override
  public AcmeSettings.ChallengeType type() {
    return AcmeSettings.ChallengeType.DNS_01;
  }

  @Override
  public PublishedProof publish(Proof proof) throws IOException, InterruptedException {
    if (!(proof instanceof Proof.TxtRecord record)) {
      throw new IOException("not a proof of dns-01");
    }
    UpdatedZone zone =
        zones.stream()
            .filter(z -> record.owner().isBelow(z.zone()))
            .max(Comparator.comparingInt(z -> z.zone().name().length()))
            .orElseThrow(
                () -> new IOException("no [[dns_update]] zone contains " + record.owner()));
    ZoneRecord txt = ZoneRecord.txt(record.owner(), TTL, record.value());
    try {
      send(zone, new ZoneUpdate.Change.Add(txt));
      pause.of(wait);
    } catch (IOException | InterruptedException e) {
      // An update without an answer may have been applied.
      withdraw(zone, txt);
      throw e;
    }
    return () -> withdraw(zone, txt);
  }

  private void withdraw(UpdatedZone zone, ZoneRecord txt) {
    try {
      send(zone, new ZoneUpdate.Change.Remove(txt));
    } catch (IOException e) {
      log.warning(
          AcmeOrders.SERVICE,
          "the TXT record " + txt.owner() + " may still be there: " + FailureText.of(e));
    }
  }

  private static void send(UpdatedZone zone, ZoneUpdate.Change change) throws IOException {
    switch (zone.server().send(new ZoneUpdate(zone.zone(), List.of(), List.of(change)))) {
      case UpdateResult.Applied() -> {
        // The primary server has it.
      }
      case UpdateResult.ConditionFailed(String reason) -> throw new IOException(reason);
      case UpdateResult.Refused(String reason) -> throw new IOException(reason);
      case UpdateResult.Unproven(String reason) -> throw new IOException(reason);
    }
  }
}
