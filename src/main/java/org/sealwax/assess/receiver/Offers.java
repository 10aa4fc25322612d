package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.SignatureScheme;
import org.sealwax.mail.tls.wire.Suite;
import org.sealwax.mail.tls.wire.Suite.Authentication;
import org.sealwax.mail.tls.wire.Suite.Bulk;
import org.sealwax.mail.tls.wire.Suite.Exchange;

/** What is offered in hellos: suites by class, groups, schemes; all out of the registers. */
final class Offers {
  /** Classes of suites that nobody should accept. */
  enum Weak {
    NULL("suite.null"),
    ANON("suite.anon"),
    EXPORT("suite.export"),
    RC4("suite.rc4"),
    DES("suite.des"),
    TRIPLE_DES("suite.3des"),
    SMALL("suite.64bit");

    private final String check;

    Weak(String check) {
      this.check = check;
    }

    String check() {
      return check;
    }

    private static final Map<Integer, Set<Weak>> KNOWN =
        Suite.all().stream()
            .collect(Collectors.toMap(Suite::id, s -> Collections.unmodifiableSet(classes(s))));

    /** Classes of one suite; of an export suite only that. */
    static Set<Weak> of(Suite suite) {
      Set<Weak> known = KNOWN.get(suite.id());
      return known == null ? classes(suite) : known;
    }

    private static Set<Weak> classes(Suite suite) {
      if (suite.export()) {
        return EnumSet.of(EXPORT);
      }
      Set<Weak> all = EnumSet.noneOf(Weak.class);
      if (suite.authentication() == Authentication.ANONYMOUS) {
        all.add(ANON);
      }
      switch (suite.bulk()) {
        case NULL -> all.add(NULL);
        case RC4 -> all.add(RC4);
        case DES -> all.add(DES);
        case TRIPLE_DES -> all.add(TRIPLE_DES);
        case IDEA, RC2, MAGMA -> all.add(SMALL);
        case SEED, AES, CAMELLIA, ARIA, CHACHA20, SM4, KUZNYECHIK, AEGIS -> {
          // Strong enough.
        }
      }
      return all;
    }
  }

  private static final List<Suite> OLD =
      Suite.all().stream()
          .filter(s -> !s.tls13() && s.certificateOrAnonymous())
          .filter(s -> s.bulk() != Bulk.SM4)
          .sorted(
              Comparator.comparing((Suite s) -> !Weak.of(s).isEmpty())
                  .thenComparing(s -> !s.forwardSecret())
                  .thenComparing(s -> !s.aead())
                  .thenComparing(s -> s.bulk() != Bulk.AES && s.bulk() != Bulk.CHACHA20)
                  .thenComparing(s -> s.authentication() == Authentication.DSS))
          .toList();

  private static final List<Suite> SOUND = OLD.stream().filter(s -> Weak.of(s).isEmpty()).toList();

  /** All suites of TLS 1.3. */
  static final List<Integer> TLS13 =
      Suite.all().stream().filter(Suite::tls13).map(Suite::id).toList();

  /** Curves before TLS 1.3; the finite fields would change what DHE shows (RFC 7919 4). */
  static final List<Integer> CURVES =
      groups(g -> g.kind() == NamedGroup.Kind.ELLIPTIC && g.id() <= 30);

  /** Curves that no server may choose: below 112 bits, or made up by itself. */
  static final List<Integer> SMALL_CURVES =
      groups(
          g ->
              g.kind() == NamedGroup.Kind.EXPLICIT
                  || g.kind() == NamedGroup.Kind.ELLIPTIC && g.bits() < 112);

  /** Every group of TLS 1.3, hybrids first. */
  static final List<Integer> GROUPS13 =
      NamedGroup.all().stream()
          .filter(g -> g.kind() != NamedGroup.Kind.EXPLICIT)
          .filter(g -> g.id() >= 23 && (g.id() < 26 || g.id() > 28))
          .sorted(Comparator.comparing((NamedGroup g) -> !g.postQuantum()))
          .map(NamedGroup::id)
          .toList();

  /** Groups that resist a quantum computer. */
  static final List<Integer> HYBRIDS = groups(NamedGroup::postQuantum);

  /** All signature schemes, sound ones first. */
  static final List<Integer> SCHEMES =
      SignatureScheme.all().stream()
          .sorted(
              Comparator.comparing(SignatureScheme::brokenHash)
                  .thenComparing(s -> s.label().startsWith("dsa"))
                  .thenComparing(s -> s.hash().equals("sha224")))
          .map(SignatureScheme::id)
          .toList();

  /** Schemes with MD5 and SHA-1. */
  static final List<Integer> BROKEN_SCHEMES =
      SignatureScheme.all().stream()
          .filter(SignatureScheme::brokenHash)
          .map(SignatureScheme::id)
          .toList();

  private Offers() {}

  private static List<Integer> groups(Predicate<NamedGroup> wanted) {
    return NamedGroup.all().stream().filter(wanted).map(NamedGroup::id).toList();
  }

  /** Suites before TLS 1.3 of some kind, better ones first. */
  static List<Integer> suites(Predicate<Suite> wanted) {
    return OLD.stream().filter(wanted).map(Suite::id).toList();
  }

  /** Those of sound suites. */
  static List<Integer> sound(Predicate<Suite> wanted) {
    return SOUND.stream().filter(wanted).map(Suite::id).toList();
  }

  /** Those that a version may use. */
  static List<Integer> usable(int version, List<Integer> suites) {
    if (version >= 0x0303) {
      return suites;
    }
    return suites.stream()
        .filter(id -> Suite.of(id).map(s -> !s.needsTls12()).orElse(true))
        .filter(id -> version > 0x0300 || Suite.of(id).map(Offers::beforeCurves).orElse(true))
        .toList();
  }

  /** SSL 3.0 hellos have no extensions, so curves cannot be agreed on. */
  private static boolean beforeCurves(Suite suite) {
    return suite.exchange() != Exchange.ECDHE && suite.exchange() != Exchange.ECDH;
  }

  /** In portions of at most {@code most}. */
  static List<List<Integer>> portions(List<Integer> suites, int most) {
    List<List<Integer>> all = new ArrayList<>();
    for (int at = 0; at < suites.size(); at += most) {
      all.add(suites.subList(at, Math.min(suites.size(), at + most)));
    }
    return all;
  }
}
