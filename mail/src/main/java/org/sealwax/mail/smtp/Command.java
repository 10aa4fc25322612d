package org.sealwax.mail.smtp;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;

/** One command of a client, read from one line (RFC 5321 4.1 and the extensions' RFCs). */
public sealed interface Command {
  /**
   * EHLO; the name is the client's, checked for form only.
   *
   * @param name the name of the client as sent
   */
  record Ehlo(String name) implements Command {}

  /**
   * HELO.
   *
   * @param name the name of the client as sent
   */
  record Helo(String name) implements Command {}

  /**
   * MAIL.
   *
   * @param path the reverse-path
   * @param parameters the ESMTP parameters
   * @param international something outside ASCII stands in the path: needs SMTPUTF8
   */
  record Mail(ReversePath path, MailParameters parameters, boolean international)
      implements Command {}

  /**
   * RCPT.
   *
   * @param path the forward-path
   * @param parameters the ESMTP parameters
   * @param international something outside ASCII stands in it: the transaction needs SMTPUTF8
   */
  record Rcpt(ForwardPath path, DsnRequest parameters, boolean international) implements Command {}

  /** DATA. */
  record Data() implements Command {}

  /**
   * BDAT: {@code size} bytes follow (RFC 3030).
   *
   * @param size bytes of the chunk
   * @param last whether this is the last chunk
   */
  record Bdat(long size, boolean last) implements Command {}

  /** RSET. */
  record Rset() implements Command {}

  /** NOOP. */
  record Noop() implements Command {}

  /**
   * VRFY.
   *
   * @param argument the argument as sent
   */
  record Vrfy(String argument) implements Command {}

  /**
   * EXPN.
   *
   * @param argument the argument as sent
   */
  record Expn(String argument) implements Command {}

  /** HELP. */
  record Help() implements Command {}

  /** QUIT. */
  record Quit() implements Command {}

  /** STARTTLS (RFC 3207). */
  record Starttls() implements Command {}

  /**
   * AUTH (RFC 4954).
   *
   * @param mechanism in upper case
   * @param initial the initial response in base64, {@code =} for an empty one, or null
   */
  record Auth(String mechanism, @Nullable String initial) implements Command {}

  /**
   * An unknown verb.
   *
   * @param verb the first word as sent
   */
  record Unknown(String verb) implements Command {}

  /**
   * A known verb with an argument that we refuse.
   *
   * @param verb in upper case
   * @param reply the reply to send
   */
  record Malformed(String verb, Reply reply) implements Command {}
}
