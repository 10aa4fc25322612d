package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Rubric;
import org.sealwax.lab.site.Sighting;

/**
 * Compares what was seen with what was expected, test case by test case, and then as a whole. Pure.
 */
public final class SenderAssessment {
  /** Lines of a transcript in the evidence. */
  private static final int MAX_LINES = 80;

  /** More than one test case in so many that is not tested makes a grade unsure. */
  private static final int UNTESTED = 20;

  private final SenderProfile profile;
  private final boolean ended;

  /**
   * An assessment.
   *
   * @param profile what the sender chose
   * @param ended whether the sender's time has passed: before, TLS reports may still come
   */
  public SenderAssessment(SenderProfile profile, boolean ended) {
    this.profile = profile;
    this.ended = ended;
  }

  /** Judges all of it. */
  public SenderReport report(Collection<Sighting> sightings) {
    return report(sightings, List.of());
  }

  /**
   * The same, with what is known about the clients.
   *
   * @param callers reverse names of the addresses from which the sender connected
   */
  public SenderReport report(Collection<Sighting> sightings, Collection<PtrNames> callers) {
    Map<String, SightingFacts> facts = new LinkedHashMap<>();
    for (Sighting sighting : sightings) {
      facts.put(sighting.trapCase().label(), SightingFacts.of(sighting));
    }
    TrapJudge judge = new TrapJudge(profile, facts);
    boolean works = works(facts);
    List<Finding> findings = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    List<String> undecided = new ArrayList<>();
    for (Sighting sighting : sightings) {
      String label = sighting.trapCase().label();
      SightingFacts of = facts.getOrDefault(label, SightingFacts.none());
      TrapJudge.TrapVerdict verdict = judge.of(label);
      if (verdict.waiting()) {
        waiting.add(label);
      }
      Finding found = finding(sighting, of, verdict);
      boolean proves = works || of.delivered() || found.outcome() != CheckOutcome.PASS;
      findings.add(proves ? found : unproven(found));
      if (!isFinal(found, of) || !proves) {
        undecided.add(label);
      }
    }
    List<Finding> all =
        new ArrayList<>(new SenderWideFindings(profile, facts, findings, judge, ended).findings());
    all.addAll(new UngradedFindings(sightings, callers).findings());
    all.addAll(findings);
    Rubric rules = SenderRubric.rules(profile, findings, facts);
    int tested =
        (int) findings.stream().filter(f -> f.outcome() != CheckOutcome.NOT_TESTED).count();
    List<String> doubts =
        (findings.size() - tested) * UNTESTED > findings.size()
            ? List.of(findings.size() - tested + " of " + findings.size() + " traps not tested")
            : List.of();
    Grade grade = rules.grade(all, true).doubting(doubts);
    List<SenderRemedy> remedies = SenderRemedy.of(all, rules, grade);
    SenderFirstSteps first = SenderFirstSteps.of(remedies, all, rules);
    return new SenderReport(
        profile,
        all,
        grade,
        tested,
        labels(findings, "leak"),
        labels(findings, "loss"),
        labels(findings, "stuck"),
        waiting,
        undecided,
        remedies,
        new SenderFirstSteps(first.remedies(), first.grade().doubting(doubts)),
        facts.values().stream()
            .map(SightingFacts::router)
            .filter(name -> !name.isEmpty())
            .findFirst()
            .orElse(""),
        rules.version() + " " + rules.hash().substring(0, 12));
  }

  /**
   * Whether this sender delivers at all: to one of the good hosts of group A, when it came to any,
   * else anywhere.
   */
  private static boolean works(Map<String, SightingFacts> facts) {
    List<SightingFacts> good =
        facts.entrySet().stream()
            .filter(e -> e.getKey().startsWith("a") && e.getValue().attempted())
            .map(Map.Entry::getValue)
            .toList();
    return (good.isEmpty() ? facts.values() : good).stream().anyMatch(SightingFacts::delivered);
  }

  /** Whether no later try can change it: mail that arrived or came back, and what went wrong. */
  private static boolean isFinal(Finding found, SightingFacts of) {
    return of.decided() || (found.isFault() && !found.aspect().equals("stuck"));
  }

  /** A sender that delivers nowhere refuses nothing. */
  private static Finding unproven(Finding found) {
    return new Finding(
        found.check(),
        CheckOutcome.NOT_TESTED,
        "",
        found.location(),
        found.observed() + "; so far this sender delivered to no good host",
        found.openQuestion(),
        found.evidence(),
        found.lines());
  }

  private static List<String> labels(List<Finding> findings, String aspect) {
    return findings.stream()
        .filter(f -> f.outcome() == CheckOutcome.FAIL && f.aspect().equals(aspect))
        .map(SenderAssessment::label)
        .toList();
  }

  /** The label of the test case that a finding is about. */
  public static String label(Finding finding) {
    return finding.check().id().substring("lab.".length());
  }

  /** The part of the score for which a finding counts. */
  static Optional<TrapExpectation.SenderCategory> categoryOf(Finding finding) {
    String id = finding.check().id();
    if (id.equals("sender.tlsrpt")) {
      return Optional.of(TrapExpectation.SenderCategory.REPORTS);
    }
    return id.startsWith("lab.")
        ? TrapExpectation.of(label(finding))
            .filter(e -> e.expected() != ExpectedOutcome.RECORDED)
            // Mail that came without REQUIRETLS neither earns nor costs anything.
            .filter(
                e ->
                    e.expected() != ExpectedOutcome.AS_RFC_8689_DEMANDS
                        || finding.outcome() != CheckOutcome.INFO)
            .map(TrapExpectation::category)
        : Optional.empty();
  }

  private Finding finding(Sighting sighting, SightingFacts of, TrapJudge.TrapVerdict verdict) {
    Finding finding =
        Finding.of(
                SenderChecks.of(sighting.trapCase(), profile, verdict.aspect()),
                verdict.outcome(),
                FindingLocation.domain(),
                of.text() + verdict.tail())
            .as(verdict.aspect());
    return of.attempted()
        ? finding.with(FindingEvidence.transcript(transcript(sighting)))
        : finding;
  }

  private static String transcript(Sighting sighting) {
    return sighting.events().stream()
        .map(TrapTranscript::line)
        .filter(l -> !l.isEmpty())
        .limit(MAX_LINES)
        .collect(Collectors.joining("\n"));
  }
}
