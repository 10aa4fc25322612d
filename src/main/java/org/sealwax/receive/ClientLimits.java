package org.sealwax.receive;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.address.Cidr;
import org.sealwax.world.Clock;

/**
 * What one client may take of us: counted by IPv4 address, or by /64 of IPv6, where one machine has
 * as many addresses as it likes. Rates are counts in a window of a minute. Thread-safe.
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
  public record Settings(
      int sessions,
      int connections,
      int messages,
      int recipients,
      int errors,
      int handshakes,
      List<Cidr> exempt) {
    /** Copies. */
    public Settings {
      exempt = List.copyOf(exempt);
    }

    /**
     * Generous to a large sender's one address, and a bound for a flood: 50 sessions (Postfix has
     * the same), 10 connections and 5 handshakes a second, 50 messages a second. Loopback is
     * exempt.
     */
    public static Settings defaults() {
      return new Settings(
          50,
          600,
          3_000,
          30_000,
          300,
          300,
          List.of(Cidr.parse("127.0.0.0/8").orElseThrow(), Cidr.parse("::1").orElseThrow()));
    }
  }

  /** What is counted per minute. */
  public enum Rate {
    CONNECTIONS("connections per minute"),
    MESSAGES("messages per minute"),
    RECIPIENTS("recipients per minute"),
    ERRORS("errors per minute"),
    HANDSHAKES("TLS handshakes per minute");

    private final String text;

    Rate(String text) {
      this.text = text;
    }

    /** In words, for the log and the 421. */
    public String text() {
      return text;
    }
  }

  /** Clients remembered: at some 150 octets each, a megabyte and a half. */
  public static final int MAX_CLIENTS = 10_000;

  private static final long WINDOW = Duration.ofMinutes(1).toNanos();
  private static final Rate[] RATES = Rate.values();

  private static final class Row {
    private int sessions;
    private long windowStart;
    private final int[] counts = new int[RATES.length];
  }

  private final Settings settings;
  private final Clock clock;
  private final int most;
  private final LinkedHashMap<Long, Row> rows = new LinkedHashMap<>(64, 0.75f, true);

  /** An empty table. */
  public ClientLimits(Settings settings, Clock clock) {
    this(settings, clock, MAX_CLIENTS);
  }

  ClientLimits(Settings settings, Clock clock, int most) {
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
    Row row = row(client);
    if (over(row, Rate.ERRORS, settings.errors(), 0)) {
      return Rate.ERRORS.text();
    }
    if (over(row, Rate.CONNECTIONS, settings.connections(), 1)) {
      return Rate.CONNECTIONS.text();
    }
    if (settings.sessions() > 0 && row.sessions >= settings.sessions()) {
      return "sessions at a time";
    }
    row.sessions++;
    return "";
  }

  /** A session that was let in ends. */
  public synchronized void leave(InetAddress client) {
    Row row = rows.get(key(client));
    if (row != null && row.sessions > 0) {
      row.sessions--;
    }
  }

  /** Counts one; false when that is over the limit. */
  public synchronized boolean count(InetAddress client, Rate rate) {
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
    return !over(row(client), rate, limit, 1);
  }

  /** Clients in the table. */
  public synchronized int size() {
    return rows.size();
  }

  // An index into a row's small array, never stored or shown.
  @SuppressWarnings("EnumOrdinal")
  private static boolean over(Row row, Rate rate, int limit, int more) {
    int now = row.counts[rate.ordinal()] + more;
    row.counts[rate.ordinal()] = now;
    return limit > 0 && (more == 0 ? now >= limit : now > limit);
  }

  private Row row(InetAddress client) {
    long now = clock.nanoTime();
    Row row = rows.get(key(client));
    if (row == null) {
      row = new Row();
      row.windowStart = now;
      if (rows.size() >= most && !evictOne()) {
        return row;
      }
      rows.put(key(client), row);
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
    Iterator<Map.Entry<Long, Row>> eldest = rows.entrySet().iterator();
    for (int i = 0; i < TRIED && eldest.hasNext(); i++) {
      if (eldest.next().getValue().sessions == 0) {
        eldest.remove();
        return true;
      }
    }
    return false;
  }

  /** The address, or the first 64 bits of it; the two families do not meet. */
  private static Long key(InetAddress client) {
    byte[] octets = client.getAddress();
    long key = 0;
    for (int i = 0; i < Math.min(octets.length, 8); i++) {
      key = key << 8 | (octets[i] & 0xff);
    }
    // ::/64 up to 2^32 is no client's network.
    return key;
  }
}
