package org.sealwax.router.receive;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * The limits of one client: counted by IPv4 address, or by /64 of IPv6, where one machine has as
 * many addresses as it likes. A client with more than a /64 is counted by its /56 and /48 too, with
 * twice and four times the limits. Rates are counts in a window of a minute. Thread-safe.
 *
 * <p>The table is bounded: the client unseen for longest goes first, and one with open sessions
 * stays; when all have open sessions, new clients are not counted, and the listener's own limit
 * holds.
 */
public final class ClientLimits {
  /**
   * The limits; 0 switches one off.
   *
   * @param sessions at a time
   * @param connections per minute
   * @param messages per minute
   * @param recipients per minute
   * @param errors per minute: 5yz replies; over it, new connections are turned away
   * @param handshakes per minute: each costs us more than the client
   * @param exempt networks without these limits
   */
  @SettingTable(name = "limits")
  public record ClientLimitSettings(
      @Setting(
              name = "sessions_per_client",
              fallback = "50",
              min = 0,
              restart = true,
              doc =
                  "Maximum number of concurrent sessions of one client (IPv6: one /64; twice as many for a /56, four times for a /48). 0 here and below: no limit.")
          int sessions,
      @Setting(
              name = "connections_per_minute",
              fallback = "600",
              min = 0,
              restart = true,
              doc = "Connections of one client per minute.")
          int connections,
      @Setting(
              name = "messages_per_minute",
              fallback = "3000",
              min = 0,
              restart = true,
              doc = "Messages of one client per minute.")
          int messages,
      @Setting(
              name = "recipients_per_minute",
              fallback = "30000",
              min = 0,
              restart = true,
              doc = "Recipients of one client per minute.")
          int recipients,
      @Setting(
              name = "errors_per_minute",
              fallback = "300",
              min = 0,
              restart = true,
              doc =
                  "Rejected commands of one client per minute; above it new connections are rejected.")
          int errors,
      @Setting(
              name = "handshakes_per_minute",
              fallback = "300",
              min = 0,
              restart = true,
              doc = "TLS handshakes of one client per minute.")
          int handshakes,
      @Setting(
              fallback = {"127.0.0.0/8", "::1/128"},
              restart = true,
              doc = "Networks that are exempt from the limits per client.")
          List<Cidr> exempt) {
    /** Copies. */
    public ClientLimitSettings {
      exempt = List.copyOf(exempt);
    }

    /**
     * Generous to a large sender's one address, and a bound for a flood: 50 sessions (Postfix has
     * the same), 10 connections and 5 handshakes a second, 50 messages a second. Loopback is
     * exempt.
     */
    public static ClientLimitSettings defaults() {
      return SettingsRecord.defaults(ClientLimitSettings.class, Map.of());
    }
  }

  /** The counters per minute. */
  public enum ClientRate {
    CONNECTIONS("connections per minute"),
    MESSAGES("messages per minute"),
    RECIPIENTS("recipients per minute"),
    ERRORS("errors per minute"),
    HANDSHAKES("TLS handshakes per minute");

    private final String text;

    ClientRate(String text) {
      this.text = text;
    }

    /** In words, for the log and the 421. */
    public String text() {
      return text;
    }
  }

  /** Networks remembered: at some 200 bytes each, 4 MB. */
  public static final int MAX_CLIENTS = 20_000;

  private static final long WINDOW = Duration.ofMinutes(1).toNanos();
  private static final ClientRate[] RATES = ClientRate.values();

  /**
   * Addresses that are counted together.
   *
   * @param bits of the prefix
   * @param prefix the first 64 bits at most, those beyond {@code bits} cleared
   * @param times the limits that hold for it
   */
  private record ClientNetwork(int bits, long prefix, int times) {
    // Written out: it is a key for every command of a client that counts.
    @Override
    public int hashCode() {
      return 31 * Long.hashCode(prefix) + bits;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof ClientNetwork that
          && bits == that.bits
          && prefix == that.prefix
          && times == that.times;
    }

    static List<ClientNetwork> of(InetAddress client) {
      byte[] bytes = client.getAddress();
      long prefix = 0;
      for (int i = 0; i < Math.min(bytes.length, 8); i++) {
        prefix = prefix << 8 | (bytes[i] & 0xff);
      }
      return bytes.length == 4
          ? List.of(new ClientNetwork(32, prefix, 1))
          : List.of(
              new ClientNetwork(64, prefix, 1),
              new ClientNetwork(56, prefix & -1L << 8, 2),
              new ClientNetwork(48, prefix & -1L << 16, 4));
    }
  }

  private static final class ClientCounts {
    private int sessions;
    private long drafts;
    private long windowStart;
    private final int[] counts = new int[RATES.length];
  }

  private final ClientLimitSettings settings;
  private final Clock clock;
  private final int most;
  private final LinkedHashMap<ClientNetwork, ClientCounts> rows =
      new LinkedHashMap<>(64, 0.75f, true);

