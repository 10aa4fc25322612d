package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneUpdate;

/**
 * Writes TXT records by dynamic updates (RFC 2136), signed by TSIG.
 *
 * @param zones that can be changed
 */
record TxtUpdates(List<UpdatedZone> zones) implements TxtWriter {
  /** A record that is needed for seconds. */
  private static final Duration TTL = Duration.ofSeconds(60);

  TxtUpdates {
    zones = List.copyOf(zones);
  }

  @Override
  public TxtEntry entry(Proof.TxtRecord record) throws IOException {
    UpdatedZone zone =
        zones.stream()
            .filter(z -> record.owner().isBelow(z.zone()))
            .max(Comparator.comparingInt(z -> z.zone().name().length()))
            .orElseThrow(
                () -> new IOException("no [[dns_update]] zone contains " + record.owner()));
    ZoneRecord txt = ZoneRecord.txt(record.owner(), TTL, record.value());
    return new TxtEntry() {
      @Override
      public void add() throws IOException {
        send(zone, new ZoneUpdate.Change.Add(txt));
      }

      @Override
      public void remove() throws IOException {
        send(zone, new ZoneUpdate.Change.Remove(txt));
      }
    };
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
