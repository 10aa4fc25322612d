package org.sealwax.mail.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * TLS of the web pages of a service. No client certificates; the certificate is read again while
 * the service runs.
 */
public final class PageTls {
  /** For the handshakes of browsers. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private final IdentityStore store;
  private final TlsServer tls;

  private PageTls(IdentityStore store, TlsServer tls) {
    this.store = store;
    this.tls = tls;
  }

  /**
   * Reads the certificate, or makes the one that is configured to be made.
   *
   * @throws IOException when it cannot be used
   */
  public static PageTls open(IdentitySettings identity, Clock clock) throws IOException {
    RandomSource random = RandomSource.secure();
    IdentityStore store = IdentityStore.open(identity, clock, random);
    return new PageTls(
        store,
        new TlsFactory(TlsSettings.defaults(), clock, random)
            .server(
                ListenerTlsSettings.defaults("pages")
                    .withClientCertificates(ClientCertificateMode.NONE),
                store,
                new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none())));
  }

  /** The same pages over TLS. */
  public TcpListener.ConnectionHandler over(TcpListener.ConnectionHandler pages) {
    return clear -> {
      try (Wire wire = tls.accept(clear, HANDSHAKE)) {
        pages.serve(wire);
      }
    };
  }

  /** Reads the certificate again where its files have changed, and prints that. */
  public void reload(ProcessEnvironment process) {
    for (IdentityStore.Reload reload : store.reloadIfChanged()) {
      switch (reload) {
        case IdentityStore.Reload.Replaced(String file, var _) ->
            process.out().println("certificate read again: " + file);
        case IdentityStore.Reload.KeptFormer(String file, String why) ->
            process.err().println("certificate rejected: " + file + ": " + why);
      }
      process.out().flush();
    }
  }
}
