package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.receiver.ClientHelloOffers.WeakSuiteClass;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.TlsSuite;
import org.sealwax.mail.tls.wire.TlsSuite.Exchange;
import org.sealwax.mail.tls.wire.TlsSuite.Mode;

/** Which classes of suites are accepted, and who chooses among them. */
final class CipherSuiteProbes {
  private final AddressScan scan;
  private final FindingLog findings;
  private final Set<WeakSuiteClass> accepted = EnumSet.noneOf(WeakSuiteClass.class);
  private final Set<WeakSuiteClass> refused = EnumSet.noneOf(WeakSuiteClass.class);
  private boolean secrecyAnswered;
  private boolean aeadAnswered;
  private boolean staticRsaAnswered;
  private boolean cbcSha1Answered;
  private boolean cbcAnswered;

  CipherSuiteProbes(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  /** The sound suites of a kind, none of which is weak in any way. */
  private static Predicate<TlsSuite> secureOnly() {
    return s -> WeakSuiteClass.of(s).isEmpty();
  }

  /**
   * Weak classes, all in one ClientHello; each answer settles at least one of them, so a sound
   * server needs one connection for all seven.
   */
  void weak() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("weak suites");
    if (old13Only()) {
      refused.addAll(EnumSet.allOf(WeakSuiteClass.class));
      return;
    }
    int version = scan.oldVersion();
    Set<WeakSuiteClass> open = EnumSet.allOf(WeakSuiteClass.class);
    while (!open.isEmpty()) {
      Set<WeakSuiteClass> asked = open;
      HelloResponse answer =
          scan.anyOf(
              version,
              ClientHelloOffers.suites(s -> !Collections.disjoint(WeakSuiteClass.of(s), asked)));
      Optional<ServerMessage.ServerHello> hello = answer.hello();
      if (hello.isEmpty()) {
        if (answer.refused()) {
          refused.addAll(open);
        }
        return;
      }
      Optional<TlsSuite> suite = TlsSuite.of(hello.get().suite());
      Set<WeakSuiteClass> shown = suite.map(WeakSuiteClass::of).orElse(Set.of());
      if (Collections.disjoint(shown, open)) {
        // It chose what was not offered; asking again would not end.
        return;
      }
      for (WeakSuiteClass one : shown) {
        accept(one, suite.orElseThrow(), answer);
      }
      open = EnumSet.copyOf(open);
      open.removeAll(shown);
    }
  }

