package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.receiver.Offers.Weak;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.Suite;
import org.sealwax.mail.tls.wire.Suite.Exchange;
import org.sealwax.mail.tls.wire.Suite.Mode;

/** Which classes of suites are accepted, and who chooses among them. */
final class Suites {
  private final Scan scan;
  private final Set<Weak> accepted = EnumSet.noneOf(Weak.class);
  private final Set<Weak> refused = EnumSet.noneOf(Weak.class);
  private boolean secrecyAnswered;
  private boolean aeadAnswered;
  private boolean staticRsaAnswered;
  private boolean cbcSha1Answered;
  private boolean cbcAnswered;

  Suites(Scan scan) {
    this.scan = scan;
  }

  /** The sound suites of a kind, none of which is weak in any way. */
  private static Predicate<Suite> soundOnly() {
    return s -> Weak.of(s).isEmpty();
  }

  /**
   * Weak classes, all in one hello; each answer settles at least one of them, so a sound server
   * needs one connection for all seven.
   */
  void weak() throws Shut, InterruptedException {
    scan.visit().doing("weak suites");
    if (old13Only()) {
      refused.addAll(EnumSet.allOf(Weak.class));
      return;
    }
    int version = scan.oldVersion();
    Set<Weak> open = EnumSet.allOf(Weak.class);
    while (!open.isEmpty()) {
      Set<Weak> asked = open;
      Answer answer =
          scan.anyOf(version, Offers.suites(s -> !Collections.disjoint(Weak.of(s), asked)));
      Optional<ServerMessage.Hello> hello = answer.hello();
      if (hello.isEmpty()) {
        if (answer.refused()) {
          refused.addAll(open);
        }
        return;
      }
      Optional<Suite> suite = Suite.of(hello.get().suite());
      Set<Weak> shown = suite.map(Weak::of).orElse(Set.of());
      if (Collections.disjoint(shown, open)) {
        // It chose what was not offered; asking again would not end.
        return;
      }
      for (Weak one : shown) {
        accept(one, suite.orElseThrow(), answer);
      }
      open = EnumSet.copyOf(open);
      open.removeAll(shown);
    }
  }

