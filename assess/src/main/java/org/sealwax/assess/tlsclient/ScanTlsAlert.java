package org.sealwax.assess.tlsclient;

import java.io.IOException;
import org.sealwax.mail.tls.wire.AlertName;

/** The peer ended the connection by a fatal alert after the handshake. */
public final class ScanTlsAlert extends IOException {
  private static final long serialVersionUID = 1L;
  private final int description;

  ScanTlsAlert(int description, IOException cause) {
    super("alert " + AlertName.of(description), cause);
    this.description = description;
  }

  /** Its number. */
  public int description() {
    return description;
  }
}
