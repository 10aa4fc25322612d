package org.sealwax.router.certs.acme;

import java.io.IOException;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneUpdate;

/**
 * A zone whose records this server may change.
 *
 * @param zone its apex
 * @param server sends the updates
 */
public record UpdatedZone(Domain zone, UpdateSender server) {
  /** Sends an update to the primary server of the zone. */
  public interface UpdateSender {
    /**
     * Sends it.
     *
     * @param update of the zone
     * @return its result
     * @throws IOException when the key cannot be read
     */
    UpdateResult send(ZoneUpdate update) throws IOException;
  }
}
