package org.sealwax.assess.receiver;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerMessage.FieldParameters;
import org.sealwax.mail.tls.wire.SignatureScheme;
import org.sealwax.mail.tls.wire.TlsSuite.Exchange;

/** Groups, fields and signatures of the key exchange. */
final class KeyExchangeProbes {
  /** Primes that many servers share, by the first half of SHA-256 of their hex. */
  private static final Map<String, String> COMMON = common();

  private final AddressScan scan;
  private final FindingLog findings;
  private boolean smallAsked;
  private boolean brokenAsked;
  private boolean fieldsAsked;
  private boolean fieldsCompared;

  KeyExchangeProbes(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  private static Map<String, String> common() {
    Map<String, String> all = new TreeMap<>();
    for (String row : ResourceTable.rows("primes.tsv")) {
      String[] parts = row.split("\t", -1);
      all.put(parts[0], parts[2]);
    }
    return Map.copyOf(all);
  }

  private boolean hasOld() {
    return scan.speaksOld().orElse(false);
  }

  /** Whether it is known that there is nothing before TLS 1.3. */
  private boolean only13() {
    return !scan.speaksOld().orElse(true);
  }

  /** Curves that are too small, by a ClientHello that offers nothing else. */
  void smallCurves() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("small curves");
    if (!hasOld()) {
      smallAsked = only13();
      return;
    }
    HelloResponse answer =
        scan.anyOf(
            scan.oldVersion(),
            ClientHelloOffers.secure(s -> s.exchange() == Exchange.ECDHE),
            ClientHelloOffers.SMALL_CURVES,
            ClientHelloOffers.SCHEMES);
    smallAsked = answer.settled();
  }

