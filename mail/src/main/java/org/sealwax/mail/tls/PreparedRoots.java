package org.sealwax.mail.tls;

import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import javax.security.auth.x500.X500Principal;
import org.sealwax.mail.tls.verdict.TrustRoots;

/** Roots made ready for path building; compared by identity. */
final class PreparedRoots {
  private final Set<X509Certificate> certificates;
  private final Set<TrustAnchor> bare;
  private final boolean dated;
  private final Map<X500Principal, List<X509Certificate>> bySubject = new HashMap<>();
  private final Map<X509Certificate, TrustAnchor> ready = new HashMap<>();
  private final NavigableSet<Instant> boundaries = new TreeSet<>();

  PreparedRoots(TrustRoots roots) {
    this(roots.anchors(), Set.of(), true);
  }

  /**
   * Anchors that a secure TLSA record names: what makes them anchors is the DNS, whose answers have
   * dates of their own, so that their validity plays no part (RFC 5280 6.1.1 (d), RFC 6698 2.1.1).
   *
   * @param bare keys that were given without a certificate
   */
  static PreparedRoots forDane(List<X509Certificate> certificates, List<TrustAnchor> bare) {
    return new PreparedRoots(Set.copyOf(certificates), Set.copyOf(bare), false);
  }

  private PreparedRoots(Set<X509Certificate> certificates, Set<TrustAnchor> bare, boolean dated) {
    this.certificates = certificates;
    this.bare = bare;
    this.dated = dated;
    for (X509Certificate root : certificates) {
      bySubject.computeIfAbsent(root.getSubjectX500Principal(), s -> new ArrayList<>()).add(root);
      ready.put(root, new TrustAnchor(root, null));
      boundaries.addAll(boundaries(root));
    }
  }

  /** The two instants at which a certificate's worth can change. */
  static List<Instant> boundaries(X509Certificate certificate) {
    // Valid up to and including notAfter (RFC 5280 4.1.2.5), which has whole seconds.
    return List.of(
        certificate.getNotBefore().toInstant(),
        certificate.getNotAfter().toInstant().plusMillis(1));
  }

  static boolean valid(X509Certificate certificate, Instant now) {
    return !now.isBefore(certificate.getNotBefore().toInstant())
        && !now.isAfter(certificate.getNotAfter().toInstant());
  }

  boolean contains(X509Certificate certificate) {
    return certificates.contains(certificate);
  }

  List<X509Certificate> named(X500Principal subject) {
    return bySubject.getOrDefault(subject, List.of());
  }

  /** Whether the anchors' own validity counts. */
  boolean dated() {
    return dated;
  }

  /**
   * Anchors in which a path out of these certificates may end, and whose own validity holds: those
   * that one of them names as its issuer (RFC 5280 6.1.3 (a)(4)). Of the public roots that is one.
   */
  Set<TrustAnchor> above(List<X509Certificate> chain, Instant now) {
    Set<TrustAnchor> out = new HashSet<>(bare);
    for (X509Certificate certificate : chain) {
      for (X509Certificate root : named(certificate.getIssuerX500Principal())) {
        TrustAnchor anchor = ready.get(root);
        if (anchor != null && (!dated || valid(root, now))) {
          out.add(anchor);
        }
      }
    }
    return out;
  }

  Instant lastBoundary(Instant now) {
    Instant last = boundaries.floor(now);
    return last == null ? Instant.MIN : last;
  }

  Instant nextBoundary(Instant now) {
    Instant next = boundaries.higher(now);
    return next == null ? Instant.MAX : next;
  }
}
