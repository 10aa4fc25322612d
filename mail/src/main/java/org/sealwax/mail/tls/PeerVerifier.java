package org.sealwax.mail.tls;

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
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The verifier of peer certificates: judges the chain of every handshake, in both directions, new
 * session or resumed. It never throws and never ends a handshake: it returns a verdict and notes.
 *
 * <p>Order: a pinned key is verified whatever its chain; a chain that does not hold is untrusted
 * with the first reason of {@link Verdict.Reason}; a chain that holds is verified by the first
 * reference name it covers, and otherwise trusted, with a note when names were wanted. A chain that
 * a TLSA association names is {@code verified(tlsa …)}, and what it is worth by PKIX stays in its
 * {@link Proof}, for demands that ask for both. The one source of revocation is what the server
 * itself staples (ADR 0072): no responder is asked, and a server that staples nothing is not
 * revoked.
 *
 * <p>The result for a chain is cached, with the exact span of time in which it cannot change: no
 * certificate of the chain and no root begins or ends its validity inside it. So the cache makes
 * verdicts fast and never different. Thread-safe.
 */
public final class PeerVerifier {
  /** Chains remembered; some hundred bytes each. */
  private static final int MAX_REMEMBERED = 2_000;

  /** Its keys hold whole record sets. */
  private static final int MAX_REMEMBERED_DANE = 500;

  /** Maximum number of certificates of a chain; engines accept a few more. */
  static final int MAX_CHAIN = 32;

  private static final int MAX_NAMES_IN_NOTE = 3;

  private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

