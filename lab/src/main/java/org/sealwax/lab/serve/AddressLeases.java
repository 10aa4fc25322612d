package org.sealwax.lab.serve;

import java.io.Closeable;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.lab.site.AddressSource;

/** What one token has borrowed from the pool. Thread-safe. */
final class AddressLeases implements AddressSource, Closeable {
  private final AddressPool pool;
  private final SenderAddressFamily family;
  private final List<InetAddress> web;
  private final List<InetAddress> lent = new ArrayList<>();
  private int left;

  /**
   * @param web where HTTPS hosts are, all of them
   */
  AddressLeases(AddressPool pool, SenderAddressFamily family, List<InetAddress> web) {
    this.pool = pool;
    this.family = family;
    this.web = List.copyOf(web);
    // Half of them: a second user must find free ones.
    this.left = (pool.sizeV4() + 1) / 2;
  }

  @Override
  public synchronized InetAddress v4() throws NoAddressLeft {
    InetAddress address =
        (left > 0 ? pool.takeV4() : Optional.<InetAddress>empty())
            .orElseThrow(
                () -> new NoAddressLeft("no free IPv4 address; a later token may get one"));
    left--;
    lent.add(address);
    return address;
  }

  @Override
  public synchronized Optional<InetAddress> v6() {
    Optional<InetAddress> address =
        family == SenderAddressFamily.IPV6 ? pool.takeV6() : Optional.<InetAddress>empty();
    address.ifPresent(lent::add);
    return address;
  }

  @Override
  public boolean hasManyV6() {
    return family == SenderAddressFamily.IPV6 && pool.hasV6();
  }

  @Override
  public List<InetAddress> any() throws NoAddressLeft {
    return hasManyV6() ? v6().map(List::of).orElse(List.of()) : List.of(v4());
  }

  @Override
  public List<InetAddress> web() {
    return web;
  }

  @Override
  public synchronized void close() {
    lent.forEach(pool::giveBack);
    lent.clear();
    left = 0;
  }
}
