package org.sealwax.receive;

import java.util.Optional;
import java.util.Set;
import org.sealwax.tls.Pin;
import org.sealwax.tls.Verdict;

/**
 * Client certificates that grant relay.
 *
 * <p>Only a verdict of {@code verified} counts, and only when what it was verified by stands here:
 * a trusted chain alone says that somebody paid a CA, not that we know them. Names count for
 * private CAs; the listener's references say which roots those are.
 *
 * @param pins keys
 * @param names reference names, lower case, as the listener's references have them
 */
public record TrustedCertificates(Set<Pin> pins, Set<String> names) {
  /** Copies. */
  public TrustedCertificates {
    pins = Set.copyOf(pins);
    names = Set.copyOf(names);
  }

  /** No certificate grants relay. */
  public static TrustedCertificates none() {
    return new TrustedCertificates(Set.of(), Set.of());
  }

  /** What grants relay to a peer with this verdict, if anything. */
  public Optional<Trust> trust(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Anonymous a -> Optional.empty();
      case Verdict.Untrusted u -> Optional.empty();
      case Verdict.Trusted t -> Optional.empty();
      case Verdict.Verified v -> {
        boolean granted =
            switch (v.by()) {
              case PIN -> Pin.parse(v.what()).filter(pins::contains).isPresent();
              case NAME -> names.contains(v.what());
              // A TLSA record or a mirror says who the peer is, not that it may relay here.
              case TLSA, MIRROR -> false;
            };
        yield granted ? Optional.of(new Trust.Certificate(v.text())) : Optional.empty();
      }
    };
  }
}
