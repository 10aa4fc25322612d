package org.sealwax.router.receive;

import java.util.List;
import java.util.Optional;

/** The ways a client may identify itself by AUTH (RFC 4954). Thread-safe. */
public interface SaslMechanisms {
  /**
   * Names for the EHLO keyword AUTH, strongest first. The session offers them inside TLS only (RFC
   * 4954 4: no passwords unencrypted).
   */
  List<String> names();

  /** Checks the password file for changes, when it is time. Call it every few seconds. */
  default void reloadIfChanged() {}

  /** Starts an exchange; empty for a mechanism that is not offered (504 5.5.4). */
  Optional<SaslExchange> begin(String mechanism);
}
