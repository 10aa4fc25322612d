package org.sealwax.router.certs;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/** A reason for which a sender that verifies this server would not deliver mail to it. */
sealed interface PairDefect {
  /**
   * No TLSA record matches: a sender with DANE defers its mail (RFC 7672 2.2).
   *
   * @param host an MX host
   * @param server that has the records
   */
  record NoTlsaMatch(Domain host, String server) implements PairDefect {
    @Override
    public String text() {
      return "no TLSA record of " + host + " at " + server + " matches";
    }

    @Override
    public boolean isSame(PairDefect other) {
      return equals(other);
    }
  }

  /**
   * Expired, or not valid yet: a sender with MTA-STS defers its mail (RFC 8461 4.2).
   *
   * @param text which of the two
   */
  record OutsideValidity(String text) implements PairDefect {
    @Override
    public boolean isSame(PairDefect other) {
      return other instanceof OutsideValidity;
    }
  }

  /**
   * No public root vouches for it: likewise.
   *
   * @param text the reason
   */
  record NotTrusted(String text) implements PairDefect {
    @Override
    public boolean isSame(PairDefect other) {
      return other instanceof NotTrusted;
    }
  }

  /**
   * It is not for the name of an MX host: likewise.
   *
   * @param host the name
   */
  record OtherName(Domain host) implements PairDefect {
    @Override
    public String text() {
      return "the certificate is not for " + host;
    }

    @Override
    public boolean isSame(PairDefect other) {
      return equals(other);
    }
  }

  /** {@return the defect in words} */
  String text();

  /** {@return whether the same senders reject the other one: the reason may differ} */
  boolean isSame(PairDefect other);

  /** {@return what is in {@code these} and not in {@code those}} */
  static Set<PairDefect> without(Set<PairDefect> these, Set<PairDefect> those) {
    Set<PairDefect> left = new LinkedHashSet<>();
    these.stream().filter(d -> those.stream().noneMatch(d::isSame)).forEach(left::add);
    return left;
  }

  /**
   * {@return the defects that senders would find at a time}
   *
   * @param published what the DNS has
   * @param roots the public roots, as a sender with MTA-STS has them
   * @param at the time of the delivery
   */
  static Set<PairDefect> of(
      Identity pair,
      PublishedNames published,
      TrustRoots roots,
      PeerVerifier verifier,
      Instant at) {
    Set<PairDefect> found = new LinkedHashSet<>();
    for (PublishedNames.TlsaView view : published.views()) {
      // RFC 7672 2.2, 3.1.3: usages 0 and 1 are unusable, and with such records alone a sender
      // encrypts without identifying the server.
      if (view.state() instanceof DaneState.Usable usable) {
        PeerVerification seen =
            verifier.verify(
                pair.chain(), references(roots, usable.associations()), PeerRole.SERVER, at);
        if (seen.proof().association() == null) {
          found.add(new NoTlsaMatch(view.host(), view.server()));
        }
      }
    }
    Instant begin = pair.leaf().getNotBefore().toInstant();
    if (at.isAfter(pair.expires())) {
      found.add(new OutsideValidity("the certificate expired on " + pair.expires()));
    } else if (at.isBefore(begin)) {
      found.add(new OutsideValidity("the certificate is valid only from " + begin));
    } else if (verifier
            .verify(pair.chain(), references(roots, TlsaAssociations.NONE), PeerRole.SERVER, at)
            .verdict()
        instanceof Verdict.Untrusted untrusted) {
      found.add(new NotTrusted("by public roots the chain is " + untrusted.reason().word()));
    }
    for (Domain host : published.hosts()) {
      if (NameCheck.match(pair.leaf(), List.of(host)).isEmpty()) {
        found.add(new OtherName(host));
      }
    }
    return found;
  }

  private static ReferenceIdentity references(TrustRoots roots, TlsaAssociations associations) {
    return new ReferenceIdentity(List.of(), Set.of(), roots, associations);
  }
}
