package org.sealwax.lab.serve;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.net.RandomSource;

/**
 * The addresses of a public lab's traps, lent to tokens and taken back. IPv6 addresses are drawn at
 * random, so that a trap cannot be found by counting; IPv4 addresses are few, and go round.
 * Thread-safe.
 */
final class AddressPool {
  /** IPv4 addresses at most: a /16. */
  static final int MAX_V4 = 65_536;

  private final List<Cidr> v4;
  private final @Nullable Cidr v6;
  private final RandomSource random;
  private final int size;
  private final Set<InetAddress> lent = new HashSet<>();
  private int next;

  AddressPool(List<Cidr> v4, @Nullable Cidr v6, RandomSource random) {
    this.v4 = List.copyOf(v4);
    this.v6 = v6;
    this.random = random;
    long all = v4.stream().mapToLong(AddressPool::count).sum();
    this.size = (int) Math.min(MAX_V4, all);
  }

  private static long count(Cidr network) {
    return 1L << 32 - network.prefix();
  }

  /** IPv4 addresses there are. */
  int sizeV4() {
    return size;
  }

  boolean hasV6() {
    return v6 != null;
  }

  /** A free IPv4 address; those that were given back longest ago come first. */
  synchronized Optional<InetAddress> takeV4() {
    for (int i = 0; i < size; i++) {
      InetAddress address = numbered(next);
      next = (next + 1) % size;
      if (lent.add(address)) {
        return Optional.of(address);
      }
    }
    return Optional.empty();
  }

  private InetAddress numbered(int number) {
    long left = number;
    for (Cidr network : v4) {
      if (left < count(network)) {
        return plus(network.network(), BigInteger.valueOf(left));
      }
      left -= count(network);
    }
    throw new IllegalStateException("outside the address pool: " + number);
  }

  /** A free IPv6 address, if there is a network of them. */
  synchronized Optional<InetAddress> takeV6() {
    Cidr network = v6;
    if (network == null) {
      return Optional.empty();
    }
    while (true) {
      BigInteger host =
          new BigInteger(1, random.bytes(16)).mod(BigInteger.ONE.shiftLeft(128 - network.prefix()));
      InetAddress address = plus(network.network(), host);
      // The first 256 are for the admin.
      if (host.bitLength() > 8 && lent.add(address)) {
        return Optional.of(address);
      }
    }
  }

  synchronized void giveBack(InetAddress address) {
    lent.remove(address);
  }

  private static InetAddress plus(InetAddress network, BigInteger host) {
    byte[] bytes = network.getAddress();
    byte[] sum = new BigInteger(1, bytes).add(host).toByteArray();
    byte[] out = new byte[bytes.length];
    int count = Math.min(sum.length, out.length);
    System.arraycopy(sum, sum.length - count, out, out.length - count, count);
    try {
      return InetAddress.getByAddress(out);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 or 16 bytes", e);
    }
  }
}
