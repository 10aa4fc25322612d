package org.sealwax.mail.tls.wire;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Builds a ClientHello of any content (RFC 8446 4.1.2, RFC 5246 7.4.1.2): what a scan offers and no
 * engine would. Extensions are written in the order in which they were given. One thread.
 */
public final class ClientHelloBuilder {
  /** server_name (RFC 6066 3). */
  public static final int SERVER_NAME = 0;

  /** status_request (RFC 6066 8). */
  public static final int STATUS_REQUEST = 5;

  /** supported_groups (RFC 8446 4.2.7). */
  public static final int SUPPORTED_GROUPS = 10;

  /** ec_point_formats (RFC 8422 5.1.2). */
  public static final int POINT_FORMATS = 11;

  /** signature_algorithms (RFC 8446 4.2.3). */
  public static final int SIGNATURE_ALGORITHMS = 13;

  /** heartbeat (RFC 6520). */
  public static final int HEARTBEAT = 15;

  /** padding (RFC 7685). */
  public static final int PADDING = 21;

  /** extended_master_secret (RFC 7627). */
  public static final int EXTENDED_MASTER_SECRET = 23;

  /** session_ticket (RFC 5077). */
  public static final int SESSION_TICKET = 35;

  /** supported_versions (RFC 8446 4.2.1). */
  public static final int SUPPORTED_VERSIONS = 43;

  /** psk_key_exchange_modes (RFC 8446 4.2.9). */
  public static final int PSK_MODES = 45;

  /** key_share (RFC 8446 4.2.8). */
  public static final int KEY_SHARE = 51;

  /** renegotiation_info (RFC 5746). */
  public static final int RENEGOTIATION_INFO = 0xff01;

  private static final int CLIENT_HELLO = 1;
  private static final int RANDOM = 32;

  /**
   * A key share.
   *
   * @param group of it
   * @param bytes the public value
   */
  public record KeyShare(int group, byte[] bytes) {}

  private record HelloExtension(int type, byte[] body) {}

  private final int version;
  private byte[] random = new byte[RANDOM];
  private byte[] sessionId = new byte[0];
  private List<Integer> suites = List.of();
  private byte[] compressions = {0};
  private final List<HelloExtension> parts = new ArrayList<>();
  private boolean bare;

  /** A ClientHello with this {@code client_version}; TLS 1.3 is asked for by {@link #versions}. */
  public ClientHelloBuilder(int version) {
    this.version = version;
  }

  /**
   * The 32 bytes of randomness.
   *
   * @throws IllegalArgumentException at another length
   */
  public ClientHelloBuilder random(byte[] bytes) {
    if (bytes.length != RANDOM) {
      throw new IllegalArgumentException("a random has 32 bytes");
    }
    random = bytes.clone();
    return this;
  }

  /** A session id; RFC 8446 allows 32 bytes, a test of a server may send more (up to 255). */
  public ClientHelloBuilder sessionId(byte[] bytes) {
    sessionId = bytes.clone();
    return this;
  }

  /** Suites in order. */
  public ClientHelloBuilder suites(List<Integer> numbers) {
    suites = List.copyOf(numbers);
    return this;
  }

  /** Compression methods; default: only null (0). */
  public ClientHelloBuilder compressions(int... methods) {
    compressions = new byte[methods.length];
    for (int i = 0; i < methods.length; i++) {
      compressions[i] = (byte) methods[i];
    }
    return this;
  }

  /** Any extension. */
  public ClientHelloBuilder extension(int type, byte... body) {
    parts.add(new HelloExtension(type, body.clone()));
    return this;
  }

  /** No extensions field at all, as SSLv3 clients write. */
  public ClientHelloBuilder withoutExtensions() {
    bare = true;
    return this;
  }

  /** The name that is wanted; nothing for an empty one. */
  public ClientHelloBuilder serverName(String name) {
    if (name.isEmpty()) {
      return this;
    }
    byte[] entry =
        new PresentationWriter()
            .number(1, 0)
            .vector(2, name.getBytes(StandardCharsets.US_ASCII))
            .done();
    return extension(SERVER_NAME, new PresentationWriter().vector(2, entry).done());
  }

  /** Groups in order, with the point formats when there are curves (RFC 8422 4). */
  public ClientHelloBuilder groups(List<Integer> numbers) {
    return extension(SUPPORTED_GROUPS, new PresentationWriter().numbers(2, numbers).done());
  }

  /** ec_point_formats with uncompressed and both compressed forms. */
  public ClientHelloBuilder pointFormats() {
    return extension(POINT_FORMATS, (byte) 3, (byte) 0, (byte) 1, (byte) 2);
  }

  /** Signature schemes in order. */
  public ClientHelloBuilder schemes(List<Integer> numbers) {
    return extension(SIGNATURE_ALGORITHMS, new PresentationWriter().numbers(2, numbers).done());
  }

  /** supported_versions in order. */
  public ClientHelloBuilder versions(List<Integer> numbers) {
    return extension(SUPPORTED_VERSIONS, new PresentationWriter().numbers(1, numbers).done());
  }

  /** Key shares; an empty list asks for a HelloRetryRequest, which shows the group without keys. */
  public ClientHelloBuilder shares(List<KeyShare> shares) {
    PresentationWriter all = new PresentationWriter();
    shares.forEach(s -> all.number(2, s.group()).vector(2, s.bytes()));
    return extension(KEY_SHARE, new PresentationWriter().vector(2, all.done()).done());
  }

  /** An empty renegotiation_info: we know RFC 5746. */
  public ClientHelloBuilder renegotiationInfo() {
    return extension(RENEGOTIATION_INFO, (byte) 0);
  }

  /** status_request for OCSP with no responders named. */
  public ClientHelloBuilder statusRequest() {
    return extension(STATUS_REQUEST, (byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
  }

  /**
   * Pads the message with its header to {@code bytes} (RFC 7685); nothing when it is longer than
   * that already, and at least the four bytes of the extension's header are added.
   */
  public ClientHelloBuilder padTo(int bytes) {
    int missing = bytes - message().length - 4;
    return missing < 0 ? this : extension(PADDING, new byte[missing]);
  }

  /** The handshake message with its header. */
  public byte[] message() {
    PresentationWriter body =
        new PresentationWriter().number(2, version).bytes(random).vector(1, sessionId);
    body.numbers(2, suites).vector(1, compressions);
    if (!bare) {
      PresentationWriter extensions = new PresentationWriter();
      parts.forEach(p -> extensions.number(2, p.type).vector(2, p.body));
      body.vector(2, extensions.done());
    }
    return PresentationWriter.handshake(CLIENT_HELLO, body.done());
  }

  /** The message in records, whose version is what clients write there: TLS 1.0 at most. */
  public byte[] records() {
    return Records.of(RecordHeader.HANDSHAKE, Math.min(version, Records.TLS10), message());
  }

  /** A GREASE value (RFC 8701 2) for a suite, group, extension or version; any index will do. */
  public static int grease(int index) {
    int half = (index & 0xf) << 4 | 0xa;
    return half << 8 | half;
  }

  @Override
  public String toString() {
    return "ClientHello "
        + Integer.toHexString(version)
        + ' '
        + suites.size()
        + " suites "
        + Arrays.toString(parts.stream().mapToInt(HelloExtension::type).toArray());
  }
}
