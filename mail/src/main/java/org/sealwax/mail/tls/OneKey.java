package org.sealwax.mail.tls;

import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.KeyManagerFactorySpi;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The one identity of a context. As a client it ignores the list of authorities that the server
 * sent: such lists name the server's trust store, and mail servers send them by default.
 */
final class OneKey extends X509ExtendedKeyManager {
  private static final String ALIAS = "sealwax";

  private final Identity identity;

  OneKey(Identity identity) {
    this.identity = identity;
  }

  /** As the factory that both engines need. */
  static KeyManagerFactory factory(Identity identity) {
    OneKey manager = new OneKey(identity);
    KeyManagerFactorySpi spi =
        new KeyManagerFactorySpi() {
          @Override
          protected void engineInit(@Nullable KeyStore store, char @Nullable [] password) {}

          @Override
          protected void engineInit(ManagerFactoryParameters parameters) {}

          @Override
          protected KeyManager[] engineGetKeyManagers() {
            return new KeyManager[] {manager};
          }
        };
    return new KeyManagerFactory(spi, new Provider("sealwax", "1", "one identity") {}, ALIAS) {};
  }

  private boolean fits(@Nullable String type) {
    if (type == null) {
      return false;
    }
    String algorithm = identity.key().getAlgorithm();
    return switch (algorithm) {
      case "EC" -> type.startsWith("EC") && !type.endsWith("_RSA");
      case "RSA" -> type.equals("RSA") || type.equals("RSASSA-PSS") || type.startsWith("RSA");
      default -> type.equals(algorithm) || type.equals("EdDSA") || type.equals("Ed25519");
    };
  }

  private @Nullable String alias(String @Nullable [] types) {
    return types == null || types.length == 0 || Arrays.stream(types).anyMatch(this::fits)
        ? ALIAS
        : null;
  }

  @Override
  public String[] getClientAliases(String type, Principal[] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public String[] getServerAliases(String type, Principal[] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return alias(types);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return fits(type) ? ALIAS : null;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return alias(types);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String type, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return fits(type) ? ALIAS : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return identity.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    return identity.key();
  }
}
