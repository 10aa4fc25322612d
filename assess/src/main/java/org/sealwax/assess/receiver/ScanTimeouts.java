package org.sealwax.assess.receiver;

import java.time.Duration;
import java.util.List;

/**
 * Timeouts of a scan, and its pauses toward a busy server.
 *
 * @param connect for TCP
 * @param banner for the greeting; RFC 5321 4.5.3.2.1 specifies five minutes, and tarpits use them
 * @param reply for the other replies of SMTP
 * @param hello for the first answer to a ClientHello; later ones are waited for in proportion to
 *     those that came
 * @param between pause between connections without STARTTLS, before the next one asks again
 * @param pauses after each refusal for load; when all are used up, the scan of the address ends
 * @param patience total time of waits for greetings and replies at one address: a server that holds
 *     each connection up gets fewer of them
 */
record ScanTimeouts(
    Duration connect,
    Duration banner,
    Duration reply,
    Duration hello,
    Duration between,
    List<Duration> pauses,
    Duration patience) {
  ScanTimeouts {
    pauses = List.copyOf(pauses);
  }

  /** For servers of other sites. */
  static ScanTimeouts defaults() {
    return new ScanTimeouts(
        Duration.ofSeconds(15),
        Duration.ofSeconds(305),
        Duration.ofSeconds(60),
        Duration.ofSeconds(10),
        Duration.ofMillis(300),
        List.of(
            Duration.ofSeconds(5),
            Duration.ofSeconds(20),
            Duration.ofSeconds(61),
            Duration.ofSeconds(61)),
        Duration.ofSeconds(200));
  }
}
