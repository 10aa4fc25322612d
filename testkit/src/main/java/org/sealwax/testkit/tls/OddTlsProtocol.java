package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import org.bouncycastle.tls.ContentType;
import org.bouncycastle.tls.HandshakeType;
import org.bouncycastle.tls.TlsServerProtocol;

/** Changes what is sent, before it is encrypted. */
final class OddTlsProtocol extends TlsServerProtocol {
  /** Offset of the session id's length: after header, version and random. */
  private static final int SESSION_ID = 4 + 2 + 32;

  /** Offset of the version: after the header. */
  private static final int VERSION = 4;

  /** The minor number of a version 3.9. */
  private static final byte UNHEARD_OF = 9;

  /** The extension that chooses {@code h2}. */
  private static final byte[] PROTOCOL = {0, 16, 0, 5, 0, 3, 2, 'h', '2'};

  private static final int TICKETS = 50;

  /** Bytes of a ticket: what a server without a client's chain in it would send. */
  private static final int TICKET = 200;

  /** Seconds. */
  private static final int LIFETIME = 3_600;

  private final Set<OddTlsBehaviour.TlsFault> quirks;

  OddTlsProtocol(InputStream in, OutputStream out, Set<OddTlsBehaviour.TlsFault> quirks) {
    super(in, out);
    this.quirks = quirks;
  }

  void updateKeys() throws IOException {
    if (getContext().getServerVersion().getMinorVersion() >= 4) {
      send13KeyUpdate(false);
    }
  }

  /** RFC 5246 7.4.1.1; TLS 1.3 has none. */
  void requestHello() throws IOException {
    if (getContext().getServerVersion().getMinorVersion() < 4) {
      super.safeWriteRecord(ContentType.handshake, new byte[4], 0, 4);
    }
  }

  /** RFC 8446 4.6.1: tickets, more than any client needs. */
  void sendManyTickets() throws IOException {
    if (getContext().getServerVersion().getMinorVersion() < 4) {
      return;
    }
    for (int i = 0; i < TICKETS; i++) {
      byte[] ticket = getContext().getNonceGenerator().generateNonce(TICKET);
      // Lifetime, age_add, a nonce of one byte, the ticket, no extensions.
      ByteBuffer message = ByteBuffer.allocate(4 + 4 + 4 + 2 + 2 + TICKET + 2);
      message.putInt(HandshakeType.new_session_ticket << 24 | message.capacity() - 4);
      message.putInt(LIFETIME).putInt(i).put((byte) 1).put((byte) i);
      message.putShort((short) TICKET).put(ticket).putShort((short) 0);
      super.safeWriteRecord(ContentType.handshake, message.array(), 0, message.capacity());
    }
  }

  @Override
  protected void safeWriteRecord(short type, byte[] buffer, int offset, int length)
      throws IOException {
    if (type != ContentType.handshake || length == 0) {
      super.safeWriteRecord(type, buffer, offset, length);
      return;
    }
    byte[] message = corrupted(Arrays.copyOfRange(buffer, offset, offset + length));
    int step = quirks.contains(OddTlsBehaviour.TlsFault.TINY_RECORDS) ? 1 : message.length;
    for (int i = 0; i < message.length; i += step) {
      super.safeWriteRecord(type, message, i, step);
    }
  }

  /** A handshake message as it goes out; the library continues as if it had sent its own. */
  private byte[] corrupted(byte[] message) {
    boolean protocol = quirks.contains(OddTlsBehaviour.TlsFault.UNOFFERED_PROTOCOL);
    return switch (message[0]) {
      case HandshakeType.server_hello -> hello(message, protocol);
      case HandshakeType.encrypted_extensions -> protocol ? extended(message, 4) : message;
      case HandshakeType.finished -> flipped(message, OddTlsBehaviour.TlsFault.BAD_FINISHED);
      case HandshakeType.certificate_verify ->
          flipped(message, OddTlsBehaviour.TlsFault.BAD_SIGNATURE);
      default -> message;
    };
  }

  private byte[] hello(byte[] message, boolean protocol) {
    int suite = SESSION_ID + 1 + (message[SESSION_ID] & 0xff);
    if (quirks.contains(OddTlsBehaviour.TlsFault.UNOFFERED_SUITE)) {
      message[suite] = 0x13;
      message[suite + 1] = (byte) 0x99;
    }
    if (quirks.contains(OddTlsBehaviour.TlsFault.UNOFFERED_VERSION)) {
      message[VERSION + 1] = UNHEARD_OF;
    }
    // After suite and compression; in TLS 1.3 the protocol would stand in EncryptedExtensions.
    return protocol && getContext().getServerVersion().getMinorVersion() < 4
        ? extended(message, suite + 2 + 1)
        : message;
  }

  private byte[] flipped(byte[] message, OddTlsBehaviour.TlsFault fault) {
    if (quirks.contains(fault)) {
      message[message.length - 1] ^= 1;
    }
    return message;
  }

  /** With one more extension, where their length stands at {@code at}: a protocol (RFC 7301). */
  private static byte[] extended(byte[] message, int at) {
    ByteBuffer out = ByteBuffer.allocate(message.length + PROTOCOL.length);
    out.put(message).put(PROTOCOL);
    out.putInt(0, message[0] << 24 | out.capacity() - 4);
    out.putShort(at, (short) (out.getShort(at) + PROTOCOL.length));
    return out.array();
  }
}
