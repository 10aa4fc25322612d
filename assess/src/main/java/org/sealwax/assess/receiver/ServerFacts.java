package org.sealwax.assess.receiver;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AddressFacts;
import org.sealwax.assess.tlsclient.ScanHandshakeFacts;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerMessage.FieldParameters;
import org.sealwax.mail.tls.wire.TlsSuite;

/** Everything that answers showed, whatever they were asked for. */
final class ServerFacts {
  private final AddressFacts addressFacts;
  private final Map<Integer, Boolean> versions = new TreeMap<>();
  private final Map<Integer, Set<Integer>> suites = new TreeMap<>();
  private final Set<Integer> groups = new LinkedHashSet<>();
  private final Set<Integer> schemes = new LinkedHashSet<>();
  private final Map<String, FieldParameters> fields = new LinkedHashMap<>();
  private final Set<String> repeatedValues = new LinkedHashSet<>();
  private final Set<String> seenValues = new LinkedHashSet<>();
  private final Set<String> seenLeaves = new LinkedHashSet<>();
  private final List<String> oddParameters = new ArrayList<>();
  private final Map<Integer, Boolean> extensions = new TreeMap<>();
  private final Map<String, X509Certificate> leaves = new LinkedHashMap<>();
  private ServerMessage.@Nullable CertificateRequest request;
  private boolean compression;
  private boolean helloAnswered;

  ServerFacts(AddressFacts facts) {
    this.addressFacts = facts;
  }

  /** Notes what an answer shows; an answer without ServerHello shows nothing here. */
  void note(HelloResponse answer) {
    Optional<ServerMessage.ServerHello> found = answer.hello();
    if (found.isEmpty()) {
      return;
    }
    ServerMessage.ServerHello hello = found.get();
    addressFacts.speaksTls();
    version(hello.version(), true);
    suites(hello.version()).add(hello.suite());
    if (hello.group() >= 0) {
      groups.add(hello.group());
    }
    if (hello.version() <= 0x0303) {
      helloAnswered = true;
      compression |= hello.compression() != 0;
      for (int extension :
          new int[] {
            ClientHelloBuilder.RENEGOTIATION_INFO,
            ClientHelloBuilder.EXTENDED_MASTER_SECRET,
            ClientHelloBuilder.SESSION_TICKET,
            ClientHelloBuilder.HEARTBEAT
          }) {
        if (hello.has(extension)) {
          extensions.put(extension, true);
        }
      }
    }
    List<String> chain = List.of();
    for (ServerMessage message : answer.reader().messages()) {
      switch (message) {
        case ServerMessage.Certificates certificates -> chain = certificates.chain();
        case ServerMessage.StapledStatus staple -> chain(chain, staple.response());
        case ServerMessage.CurveParameters curve -> {
          groups.add(curve.group());
          scheme(curve.scheme());
        }
        case FieldParameters field -> {
          // OpenSSL has a smaller field of its own for anonymous suites (80 bits of security, as
          // their AES-128 without authentication is worth); suite.anon reports those.
          if (TlsSuite.of(hello.suite()).map(ServerFacts::authenticated).orElse(true)) {
            fields.putIfAbsent(field.prime(), field);
          }
          scheme(field.scheme());
          if (!seenValues.add(field.value())) {
            repeatedValues.add(field.value());
          }
        }
        case ServerMessage.ExportKey key -> {}
        case ServerMessage.OddParameters odd -> oddParameters.add(odd.why());
        case ServerMessage.CertificateRequest asked -> request = asked;
        case ServerMessage.ServerHello h -> {}
        case ServerMessage.Done d -> {}
        case ServerMessage.Other o -> {}
      }
    }
    chain(chain, null);
  }

  private static boolean authenticated(TlsSuite suite) {
    return suite.authentication() != TlsSuite.Authentication.ANONYMOUS;
  }

  private void scheme(int scheme) {
    if (scheme >= 0) {
      schemes.add(scheme);
    }
  }

  /** Notes what an engine's handshake showed. */
  void note(ScanHandshakeFacts facts) {
    if (facts.version() == 0) {
      return;
    }
    addressFacts.speaksTls();
    version(facts.version(), true);
    if (facts.suite() >= 0) {
      suites(facts.version()).add(facts.suite());
    }
    if (facts.group() >= 0) {
      groups.add(facts.group());
    }
    chain(facts.chain(), facts.staple());
  }

