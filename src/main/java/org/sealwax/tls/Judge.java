package org.sealwax.tls;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.world.Clock;

/**
 * Judges the chain of every handshake, in both directions, new session or resumed. Never an
 * exception, never the end of a handshake: a verdict and notes.
 *
 * <p>Order: a pinned key is verified whatever its chain; a chain that does not hold is untrusted
 * with the first reason of {@link Verdict.Reason}; a chain that holds is verified by the first
 * reference name it covers, and otherwise trusted, with a note when names were wanted. There is no
 * source of revocation here (public CAs moved to short lives and browsers' own lists), so {@code
 * REVOKED} is never said by this class.
 *
 * <p>What a chain is worth is remembered, with the exact span of time in which it cannot change: no
 * certificate of the chain and no root begins or ends its validity inside it. So the memory makes
 * verdicts fast and never different. Thread-safe.
 */
public final class Judge {
  /** Chains remembered; some hundred octets each. */
  private static final int MAX_REMEMBERED = 2_000;

  /** Certificates of a chain that are looked at; engines let a few more through. */
  static final int MAX_CHAIN = 32;

  private static final int MAX_NAMES_IN_NOTE = 3;

  private final Clock clock;
  private final Cache<Key, Remembered> memory =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).executor(Runnable::run).build();
  private final Cache<TrustRoots, Anchors> anchors =
      Caffeine.newBuilder().weakKeys().executor(Runnable::run).build();

  private record Key(String chain, Anchors roots, PeerRole role) {}

  private record Remembered(ChainCheck.Worth worth, Span span) {}

  private record Span(Instant from, Instant until) {
    boolean holds(Instant now) {
      return !now.isBefore(from) && now.isBefore(until);
    }
  }

  /** Judges by this clock. */
  public Judge(Clock clock) {
    this.clock = clock;
  }

  /** The verdict on {@code chain} (leaf first, as sent) now. */
  public Judgement judge(List<X509Certificate> chain, References references, PeerRole role) {
    if (chain.isEmpty()) {
      return new Judgement(new Verdict.Anonymous(), List.of());
    }
    X509Certificate leaf = chain.getFirst();
    ChainCheck.Worth worth = worth(chain, references.roots(), role);
    if (!references.pins().isEmpty()) {
      Pin pin = Pins.of(leaf);
      if (references.pins().contains(pin)) {
        List<String> notes = new ArrayList<>(worth.notes());
        if (worth.reason() != null) {
          notes.add("chain: " + worth.reason().word());
        }
        return new Judgement(
            new Verdict.Verified(Verdict.By.PIN, pin.toString()),
            new Proof(worth.reason() == null, null),
            notes);
      }
    }
    if (worth.reason() != null) {
      return new Judgement(new Verdict.Untrusted(worth.reason()), worth.notes());
    }
    Optional<Domain> name = NameCheck.match(leaf, references.names());
    if (name.isPresent()) {
      return new Judgement(new Verdict.Verified(Verdict.By.NAME, name.get().name()), worth.notes());
    }
    if (references.names().isEmpty()) {
      return new Judgement(new Verdict.Trusted(), worth.notes());
    }
    List<String> notes = new ArrayList<>(worth.notes());
    notes.add(mismatch(leaf));
    return new Judgement(new Verdict.Trusted(), notes);
  }

  /** The names are a stranger's text: only plain ones are shown. */
  private static String mismatch(X509Certificate leaf) {
    List<String> names =
        NameCheck.dnsNames(leaf).stream()
            .filter(n -> n.length() < 100 && n.chars().allMatch(c -> c > 0x20 && c < 0x7f))
            .limit(MAX_NAMES_IN_NOTE)
            .toList();
    return names.isEmpty()
        ? "name mismatch: the certificate has no DNS name"
        : "name mismatch: the certificate is for " + String.join(", ", names);
  }

  private ChainCheck.Worth worth(List<X509Certificate> chain, TrustRoots roots, PeerRole role) {
    Instant now = clock.now();
    List<X509Certificate> looked = chain.size() > MAX_CHAIN ? chain.subList(0, MAX_CHAIN) : chain;
    Anchors prepared = anchors.get(roots, Anchors::new);
    String hash = hash(looked);
    if (hash == null) {
      return ChainCheck.check(looked, prepared, role, now);
    }
    Key key = new Key(hash, prepared, role);
    Remembered known = memory.getIfPresent(key);
    if (known != null && known.span().holds(now)) {
      return known.worth();
    }
    ChainCheck.Worth worth = ChainCheck.check(looked, prepared, role, now);
    memory.put(key, new Remembered(worth, span(looked, prepared, now)));
    return worth;
  }

  private static @Nullable String hash(List<X509Certificate> chain) {
    MessageDigest digest = Pins.sha256();
    try {
      for (X509Certificate certificate : chain) {
        byte[] der = certificate.getEncoded();
        digest.update((byte) (der.length >> 16));
        digest.update((byte) (der.length >> 8));
        digest.update((byte) der.length);
        digest.update(der);
      }
    } catch (CertificateEncodingException e) {
      return null;
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static Span span(List<X509Certificate> chain, Anchors roots, Instant now) {
    Instant from = roots.lastBoundary(now);
    Instant until = roots.nextBoundary(now);
    for (X509Certificate certificate : chain) {
      for (Instant boundary : Anchors.boundaries(certificate)) {
        if (!boundary.isAfter(now)) {
          from = boundary.isAfter(from) ? boundary : from;
        } else {
          until = boundary.isBefore(until) ? boundary : until;
        }
      }
    }
    return new Span(from, until);
  }
}
