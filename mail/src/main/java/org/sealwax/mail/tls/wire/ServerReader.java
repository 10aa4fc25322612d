package org.sealwax.mail.tls.wire;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a server sends unencrypted after a ClientHello, as it comes: handshake messages,
 * alerts, and where it stops being readable. Holds at most {@link #MAX_BYTES}; throws at nothing.
 * One connection, one thread.
 */
public final class ServerReader {
  /**
   * Maximum number of bytes of unencrypted handshake: chains of ten certificates with long lists of
   * names have some 30 KiB, lists of CAs up to 64 KiB.
   */
  public static final int MAX_BYTES = 256 * 1024;

  /** Certificates of one chain that are kept. */
  public static final int MAX_CHAIN = 32;

  private static final int MAX_EXTENSIONS = 64;
  private static final HexFormat HEX = HexFormat.of();

  /** SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
  static final String RETRY_RANDOM =
      "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

  /**
   * An alert unencrypted.
   *
   * @param level 1 warning, 2 fatal
   * @param description its number
   */
  public record Alert(int level, int description) {
    /** The IANA name. */
    public String name() {
      return AlertName.of(description);
    }

    /** Whether the connection is over with it. */
    public boolean fatal() {
      return level != 1 || description == AlertName.CLOSE_NOTIFY;
    }
  }

  private byte[] held = new byte[1024];
  private int filled;
  private byte[] messages = new byte[1024];
  private int messagesFilled;
  private int seen;
  private final List<ServerMessage> found = new ArrayList<>();
  private final List<Alert> alerts = new ArrayList<>();
  private final List<Integer> heartbeats = new ArrayList<>();
  private int dropping;
  private ServerMessage.@Nullable ServerHello hello;
  private @Nullable String broken;
  private boolean over;

  /** Shows bytes that came. */
  public void feed(byte[] bytes, int from, int count) {
    if (over || broken != null) {
      return;
    }
    seen += count;
    if (seen > MAX_BYTES) {
      broken = "over " + MAX_BYTES + " bytes of handshake";
      return;
    }
    int dropped = Math.min(dropping, count);
    dropping -= dropped;
    held = grow(held, filled, count - dropped);
    System.arraycopy(bytes, from + dropped, held, filled, count - dropped);
    filled += count - dropped;
    records();
  }

  private static byte[] grow(byte[] bytes, int filled, int count) {
    return filled + count <= bytes.length
        ? bytes
        : java.util.Arrays.copyOf(bytes, Math.max(bytes.length * 2, filled + count));
  }

  private void records() {
    int at = 0;
    while (!over && broken == null && filled - at >= RecordHeader.SIZE) {
      RecordHeader header = RecordHeader.at(held, at);
      boolean known =
          header.type() >= RecordHeader.CHANGE_CIPHER_SPEC && header.type() <= Records.HEARTBEAT;
      if (!known || header.major() != 3 || header.length() > RecordHeader.MAX_FRAGMENT) {
        broken = "not a TLS record: " + HEX.formatHex(held, at, at + RecordHeader.SIZE);
        break;
      }
      if (header.type() == Records.HEARTBEAT) {
        // Counted by its header, also when the rest never comes; its body may be a server's memory
        // and is not kept.
        heartbeats.add(header.length());
        int there = Math.min(header.length(), filled - at - RecordHeader.SIZE);
        dropping = header.length() - there;
        at += RecordHeader.SIZE + there;
        continue;
      }
      if (filled - at < RecordHeader.SIZE + header.length()) {
        break;
      }
      record(header, at + RecordHeader.SIZE);
      at += RecordHeader.SIZE + header.length();
    }
    System.arraycopy(held, at, held, 0, filled - at);
    filled -= at;
  }

  private void record(RecordHeader header, int from) {
    switch (header.type()) {
      case RecordHeader.HANDSHAKE -> {
        messages = grow(messages, messagesFilled, header.length());
        System.arraycopy(held, from, messages, messagesFilled, header.length());
        messagesFilled += header.length();
        handshake();
      }
      case RecordHeader.ALERT -> {
        if (header.length() == 2) {
          alerts.add(new Alert(held[from] & 0xff, held[from + 1] & 0xff));
        } else {
          // Encrypted, and so after the end of what can be read here.
          over = true;
        }
      }
      case RecordHeader.CHANGE_CIPHER_SPEC -> {
        // In TLS 1.3 it means nothing (RFC 8446 appendix D.4); before, what follows is encrypted.
        over = !tls13();
      }
      default -> over = true;
    }
  }

  private boolean tls13() {
    return hello != null && hello.version() >= Records.TLS13;
  }

  private void handshake() {
    int at = 0;
    while (messagesFilled - at >= 4) {
      int size =
          (messages[at + 1] & 0xff) << 16
              | (messages[at + 2] & 0xff) << 8
              | (messages[at + 3] & 0xff);
      if (size > MAX_BYTES) {
        broken = "a handshake message of " + size + " bytes";
        return;
      }
      if (messagesFilled - at - 4 < size) {
        break;
      }
      int type = messages[at] & 0xff;
      ServerMessage message =
          message(type, new PresentationReader(messages, at + 4, at + 4 + size), size);
      if (message instanceof ServerMessage.ServerHello h) {
        hello = h;
      }
      found.add(message);
      at += 4 + size;
    }
    System.arraycopy(messages, at, messages, 0, messagesFilled - at);
    messagesFilled -= at;
  }

  private ServerMessage message(int type, PresentationReader in, int size) {
    return switch (type) {
      case 2 -> hello(in, size);
      case 11 -> certificates(in, size);
      case 12 -> keyExchange(in);
      case 13 -> request(in, size);
      case 14 -> new ServerMessage.Done();
      case 22 -> staple(in, size);
      default -> new ServerMessage.Other(type, size);
    };
  }

  private static ServerMessage hello(PresentationReader in, int size) {
    int version = in.u16();
    String random = HEX.formatHex(in.take(32));
    int idLength = in.u8();
    String id = HEX.formatHex(in.take(idLength));
    int suite = in.u16();
    int compression = in.u8();
    Map<Integer, String> extensions = new LinkedHashMap<>();
    int group = -1;
    if (in.left() > 0) {
      PresentationReader all = in.sub(in.u16());
      while (all.left() > 0 && extensions.size() < MAX_EXTENSIONS) {
        int type = all.u16();
        byte[] body = all.take(all.u16());
        extensions.put(type, HEX.formatHex(body));
        PresentationReader inside = new PresentationReader(body, 0, body.length);
        if (type == ClientHelloBuilder.SUPPORTED_VERSIONS) {
          version = inside.u16();
        } else if (type == ClientHelloBuilder.KEY_SHARE) {
          group = inside.u16();
        }
      }
      if (all.broken()) {
        return new ServerMessage.Other(2, size);
      }
    }
    if (in.broken() || idLength > 32) {
      return new ServerMessage.Other(2, size);
    }
    boolean retry = random.equals(RETRY_RANDOM);
    return new ServerMessage.ServerHello(
        version, random, id, suite, compression, extensions, retry, group);
  }

  private ServerMessage certificates(PresentationReader in, int size) {
    if (tls13()) {
      return new ServerMessage.Other(11, size);
    }
    List<String> chain = new ArrayList<>();
    PresentationReader all = in.sub(in.u24());
    while (all.left() > 0 && chain.size() < MAX_CHAIN) {
      chain.add(HEX.formatHex(all.take(all.u24())));
    }
    return all.broken() || in.broken()
        ? new ServerMessage.Other(11, size)
        : new ServerMessage.Certificates(List.copyOf(chain));
  }

  private static ServerMessage staple(PresentationReader in, int size) {
    int type = in.u8();
    String response = HEX.formatHex(in.take(in.u24()));
    return in.broken() || type != 1
        ? new ServerMessage.Other(22, size)
        : new ServerMessage.StapledStatus(response);
  }

  private static ServerMessage request(PresentationReader in, int size) {
    List<Integer> types = new ArrayList<>();
    PresentationReader kinds = in.sub(in.u8());
    while (kinds.left() > 0) {
      types.add(kinds.u8());
    }
    // TLS 1.2 has the schemes between; before it the list of authorities follows at once, and ends
    // the message.
    List<Integer> schemes = new ArrayList<>();
    int first = in.u16();
    PresentationReader list = in.sub(first);
    if (!in.broken() && in.left() >= 2) {
      while (list.left() >= 2) {
        schemes.add(list.u16());
      }
      list = in.sub(in.u16());
    }
    int bytes = list.left();
    int authorities = 0;
    while (list.left() > 0) {
      list.take(list.u16());
      authorities++;
    }
    return in.broken() || list.broken()
        ? new ServerMessage.Other(13, size)
        : new ServerMessage.CertificateRequest(types, schemes, authorities, bytes);
  }

  /** What is in it depends on the suite that was chosen (RFC 5246 7.4.3, RFC 8422 5.4). */
  private ServerMessage keyExchange(PresentationReader in) {
    ServerMessage.ServerHello chosen = hello;
    TlsSuite suite = chosen == null ? null : TlsSuite.of(chosen.suite()).orElse(null);
    if (chosen == null || suite == null) {
      return new ServerMessage.OddParameters("key exchange of an unknown suite");
    }
    boolean signed = suite.authentication() != TlsSuite.Authentication.ANONYMOUS;
    boolean named = signed && chosen.version() >= Records.TLS12;
    return switch (suite.exchange()) {
      case ECDHE -> curve(in, named);
      case DHE -> field(in, named);
      case RSA -> exportKey(in);
      case ANY, DH, ECDH, PSK, DHE_PSK, RSA_PSK, KRB5, SRP, GOST, OTHER ->
          new ServerMessage.OddParameters("key exchange of " + suite.name());
    };
  }

  private static ServerMessage curve(PresentationReader in, boolean named) {
    int type = in.u8();
    if (type != 3) {
      return new ServerMessage.OddParameters("curve of type " + type + ", not a named one");
    }
    int group = in.u16();
    String point = HEX.formatHex(in.take(in.u8()));
    int scheme = named ? in.u16() : -1;
    return in.broken()
        ? new ServerMessage.OddParameters("malformed curve parameters")
        : new ServerMessage.CurveParameters(group, point, scheme);
  }

  private static ServerMessage field(PresentationReader in, boolean named) {
    BigInteger prime = new BigInteger(1, in.take(in.u16()));
    BigInteger generator = new BigInteger(1, in.take(in.u16()));
    BigInteger value = new BigInteger(1, in.take(in.u16()));
    int scheme = named ? in.u16() : -1;
    return in.broken()
        ? new ServerMessage.OddParameters("malformed field parameters")
        : new ServerMessage.FieldParameters(
            prime.toString(16),
            generator.toString(16),
            value.toString(16),
            prime.bitLength(),
            scheme);
  }

  private static ServerMessage exportKey(PresentationReader in) {
    BigInteger modulus = new BigInteger(1, in.take(in.u16()));
    in.take(in.u16());
    return in.broken()
        ? new ServerMessage.OddParameters("malformed RSA parameters")
        : new ServerMessage.ExportKey(modulus.bitLength());
  }

  /** Messages so far, in order. */
  public List<ServerMessage> messages() {
    return List.copyOf(found);
  }

  /** The ServerHello or HelloRetryRequest. */
  public Optional<ServerMessage.ServerHello> hello() {
    return Optional.ofNullable(hello);
  }

  /** Alerts unencrypted, in order. */
  public List<Alert> alerts() {
    return List.copyOf(alerts);
  }

  /** Lengths in bytes that heartbeat records (RFC 6520) announced; their bodies are dropped. */
  public List<Integer> heartbeats() {
    return List.copyOf(heartbeats);
  }

  /** Why it is not TLS; null while it is. */
  public @Nullable String broken() {
    return broken;
  }

  /**
   * Whether the answer to a ClientHello is complete: the server's unencrypted flight has ended, a
   * fatal alert came, or it is not TLS.
   */
  public boolean complete() {
    if (over || broken != null || alerts.stream().anyMatch(Alert::fatal) || tls13()) {
      return true;
    }
    return !found.isEmpty() && found.getLast() instanceof ServerMessage.Done;
  }
}
