package org.sealwax.router.queue;

/**
 * The line that mail stands in: the key of its next hop, and apart from it for mail with {@code
 * TLS-Required: No}. What keeps the rest of the mail from a next hop is most often its policy (DANE
 * fails, a certificate ran out), and such mail passes that policy (RFC 8689 section 3): it must
 * neither wait out a pause that others earned, nor end theirs by getting through. So it is with our
 * own TLS reports, which are wanted most where TLS is broken.
 */
final class SchedulingKey {
  /** No key of a next hop ends so: no name has a space. */
  private static final String APART = " tls-optional";

  private SchedulingKey() {}

  /** The line toward a next hop. */
  static String of(NextHop hop, MailOptions.TlsOption tls) {
    return switch (tls) {
      case UNSPECIFIED, REQUIRED -> hop.key();
      case OPTIONAL, REPORT -> hop.key() + APART;
    };
  }

  /** The other line toward the same next hop. */
  static String besides(String line) {
    String hop = hop(line);
    return hop.equals(line) ? hop + APART : hop;
  }

  /** The next hop's key alone, for display. */
  static String hop(String line) {
    return line.endsWith(APART) ? line.substring(0, line.length() - APART.length()) : line;
  }
}
