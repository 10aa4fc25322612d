package org.sealwax.router.wiring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.receive.TrustedClientRow;

/**
 * The certificate authorities of one configuration, and what they are asked about. Each file is
 * read once: what {@link #check} has read stays in force until another configuration, or the same
 * one, is put in force. Thread-safe.
 */
public final class CertificateAuthorities {
  private final RouterSettings settings;
  private final Map<Path, TrustRoots> files = new ConcurrentHashMap<>();
  private final Lazy<TrustRoots> standard = new Lazy<>(this::all);

  public CertificateAuthorities(RouterSettings settings) {
    this.settings = settings;
  }

  /** What counts by default: public roots and those of the configuration. */
  public TrustRoots standard() {
    return standard.get();
  }

  private TrustRoots all() {
    TrustRoots roots = settings.roots().publicRoots() ? RootStore.publicRoots() : TrustRoots.none();
    for (Path file : settings.roots().files()) {
      roots = roots.and(read(file));
    }
    return roots;
  }

  private TrustRoots read(Path file) {
    return files.computeIfAbsent(
        file,
        f -> {
          try {
            return RootStore.fromPem(f);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /**
   * Reads all files, so that a wrong one is reported when the configuration is read.
   *
   * @throws IOException which file is wrong
   */
  public void check() throws IOException {
    try {
      settings.roots().files().forEach(this::read);
      settings.caFiles().values().forEach(this::read);
      settings.trustedClients().forEach(r -> privateRoots(List.of(r)));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** By the names that policy rows use. */
  public Map<String, TrustRoots> forDelivery() {
    Map<String, TrustRoots> roots = new HashMap<>();
    roots.put(IdentityRequirement.PUBLIC_ROOTS, standard());
    settings.caFiles().forEach((name, file) -> roots.put(name, read(file)));
    return roots;
  }

  /** Names the peers; the roots are files, and read only where a name under them may count. */
  public void name(PeerIdentities identities) {
    identities.use(settings.peers(), settings.peers().isEmpty() ? TrustRoots.none() : standard());
  }

  private TrustRoots privateRoots(List<TrustedClientRow> rows) {
    TrustRoots roots = TrustRoots.none();
    for (TrustedClientRow row : rows) {
      Path ca = row.ca();
      if (ca != null) {
        roots = roots.and(read(ca));
      }
    }
    return roots;
  }

  private Set<Domain> trustedNames() {
    Set<Domain> names = new HashSet<>();
    settings.trustedClients().forEach(r -> names.addAll(r.names()));
    return names;
  }

  private Set<Pin> trustedPins() {
    Set<Pin> pins = new HashSet<>();
    for (TrustedClientRow row : settings.trustedClients()) {
      Pin pin = row.pin();
      if (pin != null) {
        pins.add(pin);
      }
    }
    return pins;
  }

  /** Against what clients are judged. */
  public ReferenceIdentity forClients() {
    TrustRoots roots = standard().and(privateRoots(settings.trustedClients()));
    return new ReferenceIdentity(List.copyOf(trustedNames()), trustedPins(), roots);
  }

  /**
   * The rows that grant relay, each by itself, so that no other authority can certify its names.
   */
  public List<ReferenceIdentity> grants() {
    List<ReferenceIdentity> rows = new ArrayList<>();
    for (TrustedClientRow row : settings.trustedClients()) {
      Pin pin = row.pin();
      Path ca = row.ca();
      if (pin != null) {
        rows.add(new ReferenceIdentity(List.of(), Set.of(pin), TrustRoots.none()));
      }
      if (ca != null && !row.names().isEmpty()) {
        rows.add(new ReferenceIdentity(row.names(), Set.of(), read(ca)));
      }
    }
    return rows;
  }
}
