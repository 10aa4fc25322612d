package org.sealwax.lab.serve;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.lab.site.AddressSource;

/**
 * The addresses of the permanent services, the same for every host.
 *
 * @param all at least one
 */
record FixedAddresses(List<InetAddress> all) implements AddressSource {
  /** Copies. */
  FixedAddresses {
    all = List.copyOf(all);
  }

  @Override
  public InetAddress v4() {
    return all.getFirst();
  }

  @Override
  public Optional<InetAddress> v6() {
    return Optional.empty();
  }

  @Override
  public boolean hasManyV6() {
    return false;
  }

  @Override
  public InetAddress deadV6() {
    return all.getFirst();
  }
}
