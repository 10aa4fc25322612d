package org.sealwax.router.control;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostConnector;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.route.TransportTable;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.DatabaseCopy;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.Lazy;

/**
 * An explainer for use while no server runs: the delivering half of the router, over copies of the
 * stores of the state folder where they exist, over empty ones elsewhere. Never accepts or sends
 * mail, and changes nothing in the state folder.
 */
public final class OfflineExplainer implements Closeable {
  private final Clock clock = Clock.system();
  private final TemporaryFolder copy;
  private final TextMailLog silent;
  private final DomainStores stores;
  private final SmtpDeliveryAgent deliveryAgent;
  private final Explainer explainer;

  /**
   * Copies the stores.
   *
   * @param configured settings of the server
   * @param process where temporary folders are made
   * @throws IOException when a store cannot be read
   */
  public OfflineExplainer(RouterSettings configured, ProcessEnvironment process)
      throws IOException {
    Optional<String> why = FailureText.unreadable(configured.server().state());
    if (why.isPresent()) {
      throw new IOException(
          "no server is running, and its state folder cannot be used: " + why.get());
    }
    copy = TemporaryFolder.create(process, "sealwax-explain");
    RouterSettings settings;
    try {
      settings = inCopy(configured);
    } catch (IOException | RuntimeException e) {
      copy.close();
      throw e;
    }
    RandomSource chance = RandomSource.secure();
    silent =
        new TextMailLog(LogSettings.defaults(), java.io.OutputStream.nullOutputStream(), clock);
    TlsFactory.prepareJvm();
    TlsFactory tls = new TlsFactory(TlsSettings.defaults(), clock, chance);
    Resolver resolver = new CachingResolver(settings.dns(), clock, chance);
    IdentityStore identities = IdentityStore.open(identity(configured.identity()), clock, chance);
    CertificateAuthorities authorities = new CertificateAuthorities(settings);
    Supplier<TlsClient> client =
        new Lazy<>(() -> tls.client(ClientTlsSettings.defaults(), identities));
    stores = new DomainStores(settings, resolver, client, clock, chance, silent);

    deliveryAgent =
        new SmtpDeliveryAgent(
            settings.deliver(),
            resolver,
            new HostConnector(
                settings.deliver(),
                resolver,
                new Dialers(SystemDialer.guarded(settings.dialer()), SystemDialer.trusted()),
                client.get(),
                authorities.forDelivery(),
                chance),
            stores.evidence(settings),
            stores.recorder(TlsSessionListener.NONE),
            clock,
            chance);
    PeerIdentities peers = stores.peerIdentities(tls.verifier());
    authorities.name(peers);
    explainer =
        new Explainer(
            deliveryAgent,
            new TransportTable(settings.forward()),
            stores,
            settings,
            domain -> {
              peers.refreshDue();
              return peers.status(domain);
            });
  }

  /** The settings with the stores in the copy. */
  private RouterSettings inCopy(RouterSettings settings) throws IOException {
    Path state = settings.server().state();
    Path ledger = state.resolve(DomainStores.LEDGER);
    DatabaseCopy.copy(ledger, copy.path().resolve(DomainStores.LEDGER));
    Map<String, Object> changed = new HashMap<>();
    changed.put("server", SettingsRecord.with(settings.server(), Map.of("state", copy.path())));
    if (settings.sts().isPresent()) {
      StsSettings sts = settings.sts().get();
      Path policies = copy.path().resolve(sts.file().getFileName());
      DatabaseCopy.copy(sts.file(), policies);
      changed.put("sts", Optional.of(SettingsRecord.with(sts, Map.of("file", policies))));
    }
    return SettingsRecord.with(settings, changed);
  }

  /** Where no pair is there, one is made in the copy. */
  private IdentitySettings identity(IdentitySettings configured) {
    return IdentityStore.mustMake(configured, clock.now())
        ? SettingsRecord.with(configured, Map.of("made", copy.path().resolve("tls")))
        : configured;
  }

  public Explainer explainer() {
    return explainer;
  }

  public Instant now() {
    return clock.now();
  }

  @Override
  public void close() throws IOException {
    deliveryAgent.close();
    try {
      stores.close();
    } finally {
      silent.close();
      copy.close();
    }
  }
}
