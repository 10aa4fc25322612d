package org.sealwax.dns.live;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Whether one recursive resolver lets us validate what it says: it must hand out the root's keys
 * with their signatures (RFC 4035 3.2, RFC 8027), and a signed denial of a top-level name that does
 * not exist.
 *
 * @param resolver that was asked
 * @param standing in one word
 * @param text in words; empty when it is honest
 */
public record Honesty(InetSocketAddress resolver, Standing standing, String text) {
  /** For the whole trial: somebody waits in front of {@code check}. */
  public static final Duration TOTAL = Duration.ofSeconds(8);

  /** What one resolver is worth. */
  public enum Standing {
    /** Everything validated. */
    HONEST,
    /** The trial does not apply: nothing is validated here, or not against the root. */
    NOT_ASKED,
    /** No answer about the root: not there, or a closed network. */
    NO_ANSWER,
    /** An answer without the root's keys: a closed network. */
    NO_ROOT,
    /** It does not hand out signatures: nothing will validate, and all mail by MX waits. */
    WITHHOLDS,
    /** What it says does not validate, or it makes up names that do not exist. */
    LIES
  }

  /** Whether mail will suffer from it; else the text is a note. */
  public boolean isTrouble() {
    return standing == Standing.WITHHOLDS || standing == Standing.LIES;
  }

  /** In words for a log: {@code resolver 192.0.2.53:53 lets us validate}. */
  @Override
  public String toString() {
    String who = "resolver " + resolver.getAddress().getHostAddress() + ":" + resolver.getPort();
    return switch (standing) {
      case HONEST -> who + " lets us validate";
      case NOT_ASKED -> who + " was not tried: " + text;
      case NO_ANSWER ->
          who + " does not answer for the root (" + text + "): a closed network, or not there";
      case NO_ROOT ->
          who + " " + text + ": a closed network? Then name its anchors in [dns] anchors";
      case WITHHOLDS, LIES ->
          who + " " + text + ": nothing validates through it, and all mail by MX waits";
    };
  }
}
