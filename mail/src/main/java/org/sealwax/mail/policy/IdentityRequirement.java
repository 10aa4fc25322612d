package org.sealwax.mail.policy;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * One condition on the peer's identity. A requirement has a set of them, all of which must hold.
 */
public sealed interface IdentityRequirement {
  /** The name of the roots that every system has. */
  String PUBLIC_ROOTS = "public";

  /**
   * A chain to one of the roots, and a certificate for one of the names (RFC 5280, RFC 9525).
   *
   * @param names any one is enough; empty: nothing can satisfy this (an address literal without
   *     configured names)
   * @param roots name of the roots that count
   */
  record Pkix(Set<Domain> names, String roots) implements IdentityRequirement {
    /** Copies. */
    public Pkix {
      names = Set.copyOf(names);
    }

    static Pkix of(Collection<Domain> names, String roots) {
      return new Pkix(Set.copyOf(names), roots);
    }
  }

  /**
   * A certificate that a secure TLSA record names (RFC 7672 3.1).
   *
   * @param associations any one is enough
   * @param secureMx whether DNSSEC also vouches for the way from the next hop to this host; when
   *     not, the host is identified and the next hop is not: never called authenticated
   */
  record Tlsa(TlsaAssociations associations, boolean secureMx) implements IdentityRequirement {}

  /**
   * One of these keys, whatever the certificate states.
   *
   * @param pins the keys, any one is enough
   */
  record Pinned(Set<Pin> pins) implements IdentityRequirement {
    /** Copies. */
    public Pinned {
      pins = Set.copyOf(pins);
    }
  }

  /**
   * {@return how a handshake does not meet this demand, in words for logs and reports}
   *
   * @param handshake that does not meet it
   */
  default String unmetText(Handshake handshake) {
    if (handshake.verdict() instanceof Verdict.Anonymous) {
      return "the server sent no certificate";
    }
    return switch (this) {
      case Pkix _ when !handshake.proof().isChainValid() ->
          "the certificate is not trusted"
              + (handshake.verdict() instanceof Verdict.Untrusted u
                  ? " (" + u.reason().word() + ")"
                  : " by the required roots");
      case Pkix p -> "the certificate has none of the required names: " + sorted(p.names());
      case Tlsa t ->
          "the certificate matches no TLSA record: " + sorted(t.associations().records());
      case Pinned p -> "the key of the certificate is not pinned: " + sorted(p.pins());
    };
  }

  /** {@return the same text for equal demands, another one for others} */
  default String key() {
    return switch (this) {
      case Pkix p -> "pkix(" + sorted(p.names()) + " by " + p.roots() + ")";
      case Pinned p -> "pin(" + sorted(p.pins()) + ")";
      case Tlsa t ->
          "tlsa("
              + sorted(
                  t.associations().records().stream()
                      .map(
                          a -> a.usage() + " " + a.selector() + " " + a.matching() + " " + a.data())
                      .toList())
              + " for "
              + sorted(t.associations().names())
              + " "
              + t.secureMx()
              + ")";
    };
  }

  /**
   * Text for reports.
   *
   * @return the demand in words: {@code a certificate for mx.example.org by a public root}
   */
  default String text() {
    return switch (this) {
      case Pkix p ->
          "a certificate for "
              + sorted(p.names())
              + (p.roots().equals(PUBLIC_ROOTS)
                  ? " by a public root"
                  : " by the roots of " + p.roots());
      case Tlsa t ->
          "a certificate that matches the TLSA records "
              + sorted(t.associations().records())
              // Usage 3 asks for no name.
              + (t.associations().names().isEmpty()
                  ? ""
                  : " for " + sorted(t.associations().names()));
      case Pinned p -> "a certificate with the key " + sorted(p.pins());
    };
  }

  private static String sorted(Collection<?> values) {
    List<String> texts = values.stream().map(Object::toString).sorted().toList();
    return String.join(" ", texts);
  }
}