  private final Clock clock;
  private final Cache<Key, Remembered> memory =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).executor(Runnable::run).build();
  private final Cache<TrustRoots, PreparedRoots> anchors =
      Caffeine.newBuilder().weakKeys().executor(Runnable::run).build();

  private record Key(String chain, PreparedRoots roots, PeerRole role) {}

  private record DaneKey(String chain, List<TlsaAssociation> anchors, PeerRole role) {}

  private record RememberedDane(DaneMatch.AnchorMatch match, Span span) {}

  private record Remembered(ChainCheck.ChainResult result, Span span) {}

  private final Cache<DaneKey, RememberedDane> daneMemory =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED_DANE).executor(Runnable::run).build();

  private record Span(Instant from, Instant until) {
    boolean contains(Instant now) {
      return !now.isBefore(from) && now.isBefore(until);
    }
  }

  /**
   * Judges by this clock.
   *
   * @param clock source of the current time
   */
  public PeerVerifier(Clock clock) {
    this.clock = clock;
  }

  /**
   * {@return the verdict on {@code chain} (leaf first, as sent) now}
   *
   * @param chain the certificates, leaf first
   * @param references the names, pins, roots and TLSA records that count
   * @param role server or client
   */
  public PeerVerification verify(
      List<X509Certificate> chain, ReferenceIdentity references, PeerRole role) {
    return verify(chain, null, references, role);
  }

  /**
   * {@return the same with a stapled OCSP answer}
   *
   * @param chain the certificates, leaf first
   * @param staple the OCSP answer that the server stapled to the handshake, or null
   * @param references the names, pins, roots and TLSA records that count
   * @param role server or client
   */
  public PeerVerification verify(
      List<X509Certificate> chain,
      byte @Nullable [] staple,
      ReferenceIdentity references,
      PeerRole role) {
    return verify(chain, staple, references, role, clock.now());
  }

  /**
   * {@return the verdict as it would be at another time, for an assessment of certificates}
   *
   * @param chain the certificates, leaf first
   * @param references the names, pins, roots and TLSA records that count
   * @param role server or client
   * @param now the current time
   */
  public PeerVerification verify(
      List<X509Certificate> chain, ReferenceIdentity references, PeerRole role, Instant now) {
    return verify(chain, null, references, role, now);
  }

  private PeerVerification verify(
      List<X509Certificate> chain,
      byte @Nullable [] staple,
      ReferenceIdentity references,
      PeerRole role,
      Instant now) {
    if (chain.isEmpty()) {
      return new PeerVerification(new Verdict.Anonymous(), List.of());
    }
    Stapled stapled = revocation(chain, staple, now);
    PeerVerification bare = apartFromDane(chain, stapled, references, role, now);
    return references.associations().records().isEmpty()
        ? bare
        : withDane(bare, chain, stapled, references.associations(), role, now);
  }

  /**
   * Adds the result of the TLSA associations. They never lower the verdict here: the policy decides
   * about a record that does not match.
   */
  private PeerVerification withDane(
      PeerVerification bare,
      List<X509Certificate> chain,
      Stapled stapled,
      TlsaAssociations associations,
      PeerRole role,
      Instant now) {
    // RFC 7672 §3.1.1: under usage 3 nothing but the record speaks for the key, revocation
    // included.
    TlsaAssociation match = DaneMatch.leaf(chain.getFirst(), associations.records()).orElse(null);
    List<String> notes = new ArrayList<>(bare.notes());
    if (match == null) {
      DaneMatch.AnchorMatch anchored = anchored(chain, associations, role, now);
      if (anchored.association() == null) {
        notes.add("tlsa: " + anchored.why());
      } else if (NameCheck.match(chain.getFirst(), associations.names()).isEmpty()) {
        // RFC 7672 §3.2.2: below an anchor the name counts.
        notes.add("tlsa: " + mismatch(chain.getFirst()));
      } else if (stapled.revoked()) {
        // RFC 7672 §3.1.2: below an anchor the whole of PKIX counts.
        notes.add("tlsa: revoked");
      } else {
        match = anchored.association();
      }
    }
    boolean pinned =
        bare.verdict() instanceof Verdict.Verified v && v.by() == Verdict.IdentifiedBy.PIN;
    Verdict verdict = bare.verdict();
    if (match != null && !pinned) {
      if (verdict instanceof Verdict.Untrusted untrusted) {
        notes.add("chain: " + untrusted.reason().word());
      }
      verdict = new Verdict.Verified(Verdict.IdentifiedBy.TLSA, match.toString());
    }
    return new PeerVerification(verdict, new Proof(bare.proof().isChainValid(), match), notes);
  }

  private DaneMatch.AnchorMatch anchored(
      List<X509Certificate> chain, TlsaAssociations associations, PeerRole role, Instant now) {
    List<TlsaAssociation> anchors = DaneMatch.anchors(associations.records());
    if (anchors.isEmpty()) {
      return new DaneMatch.AnchorMatch(null, "no TLSA record matches the certificate");
    }
    List<X509Certificate> looked = truncated(chain);
    String hash = hash(looked);
    if (hash == null) {
      return DaneMatch.anchored(looked, anchors, role, now);
    }
    DaneKey key = new DaneKey(hash, anchors, role);
    RememberedDane known = daneMemory.getIfPresent(key);
    if (known != null && known.span().contains(now)) {
      return known.match();
    }
    DaneMatch.AnchorMatch match = DaneMatch.anchored(looked, anchors, role, now);
    // The anchors' own dates play no part, so only those of the chain bound what is remembered.
    daneMemory.put(key, new RememberedDane(match, span(looked, Instant.MIN, Instant.MAX, now)));
    return match;
  }

  private static List<X509Certificate> truncated(List<X509Certificate> chain) {
    return chain.size() > MAX_CHAIN ? chain.subList(0, MAX_CHAIN) : chain;
  }

  /** What the staple adds to a worth that is remembered without it. */
  private record Stapled(boolean revoked, List<String> notes) {
    ChainCheck.ChainResult on(ChainCheck.ChainResult result) {
      List<String> all = new ArrayList<>(result.notes());
      all.addAll(notes);
      return new ChainCheck.ChainResult(
          result.reason() == null && revoked ? Verdict.Reason.REVOKED : result.reason(), all);
    }
  }

  private Stapled revocation(List<X509Certificate> chain, byte @Nullable [] staple, Instant now) {
    if (staple == null) {
      return new Stapled(
          false,
          mustStaple(chain.getFirst())
              ? List.of("the certificate has must-staple, but no OCSP response was stapled")
              : List.of());
    }
    return switch (OcspStaple.read(truncated(chain), staple, now)) {
      case OcspStaple.Good g -> new Stapled(false, List.of());
      case OcspStaple.Revoked r ->
          new Stapled(true, List.of("revoked according to the stapled OCSP response"));
      case OcspStaple.Unusable u ->
          new Stapled(false, List.of("the stapled OCSP response is not usable"));
    };
  }

  /** RFC 7633 4: the list of TLS features names status_request. */
  private static boolean mustStaple(X509Certificate leaf) {
    byte[] features = leaf.getExtensionValue(TLS_FEATURE);
    return features != null && HexFormat.of().formatHex(features).endsWith("020105");
  }

  private PeerVerification apartFromDane(
      List<X509Certificate> chain,
      Stapled stapled,
      ReferenceIdentity references,
      PeerRole role,
      Instant now) {
    X509Certificate leaf = chain.getFirst();
    ChainCheck.ChainResult result = stapled.on(checkChain(chain, references.roots(), role, now));
    if (!references.pins().isEmpty()) {
      Pin pin = Pins.of(leaf);
      if (references.pins().contains(pin)) {
        List<String> notes = new ArrayList<>(result.notes());
        if (result.reason() != null) {
          notes.add("chain: " + result.reason().word());
        }
        return new PeerVerification(
            new Verdict.Verified(Verdict.IdentifiedBy.PIN, pin.toString()),
            new Proof(result.reason() == null, null),
            notes);
      }
    }
    if (result.reason() != null) {
      return new PeerVerification(new Verdict.Untrusted(result.reason()), result.notes());
    }
    Optional<Domain> name = NameCheck.match(leaf, references.names());
    if (name.isPresent()) {
      return new PeerVerification(
          new Verdict.Verified(Verdict.IdentifiedBy.NAME, name.get().name()), result.notes());
    }
    if (references.names().isEmpty()) {
      return new PeerVerification(new Verdict.Trusted(), result.notes());
    }
    List<String> notes = new ArrayList<>(result.notes());
    notes.add(mismatch(leaf));
    return new PeerVerification(new Verdict.Trusted(), notes);
  }

  /** The names are the peer's text: only plain ones are shown. */
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

  private ChainCheck.ChainResult checkChain(
      List<X509Certificate> chain, TrustRoots roots, PeerRole role, Instant now) {
    List<X509Certificate> looked = truncated(chain);
    PreparedRoots prepared = anchors.get(roots, PreparedRoots::new);
    String hash = hash(looked);
    if (hash == null) {
      return ChainCheck.check(looked, prepared, role, now);
    }
    Key key = new Key(hash, prepared, role);
    Remembered known = memory.getIfPresent(key);
    if (known != null && known.span().contains(now)) {
      return known.result();
    }
    ChainCheck.ChainResult result = ChainCheck.check(looked, prepared, role, now);
    memory.put(
        key,
        new Remembered(
            result, span(looked, prepared.lastBoundary(now), prepared.nextBoundary(now), now)));
    return result;
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

  private static Span span(
      List<X509Certificate> chain, Instant lastBoundary, Instant nextBoundary, Instant now) {
    Instant from = lastBoundary;
    Instant until = nextBoundary;
    for (X509Certificate certificate : chain) {
      for (Instant boundary : PreparedRoots.boundaries(certificate)) {
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
