package org.sealwax.testkit.zone;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.sealwax.mail.net.Clock;

/**
 * DNS cookies (RFC 7873) in the form of RFC 9018 section 4: a client that sends one of our cookies
 * has not forged its address.
 */
final class DnsCookies {
  /** Bytes of a client's part (RFC 7873 4). */
  static final int CLIENT = 8;

  /** Bytes of a server's part in this form. */
  static final int SERVER = 16;

  /** RFC 9018 4.3: how old a cookie may be. */
  private static final Duration OLDEST = Duration.ofHours(1);

  /** RFC 9018 4.3: how far in the future, for clocks that disagree. */
  private static final Duration AHEAD = Duration.ofMinutes(5);

  private static final byte VERSION = 1;

  private final byte[] secret;
  private final Clock clock;

  /**
   * @param secret 16 bytes; a new one at every start is well: clients get a new cookie then
   */
  DnsCookies(byte[] secret, Clock clock) {
    this.secret = secret.clone();
    this.clock = clock;
  }

  /** A fresh server cookie. */
  byte[] make(byte[] client, InetAddress from) {
    int time = (int) clock.now().getEpochSecond();
    return make(client, from, ByteBuffer.allocate(8).put(VERSION).putInt(4, time).array());
  }

  /**
   * @param head version, three reserved bytes, time
   */
  private byte[] make(byte[] client, InetAddress from, byte[] head) {
    byte[] address = from.getAddress();
    byte[] all =
        ByteBuffer.allocate(CLIENT + head.length + address.length)
            .put(client)
            .put(head)
            .put(address)
            .array();
    return ByteBuffer.allocate(SERVER)
        .put(head)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(sipHash(secret, all))
        .array();
  }

  /** Whether this is one that we gave to this client at this address, not too long ago. */
  boolean isValid(byte[] client, byte[] server, InetAddress from) {
    if (server.length != SERVER || server[0] != VERSION) {
      return false;
    }
    int time = ByteBuffer.wrap(server).getInt(4);
    Instant now = clock.now();
    // RFC 1982 arithmetic: a difference of 32-bit seconds.
    int age = (int) now.getEpochSecond() - time;
    return age <= OLDEST.toSeconds()
        && age >= -AHEAD.toSeconds()
        && MessageDigest.isEqual(server, make(client, from, Arrays.copyOf(server, 8)));
  }

  /** SipHash-2-4 (Aumasson and Bernstein, 2012). */
  static long sipHash(byte[] key, byte[] data) {
    ByteBuffer k = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    long k0 = k.getLong(0);
    long k1 = k.getLong(8);
    long[] v = {
      k0 ^ 0x736f6d6570736575L,
      k1 ^ 0x646f72616e646f6dL,
      k0 ^ 0x6c7967656e657261L,
      k1 ^ 0x7465646279746573L
    };
    ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= 8) {
      mix(v, in.getLong());
    }
    long last = (long) data.length << 56;
    for (int shift = 0; in.hasRemaining(); shift += 8) {
      last |= (in.get() & 0xffL) << shift;
    }
    mix(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
      round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

  private static void mix(long[] v, long word) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
  }

  private static void round(long[] v) {
    v[0] += v[1];
    v[1] = Long.rotateLeft(v[1], 13) ^ v[0];
    v[0] = Long.rotateLeft(v[0], 32);
    v[2] += v[3];
    v[3] = Long.rotateLeft(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = Long.rotateLeft(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = Long.rotateLeft(v[1], 17) ^ v[2];
    v[2] = Long.rotateLeft(v[2], 32);
  }
}
