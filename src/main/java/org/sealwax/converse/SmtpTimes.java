package org.sealwax.converse;

import java.time.Duration;

/**
 * How long a client waits for what. All positive.
 *
 * @param connect for TCP; hosts that answer at all do so in seconds
 * @param banner for the initial 220 (RFC 5321 4.5.3.2.1: 5 minutes)
 * @param ehlo for the reply to EHLO or HELO; the RFC names none, so that of the banner
 * @param starttls for the reply to STARTTLS
 * @param handshake for a whole TLS handshake
 * @param mail for the reply to MAIL (4.5.3.2.2: 5 minutes)
 * @param rcpt for the reply to RCPT (4.5.3.2.3: 5 minutes)
 * @param data for the 354 (4.5.3.2.4: 2 minutes)
 * @param block for each block of content to be taken (4.5.3.2.5: 3 minutes)
 * @param end for the reply to the end of the content (4.5.3.2.6: 10 minutes)
 * @param auth for each reply of an AUTH exchange
 */
public record SmtpTimes(
    Duration connect,
    Duration banner,
    Duration ehlo,
    Duration starttls,
    Duration handshake,
    Duration mail,
    Duration rcpt,
    Duration data,
    Duration block,
    Duration end,
    Duration auth) {
  /** Checks that all are positive. */
  public SmtpTimes {
    for (Duration time :
        new Duration[] {
          connect, banner, ehlo, starttls, handshake, mail, rcpt, data, block, end, auth
        }) {
      if (!time.isPositive()) {
        throw new IllegalArgumentException("times are positive");
      }
    }
  }

  /** The times of RFC 5321 4.5.3.2, and 30 seconds, 2 and 1 minutes where it names none. */
  public static SmtpTimes defaults() {
    return new SmtpTimes(
        Duration.ofSeconds(30),
        Duration.ofMinutes(5),
        Duration.ofMinutes(5),
        Duration.ofMinutes(2),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5),
        Duration.ofMinutes(5),
        Duration.ofMinutes(2),
        Duration.ofMinutes(3),
        Duration.ofMinutes(10),
        Duration.ofMinutes(2));
  }

  /** Every time cut to {@code most}: for probes, which somebody waits for, and for tests. */
  public SmtpTimes atMost(Duration most) {
    return new SmtpTimes(
        least(connect, most),
        least(banner, most),
        least(ehlo, most),
        least(starttls, most),
        least(handshake, most),
        least(mail, most),
        least(rcpt, most),
        least(data, most),
        least(block, most),
        least(end, most),
        least(auth, most));
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }
}
