package org.sealwax.assess.review;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.address.Domain;
import org.sealwax.assess.Check;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Outcome;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Place;
import org.sealwax.assess.Review;
import org.sealwax.assess.Target;
import org.sealwax.assess.Visit;
import org.sealwax.dns.Resolver;
import org.sealwax.tls.ClientOffer;
import org.sealwax.tls.Pin;
import org.sealwax.tls.Pins;
import org.sealwax.tls.References;
import org.sealwax.tls.TlsClient;
import org.sealwax.tls.TlsFloor;
import org.sealwax.tls.TlsVersion;
import org.sealwax.tls.TlsWire;
import org.sealwax.tls.TrustRoots;
import org.sealwax.world.Dialer;
import org.sealwax.world.Wire;

/**
 * Whether a mail host's key is also that of other services, which the person names: one handshake
 * with each. Without names nothing is asked: nobody can look at all services of the world.
 *
 * @param also services whose TLS begins with the first octet
 */
public record KeyReuseReview(
    List<Target.Host> also, TlsClient tls, Resolver resolver, Dialer dialer) implements Review {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Copies. */
  public KeyReuseReview {
    also = List.copyOf(also);
  }

  @Override
  public List<Check> checks() {
    return List.of(Check.of("key.reuse"));
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("key.reuse"), outcome, Place.domain(), seen);
  }

  @Override
  public List<Finding> judge(Overview all) {
    if (also.isEmpty()) {
      return List.of(of(Outcome.NOT_TESTED, "no other service was named (--also HOST:PORT)"));
    }
    Set<Pin> own = new HashSet<>();
    for (Visit visit : all.visits()) {
      Chains.of(visit).forEach(c -> own.add(Pins.of(c.leaf())));
    }
    if (own.isEmpty()) {
      return List.of(of(Outcome.NOT_TESTED, "no key of a mail host was seen"));
    }
    List<String> shared = new ArrayList<>();
    List<String> unseen = new ArrayList<>();
    for (Target.Host service : also) {
      Optional<X509Certificate> leaf = leaf(service);
      if (leaf.isEmpty()) {
        unseen.add(service.text());
      } else if (own.contains(Pins.of(leaf.get()))) {
        shared.add(service.text());
      }
    }
    if (!shared.isEmpty()) {
      return List.of(
          of(Outcome.WARN, "the same key is used by " + String.join(", ", shared)).as("shared"));
    }
    return List.of(
        unseen.isEmpty()
            ? of(Outcome.PASS, "the " + also.size() + " other services have keys of their own")
            : of(Outcome.INCONCLUSIVE, "no handshake with " + String.join(", ", unseen)));
  }

  private Optional<X509Certificate> leaf(Target.Host service) {
    Domain name = service.name();
    List<InetAddress> addresses = new ArrayList<>(service.addresses());
    if (addresses.isEmpty() && name != null) {
      for (Resolver.Family family : Resolver.Family.values()) {
        addresses.addAll(resolver.addresses(name, family).records());
      }
    }
    ClientOffer offer =
        new ClientOffer(
            name,
            new TlsFloor(TlsVersion.TLS_1_0),
            TlsVersion.TLS_1_3,
            true,
            false,
            false,
            false,
            new References(List.of(), Set.of(), TrustRoots.none()),
            "also");
    for (InetAddress address : addresses.subList(0, Math.min(2, addresses.size()))) {
      try (Wire clear =
              dialer.connect(new InetSocketAddress(address, service.port()), null, PATIENCE);
          TlsWire wire = tls.connect(clear, offer, PATIENCE)) {
        List<X509Certificate> chain = wire.handshake().peerChain();
        if (!chain.isEmpty()) {
          return Optional.of(chain.getFirst());
        }
      } catch (IOException e) {
        // The next address; when none is left, that is what is told.
      }
    }
    return Optional.empty();
  }
}
