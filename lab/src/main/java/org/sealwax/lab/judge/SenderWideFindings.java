package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;

/**
 * Conclusions from several test cases. A property of the sender is concluded only from test cases
 * that it reached, and that it has a mechanism only from test cases in which it acted on it.
 */
final class SenderWideFindings {
  /** Test cases whose handshakes differ from a sender's usual ones. */
  private static final String ODD_HANDSHAKES = "c.*|d2[01]";

  /** Test cases from which a habit is concluded, at least. */
  private static final int FEW = 3;

  /** Percent of legitimate mail that is lost: from here on it is some, many, most. */
  private static final int SOME = 5;

  private static final int MANY = 25;
  private static final int MOST = 50;

  private final SenderProfile profile;
  private final Map<String, SightingFacts> facts;
  private final List<Finding> findings;
  private final TrapJudge judge;
  private final boolean ended;

  SenderWideFindings(
      SenderProfile profile,
      Map<String, SightingFacts> facts,
      List<Finding> findings,
      TrapJudge judge,
      boolean ended) {
    this.profile = profile;
    this.facts = facts;
    this.findings = findings;
    this.judge = judge;
    this.ended = ended;
  }

  List<Finding> findings() {
    List<Finding> out = new ArrayList<>();
    out.add(starttls());
    out.add(delivers());
    Finding dane = mechanism("sender.dane", ProtectionMechanism.DANE, "looked up TLSA records");
    Finding sts = mechanism("sender.sts", ProtectionMechanism.STS, "fetched the policy");
    out.add(dane);
    out.add(sts);
    out.add(policy(dane, sts));
    out.add(finished());
    out.add(broken());
    out.add(old());
    out.add(serverName());
    out.add(version());
    out.add(hybrid());
    out.add(certificate());
    out.add(reports());
    out.add(requireTls());
    out.add(flawless());
    return out;
  }

  private static Finding finding(Check check, CheckOutcome outcome, String seen) {
    return Finding.of(check, outcome, FindingLocation.domain(), seen);
  }

  private SightingFacts at(String label) {
    return facts.getOrDefault(label, SightingFacts.none());
  }

  private List<TrapEvent.HandshakeCompleted> handshakes() {
    return facts.values().stream()
        .map(SightingFacts::handshakes)
        .flatMap(Collection::stream)
        .toList();
  }

  private static List<String> labels(List<Finding> of) {
    return of.stream().map(SenderAssessment::label).toList();
  }

  private Finding starttls() {
    Check check = SenderChecks.of("sender.starttls");
    List<String> without =
        labels(
                findings.stream()
                    .filter(r -> at(SenderAssessment.label(r)).connections() > 0)
                    .toList())
            .stream()
            .filter(l -> TrapJudge.expected(l).legal(profile) && !at(l).inPlaintext().isEmpty())
            .toList();
    if (handshakes().isEmpty()) {
      return facts.values().stream().anyMatch(d -> !d.inPlaintext().isEmpty())
          ? finding(check, CheckOutcome.FAIL, "all mail was sent in plaintext")
          : finding(check, CheckOutcome.NOT_TESTED, "no mail was received");
    }
    return without.isEmpty()
        ? finding(check, CheckOutcome.PASS, handshakes().size() + " handshakes")
        : finding(
            check,
            CheckOutcome.WARN,
            "not used in " + String.join(" ", without) + ", where it was offered");
  }

