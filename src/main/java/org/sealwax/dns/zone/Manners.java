package org.sealwax.dns.zone;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sealwax.world.Clock;

/**
 * How often one source gets an answer: a bucket per network, so that a forged source address gets
 * its owner little more than the forger sends, and one for all whose address is not proven, so that
 * signing as we answer does not eat the machine. Thread-safe.
 */
final class Manners {
  /** What becomes of a question. */
  enum Verdict {
    ANSWER,
    /** A short answer that makes an honest client come again by TCP, or with its cookie. */
    SLIP,
    DROP
  }

  /** Networks remembered; the one that was quiet longest is forgotten first. */
  static final int MAX_SOURCES = 16_384;

  /** Octets of an address that make a network: /24, and /56 of IPv6 (RFC 6177 2). */
  private static final int V4 = 3;

  private static final int V6 = 7;

  /** What a source may do at once, in seconds of its rate. */
  private static final int BURST = 4;

  /** Proven sources (cookie, TCP) may do so many times more. */
  static final int PROVEN = 10;

  /** All that are not proven together, in rates of one. */
  static final int ALL = 40;

  private static final long NANOS = 1_000_000_000;

  private static final class Bucket {
    private double left;
    private long at;
    private boolean slips;

    Bucket(double left, long at) {
      this.left = left;
      this.at = at;
    }

    boolean take(double rate, long now) {
      left = Math.min(rate * BURST, left + rate * (now - at) / NANOS);
      at = now;
      if (left < 1) {
        return false;
      }
      left--;
      return true;
    }

    /** Every second time. */
    boolean slip() {
      slips = !slips;
      return slips;
    }
  }

  private final Clock clock;
  private final int rate;
  private final Bucket all;
  private final Map<String, Bucket> sources =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
          return size() > MAX_SOURCES;
        }
      };

  /**
   * @param rate answers a second to one network that has not proven where it is
   */
  Manners(Clock clock, int rate) {
    this.clock = clock;
    this.rate = rate;
    this.all = new Bucket((double) rate * ALL * BURST, clock.nanoTime());
  }

  /**
   * One more question.
   *
   * @param proven whether the source cannot be forged: a cookie of ours, or TCP
   */
  synchronized Verdict of(InetAddress from, boolean proven) {
    long now = clock.nanoTime();
    double own = proven ? (double) rate * PROVEN : rate;
    Bucket bucket =
        sources.computeIfAbsent(network(from) + proven, n -> new Bucket(own * BURST, now));
    if (bucket.take(own, now) && (proven || all.take((double) rate * ALL, now))) {
      return Verdict.ANSWER;
    }
    return bucket.slip() ? Verdict.SLIP : Verdict.DROP;
  }

  /** The network of an address, for counting. */
  static String network(InetAddress address) {
    byte[] octets = address.getAddress();
    return HexFormat.of().formatHex(Arrays.copyOf(octets, octets.length == 4 ? V4 : V6));
  }
}
