package org.sealwax.router.milter;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.sealwax.mail.address.AddressText;

/**
 * The client of a session as filters learn of it.
 *
 * @param name its verified name, or its address in brackets
 * @param address address and port
 * @param hello the name of HELO or EHLO
 * @param mayRelay whether its mail is our own
 * @param macros values by name, without braces
 */
public record MilterClient(
    String name,
    InetSocketAddress address,
    String hello,
    boolean mayRelay,
    Map<String, String> macros) {
  /** Copies. */
  public MilterClient {
    macros = Map.copyOf(macros);
  }

  /** The data of SMFIC_CONNECT. */
  byte[] connectData() {
    InetAddress ip = address.getAddress();
    byte[] host = MilterText.data(name);
    byte[] text = (AddressText.of(ip) + "\0").getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(host.length + 1 + Short.BYTES + text.length)
        .put(host)
        .put((byte) (ip instanceof Inet4Address ? '4' : '6'))
        .putShort((short) address.getPort())
        .put(text)
        .array();
  }
}