  /** Old versions may accept what the best one does not: RC4 and 3DES are often tied to them. */
  void weakInOldVersions() throws ProbeFailed, InterruptedException {
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      if (!scan.facts().knownToSpeak(version)
          || version >= scan.oldVersion()
          || refused.isEmpty()) {
        continue;
      }
      Set<WeakSuiteClass> open = EnumSet.copyOf(refused);
      List<Integer> suites =
          ClientHelloOffers.usable(
              version,
              ClientHelloOffers.suites(s -> !Collections.disjoint(WeakSuiteClass.of(s), open)));
      if (suites.isEmpty()) {
        continue;
      }
      HelloResponse answer = scan.anyOf(version, suites);
      answer
          .hello()
          .flatMap(h -> TlsSuite.of(h.suite()))
          .ifPresent(s -> WeakSuiteClass.of(s).forEach(w -> accept(w, s, answer)));
    }
  }

  private void accept(WeakSuiteClass suiteClass, TlsSuite suite, HelloResponse answer) {
    refused.remove(suiteClass);
    if (!accepted.add(suiteClass)) {
      return;
    }
    String seen = suite.name() + " is accepted";
    FindingEvidence evidence = FindingEvidence.bytes(answer.first());
    switch (suiteClass) {
      case NULL, EXPORT, RC4, DES ->
          findings.add(suiteClass.check(), CheckOutcome.FAIL, "accepted", seen, evidence);
      case TRIPLE_DES, SMALL ->
          findings.add(suiteClass.check(), CheckOutcome.WARN, "accepted", seen, evidence);
      case ANON -> {
        // Reported at the end: it depends on the other findings.
      }
    }
    if (suiteClass == WeakSuiteClass.EXPORT && suite.exchange() == Exchange.RSA) {
      findings.fail("vuln.freak", "vulnerable", seen, evidence);
    }
    if (suiteClass == WeakSuiteClass.EXPORT && suite.exchange() == Exchange.DHE) {
      findings.fail("vuln.logjam", "vulnerable", seen, evidence);
    }
  }

  /** Export suites of the other key exchange than the one that was chosen first. */
  void exportKinds() throws ProbeFailed, InterruptedException {
    if (!accepted.contains(WeakSuiteClass.EXPORT)) {
      if (refused.contains(WeakSuiteClass.EXPORT)) {
        findings.pass("vuln.freak", "no export suite is accepted");
        findings.pass("vuln.logjam", "no export suite is accepted");
      }
      return;
    }
    exportKind("vuln.freak", Exchange.RSA);
    exportKind("vuln.logjam", Exchange.DHE);
  }

  private void exportKind(String check, Exchange exchange)
      throws ProbeFailed, InterruptedException {
    if (findings.has(check)) {
      return;
    }
    HelloResponse answer =
        scan.anyOf(
            scan.oldVersion(),
            ClientHelloOffers.suites(s -> s.export() && s.exchange() == exchange));
    if (answer.accepted()) {
      findings.fail(
          check,
          "vulnerable",
          answer.text() + " is accepted",
          FindingEvidence.bytes(answer.first()));
    } else if (answer.refused()) {
      findings.pass(check, "no such export suite is accepted");
    }
  }

  private boolean old13Only() {
    return scan.facts().knownToSpeak(Records.TLS13) && !scan.speaksOld().orElse(true);
  }

  /** Classes that are neither weak nor recommended, and the recommended ones. */
  void classes() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("classes of suites");
    if (old13Only()) {
      String seen = "TLS 1.3 only";
      for (String check : List.of("suite.fs", "suite.aead", "suite.staticRSA", "suite.cbc-sha1")) {
        findings.pass(check, seen);
      }
      return;
    }
    int version = scan.oldVersion();
    staticRsaAnswered = kind(version, s -> s.exchange() == Exchange.RSA);
    cbcSha1Answered = kind(version, s -> s.mode() == Mode.CBC && s.name().endsWith("_SHA"));
    secrecyAnswered = wide(version, TlsSuite::forwardSecret);
    aeadAnswered = wide(version, TlsSuite::aead);
    kind(version, s -> s.exchange() == Exchange.DHE);
    kind(version, s -> s.exchange() == Exchange.DH);
  }

  /** CBC suites with any hash: what Lucky Thirteen is about. */
  void anyCbc() throws ProbeFailed, InterruptedException {
    cbcAnswered = old13Only() || wide(scan.oldVersion(), s -> s.mode() == Mode.CBC);
  }

  /** Asks for a kind unless an answer showed it already; whether it is known now. */
  private boolean kind(int version, Predicate<TlsSuite> kind)
      throws ProbeFailed, InterruptedException {
    return scan.facts().acceptedOld(secureOnly().and(kind))
        || answered(version, ClientHelloOffers.secure(kind));
  }

  /** The same, weak suites of the kind included. */
  private boolean wide(int version, Predicate<TlsSuite> kind)
      throws ProbeFailed, InterruptedException {
    return scan.facts().acceptedOld(kind) || answered(version, ClientHelloOffers.suites(kind));
  }

  private boolean answered(int version, List<Integer> suites)
      throws ProbeFailed, InterruptedException {
    return scan.anyOf(version, suites).settled();
  }

  /** Whether the server's order wins, and whether what it prefers is good. */
  void order() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("order of suites");
    if (old13Only()) {
      order13();
      return;
    }
    int version = scan.oldVersion();
    // All that are sound and those known: two known ones may be the only two, or two of thirty.
    Set<Integer> wanted = new LinkedHashSet<>(ClientHelloOffers.secure(s -> true));
    wanted.addAll(scan.facts().oldSuites());
    List<Integer> order = ClientHelloOffers.suites(s -> true);
    List<Integer> bestFirst =
        new ArrayList<>(ClientHelloOffers.usable(version, List.copyOf(wanted)));
    bestFirst.sort(java.util.Comparator.comparingInt(order::indexOf));
    if (scan.small()) {
      bestFirst =
          new ArrayList<>(ClientHelloOffers.usable(version, List.copyOf(scan.facts().oldSuites())));
    }
    if (bestFirst.isEmpty()) {
      return;
    }
    List<Integer> worstFirst = new ArrayList<>(bestFirst);
    Collections.reverse(worstFirst);
    HelloResponse one = scan.ask(scan.old(version, bestFirst));
    HelloResponse other = scan.ask(scan.old(version, worstFirst));
    List<Integer> known = ClientHelloOffers.usable(version, List.copyOf(scan.facts().oldSuites()));
    if (one.hello().isEmpty() || other.hello().isEmpty()) {
      return;
    }
    boolean server = one.hello().get().suite() == other.hello().get().suite();
    TlsSuite.of(one.hello().get().suite()).ifPresent(chosen -> reportOrder(chosen, server, known));
  }

  private void order13() throws ProbeFailed, InterruptedException {
    List<Integer> worstFirst = new ArrayList<>(ClientHelloOffers.TLS13);
    Collections.reverse(worstFirst);
    HelloResponse one = scan.ask(scan.new13(ClientHelloOffers.TLS13, ClientHelloOffers.GROUPS13));
    HelloResponse other = scan.ask(scan.new13(worstFirst, ClientHelloOffers.GROUPS13));
    if (one.hello().isPresent() && other.hello().isPresent()) {
      boolean server = one.hello().get().suite() == other.hello().get().suite();
      findings.pass(
          "suite.order",
          (server ? "the server's" : "the client's")
              + " order wins, and TLS 1.3 has no bad suites");
    }
  }

  private void reportOrder(TlsSuite chosen, boolean server, List<Integer> known) {
    List<TlsSuite> there = known.stream().map(TlsSuite::of).flatMap(Optional::stream).toList();
    Set<WeakSuiteClass> weak = WeakSuiteClass.of(chosen);
    if (server && !weak.isEmpty() && known.size() > weak.size()) {
      findings.fail(
          "suite.order",
          "weak-preferred",
          "the server prefers " + chosen.name() + " regardless of the client's order");
      addPreferred(chosen);
    } else if (server && !best(chosen) && there.stream().anyMatch(CipherSuiteProbes::best)) {
      findings.warn(
          "suite.order",
          "wrong-order",
          "the server prefers " + chosen.name() + " to better ones that it has");
    } else if (!server && !there.stream().allMatch(CipherSuiteProbes::best)) {
      findings.warn(
          "suite.order", "wrong-order", "the client's order wins, and not all suites are good");
    } else {
      findings.pass(
          "suite.order",
          server
              ? "the server's order wins: " + chosen.name() + " first"
              : "the client's order wins, and all suites are good");
    }
  }

  private static boolean best(TlsSuite suite) {
    return suite.forwardSecret() && suite.aead() && WeakSuiteClass.of(suite).isEmpty();
  }

  private void addPreferred(TlsSuite chosen) {
    if (WeakSuiteClass.of(chosen).contains(WeakSuiteClass.RC4)) {
      findings.fail("suite.rc4", "preferred", chosen.name() + " is preferred");
    }
    if (WeakSuiteClass.of(chosen).contains(WeakSuiteClass.TRIPLE_DES)) {
      findings.fail("suite.3des", "preferred", chosen.name() + " is preferred");
    }
  }

  /** Reports what is known by now. */
  void report() {
    for (WeakSuiteClass suiteClass : refused) {
      findings.pass(suiteClass.check(), "none of these suites is accepted");
    }
    ServerFacts facts = scan.facts();
    if (accepted.contains(WeakSuiteClass.ANON)) {
      boolean only =
          !facts.knownToSpeak(Records.TLS13)
              && !facts.acceptedOld(s -> s.authentication() != TlsSuite.Authentication.ANONYMOUS);
      findings.add(
          "suite.anon",
          only ? CheckOutcome.FAIL : CheckOutcome.INFO,
          only ? "only" : "beside",
          only
              ? "only suites without a certificate are accepted"
              : "suites without a certificate are accepted in addition to others");
    }
    if (!findings.has("suite.fs")) {
      reportClass("suite.fs", TlsSuite::forwardSecret, secrecyAnswered);
      reportClass("suite.aead", TlsSuite::aead, aeadAnswered);
    }
  }

  /** Absence is reported only when it was tested. */
  private void reportClass(String check, Predicate<TlsSuite> kind, boolean answered) {
    ServerFacts facts = scan.facts();
    if (facts.acceptedOld(kind) || facts.knownToSpeak(Records.TLS13)) {
      findings.pass(check, names(kind));
    } else if (answered && !facts.oldSuites().isEmpty()) {
      findings.fail(check, "none", "no such suite is accepted");
    }
  }

  private String names(Predicate<TlsSuite> kind) {
    Set<String> names = new LinkedHashSet<>();
    scan.facts()
        .suites()
        .values()
        .forEach(
            some ->
                some.forEach(
                    id -> TlsSuite.of(id).filter(kind).ifPresent(s -> names.add(s.name()))));
    return names.isEmpty() ? "with TLS 1.3" : String.join(", ", names);
  }

  /** After the classes were tested: static RSA, CBC with SHA-1, and the attacks on them. */
  void reportClasses() {
    if (old13Only()) {
      for (String check : List.of("vuln.lucky13", "vuln.beast")) {
        findings.pass(check, "TLS 1.3 only");
      }
      return;
    }
    if (findings.has("suite.staticRSA") || scan.facts().oldSuites().isEmpty()) {
      return;
    }
    ServerFacts facts = scan.facts();
    presence(
        "suite.staticRSA",
        s -> s.exchange() == Exchange.RSA,
        staticRsaAnswered,
        TlsSuite::forwardSecret);
    presence(
        "suite.cbc-sha1",
        s -> s.mode() == Mode.CBC && s.name().endsWith("_SHA"),
        cbcSha1Answered,
        s -> s.mode() != Mode.CBC);
    boolean cbc = facts.acceptedOld(s -> s.mode() == Mode.CBC);
    if (cbc) {
      findings.warn("vuln.lucky13", "potential", "CBC suites are accepted");
    } else if (cbcAnswered) {
      findings.pass("vuln.lucky13", "no CBC suite is accepted");
    }
    if (facts.accepts(Records.TLS10, s -> s.mode() == Mode.CBC)) {
      findings.warn("vuln.beast", "potential", "TLS 1.0 is accepted with CBC suites");
    } else if (facts.speaks(Records.TLS10).isPresent()) {
      findings.pass("vuln.beast", "TLS 1.0 is off, or without CBC suites");
    }
  }

  /** Suites of a kind, and whether there is anything better: some others, or TLS 1.3. */
  private void presence(
      String check, Predicate<TlsSuite> kind, boolean answered, Predicate<TlsSuite> better) {
    ServerFacts facts = scan.facts();
    if (facts.acceptedOld(secureOnly().and(kind))) {
      boolean others = facts.knownToSpeak(Records.TLS13) || facts.acceptedOld(better);
      findings.warn(
          check,
          others ? "present" : "only",
          others ? "accepted: " + names(kind) : "nothing else is accepted");
    } else if (answered) {
      findings.pass(check, "none is accepted");
    }
  }
}
