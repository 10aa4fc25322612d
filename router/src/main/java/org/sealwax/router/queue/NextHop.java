package org.sealwax.router.queue;

import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;

/** The domain or route mail goes toward; the unit of concurrency and of dead-site memory. */
public sealed interface NextHop {
  /** By the domain's MX records (RFC 5321 5.1), port 25. */
  record ByMx(Domain domain) implements NextHop {}

  /**
   * A configured host: its addresses, no MX.
   *
   * @param host name or literal
   * @param port 1 to 65535
   * @param route name of the configuration row, which carries credentials and level
   */
  record Fixed(MailHost host, int port, String route) implements NextHop {}

  /** A configured command. */
  record Pipe(String name) implements NextHop {}

  /** This server itself, which reads reports. */
  record Reports() implements NextHop {}

  /** No postmaster is configured: mail for the postmaster waits. */
  record NoPostmaster() implements NextHop {}

  /**
   * A stable text for grouping and storage. An IPv6 literal has eight groups in it, as in the rows
   * of earlier versions; {@link AddressLiteral#shortened} makes the text to show.
   */
  default String key() {
    return switch (this) {
      case ByMx mx -> mx.domain().name();
      case Fixed f ->
          f.route() + "!" + AddressLiteral.expanded(f.host().toString()) + ":" + f.port();
      case Pipe p -> "|" + p.name();
      case Reports r -> "!tlsrpt";
      case NoPostmaster n -> "!postmaster";
    };
  }
}
