package org.sealwax.testkit.zone;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * How a plain authority is set up.
 *
 * @param zone what is delegated to it
 * @param listen its addresses; port 0: a free one, the same for UDP and TCP
 * @param servers the names of its name servers, as the parent has them
 * @param rate answers a second over UDP to one network whose address is not proven
 */
public record AuthoritativeServerSettings(
    String zone, List<InetSocketAddress> listen, List<String> servers, int rate) {
  /**
   * Enough for a resolver that asks for all records of 200 traps within half a minute, and too
   * little for an amplification attack: some 100 KB a second.
   */
  public static final int RATE = 100;

  /** Copies and checks. */
  public AuthoritativeServerSettings {
    listen = List.copyOf(listen);
    servers = List.copyOf(servers);
    if (listen.isEmpty() || servers.isEmpty() || rate < 1) {
      throw new IllegalArgumentException("an address, a name server, and a rate of 1 or more");
    }
  }
}
