package org.sealwax.mail.dns.validate;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/** Denial by the NSEC3 records of one chain, that is with one salt and one number of iterations. */
final class Nsec3Denial extends DenialOfExistence {
  /**
   * RFC 9276 3.2 lets a validator treat answers with more iterations as insecure. The value is that
   * of Unbound and of BIND before 9.20.
   */
  static final int MAX_ITERATIONS = 150;

  /**
   * To know whether a name is a delegation we hash up to the most that RFC 5155 10.3 allows at all.
   * Otherwise an attacker could make unsigned data of a zone with more than {@link
   * #MAX_ITERATIONS}.
   */
  static final int MAX_CUT_ITERATIONS = 2_500;

  private static final int HASH_LENGTH = 20;
  private static final base32 LABEL = new base32(base32.Alphabet.BASE32HEX, false, false);

  private record Parameters(int iterations, String salt) {}

  private final Name zone;
  private final Verifier verifier;
  private final NSEC3Record first;
  private final Map<Name, Name> hashed = new HashMap<>();

  private Nsec3Denial(ZoneView view, NSEC3Record first) {
    this.zone = view.zone();
    this.verifier = view.verifier();
    this.first = first;
  }

  /**
   * The chains in a message; records of unknown hashes or flags are ignored (RFC 5155 8.1, 8.2).
   */
  static Collection<Nsec3Denial> chains(ZoneView view) {
    Map<Parameters, Nsec3Denial> chains = new LinkedHashMap<>();
    for (ZoneView.VerifiedRrset set : view.singles(Type.NSEC3)) {
      if (set.record() instanceof NSEC3Record r
          && r.getHashAlgorithm() == NSEC3Record.SHA1_DIGEST_ID
          && (r.getFlags() & ~NSEC3Record.Flags.OPT_OUT) == 0
          && set.owner().labels() == view.zone().labels() + 1
          && r.getNext().length == HASH_LENGTH) {
        Parameters key = new Parameters(r.getIterations(), Arrays.toString(r.getSalt()));
        Nsec3Denial chain = chains.computeIfAbsent(key, k -> new Nsec3Denial(view, r));
        boolean optOut = r.getFlags() == NSEC3Record.Flags.OPT_OUT;
        chain.add(new Link(set.owner(), chain.name(r.getNext()), r::hasType, optOut), set.ttl());
      }
    }
    return chains.values();
  }

  @Override
  int iterations() {
    return first.getIterations();
  }

  /** Base32 keeps the order of hashes, so that canonical order of names is that of hashes. */
  private Name name(byte[] hash) {
    try {
      return Name.fromString(LABEL.toString(hash), zone);
    } catch (TextParseException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  Name key(Name name) {
    return hashed.computeIfAbsent(name, n -> name(verifier.hash(first, n)));
  }

  /** The closest encloser proof (RFC 5155 8.3). */
  @Override
  @Nullable Name encloser(Name name) {
    for (Name at = name; !at.equals(zone); ) {
      at = DnsNames.parent(at);
      Bitmap there = at(at);
      if (there != null) {
        return hidesNamesBelow(there) ? null : at;
      }
    }
    return null;
  }
}
