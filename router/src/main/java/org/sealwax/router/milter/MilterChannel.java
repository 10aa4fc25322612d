package org.sealwax.router.milter;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.sealwax.mail.net.Wire;

/** Packets of the protocol over one connection: length, command, data. Owned by one thread. */
final class MilterChannel implements Closeable {
  /** Bytes of a packet from a filter: a chunk of a new body has 65,535. */
  static final int MAX_PACKET = 256 * 1024;

  private static final int LENGTH = 4;

  private final Wire wire;

  MilterChannel(Wire wire) {
    this.wire = wire;
  }

  /** One packet from a filter. */
  record MilterPacket(char command, ByteBuffer data) {}

  void send(char command, byte[] data) throws IOException {
    send(command, data, 0, data.length);
  }

  void send(char command, byte[] data, int offset, int length) throws IOException {
    byte[] packet =
        ByteBuffer.allocate(LENGTH + 1 + length)
            .putInt(1 + length)
            .put((byte) command)
            .put(data, offset, length)
            .array();
    wire.out().write(packet, 0, packet.length);
  }

  MilterPacket read() throws IOException, MilterException {
    int length = ByteBuffer.wrap(read(LENGTH)).getInt();
    if (length < 1 || length > MAX_PACKET) {
      throw new MilterException("invalid packet length: " + Integer.toUnsignedString(length));
    }
    ByteBuffer packet = ByteBuffer.wrap(read(length));
    return new MilterPacket((char) (packet.get() & 0xff), packet);
  }

  private byte[] read(int length) throws IOException {
    byte[] bytes = new byte[length];
    InputStream in = wire.in();
    for (int at = 0; at < length; ) {
      int n = in.read(bytes, at, length - at);
      if (n < 0) {
        throw new EOFException("the filter closed the connection");
      }
      at += n;
    }
    return bytes;
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
