package org.sealwax.mail.smtp.session;

import java.time.Duration;

/**
 * Timeouts of a client. All positive.
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
public record SmtpTimeouts(
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
  /**
   * Recipients for which one wait of {@link #rcpt} is allowed in all: 12 seconds each by the RFC's
   * times, which is more than hosts take that make a look-up for each recipient.
   */
  public static final int RECIPIENTS_IN_ONE_WAIT = 25;

  /**
   * Bytes of content for which one wait of {@link #block} is allowed in all: 1 MiB in 3 minutes,
   * 5.7 KiB a second, is slower than any line that mail still runs over.
   */
  public static final long BYTES_IN_ONE_WAIT = 1_024 * 1_024;

  /** The reply to the content may have several lines, so its wait may begin more than once. */
  public static final int TOTAL_IN_ENDS = 2;

  /** Replies of the longest AUTH exchange: two challenges and the verdict. */
  public static final int TOTAL_IN_AUTHS = 3;

  /** Checks that all are positive. */
  public SmtpTimeouts {
    for (Duration time :
        new Duration[] {
          connect, banner, ehlo, starttls, handshake, mail, rcpt, data, block, end, auth
        }) {
      if (!time.isPositive()) {
        throw new IllegalArgumentException("times are positive");
      }
    }
  }

  /**
   * {@return the times of RFC 5321 4.5.3.2, and 30 seconds, 2 and 1 minutes where it names none}
   */
  public static SmtpTimeouts defaults() {
    return new SmtpTimeouts(
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

  /**
   * {@return the longest time from MAIL to the last byte of content} A peer that sends one byte
   * just before each timeout would otherwise hold the session forever.
   *
   * @param recipients of the transaction
   * @param bytes of its content
   */
  public Duration untilEndOfContent(int recipients, long bytes) {
    return mail.plus(times(rcpt, 1 + recipients / RECIPIENTS_IN_ONE_WAIT))
        .plus(data)
        .plus(times(block, 1 + bytes / BYTES_IN_ONE_WAIT));
  }

  /** {@return the longest time for the whole reply to the content} */
  public Duration finalReply() {
    return times(end, TOTAL_IN_ENDS);
  }

  /** {@return the longest time for a whole AUTH exchange} */
  public Duration authTotal() {
    return auth.multipliedBy(TOTAL_IN_AUTHS);
  }

  /**
   * {@return the longest time that several transactions may take, one after the other}
   *
   * @param transactions how many
   * @param recipients of each
   * @param bytes of the content of each
   */
  public Duration inAll(int transactions, int recipients, long bytes) {
    return times(untilEndOfContent(recipients, bytes).plus(finalReply()), transactions);
  }

  /** {@link Duration#multipliedBy} without its decimal numbers: this is asked for every message. */
  private static Duration times(Duration time, long count) {
    return count >= Integer.MAX_VALUE
        ? time.multipliedBy(count)
        : Duration.ofSeconds(Math.multiplyExact(time.getSeconds(), count), time.getNano() * count);
  }

  /**
   * {@return every time limited to {@code most}: for interactive probes and for tests}
   *
   * @param most the longest time
   */
  public SmtpTimeouts atMost(Duration most) {
    return new SmtpTimeouts(
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

  /**
   * {@return the times until the end of the greeting limited to {@code most}: connection, banner,
   * EHLO}
   *
   * @param most the longest time
   */
  public SmtpTimeouts untilGreeted(Duration most) {
    return new SmtpTimeouts(
        least(connect, most),
        least(banner, most),
        least(ehlo, most),
        starttls,
        handshake,
        mail,
        rcpt,
        data,
        block,
        end,
        auth);
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }
}
