package org.sealwax.lab.judge;

import java.net.InetAddress;
import java.util.List;
import org.sealwax.mail.address.Domain;

/**
 * What the DNS calls an address from which the sender came: its names (PTR), and those of them that
 * lead back to it, which is what receivers mean by forward-confirmed reverse DNS.
 *
 * @param address of the sender
 * @param names as the DNS has them
 * @param confirmed those that lead back
 * @param unknown why nothing is known; empty when something is
 */
public record PtrNames(
    InetAddress address, List<Domain> names, List<Domain> confirmed, String unknown) {
  /** Copies. */
  public PtrNames {
    names = List.copyOf(names);
    confirmed = List.copyOf(confirmed);
  }

  /** In words. */
  String text() {
    String at = address.getHostAddress();
    if (!unknown.isEmpty()) {
      return at + ": the look-up failed";
    }
    if (names.isEmpty()) {
      return at + " has no name";
    }
    return confirmed.isEmpty()
        ? at + " is called " + names.getFirst() + ", which does not lead back"
        : at + " is " + confirmed.getFirst();
  }
}
