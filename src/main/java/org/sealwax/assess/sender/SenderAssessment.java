package org.sealwax.assess.sender;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.assess.Advice;
import org.sealwax.assess.Check;
import org.sealwax.assess.Evidence;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Grade;
import org.sealwax.assess.Group;
import org.sealwax.assess.Outcome;
import org.sealwax.assess.Place;
import org.sealwax.assess.Rubric;
import org.sealwax.lab.Sighting;
import org.sealwax.lab.Trap;

/** Holds what was seen against what was expected, row by row, and then as a whole. Pure. */
public final class SenderAssessment {
  /** Lines of a transcript in the evidence. */
  private static final int MAX_LINES = 80;

  /** More than one row in so many that was never met makes a grade unsure. */
  private static final int UNTESTED = 20;

  /** Rows in which the certificate is true, and weak. */
  private static final Set<String> WEAK = Set.of("d11", "d12");

  /** Rows in which the server cannot see that the client broke the handshake off. */
  private static final Set<String> ONLY_DELIVERY_TELLS =
      Set.of("c20a", "c20b", "c22an", "c22bn", "c23a", "c23b", "c23c");

  /** Rows in which what was agreed to is better not agreed to. */
  private static final Set<String> BETTER_NOT = Set.of("c11", "c15", "c17b");

  /** In which way a row may come out. */
  private static final List<String> ASPECTS =
      List.of("leak", "loss", "fooled", "weak", "clear", "haste");

  private final Profile profile;
  private final boolean ended;

  /**
   * An assessment.
   *
   * @param profile what the sender chose
   * @param ended whether the sender has had its time: before, what it has not done is inconclusive
   */
  public SenderAssessment(Profile profile, boolean ended) {
    this.profile = profile;
    this.ended = ended;
  }

  /** Judges all of it. */
  public SenderReport report(Collection<Sighting> sightings) {
    return report(sightings, List.of());
  }

  /**
   * The same, with what is known of who came.
   *
   * @param callers what the DNS says of the addresses from which the sender came
   */
  public SenderReport report(Collection<Sighting> sightings, Collection<CallerNames> callers) {
    Map<String, Deeds> deeds = new LinkedHashMap<>();
    List<Finding> rows = new ArrayList<>();
    for (Sighting sighting : sightings) {
      deeds.put(sighting.row().label(), Deeds.of(sighting));
    }
    boolean works = works(deeds);
    for (Sighting sighting : sightings) {
      Finding found = finding(sighting, deeds);
      boolean proves = works || found.outcome() != Outcome.PASS;
      rows.add(proves ? found : unproven(found));
    }
    List<Finding> all = new ArrayList<>(new WholeSender(deeds, rows, ended).findings());
    all.addAll(new PassiveRecord(sightings, callers).findings());
    all.addAll(rows);
    Rubric rules = SenderRubric.rules(all);
    long untested = rows.stream().filter(f -> f.outcome() == Outcome.NOT_TESTED).count();
    Grade grade = rules.grade(all, untested == 0);
    return new SenderReport(
        profile,
        all,
        ended && untested * UNTESTED > rows.size() ? unsure(grade) : grade,
        labels(rows, "leak"),
        labels(rows, "loss"),
        rules.version() + " " + rules.hash().substring(0, 12));
  }

  /** Of a sender that came to a part of the rows only, nobody knows what it does in the rest. */
  private static Grade unsure(Grade of) {
    return new Grade(
        of.letter(), of.atBest(), true, of.score(), of.open(), of.parts(), of.caps(), of.missing());
  }

  /**
   * Whether this sender delivers at all: to one of the good hosts of group A, when it came to any,
   * else anywhere.
   */
  private static boolean works(Map<String, Deeds> deeds) {
    List<Deeds> good =
        deeds.entrySet().stream()
            .filter(e -> e.getKey().startsWith("a") && e.getValue().tried())
            .map(Map.Entry::getValue)
            .toList();
    return (good.isEmpty() ? deeds.values() : good).stream().anyMatch(Deeds::delivered);
  }

  /** Who delivers nowhere refuses nothing. */
  private static Finding unproven(Finding found) {
    return new Finding(
        found.check(),
        Outcome.INCONCLUSIVE,
        "",
        found.place(),
        found.seen() + ": but so far this sender delivered to no good host",
        found.doubt(),
        found.evidence(),
        found.lines());
  }

