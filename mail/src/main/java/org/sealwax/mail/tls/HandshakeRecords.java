package org.sealwax.mail.tls;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.ServerFlight;

/**
 * What the unencrypted records of one handshake show, and no engine reports: the group, and whether
 * a session was resumed. Owned by the thread that makes the handshake.
 */
final class HandshakeRecords {
  private final boolean client;
  private final ServerFlight flight = new ServerFlight();
  private String sessionId;

  /**
   * Nothing was seen yet.
   *
   * @param client whether we are the client
   * @param offeredSessionId of a ClientHello that was read before; empty for none
   */
  HandshakeRecords(boolean client, String offeredSessionId) {
    this.client = client;
    this.sessionId = offeredSessionId;
  }

  /** A record of the peer, of which a server's are of interest. */
  void received(RecordReader records) {
    if (client && !flight.done()) {
      flight.record(records.bytes(), records.offset(), records.size());
    }
  }

  /** Our own records: the ClientHello of a client, the flight of a server. */
  void sent(ByteBuffer net) {
    if (flight.done()) {
      return;
    }
    byte[] bytes = new byte[net.remaining()];
    net.get(net.position(), bytes);
    if (client) {
      if (sessionId.isEmpty()
          && ClientHello.read(bytes, 0, bytes.length)
              instanceof ClientHello.ClientHelloParse.Whole(ClientHello hello)) {
        sessionId = hello.sessionId();
      }
      return;
    }
    int at = 0;
    while (bytes.length - at >= RecordHeader.SIZE && !flight.done()) {
      int size = RecordHeader.SIZE + RecordHeader.at(bytes, at).length();
      flight.record(bytes, at, Math.min(size, bytes.length - at));
      at += size;
    }
  }

  /** Negotiated group as seen on the wire. */
  @Nullable String group() {
    return flight.group();
  }

  boolean resumed() {
    return flight.resumed(sessionId);
  }
}
