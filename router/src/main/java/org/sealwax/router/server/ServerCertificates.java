package org.sealwax.router.server;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.Lazy;

/** The certificates in use: read with the first handshake, and again when their files change. */
final class ServerCertificates implements Supplier<IdentityStore> {
  private final Supplier<IdentitySettings> settings;
  private final BooleanSupplier closed;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final Lazy<IdentityStore> store = new Lazy<>(this::open);

  /**
   * Nothing is read yet.
   *
   * @param settings those in force
   * @param closed whether the process ends: then no certificate is made any more
   * @param clock the believed time
   */
  ServerCertificates(
      Supplier<IdentitySettings> settings,
      BooleanSupplier closed,
      Clock clock,
      RandomSource random,
      MailLog log) {
    this.settings = settings;
    this.closed = closed;
    this.clock = clock;
    this.random = random;
    this.log = log;
  }

  @Override
  public IdentityStore get() {
    return store.get();
  }

  private IdentityStore open() {
    if (closed.getAsBoolean()) {
      throw new IllegalStateException("the router is closed");
    }
    try {
      IdentityStore opened = IdentityStore.open(settings.get(), clock, random);
      for (Identity identity : opened.identities()) {
        log.identity(identity.name(), "valid until " + identity.expires());
        ConfiguredFilesCheck.lifetime(identity, clock.now()).ifPresent(w -> log.warning("tls", w));
      }
      return opened;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Before anything listens: configured pairs are read, and the self-signed one is written. */
  void prepare() throws IOException {
    IdentitySettings now = settings.get();
    if (now.pair() != null || !now.named().isEmpty() || IdentityStore.mustMake(now, clock.now())) {
      var _ = get();
    }
  }

  /** Reads the files that changed; a pair that cannot be used leaves the former one in use. */
  void reloadIfChanged() {
    reload(get());
  }

  private void reload(IdentityStore opened) {
    for (IdentityStore.Reload reload : opened.reloadIfChanged()) {
      switch (reload) {
        case IdentityStore.Reload.Replaced r -> {
          log.identity(r.file(), "reloaded, valid until " + r.identity().expires());
          ConfiguredFilesCheck.lifetime(r.identity(), clock.now())
              .ifPresent(w -> log.warning("tls", w));
        }
        case IdentityStore.Reload.KeptFormer k -> log.warning("tls", kept(k));
      }
    }
  }

  private static String kept(IdentityStore.Reload.KeptFormer k) {
    return k.file() + ": " + k.why() + "; the former certificate remains in use";
  }

  /**
   * Reads the certificate files that changed, and those that another configuration names.
   *
   * @throws IOException when a pair cannot be used
   */
  void check(IdentitySettings next) throws IOException {
    if (!next.equals(settings.get())) {
      // Other files are used after a restart, which should not be the one to find them wrong.
      for (IdentitySettings.CertificatePair pair : next.pairs()) {
        var _ = Identity.read(pair.certificate(), pair.key());
      }
    }
    IdentityStore opened = store.ifCreated();
    if (opened == null) {
      return;
    }
    reload(opened);
    String wrong =
        opened.failedReloads().stream()
            .map(ServerCertificates::kept)
            .collect(Collectors.joining("; "));
    if (!wrong.isEmpty()) {
      throw new IOException(wrong);
    }
  }

  /** Returns when no handshake makes certificates any more; after the end none begins. */
  void await() {
    var _ = store.ifCreated();
  }
}