  /** Passes a chain to the certificate review. */
  private void chain(List<String> chain, @Nullable String staple) {
    if (chain.isEmpty() || staple == null && !seenLeaves.add(chain.getFirst())) {
      // Most answers bring the chain of the one before; to parse it costs more than all the rest.
      return;
    }
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> all = new ArrayList<>();
      for (String der : chain) {
        byte[] bytes = HexFormat.of().parseHex(der);
        all.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(bytes)));
      }
      String type = all.getFirst().getPublicKey().getAlgorithm();
      leaves.putIfAbsent(type, all.getFirst());
      addressFacts.chain(type, all);
      if (staple != null) {
        addressFacts.staple(type, HexFormat.of().parseHex(staple));
      }
    } catch (CertificateException | RuntimeException e) {
      oddParameters.add("a certificate that does not parse");
    }
  }

  void version(int version, boolean spoken) {
    versions.merge(version, spoken, (a, b) -> a || b);
    if (spoken) {
      addressFacts.version(TlsVersionNames.label(version));
    }
  }

  private Set<Integer> suites(int version) {
    return suites.computeIfAbsent(version, v -> new LinkedHashSet<>());
  }

  /** Whether a version is supported; empty when that is not known. */
  Optional<Boolean> speaks(int version) {
    return Optional.ofNullable(versions.get(version));
  }

  /** Whether it is known that a version is supported. */
  boolean knownToSpeak(int version) {
    return versions.getOrDefault(version, false);
  }

  /**
   * The highest version known to be supported, up to a limit, of those with the same form of
   * ClientHello: SSL 3.0 and newer. 0 when none is.
   */
  int highest(int limit) {
    int best = 0;
    for (Map.Entry<Integer, Boolean> entry : versions.entrySet()) {
      if (entry.getValue() && entry.getKey() <= limit && entry.getKey() >= Records.SSL3) {
        best = Math.max(best, entry.getKey());
      }
    }
    return best;
  }

  /** Suites accepted in any version before TLS 1.3. */
  Set<Integer> oldSuites() {
    Set<Integer> all = new LinkedHashSet<>();
    suites.forEach(
        (version, some) -> {
          if (version < 0x0304) {
            all.addAll(some);
          }
        });
    return all;
  }

  /** Those of a kind. */
  List<Integer> oldSuites(Predicate<TlsSuite> kind) {
    return oldSuites().stream().filter(id -> TlsSuite.of(id).filter(kind).isPresent()).toList();
  }

  /** Whether any suite accepted in a version is of a kind. */
  boolean accepts(int version, Predicate<TlsSuite> kind) {
    return suites.getOrDefault(version, Set.of()).stream()
        .anyMatch(id -> TlsSuite.of(id).filter(kind).isPresent());
  }

  /** Suites accepted, by version. */
  Map<Integer, Set<Integer>> suites() {
    return suites;
  }

  /** Whether any accepted suite before TLS 1.3 is of a kind. */
  boolean acceptedOld(Predicate<TlsSuite> kind) {
    return !oldSuites(kind).isEmpty();
  }

  Set<Integer> groups() {
    return groups;
  }

  Set<Integer> schemes() {
    return schemes;
  }

  List<FieldParameters> fields() {
    return List.copyOf(fields.values());
  }

  /**
   * Whether a raw ClientHello of TLS 1.2 or below was answered: only those show their extensions.
   */
  boolean helloAnswered() {
    return helloAnswered;
  }

  boolean repeatsValues() {
    return !repeatedValues.isEmpty();
  }

  List<String> oddParameters() {
    return oddParameters;
  }

  /** Whether an extension was ever answered before TLS 1.3. */
  boolean answers(int extension) {
    return extensions.getOrDefault(extension, false);
  }

  boolean compresses() {
    return compression;
  }

  Optional<ServerMessage.CertificateRequest> request() {
    return Optional.ofNullable(request);
  }

  /** The leaf whose key has an algorithm. */
  Optional<X509Certificate> leaf(String algorithm) {
    return Optional.ofNullable(leaves.get(algorithm));
  }

  Set<String> leafTypes() {
    return leaves.keySet();
  }
}
