package org.sealwax.policy;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.sealwax.address.Domain;
import org.sealwax.tls.Pin;

/** One demand on the peer's identity. A requirement has a set of them, all of which must hold. */
public sealed interface Demand {
  /** The name of the roots that every system has. */
  String PUBLIC_ROOTS = "public";

  /**
   * A chain to one of the roots, and a certificate for one of the names (RFC 5280, RFC 9525).
   *
   * @param names any one is enough; empty: nothing can satisfy this (an address literal without
   *     configured names)
   * @param roots name of the roots that count
   */
  record Pkix(Set<Domain> names, String roots) implements Demand {
    /** Copies. */
    public Pkix {
      names = Set.copyOf(names);
    }

    static Pkix of(Collection<Domain> names, String roots) {
      return new Pkix(Set.copyOf(names), roots);
    }
  }

  /** One of these keys, whatever the certificate says. */
  record Pinned(Set<Pin> pins) implements Demand {
    /** Copies. */
    public Pinned {
      pins = Set.copyOf(pins);
    }
  }

  /** In words, for logs; the same text for equal demands. */
  default String text() {
    return switch (this) {
      case Pkix p -> "pkix(" + sorted(p.names()) + " by " + p.roots() + ")";
      case Pinned p -> "pin(" + sorted(p.pins()) + ")";
    };
  }

  private static String sorted(Collection<?> values) {
    List<String> texts = values.stream().map(Object::toString).sorted().toList();
    return String.join(" ", texts);
  }
}
