package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.NameCheck;

/**
 * The identities of this router: one for both roles, more by name for the receiving side. Files are
 * checked again by {@link #reloadIfChanged}; a pair that is wrong leaves the former one in place.
 * Thread-safe.
 */
public final class IdentityStore {
  /** The result for one pair whose files changed. */
  public sealed interface Reload {
    /**
     * In use from the next handshake on.
     *
     * @param file the certificate's
     * @param identity the new one
     */
    record Replaced(String file, Identity identity) implements Reload {}

    /**
     * The former one stays in use.
     *
     * @param file the certificate's
     * @param why what is wrong with the new one
     */
    record KeptFormer(String file, String why) implements Reload {}
  }

  private record State(Identity standard, Map<String, Identity> byName) {}

  private static final class WatchedPair {
    private final List<String> names;
    private final IdentitySettings.CertificatePair pair;
    private String seen;
    private Identity identity;

    WatchedPair(
        List<String> names, IdentitySettings.CertificatePair pair, String seen, Identity identity) {
      this.names = names;
      this.pair = pair;
      this.seen = seen;
      this.identity = identity;
    }
  }

  private final Clock clock;
  private final List<WatchedPair> slots = new ArrayList<>();
  private volatile State state;

  private IdentityStore(Clock clock, List<WatchedPair> slots, State state) {
    this.clock = clock;
    this.slots.addAll(slots);
    this.state = state;
  }

  /**
   * Reads all pairs; makes the self-signed one where none is configured and none was made before.
   *
   * @param settings the files and names
   * @param clock source of the current time
   * @param random source of randomness
   * @return the store
   * @throws Identity.InvalidIdentity when a configured pair cannot be used. An expired one can: TLS
   *     with an expired certificate is better than none
   * @throws IOException when the self-made pair cannot be written
   */
  public static IdentityStore open(IdentitySettings settings, Clock clock, RandomSource random)
      throws IOException {
    IdentitySettings.CertificatePair standard = settings.pair();
    if (standard == null) {
      standard = selfSigned(settings, clock.now(), random);
    }
    List<WatchedPair> slots = new ArrayList<>();
    slots.add(slot(List.of(), standard));
    for (IdentitySettings.NamedPair named : settings.named()) {
      slots.add(slot(named.names().stream().map(CertificateName::text).toList(), named.pair()));
    }
    return new IdentityStore(clock, slots, stateOf(slots));
  }

  /**
   * {@return whether {@link #open} will write files: the self-signed pair is missing, is for
   * another host name, or is near its end} Cheap: no certificate is read.
   *
   * @param settings the files and names
   * @param now the current time
   */
  public static boolean mustMake(IdentitySettings settings, Instant now) {
    return settings.pair() == null && !MadeNote.isGood(settings.made(), settings.hostName(), now);
  }

  /**
   * {@return the files of the self-signed pair, made where they are missing; near its end or for
   * another host name the certificate is made again for the same key}
   *
   * @param settings folder and host name
   * @param now the current time
   * @param random source of the key
   * @throws IOException when they cannot be written
   */
  public static IdentitySettings.CertificatePair selfSigned(
      IdentitySettings settings, Instant now, RandomSource random) throws IOException {
    return MadeNote.isGood(settings.made(), settings.hostName(), now)
        ? selfSignedFiles(settings)
        : SelfSigned.pair(settings.made(), settings.hostName(), now, random);
  }

  /**
   * {@return the self-signed pair as it is; empty while there is none}
   *
   * @param settings the folder
   * @throws IOException when it cannot be used
   */
  public static Optional<Identity> selfSignedIfMade(IdentitySettings settings) throws IOException {
    IdentitySettings.CertificatePair files = selfSignedFiles(settings);
    return Files.exists(files.key()) && Files.exists(files.certificate())
        ? Optional.of(Identity.read(files.certificate(), files.key()))
        : Optional.empty();
  }

  /**
   * {@return where the self-signed pair is, made or not}
   *
   * @param settings the folder
   */
  public static IdentitySettings.CertificatePair selfSignedFiles(IdentitySettings settings) {
    return MadeNote.files(settings.made());
  }