  /** An empty table. */
  public ClientLimits(ClientLimitSettings settings, Clock clock) {
    this(settings, clock, MAX_CLIENTS);
  }

  ClientLimits(ClientLimitSettings settings, Clock clock, int most) {
    this.settings = settings;
    this.clock = clock;
    this.most = most;
  }

  /** Whether this client is not limited at all. */
  public boolean isExempt(InetAddress client) {
    for (Cidr network : settings.exempt()) {
      if (network.contains(client)) {
        return true;
      }
    }
    return false;
  }

  /**
   * A client connects: takes a session, unless a limit is reached.
   *
   * @return empty when it may come in, and {@link #leave} must follow; else the limit in words
   */
  public synchronized String enter(InetAddress client) {
    if (isExempt(client)) {
      return "";
    }
    List<ClientNetwork> networks = ClientNetwork.of(client);
    for (ClientNetwork network : networks) {
      ClientCounts row = row(network);
      int times = network.times();
      if (over(row, ClientRate.ERRORS, times * settings.errors(), 0)) {
        return ClientRate.ERRORS.text();
      }
      if (over(row, ClientRate.CONNECTIONS, times * settings.connections(), 1)) {
        return ClientRate.CONNECTIONS.text();
      }
      if (settings.sessions() > 0 && row.sessions >= times * settings.sessions()) {
        return "sessions at a time";
      }
    }
    networks.forEach(network -> row(network).sessions++);
    return "";
  }

  /** A session that was let in ends. */
  public synchronized void leave(InetAddress client) {
    for (ClientNetwork network : ClientNetwork.of(client)) {
      ClientCounts row = rows.get(network);
      if (row != null && row.sessions > 0) {
        row.sessions--;
      }
    }
  }

  /**
   * Counts bytes of messages that are still being received, which are on our disk already; {@link
   * #giveDraft} must follow when this returned true.
   *
   * @param most bytes that one client may have in transfer
   * @return false when it would have more
   */
  public synchronized boolean tryTakeDraft(InetAddress client, long bytes, long most) {
    if (isExempt(client)) {
      return true;
    }
    List<ClientNetwork> networks = ClientNetwork.of(client);
    for (ClientNetwork network : networks) {
      if (row(network).drafts + bytes > network.times() * most) {
        return false;
      }
    }
    networks.forEach(network -> row(network).drafts += bytes);
    return true;
  }

  /** Such a message was accepted, or has ended. */
  public synchronized void giveDraft(InetAddress client, long bytes) {
    for (ClientNetwork network : ClientNetwork.of(client)) {
      ClientCounts row = rows.get(network);
      if (row != null) {
        row.drafts = Math.max(0, row.drafts - bytes);
      }
    }
  }

  /** Counts one; false when that is over the limit. */
  public synchronized boolean count(InetAddress client, ClientRate rate) {
    if (isExempt(client)) {
      return true;
    }
    int limit =
        switch (rate) {
          case CONNECTIONS -> settings.connections();
          case MESSAGES -> settings.messages();
          case RECIPIENTS -> settings.recipients();
          case ERRORS -> settings.errors();
          case HANDSHAKES -> settings.handshakes();
        };
    for (ClientNetwork network : ClientNetwork.of(client)) {
      if (over(row(network), rate, network.times() * limit, 1)) {
        // What one client is refused does not count against its neighbours.
        return false;
      }
    }
    return true;
  }

  /** Networks in the table. */
  public synchronized int size() {
    return rows.size();
  }

  // An index into a row's small array, never stored or shown.
  @SuppressWarnings("EnumOrdinal")
  private static boolean over(ClientCounts row, ClientRate rate, int limit, int more) {
    int now = row.counts[rate.ordinal()] + more;
    row.counts[rate.ordinal()] = now;
    return limit > 0 && (more == 0 ? now >= limit : now > limit);
  }

  private ClientCounts row(ClientNetwork network) {
    long now = clock.nanoTime();
    ClientCounts row = rows.get(network);
    if (row == null) {
      row = new ClientCounts();
      row.windowStart = now;
      if (rows.size() >= most && !evictOne()) {
        return row;
      }
      rows.put(network, row);
    }
    if (now - row.windowStart >= WINDOW) {
      row.windowStart = now;
      java.util.Arrays.fill(row.counts, 0);
    }
    return row;
  }

  /** Rows tried for eviction: enough to pass some with open sessions, and bounded. */
  private static final int TRIED = 64;

  private boolean evictOne() {
    Iterator<Map.Entry<ClientNetwork, ClientCounts>> eldest = rows.entrySet().iterator();
    for (int i = 0; i < TRIED && eldest.hasNext(); i++) {
      ClientCounts row = eldest.next().getValue();
      if (row.sessions == 0 && row.drafts == 0) {
        eldest.remove();
        return true;
      }
    }
    return false;
  }
}