  /** Legitimate mail must arrive. A sender earns nothing by refusing it. */
  private Finding delivers() {
    Check check = SenderChecks.of("sender.delivers");
    List<Finding> legal =
        findings.stream()
            .filter(r -> TrapJudge.expected(SenderAssessment.label(r)).legal(profile))
            .toList();
    List<String> lost =
        labels(
            legal.stream()
                .filter(r -> r.aspect().equals("loss") || r.aspect().equals("stuck"))
                .toList());
    long arrived = legal.stream().filter(r -> at(SenderAssessment.label(r)).delivered()).count();
    long decided = arrived + lost.size();
    if (decided == 0) {
      return finding(check, CheckOutcome.NOT_TESTED, "no legitimate mail arrived or was given up");
    }
    String text = arrived + " of " + legal.size() + " messages arrived";
    if (lost.isEmpty()) {
      return finding(check, CheckOutcome.PASS, text);
    }
    long percent = 100L * lost.size() / decided;
    String aspect =
        percent > MOST ? "most" : percent > MANY ? "many" : percent > SOME ? "some" : "few";
    return finding(check, CheckOutcome.FAIL, text + "; missing: " + String.join(" ", lost))
        .as(aspect);
  }

  /**
   * Whether a mechanism is enforced. That needs attacks that only this mechanism stops, stopped by
   * a sender that consulted it, and mail that it let through.
   */
  private Finding mechanism(String id, ProtectionMechanism mechanism, String act) {
    Check check = SenderChecks.of(id);
    List<Finding> of =
        findings.stream()
            .filter(r -> TrapJudge.expected(SenderAssessment.label(r)).mechanism() == mechanism)
            .toList();
    List<String> leaks = labels(of.stream().filter(r -> r.aspect().equals("leak")).toList());
    List<String> acted =
        labels(of.stream().filter(r -> r.outcome() == CheckOutcome.PASS).toList()).stream()
            .filter(l -> at(l).consulted(mechanism))
            .toList();
    List<String> stopped = acted.stream().filter(l -> refuses(TrapJudge.expected(l))).toList();
    long telling = stopped.stream().filter(l -> TrapJudge.expected(l).conclusive()).count();
    if (!leaks.isEmpty()) {
      int all = leaks.size() + stopped.size();
      String text = leaks.size() + " of " + all + " attacks successful: " + String.join(" ", leaks);
      if (telling > 0) {
        return finding(check, CheckOutcome.FAIL, text).as("hole");
      }
      boolean looked = facts.values().stream().anyMatch(d -> d.consulted(mechanism));
      return finding(check, CheckOutcome.FAIL, text + (looked ? "; although it " + act : ""))
          .as("none");
    }
    if (telling == 0) {
      String others = "no trap was reached in which only this mechanism refuses";
      return finding(check, CheckOutcome.NOT_TESTED, others);
    }
    if (acted.stream().allMatch(l -> refuses(TrapJudge.expected(l)) && !at(l).delivered())) {
      return finding(
          check, CheckOutcome.NOT_TESTED, "attacks were refused, but no good host was reached");
    }
    return finding(
        check,
        CheckOutcome.PASS,
        stopped.size() + " attacks failed; the sender " + act + " each time");
  }

  private boolean refuses(TrapExpectation expectation) {
    ExpectedOutcome expected = expectation.of(profile);
    return expected == ExpectedOutcome.REFUSED
        || expected == ExpectedOutcome.NEVER_PLAINTEXT
        || expected == ExpectedOutcome.SECOND_HOST;
  }

  private Finding policy(Finding dane, Finding sts) {
    Check check = SenderChecks.of("sender.policy");
    boolean noDane = dane.aspect().equals("none");
    boolean noSts = sts.aspect().equals("none");
    if (noDane && noSts) {
      boolean asked =
          facts.values().stream()
              .anyMatch(
                  d ->
                      d.consulted(ProtectionMechanism.DANE)
                          || d.consulted(ProtectionMechanism.STS));
      return finding(
              check,
              CheckOutcome.FAIL,
              "neither" + (asked ? ", although the records are looked up" : ""))
          .as(asked ? "ignored" : "neither");
    }
    String text = "DANE " + mechanismText(dane) + ", MTA-STS " + mechanismText(sts);
    if (noDane || noSts) {
      return finding(check, CheckOutcome.WARN, text).as("one");
    }
    if (!dane.outcome().known() || !sts.outcome().known()) {
      return finding(check, CheckOutcome.NOT_TESTED, text);
    }
    return finding(
        check,
        dane.outcome() == CheckOutcome.PASS && sts.outcome() == CheckOutcome.PASS
            ? CheckOutcome.PASS
            : CheckOutcome.WARN,
        text);
  }

