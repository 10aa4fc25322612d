package org.sealwax.lab.traps;

import java.time.Duration;
import java.util.List;

/**
 * The SMTP behaviour of a host.
 *
 * @param banner the greeting with its code, without CRLF
 * @param bannerAfter delay of the greeting
 * @param refusesEhlo whether EHLO is answered 502, and HELO taken
 * @param before keywords in the unencrypted EHLO reply, without STARTTLS
 * @param offer the line that offers STARTTLS; empty: none
 * @param after keywords in the EHLO reply under TLS
 * @param starttls what follows STARTTLS
 * @param recipient what follows RCPT
 * @param end what follows the final dot
 */
public record SmtpBehaviour(
    String banner,
    Duration bannerAfter,
    boolean refusesEhlo,
    List<String> before,
    String offer,
    List<String> after,
    StarttlsBehaviour starttls,
    RcptBehaviour recipient,
    EndOfDataBehaviour end) {
  private static final List<String> KEYWORDS =
      List.of("PIPELINING", "SIZE 1048576", "8BITMIME", "ENHANCEDSTATUSCODES");

  /** What follows STARTTLS. */
  public sealed interface StarttlsBehaviour {
    /** 220 and TLS. */
    record StarttlsThenTls() implements StarttlsBehaviour {}

    /** 220, and TLS, but the first answer to the ClientHello takes this long (before the scale). */
    record StarttlsThenSlowTls(Duration time) implements StarttlsBehaviour {}

    /** 220, more bytes in the same segment, and then TLS. */
    record StarttlsWithInjection(String injected) implements StarttlsBehaviour {}

    /** A refusal, and the session continues unencrypted. */
    record StarttlsRejected(String reply) implements StarttlsBehaviour {}

    /** 220, and the end of the connection. */
    record StarttlsThenClose() implements StarttlsBehaviour {}

    /** 220, and nothing for this long (before the scale). */
    record StarttlsThenSilence(Duration time) implements StarttlsBehaviour {}

    /** 220, and unencrypted SMTP continues. */
    record StarttlsThenPlaintext() implements StarttlsBehaviour {}
  }

  /** What follows RCPT. */
  public enum RcptBehaviour {
    ACCEPT,
    /** 451 until a while after the first time. */
    GREYLIST,
    /** 451 always: such a host only records. */
    DEFER,
    /** 451 until the present policy was fetched. */
    DEFER_UNTIL_FETCHED
  }

  /** What follows the final dot. */
  public enum EndOfDataBehaviour {
    ACCEPT,
    /** The first time, the end of the connection instead of a reply. */
    DROP_FIRST
  }

  /** Copies. */
  public SmtpBehaviour {
    before = List.copyOf(before);
    after = List.copyOf(after);
  }

  /** A good one. */
  public static SmtpBehaviour good() {
    return new SmtpBehaviour(
        "220 {host} ESMTP",
        Duration.ZERO,
        false,
        KEYWORDS,
        "STARTTLS",
        KEYWORDS,
        new StarttlsBehaviour.StarttlsThenTls(),
        RcptBehaviour.ACCEPT,
        EndOfDataBehaviour.ACCEPT);
  }

  /** The same with another greeting after a wait. */
  public SmtpBehaviour withBanner(String other, Duration wait) {
    return new SmtpBehaviour(
        other, wait, refusesEhlo, before, offer, after, starttls, recipient, end);
  }

  /** The same without EHLO. */
  public SmtpBehaviour withoutEhlo() {
    return new SmtpBehaviour(
        banner, bannerAfter, true, before, offer, after, starttls, recipient, end);
  }

  /** The same with this line instead of STARTTLS; empty: no offer. */
  public SmtpBehaviour withOffer(String other) {
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, before, other, after, starttls, recipient, end);
  }

  /** The same with these keywords before and after TLS. */
  public SmtpBehaviour withKeywords(List<String> inClear, List<String> underTls) {
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, inClear, offer, underTls, starttls, recipient, end);
  }

  /** The same with one more keyword under TLS. */
  public SmtpBehaviour withAfter(String keyword) {
    List<String> more = new java.util.ArrayList<>(after);
    more.add(keyword);
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, before, offer, more, starttls, recipient, end);
  }

  /** The same with another answer to STARTTLS. */
  public SmtpBehaviour with(StarttlsBehaviour other) {
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, before, offer, after, other, recipient, end);
  }

  /** The same with another answer to RCPT. */
  public SmtpBehaviour with(RcptBehaviour other) {
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, before, offer, after, starttls, other, end);
  }

  /** The same with another answer to the final dot. */
  public SmtpBehaviour with(EndOfDataBehaviour other) {
    return new SmtpBehaviour(
        banner, bannerAfter, refusesEhlo, before, offer, after, starttls, recipient, other);
  }
}
