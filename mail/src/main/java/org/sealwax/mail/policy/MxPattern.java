package org.sealwax.mail.policy;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * One {@code mx} pattern of an MTA-STS policy (RFC 8461 3.2, 4.1): a host name, or {@code *.} and a
 * name, where the star stands for exactly one left-most label.
 *
 * @param name the host, or what follows the star
 * @param wildcard whether there was a star
 */
public record MxPattern(Domain name, boolean wildcard) {
  /**
   * Reads a pattern as a policy writes it.
   *
   * @param text the text to read
   * @return the pattern; empty when the text is none
   */
  public static Optional<MxPattern> parse(String text) {
    boolean star = text.startsWith("*.");
    return Domain.parse(star ? text.substring(2) : text).map(d -> new MxPattern(d, star));
  }

  /**
   * {@return whether this pattern covers {@code host}}
   *
   * @param host the MX host
   */
  public boolean matches(Domain host) {
    return wildcard ? host.parent().filter(name::equals).isPresent() : name.equals(host);
  }

  /** As written in a policy. */
  @Override
  public String toString() {
    return wildcard ? "*." + name : name.toString();
  }
}
