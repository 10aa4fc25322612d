package org.sealwax.lab.judge;

import java.net.InetAddress;
import java.util.List;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;

/**
 * Reverse names of an address from which the sender connected: its names (PTR), and those of them
 * that resolve to it, which receivers call forward-confirmed reverse DNS.
 *
 * @param address of the sender
 * @param names as the DNS has them
 * @param confirmed those that lead back
 * @param unknown why the names are not known; empty when they are
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
    String at = AddressText.of(address);
    if (!unknown.isEmpty()) {
      return at + ": the look-up failed";
    }
    if (names.isEmpty()) {
      return at + " has no name";
    }
    return confirmed.isEmpty()
        ? at + " has the name " + names.getFirst() + ", which has another address"
        : at + " is " + confirmed.getFirst();
  }
}
