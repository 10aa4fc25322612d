package org.sealwax.router.receive;

/** The reason why a client is trusted to relay, or that it is untrusted. */
public sealed interface ClientTrust {
  /** A client without trust: may send to our domains only. */
  record AnyClient() implements ClientTrust {}

  /** Its address is in a trusted network. */
  record TrustedNetwork() implements ClientTrust {}

  /** Its certificate was verified against a row that grants relay. */
  record RelayCertificate(String matched) implements ClientTrust {}

  /**
   * It authenticated by AUTH.
   *
   * @param user its name
   * @param mechanism SASL mechanism, for example PLAIN
   */
  record AuthenticatedUser(String user, String mechanism) implements ClientTrust {}

  /** A program of this machine, through the Unix socket. */
  record LocalProgram() implements ClientTrust {}

  /** Whether mail to other domains is accepted. */
  default boolean mayRelay() {
    return switch (this) {
      case AnyClient s -> false;
      case TrustedNetwork _, RelayCertificate _, AuthenticatedUser _, LocalProgram _ -> true;
    };
  }
}
