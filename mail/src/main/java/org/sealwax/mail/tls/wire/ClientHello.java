package org.sealwax.mail.tls.wire;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A client's offer, read before any engine exists (RFC 8446 4.1.2, RFC 5246 7.4.1.2).
 *
 * @param legacyVersion {@code client_version}: 0x0303 for TLS 1.2 and later
 * @param sessionId legacy session id, 0 to 32 bytes, in hex
 * @param suites cipher suites in the client's order, GREASE and signalling values included
 * @param serverName SNI host name in lower case, or null when none was sent or it is not a host
 *     name (RFC 6066 3)
 * @param versions of supported_versions, empty before TLS 1.3
 * @param groups of supported_groups
 * @param shares groups for which a key share came along
 * @param extensions numbers of all extensions, in order
 * @param signatures of signature_algorithms, in order
 * @param protocols of application_layer_protocol_negotiation (RFC 7301), in order, as they are
 */
public record ClientHello(
    int legacyVersion,
    String sessionId,
    List<Integer> suites,
    @Nullable String serverName,
    List<Integer> versions,
    List<Integer> groups,
    List<Integer> shares,
    List<Integer> extensions,
    List<Integer> signatures,
    List<String> protocols) {
  /**
   * Bytes of the ClientHello with its record headers; the largest seen in practice are below 3,000.
   */
  public static final int MAX_SIZE = 32 * 1024;

  private static final int TYPE = 1;
  private static final int MAX_EXTENSIONS = 256;
  private static final int MAX_PROTOCOLS = 64;
  private static final int SERVER_NAME = 0;
  private static final int SUPPORTED_GROUPS = 10;
  private static final int SIGNATURES = 13;
  private static final int PROTOCOLS = 16;
  private static final int SUPPORTED_VERSIONS = 43;
  private static final int KEY_SHARE = 51;

  /** Copies. */
  public ClientHello {
    suites = List.copyOf(suites);
    versions = List.copyOf(versions);
    groups = List.copyOf(groups);
    shares = List.copyOf(shares);
    extensions = List.copyOf(extensions);
    signatures = List.copyOf(signatures);
    protocols = List.copyOf(protocols);
  }

  /** What the bytes so far are. */
  public sealed interface ClientHelloParse {
    /** A whole ClientHello. */
    record Whole(ClientHello hello) implements ClientHelloParse {}

    /**
     * The beginning of one.
     *
     * @param missing bytes without which reading again is pointless, at least 1
     */
    record Partial(int missing) implements ClientHelloParse {}

    /**
     * Not TLS, or no ClientHello.
     *
     * @param why for the log
     * @param tls whether it at least looked like TLS records
     */
    record Broken(String why, boolean tls) implements ClientHelloParse {}
  }

  /**
   * Reads the records at the beginning of a connection, however they are cut.
   *
   * @param bytes raw bytes with record headers
   * @param from where they begin
   * @param count how many count
   */
  public static ClientHelloParse read(byte[] bytes, int from, int count) {
    byte[] message = new byte[Math.min(count, MAX_SIZE)];
    int length = from + count;
    int filled = 0;
    int at = from;
    while (true) {
      if (at < length && (bytes[at] & 0xff) != RecordHeader.HANDSHAKE) {
        boolean alert = (bytes[at] & 0xff) == RecordHeader.ALERT;
        return new ClientHelloParse.Broken("expected a ClientHello", alert || at > from);
      }
      if (at + 1 < length && bytes[at + 1] != 3) {
        return new ClientHelloParse.Broken("not a TLS record", at > from);
      }
      if (length - at < RecordHeader.SIZE) {
        return more(count, RecordHeader.SIZE - (length - at));
      }
      RecordHeader header = RecordHeader.at(bytes, at);
      if (!header.plausible() || header.length() == 0) {
        return new ClientHelloParse.Broken("not a TLS record", at > from);
      }
      at += RecordHeader.SIZE;
      int part = Math.min(header.length(), length - at);
      System.arraycopy(bytes, at, message, filled, Math.min(part, message.length - filled));
      filled += Math.min(part, message.length - filled);
      if (filled > 0 && message[0] != TYPE) {
        return new ClientHelloParse.Broken(
            "the first handshake message is not a ClientHello", true);
      }
      if (filled >= 4) {
        int size = (message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | (message[3] & 0xff);
        if (size > MAX_SIZE - 4) {
          return new ClientHelloParse.Broken("ClientHello over " + MAX_SIZE + " bytes", true);
        }
        if (filled >= 4 + size) {
          return parse(message, 4, 4 + size)
              .<ClientHelloParse>map(ClientHelloParse.Whole::new)
              .orElseGet(() -> new ClientHelloParse.Broken("malformed ClientHello", true));
        }
      }
      if (part < header.length()) {
        return more(count, header.length() - part);
      }
      at += part;
    }
  }

  private static ClientHelloParse more(int count, int missing) {
    return count >= MAX_SIZE
        ? new ClientHelloParse.Broken("ClientHello over " + MAX_SIZE + " bytes", true)
        : new ClientHelloParse.Partial(missing);
  }

  private static Optional<ClientHello> parse(byte[] bytes, int from, int end) {
    PresentationReader in = new PresentationReader(bytes, from, end);
    int version = in.u16();
    in.take(32);
    int idLength = in.u8();
    if (idLength > 32) {
      return Optional.empty();
    }
    String sessionId = HexFormat.of().formatHex(in.take(idLength));
    List<Integer> suites = numbers(in.sub(in.u16()));
    in.take(in.u8());
    Extensions found = new Extensions();
    if (in.left() > 0) {
      PresentationReader all = in.sub(in.u16());
      while (all.left() > 0 && found.seen.size() < MAX_EXTENSIONS) {
        int type = all.u16();
        found.take(type, all.sub(all.u16()));
      }
      if (all.broken() || all.left() > 0) {
        return Optional.empty();
      }
    }
    if (in.broken() || in.left() > 0 || suites.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ClientHello(
            version,
            sessionId,
            suites,
            found.serverName,
            found.versions,
            found.groups,
            found.shares,
            found.seen,
            found.signatures,
            found.protocols));
  }

  private static List<Integer> numbers(PresentationReader in) {
    List<Integer> out = new ArrayList<>(in.left() / 2);
    while (in.left() >= 2) {
      out.add(in.u16());
    }
    return out;
  }

  /** Whether a number is one of those that mean nothing (RFC 8701 2). */
  public static boolean grease(int number) {
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
  }

  /** Whether the client can do TLS 1.3. */
  public boolean offersTls13() {
    return versions.contains(0x0304);
  }

  private static final class Extensions {
    private final List<Integer> seen = new ArrayList<>();
    private @Nullable String serverName;
    private List<Integer> versions = List.of();
    private List<Integer> groups = List.of();
    private List<Integer> shares = List.of();
    private List<Integer> signatures = List.of();
    private List<String> protocols = List.of();

    void take(int type, PresentationReader body) {
      seen.add(type);
      switch (type) {
        case SERVER_NAME -> serverName = hostName(body);
        case SUPPORTED_GROUPS -> groups = numbers(body.sub(body.u16()));
        case SUPPORTED_VERSIONS -> versions = numbers(body.sub(body.u8()));
        case KEY_SHARE -> shares = shares(body.sub(body.u16()));
        case SIGNATURES -> signatures = numbers(body.sub(body.u16()));
        case PROTOCOLS -> protocols = protocols(body.sub(body.u16()));
        default -> {
          // Counted by number only.
        }
      }
    }

    private static List<String> protocols(PresentationReader in) {
      List<String> out = new ArrayList<>();
      while (in.left() > 0 && out.size() < MAX_PROTOCOLS) {
        out.add(new String(in.take(in.u8()), StandardCharsets.ISO_8859_1));
      }
      return out;
    }

    private static List<Integer> shares(PresentationReader in) {
      List<Integer> out = new ArrayList<>();
      while (in.left() >= 4) {
        out.add(in.u16());
        in.take(in.u16());
      }
      return out;
    }

    /** RFC 6066 3: one name of type host_name; what is not an LDH name is treated as not sent. */
    private static @Nullable String hostName(PresentationReader body) {
      PresentationReader list = body.sub(body.u16());
      while (list.left() > 0) {
        int type = list.u8();
        byte[] name = list.take(list.u16());
        if (type == 0) {
          return hostName(name);
        }
      }
      return null;
    }

    private static @Nullable String hostName(byte[] name) {
      if (name.length == 0 || name.length > 253) {
        return null;
      }
      for (byte b : name) {
        boolean fine =
            (b >= 'a' && b <= 'z')
                || (b >= 'A' && b <= 'Z')
                || (b >= '0' && b <= '9')
                || b == '-'
                || b == '.'
                || b == '_';
        if (!fine) {
          return null;
        }
      }
      return new String(name, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
    }
  }
}
