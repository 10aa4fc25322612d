package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.certs.acme.RenewedPair;
import org.sealwax.router.certs.rollover.KeyDigest;
import org.sealwax.router.certs.rollover.KeyRollover;
import org.sealwax.router.certs.rollover.KeyRollover.CertificateOrder;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.log.MailLog;

/** The rollover of the key, where it is configured. */
public final class Rollovers implements Closeable, StatusItem.Source {
  private static final int DNS = 53;

  private final @Nullable KeyRollover rollover;
  private final Domain hostName;

  /**
   * Nothing is asked yet.
   *
   * @param settings those at the start
   * @param order from the authority of ACME; not used without one
   * @throws StartFailure when the stored state cannot be read
   */
  public Rollovers(
      RouterSettings settings,
      CertificateOrder order,
      SteadyClock clock,
      RandomSource random,
      MailLog log)
      throws StartFailure {
    hostName = settings.server().hostname();
    if (settings.rollover().isEmpty()) {
      rollover = null;
      return;
    }
    // The names are those of our own configuration: no address is one to be wary of.
    Lazy<AuthoritativeLookup> lookup =
        new Lazy<>(() -> new AuthoritativeLookup(settings.dns(), clock, random, _ -> true, DNS));
    try {
      rollover =
          new KeyRollover(
              settings.rollover().get(),
              settings.zoneServers(),
              settings.identity(),
              settings.acme().enabled()
                  ? Optional.of(
                      new KeyRollover.Authority(order, AcmeCertificates.firstPair(settings)))
                  : Optional.empty(),
              settings.server().state(),
              (owner, counted) -> lookup.get().tlsaSets(owner, counted),
              clock,
              random,
              log);
    } catch (IOException e) {
      throw new StartFailure(FailureText.of(e), "without it, the key in use is not known", e);
    }
  }

  /** {@return the slots with the pair of the rollover} */
  public List<CertificateSlot> in(List<CertificateSlot> slots) {
    return rollover == null ? slots : rollover.in(slots);
  }

  /** {@return the rollover; null where none is configured} */
  public @Nullable KeyRollover rollover() {
    return rollover;
  }

  /** {@return the pair whose certificate is renewed for a name; empty: that of the first order} */
  Optional<RenewedPair> renewed(Domain name) {
    KeyRollover open = rollover;
    return open == null || !name.equals(hostName) ? Optional.empty() : open.renewed();
  }

  /** Lines for the daily summary. */
  public List<String> summary() {
    return rollover == null ? List.of() : rollover.summary();
  }

  /**
   * Begins.
   *
   * @param identities that clients get
   */
  public void start(Supplier<IdentityStore> identities) {
    if (rollover != null) {
      rollover.start(
          () -> Optional.of(KeyDigest.of(identities.get().standard().leaf().getPublicKey())));
    }
  }

  @Override
  public List<StatusItem> items() {
    if (rollover == null) {
      return List.of();
    }
    KeyRollover.RolloverStatus now = rollover.status();
    String phase = now.state().phase().name().toLowerCase(Locale.ROOT);
    StatusItem item =
        StatusItem.of(
                hostName,
                StatusTopic.ROLLOVER,
                phase
                    + " since "
                    + now.state().since()
                    + (now.waiting().isEmpty() ? "" : "; " + now.waiting()))
            .with("phase", phase)
            .with("since", now.state().since().toString());
    return List.of(now.record().isEmpty() ? item : item.needs(now.record()));
  }

  @Override
  public void close() {
    if (rollover != null) {
      rollover.close();
    }
  }
}