  private static final Deeds NOTHING = Deeds.none();

  private static List<String> labels(List<Finding> rows, String aspect) {
    return rows.stream()
        .filter(f -> f.outcome() == Outcome.FAIL && f.aspect().equals(aspect))
        .map(f -> f.check().id().substring("lab.".length()))
        .toList();
  }

  /** The part of the score for which a finding counts. */
  static Optional<Expectation.Category> categoryOf(Finding finding) {
    String id = finding.check().id();
    if (id.equals("sender.tlsrpt")) {
      return Optional.of(Expectation.Category.REPORTS);
    }
    return id.startsWith("lab.")
        ? Expectation.of(id.substring("lab.".length()))
            .filter(e -> e.want() != Want.RECORDED)
            // Mail that came without REQUIRETLS neither earns nor costs anything.
            .filter(e -> e.want() != Want.AS_REQUIRETLS_SAYS || finding.outcome() != Outcome.INFO)
            .map(Expectation::category)
        : Optional.empty();
  }

  /** The check behind a row. */
  public static Check check(Trap.Case row) {
    return new Check(
        "lab." + row.label(),
        Group.SENDER,
        row.trap().title(),
        row.trap().expected(),
        ASPECTS,
        List.of(row.trap().source()),
        Advice.of("a correct sender: " + row.trap().expected()));
  }

  private Finding finding(Sighting sighting, Map<String, Deeds> all) {
    Check check = check(sighting.row());
    String label = sighting.row().label();
    Deeds deeds = all.getOrDefault(label, NOTHING);
    Want want =
        Expectation.of(label)
            .orElseThrow(() -> new IllegalStateException("no expectation for " + label))
            .of(profile);
    Verdict verdict =
        deeds.tried()
            ? verdict(want, label, all)
            : new Verdict(Outcome.NOT_TESTED, "", "the sender never came");
    Finding finding =
        Finding.of(check, verdict.outcome(), Place.domain(), deeds.told() + verdict.tail())
            .as(verdict.aspect());
    return deeds.tried() ? finding.with(Evidence.transcript(transcript(sighting))) : finding;
  }

  /** How a row came out. */
  record Verdict(Outcome outcome, String aspect, String why) {
    String tail() {
      return why.isEmpty() ? "" : ": " + why;
    }
  }

  static final Verdict PASS = new Verdict(Outcome.PASS, "", "");

  private Verdict verdict(Want want, String label, Map<String, Deeds> all) {
    Deeds deeds = all.getOrDefault(label, NOTHING);
    if (!deeds.fooled().isEmpty()) {
      return new Verdict(Outcome.FAIL, "fooled", "it fell for what was sent in clear");
    }
    return switch (want) {
      case DELIVERED_UNDER_TLS -> underTls(deeds);
      case SECOND_HOST -> second(label, deeds);
      case DELIVERED_AFTER_A_WAIT ->
          deeds.delivered() || deeds.bounce().isPresent()
              ? underTls(deeds)
              : new Verdict(Outcome.INCONCLUSIVE, "", "not yet; it may wait at first contact");
      case REFUSED -> WEAK.contains(label) ? strong(deeds) : refused(deeds);
      case NEVER_CLEAR ->
          deeds.inClear().isEmpty() && !deeds.envelopesInClear()
              ? PASS
              : new Verdict(Outcome.FAIL, "leak", "in clear, against the policy");
      case DECIDED -> decided(deeds);
      case NO_SUCH_TLS ->
          deeds.underTls().isEmpty()
                  && (deeds.handshakes().isEmpty() || ONLY_DELIVERY_TELLS.contains(label))
              ? PASS
              : new Verdict(Outcome.FAIL, "weak", "over what must not be taken for TLS");
      case BOUNCED -> bounced(deeds);
      case AS_REQUIRETLS_SAYS -> new RequireTlsConduct(all, ended).of(label);
      case RECORDED -> recorded(label, deeds);
    };
  }

  private Verdict underTls(Deeds deeds) {
    if (!deeds.inClear().isEmpty()) {
      return new Verdict(Outcome.FAIL, "clear", "in clear, although TLS was to be had");
    }
    return deeds.underTls().isEmpty() ? missing(deeds) : PASS;
  }

