package org.sealwax.router.cli;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.cli.Arguments;

/** The option {@code --address} with addresses of this server. */
public final class AddressOption {
  private AddressOption() {}

  /**
   * {@return the addresses; empty without the option}
   *
   * @throws Arguments.UsageError when one is none
   */
  public static List<InetAddress> read(Arguments arguments) throws Arguments.UsageError {
    List<InetAddress> addresses = new ArrayList<>();
    for (String word :
        arguments.value("--address").map(a -> a.split(",", -1)).orElse(new String[0])) {
      try {
        addresses.add(InetAddress.ofLiteral(word.strip()));
      } catch (IllegalArgumentException e) {
        throw new Arguments.UsageError("--address " + word + " is not an address");
      }
    }
    return addresses;
  }
}
