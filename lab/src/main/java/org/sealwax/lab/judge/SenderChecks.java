package org.sealwax.lab.judge;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckTable;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.ProgramResource;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;

/** The checks of a sender: the table of those about it as a whole, and one for each test case. */
final class SenderChecks {
  /** Texts for a failure in a trap, by its kind. */
  private static final Map<String, String> HEADINGS = new LinkedHashMap<>();

  static {
    HEADINGS.put("leak", "mail leaked");
    HEADINGS.put("loss", "legitimate mail bounced");
    HEADINGS.put("stuck", "legitimate mail is stuck");
    HEADINGS.put("fooled", "the attack succeeded");
    HEADINGS.put("weak", "weak TLS was accepted");
    HEADINGS.put("clear", "mail was sent in plaintext although TLS was available");
  }

  private static final CheckTable TABLE =
      CheckTable.parse(ProgramResource.text(SenderChecks.class, "checks.txt"));

  private SenderChecks() {}

  /**
   * The check of a sender as a whole with this id.
   *
   * @throws IllegalArgumentException when there is none: a fault in our code
   */
  static Check of(String id) {
    return TABLE.find(id).orElseThrow(() -> new IllegalArgumentException("no check " + id));
  }

  /**
   * The check of a test case: this trap in this context.
   *
   * @param aspect how it failed, with the remedy for that; empty when it did not
   */
  static Check of(Trap.TrapCase trapCase, SenderProfile profile, String aspect) {
    Trap trap = trapCase.trap();
    String title =
        trap.title() + (trap.contexts().size() > 1 ? ", " + words(trapCase.context()) : "");
    Map<String, String> headings = new LinkedHashMap<>();
    HEADINGS.forEach((kind, words) -> headings.put(kind, title + ": " + words));
    TrapExpectation expectation = TrapJudge.expected(trapCase.label());
    return new Check(
        "lab." + trapCase.label(),
        CheckGroup.SENDER,
        title,
        demand(trap, expectation, profile),
        headings,
        List.of(trap.source()),
        aspect.isEmpty() ? FixAdvice.of("") : remedy(expectation, aspect).advice());
  }

  private static String words(PolicyContext context) {
    return switch (context) {
      case NONE -> "no policy";
      case ENFORCE -> "MTA-STS enforce";
      case TESTING -> "MTA-STS testing";
      case DANE -> "DANE";
    };
  }

  /**
   * What a correct sender does in this context; for a trap with one context as the trap specifies.
   */
  private static String demand(Trap trap, TrapExpectation expectation, SenderProfile profile) {
    if (trap.contexts().size() == 1) {
      return trap.expected();
    }
    return switch (expectation.of(profile)) {
      case DELIVERED_UNDER_TLS -> "deliver under TLS";
      case SECOND_HOST -> "deliver under TLS to the second host";
      case DELIVERED_AFTER_A_WAIT -> "deliver under TLS, at once or after a wait";
      case DELIVERED_AFTER_CHANGE -> "defer, and deliver under TLS after the change";
      case REFUSED -> "defer: " + reason(expectation, profile);
      case NEVER_PLAINTEXT -> "never in plaintext: " + reason(expectation, profile);
      case DECIDED -> "plaintext or a bounce, after a bounded time";
      case NO_SUCH_TLS -> "do not take it for TLS; plaintext or nothing";
      case BOUNCED -> "bounce at once";
      case AS_RFC_8689_DEMANDS, RECORDED -> trap.expected();
    };
  }

  private static String reason(TrapExpectation expectation, SenderProfile profile) {
    return switch (expectation.mechanism()) {
      case DANE -> "the TLSA records demand TLS with a matching certificate";
      case STS -> "the MTA-STS policy demands TLS with a valid certificate";
      case DNSSEC -> "the answer of the DNS does not validate";
      case NONE -> "the profile \"" + profile.label() + "\" demands TLS";
    };
  }

  /** The check whose advice is the remedy for a fault. */
  static Check remedy(Finding fault) {
    String id = fault.check().id();
    return id.startsWith("lab.")
        ? remedy(TrapJudge.expected(SenderAssessment.label(fault)), fault.aspect())
        : of(id);
  }

  private static Check remedy(TrapExpectation expectation, String aspect) {
    boolean requireTls = expectation.expected() == ExpectedOutcome.AS_RFC_8689_DEMANDS;
    return of(
        switch (aspect) {
          case "loss", "stuck" -> requireTls ? "trap.requiretls" : "sender.delivers";
          case "fooled" -> "trap.fooled";
          case "weak" -> "trap.weak";
          case "clear" -> "sender.starttls";
          default ->
              requireTls
                  ? "trap.requiretls"
                  : switch (expectation.mechanism()) {
                    case DANE -> "sender.dane";
                    case STS -> "sender.sts";
                    case DNSSEC -> "trap.dnssec";
                    case NONE -> "sender.starttls";
                  };
        });
  }
}
