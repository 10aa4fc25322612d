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
import org.sealwax.mail.tls.wire.TlsSuite;
import org.sealwax.mail.tls.wire.TlsSuite.Authentication;
import org.sealwax.mail.tls.wire.TlsSuite.Bulk;
import org.sealwax.mail.tls.wire.TlsSuite.Exchange;

/** What is offered in ClientHellos: suites by class, groups, schemes; all out of the registers. */
final class ClientHelloOffers {
  /** Classes of suites that no server should accept. */
  enum WeakSuiteClass {
    NULL("suite.null"),
    ANON("suite.anon"),
    EXPORT("suite.export"),
    RC4("suite.rc4"),
    DES("suite.des"),
    TRIPLE_DES("suite.3des"),
    SMALL("suite.64bit");

    private final String check;

    WeakSuiteClass(String check) {
      this.check = check;
    }

    String check() {
      return check;
    }

    private static final Map<Integer, Set<WeakSuiteClass>> KNOWN =
        TlsSuite.all().stream()
            .collect(Collectors.toMap(TlsSuite::id, s -> Collections.unmodifiableSet(classes(s))));

    /** Classes of one suite; of an export suite only that. */
    static Set<WeakSuiteClass> of(TlsSuite suite) {
      Set<WeakSuiteClass> known = KNOWN.get(suite.id());
      return known == null ? classes(suite) : known;
    }

    private static Set<WeakSuiteClass> classes(TlsSuite suite) {
      if (suite.export()) {
        return EnumSet.of(EXPORT);
      }
      Set<WeakSuiteClass> all = EnumSet.noneOf(WeakSuiteClass.class);
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

  private static final List<TlsSuite> OLD =
      TlsSuite.all().stream()
          .filter(s -> !s.tls13() && s.certificateOrAnonymous())
          .filter(s -> s.bulk() != Bulk.SM4)
          .sorted(
              Comparator.comparing((TlsSuite s) -> !WeakSuiteClass.of(s).isEmpty())
                  .thenComparing(s -> !s.forwardSecret())
                  .thenComparing(s -> !s.aead())
                  .thenComparing(s -> s.bulk() != Bulk.AES && s.bulk() != Bulk.CHACHA20)
                  .thenComparing(s -> s.authentication() == Authentication.DSS))
          .toList();

  private static final List<TlsSuite> SECURE_SUITES =
      OLD.stream().filter(s -> WeakSuiteClass.of(s).isEmpty()).toList();

  /** All suites of TLS 1.3. */
  static final List<Integer> TLS13 =
      TlsSuite.all().stream().filter(TlsSuite::tls13).map(TlsSuite::id).toList();

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

  private ClientHelloOffers() {}

  private static List<Integer> groups(Predicate<NamedGroup> wanted) {
    return NamedGroup.all().stream().filter(wanted).map(NamedGroup::id).toList();
  }

  /** Suites before TLS 1.3 of some kind, better ones first. */
  static List<Integer> suites(Predicate<TlsSuite> wanted) {
    return OLD.stream().filter(wanted).map(TlsSuite::id).toList();
  }

  /** Those of sound suites. */
  static List<Integer> secure(Predicate<TlsSuite> wanted) {
    return SECURE_SUITES.stream().filter(wanted).map(TlsSuite::id).toList();
  }

  /** Those that a version may use. */
  static List<Integer> usable(int version, List<Integer> suites) {
    if (version >= 0x0303) {
      return suites;
    }
    return suites.stream()
        .filter(id -> TlsSuite.of(id).map(s -> !s.needsTls12()).orElse(true))
        .filter(
            id ->
                version > 0x0300
                    || TlsSuite.of(id).map(ClientHelloOffers::beforeCurves).orElse(true))
        .toList();
  }

  /** SSL 3.0 ClientHellos have no extensions, so curves cannot be agreed on. */
  private static boolean beforeCurves(TlsSuite suite) {
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
