package org.sealwax.router.control;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.Supplier;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tlsrpt.SessionWitness;
import org.sealwax.router.config.Settings;
import org.sealwax.router.deliver.Courier;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostMemories;
import org.sealwax.router.evidence.Mirrors;
import org.sealwax.router.log.CountedLog;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LineLog;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.route.Routes;
import org.sealwax.router.wiring.Archives;
import org.sealwax.router.wiring.Authorities;
import org.sealwax.router.wiring.Late;

/**
 * What {@code explain} needs where no server runs: the delivering half, over the stores of the
 * state folder where there are some, over empty ones elsewhere. Never accepts or sends mail.
 */
public final class Alone implements Closeable {
  private final Clock clock = Clock.system();
  private final LineLog silent;
  private final Archives archives;
  private final Courier courier;
  private final Explainer explainer;

  public Alone(Settings settings) throws IOException {
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

  public Explainer explainer() {
    return explainer;
  }

  public Instant now() {
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