  private static String mechanismText(Finding mechanism) {
    return switch (mechanism.aspect()) {
      case "none" -> "not enforced";
      case "hole" -> "with gaps";
      default -> mechanism.outcome() == CheckOutcome.PASS ? "enforced" : "not tested";
    };
  }

  private Finding finished() {
    Check check = SenderChecks.of("sender.finished");
    List<SightingFacts> met =
        facts.entrySet().stream()
            .filter(e -> e.getKey().startsWith("c22"))
            .map(Map.Entry::getValue)
            .filter(d -> d.attempts(Set.of(SenderAction.SHOWN)) > 0)
            .toList();
    if (met.isEmpty()) {
      return finding(check, CheckOutcome.NOT_TESTED, "no handshake reached this point");
    }
    long went = met.stream().filter(d -> !d.underTls().isEmpty()).count();
    return finding(
        check,
        went > 0 ? CheckOutcome.FAIL : CheckOutcome.PASS,
        "accepted in " + went + " of " + met.size());
  }

  private Finding broken() {
    Check check = SenderChecks.of("sender.broken-tls");
    List<Map.Entry<String, SightingFacts>> met = helloAt("c[47][nsd]|c1[023]|c17[ad]");
    if (met.isEmpty()) {
      return finding(check, CheckOutcome.NOT_TESTED, "no ClientHello was received");
    }
    List<String> agreed =
        met.stream()
            .filter(e -> !e.getValue().handshakes().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    if (agreed.isEmpty()) {
      return finding(
          check, CheckOutcome.PASS, "refused at all " + met.size() + " hosts with broken TLS");
    }
    boolean milder = agreed.stream().allMatch(l -> l.equals("c10") || l.startsWith("c17"));
    return finding(check, CheckOutcome.FAIL, "accepted in " + String.join(" ", agreed))
        .as(milder ? "rc4" : "ssl");
  }

  private List<Map.Entry<String, SightingFacts>> helloAt(String labels) {
    return facts.entrySet().stream()
        .filter(e -> e.getKey().matches(labels))
        .filter(e -> e.getValue().attempts(Set.of(SenderAction.HELLO)) > 0)
        .toList();
  }

  private Finding old() {
    Check check = SenderChecks.of("sender.old-tls");
    long older = handshakes().stream().filter(h -> h.version() < Records.TLS12).count();
    if (older == 0 && helloAt("c[56][nsd]?").isEmpty()) {
      return finding(
          check,
          CheckOutcome.NOT_TESTED,
          "no ClientHello was received at a host with old versions only");
    }
    return finding(
        check,
        older > 0 ? CheckOutcome.WARN : CheckOutcome.PASS,
        older + " handshakes below TLS 1.2");
  }

  private Finding serverName() {
    return helloProperty(
        SenderChecks.of("sender.sni"),
        h -> h.serverName() != null,
        "send the server name",
        CheckOutcome.FAIL);
  }

  private Finding version() {
    return helloProperty(
        SenderChecks.of("sender.tls13"),
        ClientHello::offersTls13,
        "offer TLS 1.3",
        CheckOutcome.WARN);
  }

  private Finding hybrid() {
    return helloProperty(
        SenderChecks.of("sender.pq"),
        h -> h.groups().contains(NamedGroup.X25519MLKEM768),
        "offer X25519MLKEM768",
        CheckOutcome.WARN);
  }

  /** One test case of so many may differ. */
  private static final int ALWAYS = 20;

  /**
   * A habit: the contents of the first ClientHello of each test case, before the host's answers
   * make the sender change it.
   */
  private Finding helloProperty(
      Check check, Predicate<ClientHello> has, String words, CheckOutcome otherwise) {
    List<ClientHello> first =
        facts.values().stream().map(SightingFacts::firstHello).flatMap(Optional::stream).toList();
    if (first.size() < FEW) {
      return finding(check, CheckOutcome.NOT_TESTED, "only " + first.size() + " handshakes");
    }
    long with = first.stream().filter(has).count();
    // On a busy machine a first connection may be lost, and the ClientHello that is seen is a
    // second one.
    boolean always = with * ALWAYS >= first.size() * (ALWAYS - 1L);
    CheckOutcome outcome = always ? CheckOutcome.PASS : with == 0 ? otherwise : CheckOutcome.WARN;
    return finding(check, outcome, with + " of " + first.size() + " first ClientHellos " + words);
  }

  private Finding certificate() {
    Check check = SenderChecks.of("sender.client-certificate");
    List<SightingFacts> asked =
        facts.entrySet().stream()
            .filter(e -> !e.getKey().matches(ODD_HANDSHAKES))
            .map(Map.Entry::getValue)
            .filter(d -> !d.handshakes().isEmpty())
            .toList();
    if (asked.size() < FEW) {
      return finding(check, CheckOutcome.NOT_TESTED, "only " + asked.size() + " handshakes");
    }
    long with =
        asked.stream()
            .filter(d -> d.handshakes().stream().anyMatch(h -> !h.clientChain().isEmpty()))
            .count();
    return finding(
        check,
        with == asked.size() ? CheckOutcome.PASS : CheckOutcome.WARN,
        "in " + with + " of " + asked.size() + " traps with a handshake");
  }

  private Finding reports() {
    Check check = SenderChecks.of("sender.tlsrpt");
    Set<String> refused =
        findings.stream()
            .filter(r -> r.outcome() == CheckOutcome.PASS || r.outcome() == CheckOutcome.INFO)
            .map(SenderAssessment::label)
            .filter(l -> at(l).attempted())
            .collect(Collectors.toSet());
    TlsReportJudge.TlsReportJudgement judgement =
        new TlsReportJudge(facts, refused, ended).judgement();
    return finding(check, judgement.outcome(), judgement.text());
  }

  private Finding requireTls() {
    Check check = SenderChecks.of("sender.requiretls");
    List<Finding> of = findings.stream().filter(r -> r.check().id().startsWith("lab.g")).toList();
    List<String> wrong = labels(of.stream().filter(r -> r.outcome() == CheckOutcome.FAIL).toList());
    List<String> open = labels(of.stream().filter(r -> r.outcome() != CheckOutcome.PASS).toList());
    if (of.isEmpty() || !judge.requireTls().known()) {
      return finding(check, CheckOutcome.NOT_TESTED, "no message with REQUIRETLS was received");
    }
    if (!wrong.isEmpty()) {
      return finding(check, CheckOutcome.FAIL, "not in " + String.join(" ", wrong));
    }
    return open.isEmpty()
        ? finding(check, CheckOutcome.PASS, "honoured in every trap")
        : finding(check, CheckOutcome.NOT_TESTED, "not seen in " + String.join(" ", open));
  }

  /** The best grade needs every test case passed; points alone tolerate one or two failures. */
  private Finding flawless() {
    Check check = SenderChecks.of("sender.rows");
    List<String> wrong =
        labels(findings.stream().filter(r -> r.outcome() == CheckOutcome.FAIL).toList());
    if (!wrong.isEmpty()) {
      return finding(
          check, CheckOutcome.WARN, wrong.size() + " of " + findings.size() + " traps failed");
    }
    long open = findings.stream().filter(r -> !r.outcome().known()).count();
    return open > 0
        ? finding(
            check,
            CheckOutcome.NOT_TESTED,
            open + " of " + findings.size() + " traps are not tested")
        : finding(check, CheckOutcome.PASS, findings.size() + " traps");
  }
}
