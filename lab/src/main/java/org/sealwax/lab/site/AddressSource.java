package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Where a lab's hosts get their addresses from: one each, as the address decides the behaviour. */
public interface AddressSource {
  /**
   * The address that a network namespace has for itself. It is outside of what {@link #namespace}
   * lends: a sender that finds its own address behind a host detects a mail loop, and bounces.
   */
  String NAMESPACE_OWN = "198.19.0.53";

  /** An unused IPv6 address, of documentation (RFC 3849). */
  InetAddress DEAD_V6 = InetAddress.ofLiteral("2001:db8:dead::1");

  /** There is no address left for a host; the others may have theirs. */
  final class NoAddressLeft extends IOException {
    private static final long serialVersionUID = 1;

    public NoAddressLeft(String message) {
      super(message);
    }
  }

  /**
   * The next IPv4 address.
   *
   * @throws NoAddressLeft when there are no more
   */
  InetAddress v4() throws NoAddressLeft;

  /** The next IPv6 address, if there are any. */
  default Optional<InetAddress> v6() {
    return Optional.empty();
  }

  /** Whether every host may have an IPv6 address, and not only the one that needs it. */
  default boolean hasManyV6() {
    return false;
  }

  /**
   * The addresses of a host that may be reached in any way.
   *
   * @throws NoAddressLeft when there are no more
   */
  default List<InetAddress> any() throws NoAddressLeft {
    List<InetAddress> both = new ArrayList<>(List.of(v4()));
    if (hasManyV6()) {
      v6().ifPresent(both::add);
    }
    return both;
  }

  /**
   * The addresses of an HTTPS host.
   *
   * @throws NoAddressLeft when there are no more
   */
  default List<InetAddress> web() throws NoAddressLeft {
    return List.of(v4());
  }

  /** Addresses out of 127.25.0.0/16, all of which are this machine's; and ::1, once. */
  static AddressSource loopback() {
    return loopback(25);
  }

  /**
   * Addresses out of another part of loopback, for several labs on one machine.
   *
   * @param second the second byte, 1 to 255
   */
  static AddressSource loopback(int second) {
    AtomicInteger next = new AtomicInteger();
    AtomicBoolean taken = new AtomicBoolean();
    return new AddressSource() {
      @Override
      public InetAddress v4() throws NoAddressLeft {
        return numbered(new byte[] {127, (byte) second}, next.incrementAndGet());
      }

      @Override
      public Optional<InetAddress> v6() {
        return taken.compareAndSet(false, true)
            ? Optional.of(InetAddress.ofLiteral("::1"))
            : Optional.empty();
      }
    };
  }

  /**
   * Addresses out of 198.18.0.0/16 (RFC 2544) and 2001:db8:25::/64 (RFC 3849), which a network
   * namespace must have as its own.
   */
  static AddressSource namespace() {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger nextV6 = new AtomicInteger();
    return new AddressSource() {
      @Override
      public InetAddress v4() throws NoAddressLeft {
        return numbered(new byte[] {(byte) 198, 18}, next.incrementAndGet());
      }

      @Override
      public Optional<InetAddress> v6() {
        int number = nextV6.incrementAndGet();
        return Optional.of(InetAddress.ofLiteral("2001:db8:25::" + Integer.toHexString(number)));
      }

      @Override
      public boolean hasManyV6() {
        return true;
      }
    };
  }

  /** A number below a prefix of two bytes; 0 and 255 at the end are left out. */
  private static InetAddress numbered(byte[] prefix, int number) throws NoAddressLeft {
    int third = number / 254;
    if (third > 255) {
      throw new NoAddressLeft("no free address");
    }
    try {
      return InetAddress.getByAddress(
          new byte[] {prefix[0], prefix[1], (byte) third, (byte) (number % 254 + 1)});
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes", e);
    }
  }
}
