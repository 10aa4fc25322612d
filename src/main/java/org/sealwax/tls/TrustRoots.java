package org.sealwax.tls;

import java.security.cert.X509Certificate;
import java.util.Set;

/**
 * The certificate authorities that count.
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
}
