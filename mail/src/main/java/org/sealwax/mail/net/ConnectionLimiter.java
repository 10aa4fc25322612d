package org.sealwax.mail.net;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many connections a public service takes: in total, from one source at the same time, and per
 * minute.
 */
public final class ConnectionLimiter implements TcpListener.ClientGate {
  /** Maximum number of sources; idle ones are removed first. */
  public static final int MAX_SOURCES = 10_000;

  /** Bytes of an IPv6 address that make one source: a /64 is one machine's or one network's. */
  private static final int V6 = 8;

  private static final class SourceUsage {
    private final Limit open;
    private final RateLimit rate;

    SourceUsage(Limit open, RateLimit rate) {
      this.open = open;
      this.rate = rate;
    }

    boolean isIdle() {
      return open.taken() == 0 && rate.isFull();
    }
  }

  private final Limit all;
  private final Limit own;
  private final int each;
  private final int perMinute;
  private final Clock clock;
  private final Map<String, SourceUsage> sources = new LinkedHashMap<>(64, 0.75f, true);

  /**
   * A limiter of its own.
   *
   * @param all concurrent connections
   * @param each of them from one source
   * @param perMinute connections of one source in a minute, and in one burst after a pause
   * @param clock source of the current time
   */
  public ConnectionLimiter(int all, int each, int perMinute, Clock clock) {
    this(Limit.of(all), all, each, perMinute, clock);
  }

  /**
   * One of several that share a limit; none of them can use all of it.
   *
   * @param all concurrent connections of all of them
   * @param own of this one
   * @param each of them from one source
   * @param perMinute connections of one source in a minute, and in one burst after a pause
   * @param clock source of the current time
   */
  public ConnectionLimiter(Limit all, int own, int each, int perMinute, Clock clock) {
    this.all = all;
    this.own = Limit.of(own);
    this.each = each;
    this.perMinute = perMinute;
    this.clock = clock;
  }

  @Override
  public synchronized boolean enter(InetAddress from) {
    String name = name(from);
    SourceUsage source = sources.get(name);
    if (source == null) {
      forget();
      if (sources.size() >= MAX_SOURCES) {
        return false;
      }
      source =
          new SourceUsage(Limit.of(each), RateLimit.of(perMinute, Duration.ofMinutes(1), clock));
      sources.put(name, source);
    }
    if (!source.open.tryTake()) {
      return false;
    }
    if (source.rate.tryTake() && own.tryTake()) {
      if (all.tryTake()) {
        return true;
      }
      own.give();
    }
    source.open.give();
    return false;
  }

  @Override
  public synchronized void leave(InetAddress from) {
    SourceUsage source = sources.get(name(from));
    if (source != null) {
      source.open.give();
    }
    own.give();
    all.give();
  }

  /**
   * The longest unseen first, and only when there is no space: a scan of all of them is expensive.
   */
  private void forget() {
    if (sources.size() >= MAX_SOURCES) {
      sources.values().removeIf(SourceUsage::isIdle);
    }
  }

  static String name(InetAddress from) {
    byte[] bytes = from.getAddress();
    return HexFormat.of().formatHex(bytes.length == 4 ? bytes : Arrays.copyOf(bytes, V6));
  }
}
