package org.sealwax.tls.odd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import org.bouncycastle.tls.ContentType;
import org.bouncycastle.tls.HandshakeType;
import org.bouncycastle.tls.TlsServerProtocol;

/** Spoils what is sent, before it is encrypted. */
final class OddProtocol extends TlsServerProtocol {
  /** Where the session id's length stands: behind header, version and random. */
  private static final int SESSION_ID = 4 + 2 + 32;

  private final Set<OddTls.Quirk> quirks;

  OddProtocol(InputStream in, OutputStream out, Set<OddTls.Quirk> quirks) {
    super(in, out);
    this.quirks = quirks;
  }

  void updateKeys() throws IOException {
    if (getContext().getServerVersion().getMinorVersion() >= 4) {
      send13KeyUpdate(false);
    }
  }

  @Override
  protected void safeWriteRecord(short type, byte[] buffer, int offset, int length)
      throws IOException {
    if (type == ContentType.handshake && length > 0) {
      boolean spoils =
          (quirks.contains(OddTls.Quirk.BAD_FINISHED) && buffer[offset] == HandshakeType.finished)
              || (quirks.contains(OddTls.Quirk.BAD_SIGNATURE)
                  && buffer[offset] == HandshakeType.certificate_verify);
      if (quirks.contains(OddTls.Quirk.UNOFFERED_SUITE)
          && buffer[offset] == HandshakeType.server_hello) {
        byte[] spoiled = new byte[length];
        System.arraycopy(buffer, offset, spoiled, 0, length);
        int suite = SESSION_ID + 1 + (spoiled[SESSION_ID] & 0xff);
        spoiled[suite] = 0x13;
        spoiled[suite + 1] = (byte) 0x99;
        super.safeWriteRecord(type, spoiled, 0, length);
        return;
      }
      if (spoils) {
        byte[] spoiled = new byte[length];
        System.arraycopy(buffer, offset, spoiled, 0, length);
        spoiled[length - 1] ^= 1;
        super.safeWriteRecord(type, spoiled, 0, length);
        return;
      }
      if (quirks.contains(OddTls.Quirk.TINY_RECORDS)) {
        for (int i = 0; i < length; i++) {
          super.safeWriteRecord(type, buffer, offset + i, 1);
        }
        return;
      }
    }
    super.safeWriteRecord(type, buffer, offset, length);
  }
}