  /** SHA-1 and MD5, by a ClientHello that offers nothing else (RFC 9155). */
  void brokenHashes() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("signatures");
    if (scan.oldVersion() < Records.TLS12 || !hasOld()) {
      brokenAsked = hasOld() || only13();
      return;
    }
    HelloResponse answer =
        scan.anyOf(
            Records.TLS12,
            ClientHelloOffers.secure(
                s -> s.exchange() == Exchange.ECDHE || s.exchange() == Exchange.DHE),
            ClientHelloOffers.CURVES,
            ClientHelloOffers.BROKEN_SCHEMES);
    brokenAsked = answer.settled();
  }

  /** Finite fields: the answer to a ClientHello with nothing but DHE shows the prime. */
  void fields() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("Diffie-Hellman");
    if (!hasOld() || !scan.facts().fields().isEmpty()) {
      fieldsAsked = hasOld() || only13();
      return;
    }
    HelloResponse answer =
        scan.anyOf(scan.oldVersion(), ClientHelloOffers.secure(s -> s.exchange() == Exchange.DHE));
    fieldsAsked = answer.settled();
  }

  /** A second probe of the value: one that comes again is kept (Raccoon). */
  void fieldsAgain() throws ProbeFailed, InterruptedException {
    List<Integer> known = scan.facts().oldSuites(s -> s.exchange() == Exchange.DHE && !s.export());
    fieldsCompared = known.isEmpty() || scan.anyOf(scan.oldVersion(), known).accepted();
  }

  /** Reports what is known by now. */
  void report() {
    groups();
    hashes();
    for (FieldParameters field : scan.facts().fields()) {
      field(field);
    }
    if (scan.facts().fields().isEmpty() && fieldsAsked) {
      findings.pass("kex.dh", "no finite field Diffie-Hellman is accepted");
    }
    raccoon();
  }

  /** CVE-2020-1968: a value that serves more than one connection. */
  private void raccoon() {
    ServerFacts facts = scan.facts();
    boolean fixed = facts.acceptedOld(s -> s.exchange() == Exchange.DH);
    if (fixed || facts.repeatsValues()) {
      findings.add(
          "vuln.raccoon",
          fixed ? CheckOutcome.FAIL : CheckOutcome.WARN,
          "vulnerable",
          fixed
              ? "static Diffie-Hellman is accepted"
              : "the same Diffie-Hellman value was used on two connections");
    } else if (facts.fields().isEmpty() && fieldsAsked) {
      findings.pass("vuln.raccoon", "no finite field Diffie-Hellman is accepted");
    } else if (!facts.fields().isEmpty() && fieldsCompared) {
      findings.pass("vuln.raccoon", "no Diffie-Hellman value was used twice");
    }
  }

  private void groups() {
    ServerFacts facts = scan.facts();
    List<String> small = new ArrayList<>();
    boolean p224 = false;
    List<String> names = new ArrayList<>();
    for (int id : facts.groups()) {
      Optional<NamedGroup> group = NamedGroup.of(id);
      if (group.isEmpty() || group.get().kind() != NamedGroup.Kind.ELLIPTIC) {
        continue;
      }
      names.add(group.get().label());
      if (group.get().bits() < 112) {
        small.add(group.get().label());
      } else if (group.get().bits() == 112) {
        p224 = true;
      }
    }
    boolean custom = facts.oddParameters().stream().anyMatch(w -> w.startsWith("curve of type"));
    if (!small.isEmpty()) {
      findings.fail("kex.groups", "small", "accepted: " + String.join(", ", small));
    }
    if (custom) {
      findings.fail("kex.groups", "custom", "the server uses explicit curve parameters");
    }
    if (small.isEmpty() && !custom && p224) {
      findings.warn("kex.groups", "p224", "a curve of 224 bits is accepted");
    } else if (small.isEmpty() && !custom && smallAsked) {
      findings.pass(
          "kex.groups", names.isEmpty() ? "no small curve is accepted" : String.join(", ", names));
    }
  }

  private void hashes() {
    List<String> sha1 = new ArrayList<>();
    List<String> md5 = new ArrayList<>();
    boolean sha224 = false;
    for (int id : scan.facts().schemes()) {
      String hash = SignatureScheme.of(id).map(SignatureScheme::hash).orElse("");
      switch (hash) {
        case "sha1" -> sha1.add(SignatureScheme.name(id));
        case "md5" -> md5.add(SignatureScheme.name(id));
        case "sha224" -> sha224 = true;
        default -> {
          // Sound.
        }
      }
    }
    if (!md5.isEmpty()) {
      findings.fail("kex.hash", "md5", "signs with " + String.join(", ", md5));
    }
    if (!sha1.isEmpty()) {
      findings.fail("kex.hash", "sha1", "signs with " + String.join(", ", sha1));
    }
    if (md5.isEmpty() && sha1.isEmpty() && sha224) {
      findings.warn("kex.hash", "sha224", "signs with SHA-224");
    } else if (md5.isEmpty() && sha1.isEmpty() && brokenAsked) {
      findings.pass(
          "kex.hash", "does not sign with SHA-1 or MD5, even when nothing else is offered");
    }
  }

  private void field(FieldParameters field) {
    String common = COMMON.getOrDefault(digest(field.prime()), "");
    int bits = field.bits();
    String seen =
        bits + " bits" + (common.isEmpty() ? ", a custom prime" : ", the prime of " + common);
    FindingEvidence evidence =
        FindingEvidence.note("prime " + field.prime() + " generator " + field.generator());
    if (bits <= 512) {
      findings.fail("kex.dh", "export", seen, evidence);
    } else if (bits < 1024) {
      findings.fail("kex.dh", "below-1024", seen, evidence);
    } else if (bits == 1024) {
      findings.fail("kex.dh", "1024", seen, evidence);
    } else if (bits < 2048) {
      findings.fail("kex.dh", "below-2048", seen, evidence);
    } else if (bits < 3072 && !common.startsWith("RFC 7919")) {
      findings.warn("kex.dh", common.isEmpty() ? "2048" : "2048-common", seen, evidence);
    } else {
      findings.pass("kex.dh", seen, evidence);
    }
  }

  private static String digest(String prime) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(prime.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** All groups and suites of TLS 1.3 and before, one of each with every answer. */
  void enumerate() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("the rest of the suites and groups");
    if (scan.facts().knownToSpeak(Records.TLS13)) {
      enumerate13();
    }
    if (hasOld()) {
      enumerateOld();
    }
  }

  private void enumerate13() throws ProbeFailed, InterruptedException {
    List<Integer> suites = new ArrayList<>(ClientHelloOffers.TLS13);
    List<Integer> groups = new ArrayList<>(ClientHelloOffers.GROUPS13);
    int round = 0;
    while (round++ < ClientHelloOffers.TLS13.size() + ClientHelloOffers.GROUPS13.size()) {
      boolean noSuites = suites.isEmpty();
      boolean noGroups = groups.isEmpty();
      if (noSuites && noGroups) {
        return;
      }
      List<Integer> knownSuites =
          List.copyOf(scan.facts().suites().getOrDefault(Records.TLS13, java.util.Set.of()));
      List<Integer> knownGroups =
          scan.facts().groups().stream().filter(ClientHelloOffers.GROUPS13::contains).toList();
      HelloResponse answer =
          scan.ask(scan.new13(noSuites ? knownSuites : suites, noGroups ? knownGroups : groups));
      Optional<ServerMessage.ServerHello> hello = answer.hello();
      if (hello.isEmpty()) {
        if (!answer.refused() || noSuites || noGroups || knownSuites.isEmpty()) {
          return;
        }
        // One of the two has come to its end: the suites with all groups will say which.
        HelloResponse closing = scan.ask(scan.new13(suites, ClientHelloOffers.GROUPS13));
        if (closing.accepted()) {
          suites.remove(/* element */ (Integer) closing.hello().get().suite());
          groups.clear();
        } else {
          suites.clear();
        }
        continue;
      }
      boolean moved = suites.remove(/* element */ (Integer) hello.get().suite());
      moved |= groups.remove(/* element */ (Integer) hello.get().group());
      if (!moved) {
        return;
      }
    }
  }

  private void enumerateOld() throws ProbeFailed, InterruptedException {
    int version = scan.oldVersion();
    List<Integer> suites =
        new ArrayList<>(ClientHelloOffers.usable(version, ClientHelloOffers.secure(s -> true)));
    List<Integer> groups = new ArrayList<>(ClientHelloOffers.CURVES);
    List<Integer> schemes = new ArrayList<>(ClientHelloOffers.SCHEMES);
    suites.removeAll(scan.facts().oldSuites());
    boolean closing = false;
    while (!suites.isEmpty()) {
      HelloResponse answer =
          scan.anyOf(
              version,
              suites,
              closing ? ClientHelloOffers.CURVES : groups,
              closing ? ClientHelloOffers.SCHEMES : schemes);
      Optional<ServerMessage.ServerHello> hello = answer.hello();
      if (hello.isEmpty()) {
        if (closing || !answer.refused()) {
          return;
        }
        closing = true;
        continue;
      }
      if (!suites.remove(/* element */ (Integer) hello.get().suite())) {
        return;
      }
      // The curve of an EC certificate must stay, or no suite of its key is left.
      scan.facts().groups().stream()
          .filter(id -> id != NamedGroup.SECP256R1)
          .forEach(groups::remove);
      if (groups.isEmpty() || schemes.size() < 2) {
        closing = true;
      }
    }
  }
}
