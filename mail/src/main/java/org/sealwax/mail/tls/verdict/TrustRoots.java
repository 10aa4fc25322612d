package org.sealwax.mail.tls.verdict;

import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Set;

/**
 * The certificate authorities that count. Load once and keep the instance: results of path building
 * are remembered by it.
 *
 * @param name for logs and resumption keys: {@code public}, or the CA file's path; equal names mean
 *     equal roots within one configuration
 * @param anchors their certificates
 */
public record TrustRoots(String name, Set<X509Certificate> anchors) {
  /** Copies. */
  public TrustRoots {
    anchors = Set.copyOf(anchors);
  }

  /** {@return no authority at all} */
  public static TrustRoots none() {
    return new TrustRoots("none", Set.of());
  }

  /**
   * Both together, under one name.
   *
   * @param other the authorities to add
   * @return the authorities of both
   */
  public TrustRoots and(TrustRoots other) {
    Set<X509Certificate> all = new HashSet<>(anchors);
    all.addAll(other.anchors);
    return new TrustRoots(name + " and " + other.name, all);
  }

  /** By name and count: the certificates would fill pages. */
  @Override
  public String toString() {
    return name + " (" + anchors.size() + " roots)";
  }
}
