package org.sealwax.mail.policy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * What must hold before mail may go to one host: independent axes, not one scale.
 *
 * @param encryption whether TLS is required
 * @param identity demands on the peer, all of which must hold; empty: any peer is accepted
 * @param plaintextFallback when plaintext may replace TLS; {@code NEVER} whenever encryption is
 *     {@code ALWAYS}
 * @param floor lowest acceptable TLS
 * @param mxFilter which hosts may be used
 * @param statedLevel the word for the log token: that of the strongest source
 * @param presentation what we send about ourselves; no axis: nothing gets weaker or stronger by it
 * @param requireTls whether the host must offer REQUIRETLS and receives the REQUIRETLS parameter
 *     (RFC 8689 4.2)
 * @param remembered whether only the ledger stands between this mail and something weaker: such
 *     mail is finally held, never bounced
 * @param because the evidence that led here, one line each
 */
public record Requirement(
    TlsUse encryption,
    Set<IdentityRequirement> identity,
    PlaintextFallback plaintextFallback,
    TlsFloor floor,
    MxFilter mxFilter,
    TlsLevel statedLevel,
    TlsPresentation presentation,
    boolean requireTls,
    boolean remembered,
    List<String> because) {
  /** Whether TLS is used; each value is stricter than the one before. */
  public enum TlsUse {
    /** Never. */
    NEVER,
    /** TLS where the host offers it. */
    IF_OFFERED,
    /** No mail without TLS. */
    ALWAYS
  }

  /** When mail may go out unencrypted; each value is stricter than the one before. */
  public enum PlaintextFallback {
    /** When TLS is not offered: at once. When it is offered and broken: after the hold. */
    AT_ONCE,
    /** Only after the hold. */
    AFTER_HOLD,
    /** Never. */
    NEVER
  }

  /**
   * The server name and client certificate that we send to the host.
   *
   * @param serverName SNI instead of the host's name, or null
   * @param clientCertificate whether our certificate is shown when asked for
   */
  public record TlsPresentation(@Nullable Domain serverName, boolean clientCertificate) {
    /** The host's name, and our certificate when asked. */
    public static final TlsPresentation USUAL = new TlsPresentation(null, true);
  }

  /** Copies, and checks what must never disagree. */
  public Requirement {
    identity = Set.copyOf(identity);
    because = RequirementOrigins.copyOf(because);
    if (encryption == TlsUse.ALWAYS && plaintextFallback != PlaintextFallback.NEVER) {
      throw new IllegalArgumentException("a requirement of encryption has no plaintext fallback");
    }
    if (encryption != TlsUse.ALWAYS && !identity.isEmpty()) {
      throw new IllegalArgumentException("a required identity needs encryption always");
    }
  }

  /** {@return whether a byte of mail unencrypted would break this requirement} */
  public boolean demandsTls() {
    return encryption == TlsUse.ALWAYS;
  }

  /**
   * {@return why no host can ever meet this, whatever it shows; empty when one can: a name where
   * none is known, certificates by different CAs, or keys of which one server has at most one}
   */
  public Optional<String> contradiction() {
    Set<String> roots = new HashSet<>();
    Set<Pin> pins = null;
    for (IdentityRequirement demand : identity) {
      switch (demand) {
        case IdentityRequirement.Pkix pkix -> {
          roots.add(pkix.roots());
          if (pkix.names().isEmpty()) {
            return Optional.of("a certificate is required, but the host has no name to verify");
          }
        }
        case IdentityRequirement.Pinned pinned -> {
          pins = new HashSet<>(pins == null ? pinned.pins() : pins);
          pins.retainAll(pinned.pins());
        }
        case IdentityRequirement.Tlsa t -> {}
      }
    }
    if (pins != null && pins.isEmpty()) {
      return Optional.of("one host is required to have different keys");
    }
    // One handshake is judged against one set of roots; the other demand would stay unproven.
    return roots.size() > 1
        ? Optional.of("one host is required to have certificates of different CAs")
        : Optional.empty();
  }

  /**
   * Identities that a peer is checked against, so that its verdict answers this requirement.
   *
   * @param undemanded names that are judged where the requirement demands no identity: of hosts
   *     that the admin named. A host from an MX record is not among them: its name comes from
   *     unvalidated DNS, and "verified" would be an unchecked claim
   * @param roots certificate authorities by name; those of {@link IdentityRequirement#PUBLIC_ROOTS}
   *     among them
   * @return names, pins, authorities and TLSA records
   * @throws IllegalArgumentException when the requirement names authorities that {@code roots}
   *     lacks
   */
  public ReferenceIdentity references(List<Domain> undemanded, Map<String, TrustRoots> roots) {
    List<Domain> names = new ArrayList<>(identity.isEmpty() ? undemanded : List.of());
    Set<Pin> pins = Set.of();
    TlsaAssociations associations = TlsaAssociations.NONE;
    String authorities = IdentityRequirement.PUBLIC_ROOTS;
    for (IdentityRequirement demand : identity) {
      switch (demand) {
        case IdentityRequirement.Pkix pkix -> {
          names.addAll(pkix.names());
          authorities = pkix.roots();
        }
        case IdentityRequirement.Pinned pinned -> pins = pinned.pins();
        case IdentityRequirement.Tlsa tlsa -> associations = tlsa.associations();
      }
    }
    TrustRoots anchors = roots.get(authorities);
    if (anchors == null) {
      throw new IllegalArgumentException("no roots named " + authorities);
    }
    // A verdict by pin would hide whether the name holds; the policy looks at pins by itself.
    return new ReferenceIdentity(names, names.isEmpty() ? pins : Set.of(), anchors, associations);
  }

  /**
   * {@return whether this is at least as strict as {@code other} on every axis}
   *
   * @param other the one to compare with
   */
  public boolean isAtLeast(Requirement other) {
    return encryption.compareTo(other.encryption) >= 0
        && identity.containsAll(other.identity)
        && plaintextFallback.compareTo(other.plaintextFallback) >= 0
        && mxFilter.isAtLeast(other.mxFilter)
        && (requireTls || !other.requireTls)
        && (encryption == TlsUse.NEVER
            || other.encryption != encryption
            || floor.lowest().compareTo(other.floor.lowest()) >= 0);
  }

  /** The weakest requirement that is at least as strict as both. */
  Requirement and(Requirement other) {
    boolean stronger = other.statedLevel.compareTo(statedLevel) > 0;
    return new Requirement(
        max(encryption, other.encryption),
        both(identity, other.identity),
        max(plaintextFallback, other.plaintextFallback),
        stricterFloor(other),
        mxFilter.and(other.mxFilter),
        max(statedLevel, other.statedLevel),
        new TlsPresentation(
            presentation.serverName != null
                ? presentation.serverName
                : other.presentation.serverName,
            presentation.clientCertificate && other.presentation.clientCertificate),
        requireTls || other.requireTls,
        remembered || other.remembered,
        stronger
            ? RequirementOrigins.both(other.because, because)
            : RequirementOrigins.both(because, other.because));
  }

  private static Set<IdentityRequirement> both(
      Set<IdentityRequirement> a, Set<IdentityRequirement> b) {
    if (b.isEmpty()) {
      return a;
    }
    if (a.isEmpty()) {
      return b;
    }
    Set<IdentityRequirement> both = new HashSet<>(a);
    both.addAll(b);
    return both;
  }

  /** The same, and the host must offer REQUIRETLS. */
  Requirement withRequireTls() {
    return new Requirement(
        encryption,
        identity,
        plaintextFallback,
        floor,
        mxFilter,
        statedLevel,
        presentation,
        true,
        remembered,
        because);
  }

  /** The same, and nothing below {@code least} where there is TLS. */
  Requirement withFloor(TlsFloor least) {
    return least.lowest().compareTo(floor.lowest()) <= 0
        ? this
        : new Requirement(
            encryption,
            identity,
            plaintextFallback,
            least,
            mxFilter,
            statedLevel,
            presentation,
            requireTls,
            remembered,
            because);
  }

  /** The same, with the ledger as the only reason for part of it. */
  Requirement asRemembered() {
    return new Requirement(
        encryption,
        identity,
        plaintextFallback,
        floor,
        mxFilter,
        statedLevel,
        presentation,
        requireTls,
        true,
        because);
  }

  private TlsFloor stricterFloor(Requirement other) {
    // The floor of "if offered" does not apply to what "always" accepts, so it neither raises nor
    // lowers the floor of a source that demands more.
    if (encryption != other.encryption) {
      return encryption.compareTo(other.encryption) > 0 ? floor : other.floor;
    }
    return floor.lowest().compareTo(other.floor.lowest()) >= 0 ? floor : other.floor;
  }

  private static <T extends Enum<T>> T max(T a, T b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  /**
   * {@return a stable text of all axes: equal keys mean equal requirements (pools, session
   * resumption)}
   */
  public String key() {
    TreeSet<String> demands = new TreeSet<>();
    for (IdentityRequirement demand : identity) {
      demands.add(demand.key());
    }
    return encryption
        + " "
        + String.join("+", demands)
        + " "
        + plaintextFallback
        + " "
        + floor.lowest().label()
        + " "
        + presentation.serverName
        + " "
        + presentation.clientCertificate
        + " "
        + requireTls;
  }
}