  /**
   * Identities without files: they stay in use until {@link #use}.
   *
   * @param standard the default identity
   * @param byName identities by SNI name
   * @param clock source of the current time
   * @return the store
   */
  public static IdentityStore fixed(Identity standard, Map<String, Identity> byName, Clock clock) {
    return new IdentityStore(clock, List.of(), new State(standard, lowerCase(byName)));
  }

  private static Map<String, Identity> lowerCase(Map<String, Identity> byName) {
    Map<String, Identity> out = new HashMap<>();
    byName.forEach((name, identity) -> out.put(name.toLowerCase(Locale.ROOT), identity));
    return Map.copyOf(out);
  }

  private static WatchedPair slot(List<String> names, IdentitySettings.CertificatePair pair)
      throws Identity.InvalidIdentity {
    String seen = pair.stamp();
    return new WatchedPair(names, pair, seen, Identity.read(pair.certificate(), pair.key()));
  }

  /** The first slot is the default's. */
  private static State stateOf(List<WatchedPair> slots) {
    Map<String, Identity> byName = new HashMap<>();
    for (WatchedPair pair : slots.subList(1, slots.size())) {
      List<String> names =
          pair.names.isEmpty() ? NameCheck.dnsNames(pair.identity.leaf()) : pair.names;
      names.forEach(name -> byName.putIfAbsent(name.toLowerCase(Locale.ROOT), pair.identity));
    }
    return new State(slots.getFirst().identity, Map.copyOf(byName));
  }

  /** {@return the default identity, which is also shown to servers that ask} */
  public Identity standard() {
    return state.standard();
  }

  /**
   * {@return the identity for the name a client asks for: the exact one, else the wildcard one
   * label up, else the default (a client that asks for an unknown name gets an answer and makes its
   * own verdict)}
   *
   * @param serverName SNI, or null for none
   */
  public Identity forName(@Nullable String serverName) {
    State now = state;
    if (serverName == null || now.byName().isEmpty()) {
      return now.standard();
    }
    Identity exact = now.byName().get(serverName);
    if (exact != null) {
      return exact;
    }
    int dot = serverName.indexOf('.');
    Identity wild = dot < 0 ? null : now.byName().get("*" + serverName.substring(dot));
    return wild == null ? now.standard() : wild;
  }

  /**
   * Puts other identities in use, from the next handshake on.
   *
   * @param standard the default identity
   * @param byName identities by SNI name
   */
  public void use(Identity standard, Map<String, Identity> byName) {
    state = new State(standard, lowerCase(byName));
  }

  /** Whether {@code identity} is still in use. */
  boolean isInUse(Identity identity) {
    State now = state;
    return now.standard() == identity
        || now.byName().values().stream().anyMatch(i -> i == identity);
  }

  /**
   * Checks the files' stamps (cheap: two stat calls each) and reads what changed. A wrong pair is
   * reported once, until its files change again. Call it from a timer, once a minute or so, and
   * when the admin asks for a reload.
   *
   * @return the pairs that changed, and those that cannot be read
   */
  public synchronized List<Reload> reloadIfChanged() {
    List<Reload> out = new ArrayList<>();
    for (WatchedPair pair : slots) {
      String stamp = pair.pair.stamp();
      if (stamp.equals(pair.seen)) {
        continue;
      }
      pair.seen = stamp;
      out.add(reload(pair));
    }
    if (!out.isEmpty()) {
      state = stateOf(slots);
    }
    return out;
  }

  private Reload reload(WatchedPair pair) {
    String file = pair.pair.certificate().toString();
    try {
      Identity fresh = Identity.read(pair.pair.certificate(), pair.pair.key());
      Instant now = clock.now();
      // Unless the former one ends no later: then the new one is at least not worse.
      if (now.isAfter(fresh.expires()) && pair.identity.expires().isAfter(fresh.expires())) {
        return new Reload.KeptFormer(file, "the new certificate expired on " + fresh.expires());
      }
      if (now.isBefore(fresh.leaf().getNotBefore().toInstant())) {
        return new Reload.KeptFormer(
            file,
            "the new certificate is valid only from " + fresh.leaf().getNotBefore().toInstant());
      }
      pair.identity = fresh;
      return new Reload.Replaced(file, fresh);
    } catch (Identity.InvalidIdentity e) {
      return new Reload.KeptFormer(file, FailureText.of(e));
    }
  }
}
