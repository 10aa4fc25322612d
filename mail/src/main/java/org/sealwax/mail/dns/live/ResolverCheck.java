package org.sealwax.mail.dns.live;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.sealwax.mail.address.AddressText;

/**
 * Whether one recursive resolver lets us validate its answers: it must return the root's keys with
 * their signatures (RFC 4035 3.2, RFC 8027), and a signed denial of a top-level name that does not
 * exist.
 *
 * @param resolver that was asked
 * @param outcome in one word
 * @param text details in words; empty when it validates
 */
public record ResolverCheck(InetSocketAddress resolver, ResolverStatus outcome, String text) {
  /** For the whole check: the admin waits for {@code sealwax check}. */
  public static final Duration TOTAL = Duration.ofSeconds(8);

  /** What one resolver is worth. */
  public enum ResolverStatus {
    /** Its answers validate. */
    VALIDATES,
    /** The check does not apply: nothing is validated, or not against the root. */
    NOT_CHECKED,
    /** No answer about the root: it is not there, or this is a closed network. */
    NO_ANSWER,
    /** An answer without the root's keys: a closed network. */
    NO_ROOT,
    /** It returns no DNSSEC records: nothing validates through it. */
    STRIPS_DNSSEC,
    /** As STRIPS_DNSSEC, but a resolver on loopback validates and is used in its place. */
    REPLACED,
    /** Its answers do not validate, or it answers for names that do not exist. */
    INVALID
  }

  /** Whether mail is deferred because of it; else the text is a note. */
  public boolean isProblem() {
    return outcome == ResolverStatus.STRIPS_DNSSEC || outcome == ResolverStatus.INVALID;
  }

  /**
   * Whether the DNSSEC state of a domain cannot be determined through it. A resolver that does not
   * answer is only a note for a server, which may be in a closed network, and is not evidence
   * against a domain.
   */
  public boolean preventsJudgement() {
    return isProblem() || outcome == ResolverStatus.NO_ANSWER || outcome == ResolverStatus.NO_ROOT;
  }

  /** The text about a resolver that strips DNSSEC. */
  static String stripsDnssec(InetSocketAddress resolver) {
    return "resolver " + text(resolver) + " does not return DNSSEC records";
  }

  static String text(InetSocketAddress resolver) {
    return AddressText.of(resolver);
  }

  /** For a log: {@code resolver 192.0.2.53:53 returns answers that validate}. */
  @Override
  public String toString() {
    String server = "resolver " + text(resolver);
    return switch (outcome) {
      case VALIDATES -> server + " returns answers that validate";
      case NOT_CHECKED -> server + " was not checked: " + text;
      case NO_ANSWER ->
          server
              + " does not answer for the root ("
              + text
              + "): a closed network, or not reachable";
      case NO_ROOT ->
          server
              + " has no keys of the root: a closed network? Then set its anchors in [dns] anchors";
      case STRIPS_DNSSEC ->
          stripsDnssec(resolver)
              + "; mail delivered by MX will be deferred; install a validating resolver such as"
              + " unbound and set [dns] resolvers";
      case REPLACED -> stripsDnssec(resolver) + "; " + text;
      case INVALID ->
          server + " " + text + "; mail delivered by MX will be deferred while that is so";
    };
  }
}
