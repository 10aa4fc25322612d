package org.sealwax.router.dnsbl;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the lists say about the client of one session: asked when it is first needed, and then kept.
 * Owned by the session's thread.
 */
public final class ClientListing {
  private final DnsListClient lists;
  private final List<DnsList> configured;
  private final InetSocketAddress client;
  private final String session;
  private @Nullable ListVerdict verdict;

  /**
   * Nothing is asked yet.
   *
   * @param lists asks
   * @param configured lists of the configuration that the session began with
   * @param client the client's address
   * @param session for the log
   */
  public ClientListing(
      DnsListClient lists, List<DnsList> configured, InetSocketAddress client, String session) {
    this.lists = lists;
    this.configured = List.copyOf(configured);
    this.client = client;
    this.session = session;
  }

  /**
   * The verdict; waits for the lists when it is called first, {@link DnsListClient#WAIT} at most.
   */
  public ListVerdict verdict() {
    ListVerdict known = verdict;
    if (known == null) {
      known = lists.ask(configured, client, session);
      verdict = known;
    }
    return known;
  }
}
