package org.sealwax.router.receive;

/**
 * One AUTH command. Every mechanism here lets the client send first: without an initial response
 * the session sends {@code 334} with an empty challenge and gives the answer to {@link #respond}.
 * Base64, the line limit of 12288 bytes and {@code *} (cancel) are the session's (RFC 4954 4).
 */
public interface SaslExchange {
  /** The step after a response. */
  sealed interface SaslStep {
    /**
     * Send {@code 334} and this in base64, and wait for the answer.
     *
     * @param text what the mechanism asks
     */
    record Challenge(String text) implements SaslStep {}

    /**
     * The client is authenticated: 235 2.7.0.
     *
     * @param user its name
     */
    record Accepted(String user) implements SaslStep {}

    /**
     * It is not.
     *
     * @param kind what the client should read
     * @param user the name it gave when that name is known here, else empty: an unknown name may be
     *     a password in the wrong place and is not logged
     */
    record Failed(Kind kind, String user) implements SaslStep {}
  }

  /** The reason why an exchange failed. */
  enum Kind {
    /** 535 5.7.8: name or password are wrong. Counts against the client's limit. */
    CREDENTIALS,
    /** 454 4.7.0: not right by the passwords in force, and the password file is being changed. */
    NOT_NOW,
    /** 501 5.5.2: not the mechanism's syntax. Counts too. */
    MALFORMED
  }

  /** Takes the client's bytes, base64 undone. After Accepted or Failed the exchange is over. */
  SaslStep respond(byte[] response);
}
