package org.sealwax.assess.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.mail.net.Wire;

/**
 * Connects where a public service may: port 25 of addresses that were approved for a running scan,
 * and ports 80 and 443 (policies, reports, revocation) of public addresses. The rules hold at each
 * connection, so that a name which changes its address after the approval leads nowhere.
 * Thread-safe.
 */
public final class ApprovedDialer implements Dialer {
  private static final int SMTP = 25;
  private static final Set<Integer> WEB = Set.of(80, 443);

  private final Dialer guarded;
  private final Map<InetAddress, Integer> approved = new HashMap<>();

  /**
   * A dialer.
   *
   * @param guarded connects; refuses special-use addresses itself
   */
  public ApprovedDialer(Dialer guarded) {
    this.guarded = guarded;
  }

  /** Addresses that may be visited until this is closed. */
  interface VisitApproval extends AutoCloseable {
    @Override
    void close();
  }

  /** Approves addresses; several scans may have the same one. */
  VisitApproval approve(Set<InetAddress> addresses) {
    Set<InetAddress> all = Set.copyOf(addresses);
    synchronized (approved) {
      all.forEach(a -> approved.merge(a, 1, Integer::sum));
    }
    return () -> {
      synchronized (approved) {
        all.forEach(a -> approved.computeIfPresent(a, (k, n) -> n > 1 ? n - 1 : null));
      }
    };
  }

  @Override
  public Wire connect(InetSocketAddress to, @Nullable InetAddress from, Duration timeout)
      throws IOException {
    InetAddress address = to.getAddress();
    if (address == null || SpecialUse.of(address).isPresent()) {
      throw new IOException("no public address");
    }
    boolean allowed = to.getPort() == SMTP ? isApproved(address) : WEB.contains(to.getPort());
    if (!allowed) {
      throw new IOException(
          "this service does not connect to " + AddressText.of(address) + " port " + to.getPort());
    }
    return guarded.connect(to, from, timeout);
  }

  private boolean isApproved(InetAddress address) {
    synchronized (approved) {
      return approved.containsKey(address);
    }
  }
}
