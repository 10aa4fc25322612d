package org.sealwax.router.records;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.update.ZoneRecord;

/**
 * The records of one name and type, as each server has them.
 *
 * @param servers the authoritative servers, each at each of its addresses; empty: not found
 * @param resolver as senders see them, aliases followed
 * @param primary at the server that takes updates of the zone; empty: none is configured
 */
public record PublishedViews(
    List<ServerView> servers, DnsAnswer<ZoneRecord> resolver, Optional<ServerView> primary) {
  /**
   * The answer of one server.
   *
   * @param server its name and address, {@code ns1.example.org (192.0.2.1)}
   * @param answer not validated; unknown with an alias where the name is one
   */
  public record ServerView(String server, DnsAnswer<ZoneRecord> answer) {
    boolean isKnown() {
      return answer.kind() != DnsAnswer.Kind.UNKNOWN;
    }

    boolean isAlias() {
      return !isKnown() && answer.aliases() > 0;
    }

    /** Without the address. */
    String name() {
      int end = server.indexOf(" (");
      return end < 0 ? server : server.substring(0, end);
    }
  }

  /** Copies. */
  public PublishedViews {
    servers = List.copyOf(servers);
  }
}
