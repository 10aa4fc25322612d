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
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerMessage.FieldParameters;
import org.sealwax.mail.tls.wire.SignatureScheme;
import org.sealwax.mail.tls.wire.Suite;
import org.sealwax.mail.tls.wire.Suite.Exchange;

/** Groups, fields and signatures of the key exchange. */
final class KeyExchanges {
  /** Primes that many servers share, by the first half of SHA-256 of their hex. */
  private static final Map<String, String> COMMON = common();

  private final Scan scan;
  private boolean smallAsked;
  private boolean brokenAsked;
  private boolean fieldsAsked;
  private boolean fieldsCompared;

  KeyExchanges(Scan scan) {
    this.scan = scan;
  }

  private static Map<String, String> common() {
    Map<String, String> all = new TreeMap<>();
    for (String row : Resource.rows("primes.tsv")) {
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

  /** Curves that are too small, by a hello that offers nothing else. */
  void smallCurves() throws Shut, InterruptedException {
    scan.visit().doing("small curves");
    if (!hasOld()) {
      smallAsked = only13();
      return;
    }
    Answer answer =
        scan.anyOf(
            scan.oldVersion(),
            Offers.sound(s -> s.exchange() == Exchange.ECDHE),
            Offers.SMALL_CURVES,
            Offers.SCHEMES);
    smallAsked = answer.accepted() || answer.refused();
  }

  /** SHA-1 and MD5, by a hello that offers nothing else (RFC 9155). */
  void brokenHashes() throws Shut, InterruptedException {
    scan.visit().doing("signatures");
    if (scan.oldVersion() < Records.TLS12 || !hasOld()) {
      brokenAsked = hasOld() || only13();
      return;
    }
    Answer answer =
        scan.anyOf(
            Records.TLS12,
            Offers.sound(s -> s.exchange() == Exchange.ECDHE || s.exchange() == Exchange.DHE),
            Offers.CURVES,
            Offers.BROKEN_SCHEMES);
    brokenAsked = answer.accepted() || answer.refused();
  }

  /** Finite fields: the answer to a hello with nothing but DHE shows the prime. */
  void fields() throws Shut, InterruptedException {
    scan.visit().doing("Diffie-Hellman");
    if (!hasOld() || !scan.book().fields().isEmpty()) {
      fieldsAsked = hasOld() || only13();
      return;
    }
    Answer answer = scan.anyOf(scan.oldVersion(), Offers.sound(s -> s.exchange() == Exchange.DHE));
    fieldsAsked = answer.accepted() || answer.refused();
  }

  /** A second look at the value: one that comes again is kept (Raccoon). */
  void fieldsAgain() throws Shut, InterruptedException {
    List<Integer> known =
        scan.book().oldSuites().stream()
            .filter(
                id ->
                    Suite.of(id)
                        .map(s -> s.exchange() == Exchange.DHE && !s.export())
                        .orElse(false))
            .toList();
    fieldsCompared = known.isEmpty() || scan.anyOf(scan.oldVersion(), known).accepted();
  }

  /** Says what is known by now. */
  void tell() {
    groups();
    hashes();
    for (FieldParameters field : scan.book().fields()) {
      field(field);
    }
    if (scan.book().fields().isEmpty() && fieldsAsked) {
      scan.told().pass("kex.dh", "no finite field Diffie-Hellman is accepted");
    }
    raccoon();
  }

  /** CVE-2020-1968: a value that serves more than one connection. */
  private void raccoon() {
    Notebook book = scan.book();
    boolean fixed = book.acceptedOld(s -> s.exchange() == Exchange.DH);
    if (fixed || book.repeatsValues()) {
      scan.told()
          .say(
              "vuln.raccoon",
              fixed ? Outcome.FAIL : Outcome.WARN,
              "vulnerable",
              fixed
                  ? "static Diffie-Hellman is accepted"
                  : "the same Diffie-Hellman value came on two connections");
    } else if (book.fields().isEmpty() && fieldsAsked) {
      scan.told().pass("vuln.raccoon", "no finite field Diffie-Hellman is accepted");
    } else if (!book.fields().isEmpty() && fieldsCompared) {
      scan.told().pass("vuln.raccoon", "no Diffie-Hellman value came twice");
    }
  }

  private void groups() {
    Notebook book = scan.book();
    List<String> small = new ArrayList<>();
    boolean p224 = false;
    List<String> names = new ArrayList<>();
    for (int id : book.groups()) {
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
    boolean custom = book.oddParameters().stream().anyMatch(w -> w.startsWith("curve of type"));
    if (!small.isEmpty()) {
      scan.told().say("kex.groups", Outcome.FAIL, "small", "accepted: " + String.join(", ", small));
    }
    if (custom) {
      scan.told()
          .say("kex.groups", Outcome.FAIL, "custom", "the server makes up a curve of its own");
    }
    if (small.isEmpty() && !custom && p224) {
      scan.told().say("kex.groups", Outcome.WARN, "p224", "a curve of 224 bits is accepted");
    } else if (small.isEmpty() && !custom && smallAsked) {
      scan.told()
          .pass(
              "kex.groups",
              names.isEmpty() ? "no small curve is accepted" : String.join(", ", names));
    }
  }

  private void hashes() {
    List<String> sha1 = new ArrayList<>();
    List<String> md5 = new ArrayList<>();
    boolean sha224 = false;
    for (int id : scan.book().schemes()) {
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
      scan.told().say("kex.hash", Outcome.FAIL, "md5", "signs with " + String.join(", ", md5));
    }
    if (!sha1.isEmpty()) {
      scan.told().say("kex.hash", Outcome.FAIL, "sha1", "signs with " + String.join(", ", sha1));
    }
    if (md5.isEmpty() && sha1.isEmpty() && sha224) {
      scan.told().say("kex.hash", Outcome.WARN, "sha224", "signs with SHA-224");
    } else if (md5.isEmpty() && sha1.isEmpty() && brokenAsked) {
      scan.told()
          .pass("kex.hash", "does not sign with SHA-1 or MD5, even when nothing else is offered");
    }
  }

  private void field(FieldParameters field) {
    String common = COMMON.getOrDefault(digest(field.prime()), "");
    int bits = field.bits();
    String seen =
        bits + " bits" + (common.isEmpty() ? ", a prime of its own" : ", the prime of " + common);
    Evidence evidence = Evidence.note("prime " + field.prime() + " generator " + field.generator());
    if (bits <= 512) {
      scan.told().say("kex.dh", Outcome.FAIL, "export", seen, evidence);
    } else if (bits < 1024) {
      scan.told().say("kex.dh", Outcome.FAIL, "below-1024", seen, evidence);
    } else if (bits == 1024) {
      scan.told().say("kex.dh", Outcome.FAIL, "1024", seen, evidence);
    } else if (bits < 2048) {
      scan.told().say("kex.dh", Outcome.FAIL, "below-2048", seen, evidence);
    } else if (bits < 3072 && !common.startsWith("RFC 7919")) {
      scan.told()
          .say("kex.dh", Outcome.WARN, common.isEmpty() ? "2048" : "2048-common", seen, evidence);
    } else {
      scan.told().pass("kex.dh", seen, evidence);
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
  void enumerate() throws Shut, InterruptedException {
    scan.visit().doing("the rest of the suites and groups");
    if (scan.book().spoken(Records.TLS13)) {
      enumerate13();
    }
    if (hasOld()) {
      enumerateOld();
    }
  }

  private void enumerate13() throws Shut, InterruptedException {
    List<Integer> suites = new ArrayList<>(Offers.TLS13);
    List<Integer> groups = new ArrayList<>(Offers.GROUPS13);
    int round = 0;
    while (round++ < Offers.TLS13.size() + Offers.GROUPS13.size()) {
      boolean noSuites = suites.isEmpty();
      boolean noGroups = groups.isEmpty();
      if (noSuites && noGroups) {
        return;
      }
      List<Integer> knownSuites =
          List.copyOf(scan.book().suites().getOrDefault(Records.TLS13, java.util.Set.of()));
      List<Integer> knownGroups =
          scan.book().groups().stream().filter(Offers.GROUPS13::contains).toList();
      Answer answer =
          scan.ask(scan.new13(noSuites ? knownSuites : suites, noGroups ? knownGroups : groups));
      Optional<ServerMessage.Hello> hello = answer.hello();
      if (hello.isEmpty()) {
        if (!answer.refused() || noSuites || noGroups || knownSuites.isEmpty()) {
          return;
        }
        // One of the two has come to its end: the suites with all groups will say which.
        Answer closing = scan.ask(scan.new13(suites, Offers.GROUPS13));
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

  private void enumerateOld() throws Shut, InterruptedException {
    int version = scan.oldVersion();
    List<Integer> suites = new ArrayList<>(Offers.usable(version, Offers.sound(s -> true)));
    List<Integer> groups = new ArrayList<>(Offers.CURVES);
    List<Integer> schemes = new ArrayList<>(Offers.SCHEMES);
    suites.removeAll(scan.book().oldSuites());
    boolean closing = false;
    while (!suites.isEmpty()) {
      Answer answer =
          scan.anyOf(
              version,
              suites,
              closing ? Offers.CURVES : groups,
              closing ? Offers.SCHEMES : schemes);
      Optional<ServerMessage.Hello> hello = answer.hello();
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
      scan.book().groups().stream()
          .filter(id -> id != NamedGroup.SECP256R1)
          .forEach(groups::remove);
      if (groups.isEmpty() || schemes.size() < 2) {
        closing = true;
      }
    }
  }
}
