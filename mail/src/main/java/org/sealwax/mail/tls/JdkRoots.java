package org.sealwax.mail.tls;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** The roots that come with the JDK (its cacerts file). */
final class JdkRoots {
  private JdkRoots() {}

  static Set<X509Certificate> load() {
    // This may be the first that touches JSSE, which reads its switches once.
    JsseEngines.prepare();
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      Set<X509Certificate> out = new HashSet<>();
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager roots) {
          out.addAll(Set.of(roots.getAcceptedIssuers()));
        }
      }
      return out;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the root certificates of the JDK cannot be read", e);
    }
  }
}
