package org.sealwax.assess.tlsclient;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;

/** NewSessionTicket of TLS 1.3 (RFC 8446 4.6.1). */
final class Tls13Ticket {
  private static final int EARLY_DATA = 42;

  private Tls13Ticket() {}

  /** Reads the body of the message; empty when it does not parse. */
  static Optional<ScanHandshakeFacts.SessionTicketFacts> read(byte[] body) {
    ByteBuffer in = ByteBuffer.wrap(body);
    try {
      final long lifetime = in.getInt() & 0xffff_ffffL;
      in.getInt();
      skip(in, in.get() & 0xff);
      byte[] ticket = new byte[Math.min(in.getShort() & 0xffff, in.remaining())];
      in.get(ticket);
      int end = in.getShort() & 0xffff;
      long early = -1;
      if (end > in.remaining()) {
        return Optional.empty();
      }
      while (in.remaining() >= 4) {
        int type = in.getShort() & 0xffff;
        int length = in.getShort() & 0xffff;
        if (type == EARLY_DATA && length == 4) {
          early = in.getInt() & 0xffff_ffffL;
        } else {
          skip(in, length);
        }
      }
      return Optional.of(
          new ScanHandshakeFacts.SessionTicketFacts(
              lifetime, HexFormat.of().formatHex(ticket), early));
    } catch (BufferUnderflowException e) {
      return Optional.empty();
    }
  }

  private static void skip(ByteBuffer in, int count) {
    if (count > in.remaining()) {
      throw new BufferUnderflowException();
    }
    in.position(in.position() + count);
  }
}
