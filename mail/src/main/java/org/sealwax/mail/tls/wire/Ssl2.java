package org.sealwax.mail.tls.wire;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * SSL 2.0 (draft-hickman-netscape-ssl-00; banned by RFC 6176): its CLIENT-HELLO and SERVER-HELLO,
 * which are all that a scan needs.
 */
public final class Ssl2 {
  /** Maximum number of bytes of an answer that is read. */
  public static final int MAX_BYTES = 32 * 1024 + 2;

  /** All cipher kinds of the draft and those that implementations added. */
  public static final List<Integer> KINDS =
      List.of(
          0x010080, 0x020080, 0x030080, 0x040080, 0x050080, 0x060040, 0x0700c0, 0x060140, 0x0701c0,
          0x080080);

  private static final int VERSION = 2;

  private Ssl2() {}

  /**
   * SERVER-HELLO.
   *
   * @param certificate DER in hex, perhaps empty
   * @param kinds ciphers that both have; empty when there is none
   */
  public record Ssl2ServerHello(String certificate, List<Integer> kinds) {}

  /** What the bytes so far are. */
  public sealed interface Ssl2Parse {
    /** A SERVER-HELLO. */
    record Whole(Ssl2ServerHello answer) implements Ssl2Parse {}

    /** The beginning of one. */
    record Partial() implements Ssl2Parse {}

    /** Something else. */
    record Broken(String why) implements Ssl2Parse {}
  }

  /** The name of a cipher kind. */
  public static String name(int kind) {
    return switch (kind) {
      case 0x010080 -> "SSL_CK_RC4_128_WITH_MD5";
      case 0x020080 -> "SSL_CK_RC4_128_EXPORT40_WITH_MD5";
      case 0x030080 -> "SSL_CK_RC2_128_CBC_WITH_MD5";
      case 0x040080 -> "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5";
      case 0x050080 -> "SSL_CK_IDEA_128_CBC_WITH_MD5";
      case 0x060040 -> "SSL_CK_DES_64_CBC_WITH_MD5";
      case 0x060140 -> "SSL_CK_DES_64_CBC_WITH_SHA";
      case 0x0700c0 -> "SSL_CK_DES_192_EDE3_CBC_WITH_MD5";
      case 0x0701c0 -> "SSL_CK_DES_192_EDE3_CBC_WITH_SHA";
      case 0x080080 -> "SSL_CK_RC4_64_WITH_MD5";
      default -> String.format(Locale.ROOT, "SSL2 0x%06x", kind);
    };
  }

  /** CLIENT-HELLO in its record. */
  public static byte[] clientHello(List<Integer> kinds, byte[] challenge) {
    PresentationWriter specs = new PresentationWriter();
    kinds.forEach(kind -> specs.number(3, kind));
    byte[] list = specs.done();
    byte[] body =
        new PresentationWriter()
            .number(1, 1)
            .number(2, VERSION)
            .number(2, list.length)
            .number(2, 0)
            .number(2, challenge.length)
            .bytes(list)
            .bytes(challenge)
            .done();
    return new PresentationWriter().number(2, 0x8000 | body.length).bytes(body).done();
  }

  /** SERVER-HELLO in its record. */
  public static byte[] serverHello(byte[] certificate, List<Integer> kinds, byte[] connectionId) {
    PresentationWriter specs = new PresentationWriter();
    kinds.forEach(kind -> specs.number(3, kind));
    byte[] list = specs.done();
    byte[] body =
        new PresentationWriter()
            .number(1, 4)
            .number(1, 0)
            .number(1, 1)
            .number(2, VERSION)
            .number(2, certificate.length)
            .number(2, list.length)
            .number(2, connectionId.length)
            .bytes(certificate)
            .bytes(list)
            .bytes(connectionId)
            .done();
    return new PresentationWriter().number(2, 0x8000 | body.length).bytes(body).done();
  }

  /** Reads a server's first bytes. */
  public static Ssl2Parse read(byte[] bytes, int count) {
    if (count < 3) {
      return new Ssl2Parse.Partial();
    }
    boolean padded = (bytes[0] & 0x80) == 0;
    int length = (bytes[0] & (padded ? 0x3f : 0x7f)) << 8 | (bytes[1] & 0xff);
    int header = padded ? 3 : 2;
    if (count > header && bytes[header] != 4) {
      return new Ssl2Parse.Broken("no SERVER-HELLO: " + HexFormat.of().formatHex(bytes, 0, 3));
    }
    if (length < 11 || header + length > MAX_BYTES) {
      return new Ssl2Parse.Broken("not an SSL 2.0 record");
    }
    if (count < header + length) {
      return new Ssl2Parse.Partial();
    }
    return parse(new PresentationReader(bytes, header + 1, header + length))
        .<Ssl2Parse>map(Ssl2Parse.Whole::new)
        .orElseGet(() -> new Ssl2Parse.Broken("malformed SERVER-HELLO"));
  }

  private static Optional<Ssl2ServerHello> parse(PresentationReader in) {
    in.u8();
    in.u8();
    int version = in.u16();
    int certificateLength = in.u16();
    int kindsLength = in.u16();
    in.u16();
    String certificate = HexFormat.of().formatHex(in.take(certificateLength));
    PresentationReader list = in.sub(kindsLength);
    List<Integer> kinds = new ArrayList<>();
    while (list.left() >= 3) {
      kinds.add(list.u24());
    }
    return in.broken() || version != VERSION
        ? Optional.empty()
        : Optional.of(new Ssl2ServerHello(certificate, List.copyOf(kinds)));
  }
}
