package org.sealwax.router.wiring;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.router.certs.CertificateGuard;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.CertificateStatus;
import org.sealwax.router.certs.PublishedRecords;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * The certificates of a configuration: their slots, and the look-ups by which the guard judges.
 *
 * @param settings those in force
 * @param resolver as senders have it
 * @param rollovers whose pair comes before all others
 * @param time the clock of this process
 * @param random source of the self-signed key
 */
public record OwnCertificates(
    Supplier<RouterSettings> settings,
    Resolver resolver,
    Rollovers rollovers,
    SteadyClock time,
    RandomSource random) {
  private static final int DNS = 53;

  /** {@return the slots of a configuration; the first is for the host name} */
  public List<CertificateSlot> slots(RouterSettings of) {
    return rollovers.in(AcmeCertificates.slots(of, time.believed(), random));
  }

  /** {@return the certificates of the server; nothing is read yet} */
  public ServerCertificates open(RouterSettings now, BooleanSupplier closed, MailLog log) {
    List<CertificateSlot> slots = slots(now);
    return new ServerCertificates(
        slots, guard(), lookup(now, slots), now.server().state(), closed, time.believed(), log);
  }

  /** {@return what status shows of a running server} */
  public List<StatusItem.Source> status(
      ServerCertificates certificates,
      StatusItem.Source renewals,
      Supplier<Optional<StsPolicyCache>> policies) {
    RouterSettings now = settings.get();
    return List.of(
        new CertificateStatus(certificates, guard(), lookup(now, slots(now)), time.believed()),
        renewals,
        rollovers,
        new HostedStatus(now, time),
        new DomainStatus(
            now, resolver, name -> authorities(now).txt(name), policies, time.believed()));
  }

  /**
   * {@return the same without a server: what the next start would use}
   *
   * @param now the configuration
   * @param resolver as senders have it
   * @throws StartFailure when the state of the rollover cannot be read
   */
  public static List<StatusItem.Source> offlineStatus(
      RouterSettings now, Resolver resolver, Clock clock, RandomSource random) throws StartFailure {
    MailLog silent = new MailLog() {};
    SteadyClock time = new SteadyClock(clock, null);
    Rollovers rollovers =
        new Rollovers(
            now,
            _ -> {
              throw new IOException("status orders nothing");
            },
            time,
            random,
            silent);
    OwnCertificates own = new OwnCertificates(() -> now, resolver, rollovers, time, random);
    AcmeCertificates renewals =
        new AcmeCertificates(
            now,
            rollovers,
            resolver,
            new Lazy<>(
                () -> {
                  throw new IllegalStateException("status orders nothing");
                }),
            clock,
            random,
            new Counters(),
            silent);
    StatusItem.Source server =
        () ->
            List.of(
                StatusItem.of(
                        now.server().hostname(), StatusTopic.SERVER, "the router does not run")
                    .needs("start it: sealwax serve"));
    return Stream.concat(
            Stream.of(server),
            own.status(own.open(now, () -> false, silent), renewals, Optional::empty).stream())
        .toList();
  }

  private static CertificateGuard guard() {
    return new CertificateGuard(RootStore::publicRoots);
  }

  private PublishedRecords lookup(RouterSettings now, List<CertificateSlot> slots) {
    Lazy<AuthoritativeLookup> authorities = new Lazy<>(() -> authorities(now));
    return new PublishedRecords(
        now.server().hostname(),
        () -> settings.get().ownDomains(),
        () -> slots,
        resolver,
        owner -> authorities.get().tlsaRecords(owner),
        time.believed());
  }

  private AuthoritativeLookup authorities(RouterSettings now) {
    boolean isPrivateAllowed = !now.dialer().allowTargets().isEmpty();
    return new AuthoritativeLookup(
        now.dns(),
        time.believed(),
        random,
        address -> isPrivateAllowed || SpecialUse.of(address).isEmpty(),
        DNS);
  }
}