  /** Old versions may accept what the best one does not: RC4 and 3DES are often tied to them. */
  void weakInOldVersions() throws Shut, InterruptedException {
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      if (!scan.book().spoken(version) || version >= scan.oldVersion() || refused.isEmpty()) {
        continue;
      }
      Set<Weak> open = EnumSet.copyOf(refused);
      List<Integer> suites =
          Offers.usable(version, Offers.suites(s -> !Collections.disjoint(Weak.of(s), open)));
      if (suites.isEmpty()) {
        continue;
      }
      Answer answer = scan.anyOf(version, suites);
      answer
          .hello()
          .flatMap(h -> Suite.of(h.suite()))
          .ifPresent(s -> Weak.of(s).forEach(w -> accept(w, s, answer)));
    }
  }

  private void accept(Weak weak, Suite suite, Answer answer) {
    refused.remove(weak);
    if (!accepted.add(weak)) {
      return;
    }
    String seen = suite.name() + " is accepted";
    Evidence evidence = Evidence.octets(answer.first());
    switch (weak) {
      case NULL, EXPORT, RC4, DES ->
          scan.told().say(weak.check(), Outcome.FAIL, "accepted", seen, evidence);
      case TRIPLE_DES, SMALL ->
          scan.told().say(weak.check(), Outcome.WARN, "accepted", seen, evidence);
      case ANON -> {
        // Told at the end: it depends on what else there is.
      }
    }
    if (weak == Weak.EXPORT && suite.exchange() == Exchange.RSA) {
      scan.told().say("vuln.freak", Outcome.FAIL, "vulnerable", seen, evidence);
    }
    if (weak == Weak.EXPORT && suite.exchange() == Exchange.DHE) {
      scan.told().say("vuln.logjam", Outcome.FAIL, "vulnerable", seen, evidence);
    }
  }

  /** Export suites of the other key exchange than the one that was chosen first. */
  void exportKinds() throws Shut, InterruptedException {
    if (!accepted.contains(Weak.EXPORT)) {
      if (refused.contains(Weak.EXPORT)) {
        scan.told().pass("vuln.freak", "no export suite is accepted");
        scan.told().pass("vuln.logjam", "no export suite is accepted");
      }
      return;
    }
    exportKind("vuln.freak", Exchange.RSA);
    exportKind("vuln.logjam", Exchange.DHE);
  }

  private void exportKind(String check, Exchange exchange) throws Shut, InterruptedException {
    if (scan.told().has(check)) {
      return;
    }
    Answer answer =
        scan.anyOf(scan.oldVersion(), Offers.suites(s -> s.export() && s.exchange() == exchange));
    if (answer.accepted()) {
      scan.told()
          .say(
              check,
              Outcome.FAIL,
              "vulnerable",
              answer.words() + " is accepted",
              Evidence.octets(answer.first()));
    } else if (answer.refused()) {
      scan.told().pass(check, "no such export suite is accepted");
    }
  }

  private boolean old13Only() {
    return scan.book().spoken(Records.TLS13) && !scan.speaksOld().orElse(true);
  }

  /** Classes that are not weak but not what one wants either, and those that one wants. */
  void classes() throws Shut, InterruptedException {
    scan.visit().doing("classes of suites");
    if (old13Only()) {
      String seen = "TLS 1.3 only";
      for (String check : List.of("suite.fs", "suite.aead", "suite.staticRSA", "suite.cbc-sha1")) {
        scan.told().pass(check, seen);
      }
      return;
    }
    int version = scan.oldVersion();
    staticRsaAnswered = kind(version, s -> s.exchange() == Exchange.RSA);
    cbcSha1Answered = kind(version, s -> s.mode() == Mode.CBC && s.name().endsWith("_SHA"));
    secrecyAnswered = wide(version, Suite::forwardSecret);
    aeadAnswered = wide(version, Suite::aead);
    kind(version, s -> s.exchange() == Exchange.DHE);
    kind(version, s -> s.exchange() == Exchange.DH);
  }

  /** CBC suites with any hash: what Lucky Thirteen is about. */
  void anyCbc() throws Shut, InterruptedException {
    cbcAnswered = old13Only() || wide(scan.oldVersion(), s -> s.mode() == Mode.CBC);
  }

  /** Asks for a kind unless an answer showed it already; whether it is known now. */
  private boolean kind(int version, Predicate<Suite> kind) throws Shut, InterruptedException {
    return scan.book().acceptedOld(soundOnly().and(kind)) || answered(version, Offers.sound(kind));
  }

  /** The same, weak suites of the kind included. */
  private boolean wide(int version, Predicate<Suite> kind) throws Shut, InterruptedException {
    return scan.book().acceptedOld(kind) || answered(version, Offers.suites(kind));
  }

  private boolean answered(int version, List<Integer> suites) throws Shut, InterruptedException {
    Answer answer = scan.anyOf(version, suites);
    return answer.accepted() || answer.refused();
  }

  /** Whether the server's order wins, and whether what it prefers is good. */
  void order() throws Shut, InterruptedException {
    scan.visit().doing("order of suites");
    if (old13Only()) {
      order13();
      return;
    }
    int version = scan.oldVersion();
    // All that are sound and those known: two known ones may be the only two, or two of thirty.
    Set<Integer> wanted = new LinkedHashSet<>(Offers.sound(s -> true));
    wanted.addAll(scan.book().oldSuites());
    List<Integer> order = Offers.suites(s -> true);
    List<Integer> bestFirst = new ArrayList<>(Offers.usable(version, List.copyOf(wanted)));
    bestFirst.sort(java.util.Comparator.comparingInt(order::indexOf));
    if (scan.small()) {
      bestFirst = new ArrayList<>(Offers.usable(version, List.copyOf(scan.book().oldSuites())));
    }
    if (bestFirst.isEmpty()) {
      return;
    }
    List<Integer> worstFirst = new ArrayList<>(bestFirst);
    Collections.reverse(worstFirst);
    Answer one = scan.ask(scan.old(version, bestFirst, Offers.CURVES, Offers.SCHEMES));
    Answer other = scan.ask(scan.old(version, worstFirst, Offers.CURVES, Offers.SCHEMES));
    List<Integer> known = Offers.usable(version, List.copyOf(scan.book().oldSuites()));
    if (one.hello().isEmpty() || other.hello().isEmpty()) {
      return;
    }
    boolean server = one.hello().get().suite() == other.hello().get().suite();
    tellOrder(Suite.of(one.hello().get().suite()).orElse(null), server, known);
  }

  private void order13() throws Shut, InterruptedException {
    List<Integer> worstFirst = new ArrayList<>(Offers.TLS13);
    Collections.reverse(worstFirst);
    Answer one = scan.ask(scan.new13(Offers.TLS13, Offers.GROUPS13));
    Answer other = scan.ask(scan.new13(worstFirst, Offers.GROUPS13));
    if (one.hello().isPresent() && other.hello().isPresent()) {
      boolean server = one.hello().get().suite() == other.hello().get().suite();
      scan.told()
          .pass(
              "suite.order",
              (server ? "the server's" : "the client's")
                  + " order wins, and TLS 1.3 has no bad suites");
    }
  }

  private void tellOrder(
      @org.jspecify.annotations.Nullable Suite chosen, boolean server, List<Integer> known) {
    if (chosen == null) {
      return;
    }
    boolean someBad =
        known.stream()
            .map(Suite::of)
            .flatMap(Optional::stream)
            .anyMatch(s -> !s.forwardSecret() || !s.aead() || !Weak.of(s).isEmpty());
    boolean best = chosen.forwardSecret() && chosen.aead() && Weak.of(chosen).isEmpty();
    boolean betterThere =
        known.stream()
            .map(Suite::of)
            .flatMap(Optional::stream)
            .anyMatch(s -> s.forwardSecret() && s.aead() && Weak.of(s).isEmpty());
    if (server && !Weak.of(chosen).isEmpty() && known.size() > Weak.of(chosen).size()) {
      scan.told()
          .say(
              "suite.order",
              Outcome.FAIL,
              "weak-preferred",
              "the server prefers " + chosen.name() + " whatever the client's order");
      prefer(chosen);
    } else if (server && !best && betterThere) {
      scan.told()
          .say(
              "suite.order",
              Outcome.WARN,
              "wrong-order",
              "the server prefers " + chosen.name() + " to better ones that it has");
    } else if (!server && someBad) {
      scan.told()
          .say(
              "suite.order",
              Outcome.WARN,
              "wrong-order",
              "the client's order wins, and not all suites are good");
    } else {
      scan.told()
          .pass(
              "suite.order",
              server
                  ? "the server's order wins: " + chosen.name() + " first"
                  : "the client's order wins, and all suites are good");
    }
  }

  private void prefer(Suite chosen) {
    if (Weak.of(chosen).contains(Weak.RC4)) {
      scan.told().say("suite.rc4", Outcome.FAIL, "preferred", chosen.name() + " is preferred");
    }
    if (Weak.of(chosen).contains(Weak.TRIPLE_DES)) {
      scan.told().say("suite.3des", Outcome.FAIL, "preferred", chosen.name() + " is preferred");
    }
  }

  /** Says what is known by now. */
  void tell() {
    Told told = scan.told();
    for (Weak weak : refused) {
      told.pass(weak.check(), "none of these suites is accepted");
    }
    Notebook book = scan.book();
    if (accepted.contains(Weak.ANON)) {
      boolean only =
          !book.spoken(Records.TLS13)
              && !book.acceptedOld(s -> s.authentication() != Suite.Authentication.ANONYMOUS);
      told.say(
          "suite.anon",
          only ? Outcome.FAIL : Outcome.INFO,
          only ? "only" : "beside",
          only
              ? "only suites without a certificate are accepted"
              : "suites without a certificate are accepted beside others");
    }
    if (!told.has("suite.fs")) {
      tellClass("suite.fs", Suite::forwardSecret, secrecyAnswered);
      tellClass("suite.aead", Suite::aead, aeadAnswered);
    }
  }

  /** That there is none is only said when it was asked for. */
  private void tellClass(String check, Predicate<Suite> kind, boolean answered) {
    Notebook book = scan.book();
    if (book.acceptedOld(kind) || book.spoken(Records.TLS13)) {
      scan.told().pass(check, names(kind));
    } else if (answered && !book.oldSuites().isEmpty()) {
      scan.told().say(check, Outcome.FAIL, "none", "no such suite is accepted");
    }
  }

  private String names(Predicate<Suite> kind) {
    Set<String> names = new LinkedHashSet<>();
    scan.book()
        .suites()
        .values()
        .forEach(
            some ->
                some.forEach(id -> Suite.of(id).filter(kind).ifPresent(s -> names.add(s.name()))));
    return names.isEmpty() ? "with TLS 1.3" : String.join(", ", names);
  }

  /** After the classes were asked for: static RSA, CBC with SHA-1, and what they are open to. */
  void tellClasses() {
    if (old13Only()) {
      for (String check : List.of("vuln.lucky13", "vuln.beast")) {
        scan.told().pass(check, "TLS 1.3 only");
      }
      return;
    }
    if (scan.told().has("suite.staticRSA") || scan.book().oldSuites().isEmpty()) {
      return;
    }
    Notebook book = scan.book();
    boolean thirteen = book.spoken(Records.TLS13);
    presence(
        "suite.staticRSA",
        s -> s.exchange() == Exchange.RSA,
        staticRsaAnswered,
        thirteen || book.acceptedOld(Suite::forwardSecret));
    presence(
        "suite.cbc-sha1",
        s -> s.mode() == Mode.CBC && s.name().endsWith("_SHA"),
        cbcSha1Answered,
        thirteen || book.acceptedOld(s -> s.mode() != Mode.CBC));
    boolean cbc = book.acceptedOld(s -> s.mode() == Mode.CBC);
    if (cbc) {
      scan.told().say("vuln.lucky13", Outcome.WARN, "potential", "CBC suites are accepted");
    } else if (cbcAnswered) {
      scan.told().pass("vuln.lucky13", "no CBC suite is accepted");
    }
    boolean beast =
        book.suites().getOrDefault(Records.TLS10, Set.of()).stream()
            .anyMatch(id -> Suite.of(id).map(s -> s.mode() == Mode.CBC).orElse(false));
    if (beast) {
      scan.told().say("vuln.beast", Outcome.WARN, "potential", "TLS 1.0 is spoken with CBC suites");
    } else if (book.speaks(Records.TLS10).isPresent()) {
      scan.told().pass("vuln.beast", "TLS 1.0 is off, or without CBC suites");
    }
  }

  private void presence(String check, Predicate<Suite> kind, boolean answered, boolean others) {
    boolean there = scan.book().acceptedOld(soundOnly().and(kind));
    if (there) {
      scan.told()
          .say(
              check,
              Outcome.WARN,
              others ? "present" : "only",
              others ? "accepted: " + names(kind) : "nothing else is accepted");
    } else if (answered) {
      scan.told().pass(check, "none is accepted");
    }
  }
}
