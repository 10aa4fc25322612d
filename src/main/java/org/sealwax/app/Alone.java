package org.sealwax.app;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.Supplier;
import org.sealwax.config.Settings;
import org.sealwax.deliver.Courier;
import org.sealwax.deliver.Dialers;
import org.sealwax.deliver.HostMemories;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.live.LiveResolver;
import org.sealwax.evidence.Mirrors;
import org.sealwax.forward.Routes;
import org.sealwax.log.CountedLog;
import org.sealwax.log.Counters;
import org.sealwax.log.LineLog;
import org.sealwax.log.LogSettings;
import org.sealwax.log.MailLog;
import org.sealwax.tls.ClientTls;
import org.sealwax.tls.IdentityStore;
import org.sealwax.tls.TlsClient;
import org.sealwax.tls.TlsRoom;
import org.sealwax.tls.TlsSettings;
import org.sealwax.tlsrpt.SessionWitness;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.SystemDialer;

/**
 * What {@code explain} needs where no server runs: the delivering half, over the stores of the
 * state folder where there are some, over empty ones elsewhere. Never accepts or sends mail.
 */
final class Alone implements Closeable {
  private final Clock clock = Clock.system();
  private final LineLog silent;
  private final Archives archives;
  private final Courier courier;
  private final Explainer explainer;

  Alone(Settings settings) throws IOException {
    Path state = settings.server().state();
    if (!Files.isWritable(state)) {
      throw new IOException(
          "no server runs, and the state folder " + state + " is not there or not ours to read");
    }
    Chance chance = Chance.secure();
    silent = new LineLog(LogSettings.defaults(), java.io.OutputStream.nullOutputStream(), clock);
    MailLog log = new CountedLog(silent, new Counters());
    TlsRoom.beforeAnything();
    TlsRoom tls = new TlsRoom(TlsSettings.defaults(), clock, chance);
    Resolver resolver = new LiveResolver(settings.dns(), clock, chance);
    IdentityStore identities = IdentityStore.open(settings.identity(), clock, chance);
    Supplier<TlsClient> client = new Late<>(() -> tls.client(ClientTls.defaults(), identities));
    archives = new Archives(new Archives.World(settings, resolver, client, clock, chance, log));
    courier =
        new Courier(
            settings.deliver(),
            new Courier.World(
                resolver,
                new Dialers(SystemDialer.guarded(settings.dialer()), SystemDialer.trusted()),
                client.get(),
                new Authorities(settings).forDelivery(),
                clock,
                chance,
                log,
                new HostMemories(archives.ledger()),
                archives.sources(settings, SessionWitness.NOBODY)),
            consignment -> {
              throw new IllegalStateException("nothing is delivered here");
            });
    Mirrors mirrors = archives.mirrors(tls.judge());
    new Authorities(settings).name(mirrors);
    explainer =
        new Explainer(
            courier,
            new Routes(settings.forward()),
            archives,
            settings,
            domain -> {
              mirrors.lookNow();
              return mirrors.account(domain);
            });
  }

  Explainer explainer() {
    return explainer;
  }

  Instant now() {
    return clock.now();
  }

  @Override
  public void close() throws IOException {
    courier.close();
    try {
      archives.close();
    } finally {
      silent.close();
    }
  }
}
