package org.sealwax.router.certs;

import java.io.IOException;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.NameCheck;

/**
 * The state of each certificate: the pair in force, one that is refused, and what senders find in
 * the DNS now.
 *
 * @param certificates those of the server
 * @param guard judges the pair in force
 * @param lookup finds by what it is judged
 * @param clock the believed time
 */
public record CertificateStatus(
    ServerCertificates certificates,
    CertificateGuard guard,
    PublishedNames.Lookup lookup,
    Clock clock)
    implements StatusItem.Source {
  /**
   * A slot as it is now.
   *
   * @param slot which one
   * @param inForce its pair; null while there is none
   * @param refused why the source has another pair; empty: it has none, or it is not judged yet
   * @param offered the other pair of the source; null: there is none, or it cannot be read
   */
  record SlotStatus(
      CertificateSlot slot,
      @Nullable Identity inForce,
      String refused,
      @Nullable Identity offered) {}

  @Override
  public List<StatusItem> items() throws InterruptedException {
    List<SlotStatus> all;
    try {
      all = certificates.status();
    } catch (IllegalStateException e) {
      if (!(e.getCause() instanceof IOException cause)) {
        throw e;
      }
      return List.of(
          StatusItem.of(certificates.hostName(), StatusTopic.CERTIFICATE, FailureText.of(cause))
              .with("state", "broken")
              .needs("correct the files: the router cannot start with them"));
    }
    List<StatusItem> items = new ArrayList<>();
    for (SlotStatus status : all) {
      items.addAll(items(status));
    }
    return items;
  }

  private List<StatusItem> items(SlotStatus status) throws InterruptedException {
    Domain subject = status.slot().subject();
    Identity pair = status.inForce();
    if (pair == null) {
      return List.of(
          StatusItem.of(subject, StatusTopic.CERTIFICATE, "there is no certificate yet"));
    }
    List<StatusItem> items = new ArrayList<>();
    items.add(certificate(subject, pair));
    PublishedNames published = lookup.find(status.slot());
    refused(status, pair, published)
        .ifPresent(
            why ->
                items.add(
                    StatusItem.of(subject, StatusTopic.CERTIFICATE, why)
                        .with("state", "refused")
                        .needs(
                            "publish the matching records, replace the files, or load them by"
                                + " --force")));
    String key = key(pair);
    items.add(
        StatusItem.of(subject, StatusTopic.KEY, key + ", TLSA 3 1 1 " + pair.pin().hex())
            .with("type", key)
            .with("sha256", pair.pin().hex()));
    published(subject, published, pair, items);
    return items;
  }

  /** Without a server, a pair that the next start would refuse is judged here. */
  private Optional<String> refused(SlotStatus status, Identity pair, PublishedNames published) {
    Identity offered = status.offered();
    if (!status.refused().isEmpty() || offered == null) {
      return Optional.of(status.refused()).filter(why -> !why.isEmpty());
    }
    LoadDecision decision = guard.decide(pair, offered, published, clock.now());
    return decision.isLoaded()
        ? Optional.empty()
        : Optional.of(
            offered.name()
                + ": refused: "
                + decision.reasons()
                + "; the certificate of the state folder is used");
  }

  private StatusItem certificate(Domain subject, Identity pair) {
    Instant now = clock.now();
    long days = Duration.between(now, pair.expires()).toDays();
    StatusItem item =
        StatusItem.of(
                subject,
                StatusTopic.CERTIFICATE,
                pair.name()
                    + ", valid until "
                    + pair.expires()
                    + " ("
                    + CountText.of(days, "day")
                    + " left)")
            .with("source", pair.name())
            .with("expires", pair.expires().toString())
            .with("days_left", days)
            .with("names", String.join(" ", NameCheck.dnsNames(pair.leaf())));
    return CertificateDates.notice(pair, now).isPresent()
        ? item.needs("renew the certificate")
        : item;
  }

  private static String key(Identity pair) {
    return switch (pair.leaf().getPublicKey()) {
      case RSAKey rsa -> "RSA " + rsa.getModulus().bitLength();
      case ECKey ec -> "EC " + ec.getParams().getCurve().getField().getFieldSize();
      default -> pair.leaf().getPublicKey().getAlgorithm();
    };
  }

  private void published(
      Domain subject, PublishedNames published, Identity pair, List<StatusItem> items) {
    Set<PairDefect> defects = guard.defects(pair, published, clock.now());
    for (PublishedNames.TlsaView view : published.views()) {
      boolean matches = !defects.contains(new PairDefect.NoTlsaMatch(view.host(), view.server()));
      StatusItem item =
          StatusItem.of(
                  view.host(), StatusTopic.TLSA, view.server() + ": " + text(view.state(), matches))
              .with("server", view.server())
              .with("state", state(view.state(), matches));
      items.add(
          matches
              ? item
              : item.needs("publish _25._tcp." + view.host() + ". TLSA 3 1 1 " + pair.pin().hex()));
    }
    published
        .missing()
        .forEach(
            why ->
                items.add(
                    StatusItem.of(subject, StatusTopic.TLSA, "a look-up failed: " + why)
                        .with("state", "unknown")));
    for (PairDefect defect : defects) {
      if (!(defect instanceof PairDefect.NoTlsaMatch)
          && !(defect instanceof PairDefect.OutsideValidity)) {
        items.add(
            StatusItem.of(
                subject,
                StatusTopic.CERTIFICATE,
                "senders with MTA-STS and clients that verify names: " + defect.text()));
      }
    }
  }

  private static String state(DaneState state, boolean matches) {
    return switch (state) {
      case DaneState.Usable _ -> matches ? "matches" : "differs";
      case DaneState.Unusable _ -> "unusable";
      case DaneState.LookupFailed _ -> "unknown";
      case DaneState.Absent _ -> "none";
    };
  }

  private static String text(DaneState state, boolean matches) {
    return switch (state) {
      case DaneState.Usable u ->
          u.associations().records().size()
              + " usable records, "
              + (matches ? "one matches" : "none matches");
      case DaneState.Unusable u -> "no usable record: " + u.why();
      case DaneState.LookupFailed f -> "unknown: " + f.why();
      case DaneState.Absent a -> "none: " + a.why();
    };
  }
}
