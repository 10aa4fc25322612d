package org.sealwax.mail.tls.wire;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Reads the unencrypted part of a server's handshake as it passes: ServerHello, HelloRetryRequest,
 * and in TLS 1.2 the named curve of ServerKeyExchange. That is where the negotiated group and
 * resumption can be seen the same way whatever the engine. Holds at most a ServerHello; skips
 * certificates without storing them. One connection, one thread.
 */
public final class ServerFlight {
  private static final int SERVER_HELLO = 2;
  private static final int SERVER_KEY_EXCHANGE = 12;
  private static final int SERVER_HELLO_DONE = 14;

  /** A ServerHello's size is some 130 bytes, with a hybrid key share about 1,250. */
  private static final int MAX_KEPT = 8 * 1024;

  private static final int KEPT_OF_KEY_EXCHANGE = 3;

  /** SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
  private static final byte[] RETRY_RANDOM = {
    (byte) 0xcf,
    0x21,
    (byte) 0xad,
    0x74,
    (byte) 0xe5,
    (byte) 0x9a,
    0x61,
    0x11,
    (byte) 0xbe,
    0x1d,
    (byte) 0x8c,
    0x02,
    0x1e,
    0x65,
    (byte) 0xb8,
    (byte) 0x91,
    (byte) 0xc2,
    (byte) 0xa2,
    0x11,
    0x16,
    0x7a,
    (byte) 0xbb,
    (byte) 0x8c,
    0x5e,
    0x07,
    (byte) 0x9e,
    0x09,
    (byte) 0xe2,
    (byte) 0xc8,
    (byte) 0xa8,
    0x33,
    (byte) 0x9c
  };

  private final byte[] head = new byte[4];
  private int headFilled;
  private int bodyLeft;
  private byte[] kept = new byte[0];
  private int keptFilled;
  private boolean done;

  private int version;
  private int suite = -1;
  private int group = -1;
  private boolean preSharedKey;
  private String sessionId = "";

  /** Whether it has read everything; further records need not be passed in. */
  public boolean done() {
    return done;
  }

  /** Negotiated version (0x0303, 0x0304), 0 before the ServerHello. */
  public int version() {
    return version;
  }

  /** Negotiated cipher suite, or -1. */
  public int suite() {
    return suite;
  }

  /** Name of the negotiated group, or null when the handshake showed none. */
  public @Nullable String group() {
    return group < 0 ? null : NamedGroup.name(group);
  }

  /**
   * Whether a former session is resumed: a pre-shared key in TLS 1.3 (RFC 8446 4.2.11), before it
   * the echo of the session id offered (RFC 5246 7.4.1.3, RFC 5077 3.4).
   *
   * @param offered session id of the ClientHello, in hex
   */
  public boolean resumed(String offered) {
    return version >= 0x0304 ? preSharedKey : !offered.isEmpty() && offered.equals(sessionId);
  }

  /**
   * Shows one record with its header; anything but unencrypted handshake records ends the reading.
   */
  public void record(byte[] bytes, int offset, int length) {
    if (done || length < RecordHeader.SIZE) {
      return;
    }
    RecordHeader header = RecordHeader.at(bytes, offset);
    if (header.type() != RecordHeader.HANDSHAKE) {
      // TLS 1.3 sends change_cipher_spec for middleboxes between HelloRetryRequest and second
      // ClientHello.
      done = !(header.type() == RecordHeader.CHANGE_CIPHER_SPEC && version == 0);
      return;
    }
    int at = offset + RecordHeader.SIZE;
    int end = offset + Math.min(length, RecordHeader.SIZE + header.length());
    while (at < end && !done) {
      if (headFilled < head.length) {
        head[headFilled++] = bytes[at++];
        if (headFilled == head.length) {
          begin();
        }
        continue;
      }
      int part = Math.min(bodyLeft, end - at);
      int keep = Math.min(part, kept.length - keptFilled);
      System.arraycopy(bytes, at, kept, keptFilled, keep);
      keptFilled += keep;
      bodyLeft -= part;
      at += part;
      if (bodyLeft == 0) {
        finish();
      }
    }
  }

  private void begin() {
    bodyLeft = (head[1] & 0xff) << 16 | (head[2] & 0xff) << 8 | (head[3] & 0xff);
    int keep =
        switch (head[0]) {
          case SERVER_HELLO -> Math.min(bodyLeft, MAX_KEPT);
          case SERVER_KEY_EXCHANGE -> Math.min(bodyLeft, KEPT_OF_KEY_EXCHANGE);
          default -> 0;
        };
    kept = new byte[keep];
    keptFilled = 0;
    if (bodyLeft == 0) {
      finish();
    }
  }

  private void finish() {
    switch (head[0]) {
      case SERVER_HELLO -> hello();
      case SERVER_KEY_EXCHANGE -> keyExchange();
      case SERVER_HELLO_DONE -> done = true;
      default -> {
        // Certificates and their like.
      }
    }
    headFilled = 0;
    kept = new byte[0];
  }

  private void hello() {
    PresentationReader in = new PresentationReader(kept, 0, keptFilled);
    int legacy = in.u16();
    boolean retry = Arrays.equals(in.take(32), RETRY_RANDOM);
    byte[] id = in.take(in.u8());
    int chosen = in.u16();
    in.u8();
    int negotiated = legacy;
    int share = -1;
    boolean psk = false;
    if (in.left() > 0) {
      PresentationReader extensions = in.sub(in.u16());
      while (extensions.left() > 0) {
        int type = extensions.u16();
        PresentationReader body = extensions.sub(extensions.u16());
        switch (type) {
          case 41 -> psk = true;
          case 43 -> negotiated = body.u16();
          case 51 -> share = body.u16();
          default -> {
            // Not needed here.
          }
        }
      }
    }
    if (in.broken()) {
      done = true;
      return;
    }
    if (retry) {
      return;
    }
    version = negotiated;
    suite = chosen;
    sessionId = HexFormat.of().formatHex(id);
    preSharedKey = psk;
    if (negotiated >= 0x0304) {
      group = share;
      done = true;
    }
  }

  /** RFC 8422 5.4: curve_type named_curve(3), then the group. */
  private void keyExchange() {
    PresentationReader in = new PresentationReader(kept, 0, keptFilled);
    boolean elliptic = suite >> 8 == 0xc0 || suite == 0xcca8 || suite == 0xcca9;
    if (elliptic && in.u8() == 3) {
      int named = in.u16();
      group = in.broken() ? -1 : named;
    }
    done = true;
  }
}
