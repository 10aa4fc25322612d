package org.sealwax.mail.tls.wire;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Puts content into records, and cuts what goes to the network, in any way a peer might. */
public final class Records {
  /** SSL 3.0. */
  public static final int SSL3 = 0x0300;

  /**
   * TLS 1.0; also what a first ClientHello has in its record header for compatibility with old
   * peers.
   */
  public static final int TLS10 = 0x0301;

  /** TLS 1.1. */
  public static final int TLS11 = 0x0302;

  /** TLS 1.2, and every later version in the places that are kept for middleboxes. */
  public static final int TLS12 = 0x0303;

  /** TLS 1.3, in supported_versions only. */
  public static final int TLS13 = 0x0304;

  /** heartbeat (RFC 6520). */
  public static final int HEARTBEAT = 24;

  /** Bytes of plaintext in one record (RFC 8446 5.1). */
  public static final int MAX_PLAINTEXT = 1 << 14;

  private Records() {}

  /** Content as records as long as allowed. */
  public static byte[] of(int type, int version, byte[] content) {
    return of(type, version, content, MAX_PLAINTEXT);
  }

  /**
   * Content as records of at most {@code fragment} bytes each.
   *
   * @throws IllegalArgumentException when the fragment is not from 1 to {@link #MAX_PLAINTEXT}
   */
  public static byte[] of(int type, int version, byte[] content, int fragment) {
    if (fragment < 1 || fragment > MAX_PLAINTEXT) {
      throw new IllegalArgumentException("not a fragment size: " + fragment);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(content.length + 64);
    int at = 0;
    do {
      int count = Math.min(fragment, content.length - at);
      out.writeBytes(
          new PresentationWriter()
              .number(1, type)
              .number(2, version)
              .vector(2, Arrays.copyOfRange(content, at, at + count))
              .done());
      at += count;
    } while (at < content.length);
    return out.toByteArray();
  }

  /** A warning in a record. */
  public static byte[] warning(int description) {
    return alert((byte) 1, description);
  }

  /** A fatal alert in a record. */
  public static byte[] fatal(int description) {
    return alert((byte) 2, description);
  }

  private static byte[] alert(byte level, int description) {
    return of(RecordHeader.ALERT, TLS12, new byte[] {level, (byte) description});
  }

  /** change_cipher_spec in a record. */
  public static byte[] changeCipherSpec(int version) {
    return of(RecordHeader.CHANGE_CIPHER_SPEC, version, new byte[] {1});
  }

  /**
   * Bytes in pieces, each for a TCP segment of its own.
   *
   * @param cuts ascending places; those outside the bytes are passed over
   */
  public static List<byte[]> cut(byte[] bytes, int... cuts) {
    List<byte[]> pieces = new ArrayList<>();
    int at = 0;
    for (int cut : cuts) {
      if (cut > at && cut < bytes.length) {
        pieces.add(Arrays.copyOfRange(bytes, at, cut));
        at = cut;
      }
    }
    pieces.add(Arrays.copyOfRange(bytes, at, bytes.length));
    return pieces;
  }

  /** A version in words: {@code TLS 1.2}. */
  public static String versionName(int version) {
    return switch (version) {
      case 0x0002 -> "SSL 2.0";
      case SSL3 -> "SSL 3.0";
      case TLS10 -> "TLS 1.0";
      case TLS11 -> "TLS 1.1";
      case TLS12 -> "TLS 1.2";
      case TLS13 -> "TLS 1.3";
      default -> String.format(Locale.ROOT, "version 0x%04x", version);
    };
  }
}
