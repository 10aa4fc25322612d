package org.sealwax.testkit.zone;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RateLimit;

/**
 * How often one source gets an answer: a bucket per network, so that the owner of a forged source
 * address receives little more than the attacker sends, and one for all whose address is not
 * proven, so that signing does not use up the processor. Thread-safe.
 */
final class ResponseRateLimit {
  /** The decision about a query. */
  enum RateLimitAction {
    ANSWER,
    /** A short answer that makes a normal client ask again by TCP, or with its cookie. */
    SLIP,
    DROP
  }

  /** Networks remembered; the one that was idle longest is removed first. */
  static final int MAX_SOURCES = 16_384;

  /** Bytes of an address that make a network: /24, and /56 of IPv6 (RFC 6177 2). */
  private static final int V4 = 3;

  private static final int V6 = 7;

  /** Burst of a source, in seconds of its rate. */
  private static final int BURST = 4;

  /** Factor of the rate for proven sources (cookie, TCP). */
  static final int PROVEN = 10;

  /**
   * All that are not proven together, in rates of one: with the usual rate 2,000 answers a second,
   * each with a signature made for it, are about one processor.
   */
  static final int ALL = 20;

  private static final class SourceNetwork {
    private final RateLimit rate;
    private boolean slips;

    SourceNetwork(RateLimit rate) {
      this.rate = rate;
    }

    /** Every second time. */
    boolean slip() {
      slips = !slips;
      return slips;
    }
  }

  private final Clock clock;
  private final int rate;
  private final RateLimit all;
  private final Map<String, SourceNetwork> sources = BoundedMap.byUse(MAX_SOURCES);

  /**
   * @param rate answers a second to one network whose address is not proven
   */
  ResponseRateLimit(Clock clock, int rate) {
    this.clock = clock;
    this.rate = rate;
    this.all = rate(rate * ALL);
  }

  /**
   * One more question.
   *
   * @param proven whether the source cannot be forged: one of our cookies, or TCP
   */
  synchronized RateLimitAction of(InetAddress from, boolean proven) {
    SourceNetwork source =
        sources.computeIfAbsent(
            network(from) + proven, n -> new SourceNetwork(rate(proven ? rate * PROVEN : rate)));
    if (source.rate.tryTake() && (proven || all.tryTake())) {
      return RateLimitAction.ANSWER;
    }
    return source.slip() ? RateLimitAction.SLIP : RateLimitAction.DROP;
  }

  private RateLimit rate(int perSecond) {
    return new RateLimit(perSecond, (double) perSecond * BURST, clock);
  }

  /** The network of an address, for counting. */
  static String network(InetAddress address) {
    byte[] bytes = address.getAddress();
    return HexFormat.of().formatHex(Arrays.copyOf(bytes, bytes.length == 4 ? V4 : V6));
  }
}