  private Verdict second(String label, Deeds deeds) {
    boolean policy = label.startsWith("e") || label.startsWith("f");
    List<String> wrong = new ArrayList<>(deeds.underTls());
    wrong.remove("mx2");
    wrong.removeIf("mx2"::equals);
    if (!deeds.inClear().isEmpty()) {
      return new Verdict(
          Outcome.FAIL, policy ? "leak" : "clear", "in clear, although TLS was to be had");
    }
    if (!wrong.isEmpty()) {
      return new Verdict(Outcome.FAIL, policy ? "leak" : "weak", "to the wrong host");
    }
    return deeds.underTls().isEmpty() ? missing(deeds) : PASS;
  }

  private Verdict missing(Deeds deeds) {
    if (deeds.bounce().isPresent()) {
      return new Verdict(Outcome.FAIL, "loss", "this mail could be delivered");
    }
    return ended
        ? new Verdict(Outcome.FAIL, "loss", "not delivered in the time it had")
        : new Verdict(Outcome.INCONCLUSIVE, "", "not yet");
  }

  private static Verdict refused(Deeds deeds) {
    if (!deeds.inClear().isEmpty()) {
      return new Verdict(Outcome.FAIL, "leak", "in clear, against the policy");
    }
    if (!deeds.underTls().isEmpty()) {
      return new Verdict(Outcome.FAIL, "leak", "to a host that the policy forbids");
    }
    if (deeds.envelopesInClear()) {
      return new Verdict(Outcome.FAIL, "leak", "the envelope went in clear, against the policy");
    }
    return PASS;
  }

  private static Verdict strong(Deeds deeds) {
    Verdict verdict = refused(deeds);
    return verdict.outcome() == Outcome.FAIL && !deeds.underTls().isEmpty()
        ? new Verdict(Outcome.FAIL, "weak", "with a certificate too weak to prove anything")
        : verdict;
  }

  private Verdict decided(Deeds deeds) {
    if (deeds.delivered() || deeds.bounce().isPresent()) {
      return PASS;
    }
    return new Verdict(
        Outcome.INCONCLUSIVE, "", ended ? "not decided in the time it had" : "not yet");
  }

  private Verdict bounced(Deeds deeds) {
    if (deeds.connections() > 0) {
      return new Verdict(Outcome.FAIL, "loss", "it looked for a host where there is none");
    }
    if (deeds.bounce().isPresent()) {
      String status = deeds.bounce().get().status();
      return status.equals("5.1.10")
          ? PASS
          : new Verdict(Outcome.PASS, "", "RFC 7505 has 5.1.10 for it");
    }
    return ended
        ? new Verdict(Outcome.FAIL, "loss", "no bounce came in the time it had")
        : new Verdict(Outcome.INCONCLUSIVE, "", "not yet");
  }

  private Verdict recorded(String label, Deeds deeds) {
    return switch (label) {
      // Going on after discarding it and giving up are both right; waiting for ever is not told.
      case "b11" ->
          deeds.delivered() || deeds.bounce().isPresent() || deeds.connections() > 1 || ended
              ? PASS
              : new Verdict(Outcome.INCONCLUSIVE, "", "not yet");
      case "c21" -> downgraded(deeds);
      case "d10a" ->
          deeds.underTls().isEmpty()
              ? PASS
              : new Verdict(
                  Outcome.WARN, "weak", "to whom the issuer says that the key is not his any more");
      case "f19" ->
          new Verdict(
              Outcome.INFO,
              "",
              deeds.policyBeforeConnection()
                  ? "the policy was there before the first connection"
                  : "the policy was not there before the first connection");
      default ->
          BETTER_NOT.contains(label) && !deeds.handshakes().isEmpty()
              ? new Verdict(Outcome.WARN, "weak", "it agreed to it")
              : new Verdict(Outcome.INFO, "", "");
    };
  }

  /** The mark is for who offers TLS 1.3; whoever does not has nothing to be downgraded from. */
  private static Verdict downgraded(Deeds deeds) {
    if (deeds.underTls().isEmpty()) {
      return PASS;
    }
    return deeds.downgraded()
        ? new Verdict(Outcome.FAIL, "weak", "it took TLS 1.2 although the mark says downgrade")
        : new Verdict(Outcome.INFO, "", "in that hello it offered no TLS 1.3");
  }

  private static String transcript(Sighting sighting) {
    return sighting.events().stream()
        .map(Transcript::line)
        .filter(l -> !l.isEmpty())
        .limit(MAX_LINES)
        .collect(Collectors.joining("\n"));
  }
}
