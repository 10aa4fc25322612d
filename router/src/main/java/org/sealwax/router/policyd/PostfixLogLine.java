package org.sealwax.router.policyd;

import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * The useful content of one line of Postfix's log. The grammar is anchored at the tag of the
 * program, which stands at a fixed place after time and host name, and reads from there only what
 * Postfix itself puts into words: of a delivery it stops at {@code status=sent (}, after which the
 * peer's reply begins. A line with anything unusual in an address is ignored: quoted local parts
 * could spell out a delivery.
 */
sealed interface PostfixLogLine {
  /** Bytes of a line that are parsed; Postfix's own logger cuts at 2000. */
  int MAX_LENGTH = 4_096;

  /**
   * An agent's connection is under TLS.
   *
   * @param pid of the agent
   * @param relay at the other end
   * @param version negotiated
   * @param suite its name
   */
  record TlsEstablished(long pid, Relay relay, TlsVersion version, String suite)
      implements PostfixLogLine {}

  /**
   * A recipient was delivered.
   *
   * @param pid of the agent
   * @param queueId of the message
   * @param domain of the recipient
   * @param relay that took it
   */
  record Sent(long pid, String queueId, Domain domain, Relay relay) implements PostfixLogLine {}

  /**
   * A message became active.
   *
   * @param queueId of it
   * @param nullSender whether it is a notification
   */
  record Active(String queueId, boolean nullSender) implements PostfixLogLine {}

  /** Everything else. */
  record Other() implements PostfixLogLine {}

  /** The host at the other end. */
  record Relay(Domain host, InetAddress address) {}

  /** Time in the traditional form or as RFC 3339 has it, the host, the program. */
  Pattern TAG =
      Pattern.compile(
          "(?:[A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
              + "|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,20}(?:Z|[+-][0-9]{2}:[0-9]{2}))"
              + " [A-Za-z0-9._-]{1,255} postfix[A-Za-z0-9-]{0,32}/(smtp|qmgr)\\[([0-9]{1,9})\\]: ");

  /** Host, address and port, as Postfix writes a peer. */
  String PEER = "(?<host>[A-Za-z0-9._-]{1,255})\\[(?<address>[0-9A-Fa-f.:]{2,45})\\]:[0-9]{1,5}";

  Pattern ENCRYPTED =
      Pattern.compile(
          "(?:Anonymous|Untrusted|Trusted|Verified) TLS connection established to "
              + PEER
              + ": (TLSv1(?:\\.[1-3])?) with cipher ([A-Za-z0-9_-]{1,64}) \\(.*");

  Pattern SENT =
      Pattern.compile(
          "([A-Za-z0-9]{6,30}): to=<[^<>\"\\s@]{1,64}@([A-Za-z0-9._-]{1,255})>,"
              + " (?:orig_to=<[^<>\"\\s]{1,320}>, )?relay="
              + PEER
              + ", (?:conn_use=[0-9]{1,9}, )?delay=[0-9.]{1,15}, delays=[0-9./]{1,60},"
              + " dsn=2\\.[0-9]{1,3}\\.[0-9]{1,3}, status=sent \\(.*");

  Pattern ACTIVE =
      Pattern.compile(
          "([A-Za-z0-9]{6,30}): from=<([^<>\"\\s]{0,320})>, size=[0-9]{1,15},"
              + " nrcpt=[0-9]{1,9} \\(queue active\\)");

  /** Reads a line without its end. */
  static PostfixLogLine read(String line) {
    if (line.length() > MAX_LENGTH) {
      return new Other();
    }
    Matcher tag = TAG.matcher(line);
    if (!tag.lookingAt()) {
      return new Other();
    }
    String rest = line.substring(tag.end());
    long pid = Long.parseLong(tag.group(2));
    return tag.group(1).equals("qmgr") ? active(rest) : agent(pid, rest);
  }

  private static PostfixLogLine active(String rest) {
    Matcher m = ACTIVE.matcher(rest);
    return m.matches() ? new Active(m.group(1), m.group(2).isEmpty()) : new Other();
  }

  private static PostfixLogLine agent(long pid, String rest) {
    Matcher tls = ENCRYPTED.matcher(rest);
    if (tls.matches()) {
      return relay(tls)
          .<PostfixLogLine>map(
              r ->
                  new TlsEstablished(
                      pid, r, TlsVersion.ofLabel(version(tls.group(3))), tls.group(4)))
          .orElseGet(Other::new);
    }
    Matcher sent = SENT.matcher(rest);
    if (!sent.matches()) {
      return new Other();
    }
    Optional<Domain> domain = Domain.parse(sent.group(2));
    Optional<Relay> relay = relay(sent);
    return domain.isPresent() && relay.isPresent()
        ? new Sent(pid, sent.group(1), domain.get(), relay.get())
        : new Other();
  }

  private static String version(String label) {
    return label.equals("TLSv1.0") ? "TLSv1" : label;
  }

  private static Optional<Relay> relay(Matcher line) {
    try {
      InetAddress parsed = InetAddress.ofLiteral(line.group("address"));
      return Domain.parse(line.group("host")).map(d -> new Relay(d, parsed));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
