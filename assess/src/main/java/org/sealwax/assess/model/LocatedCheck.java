package org.sealwax.assess.model;

/**
 * One check at one location. Each result of it begins here; aspect, evidence and advice are added
 * to the finding.
 */
public record LocatedCheck(Check check, FindingLocation location) {
  /** Seen, and as it should be. */
  public Finding pass(String seen) {
    return finding(CheckOutcome.PASS, seen);
  }

  /** Seen, and worth reporting. */
  public Finding info(String seen) {
    return finding(CheckOutcome.INFO, seen);
  }

  /** Seen, and worth fixing. */
  public Finding warn(String seen) {
    return finding(CheckOutcome.WARN, seen);
  }

  /** Seen, and wrong. */
  public Finding fail(String seen) {
    return finding(CheckOutcome.FAIL, seen);
  }

  /** Could not be done. */
  public Finding inconclusive(String seen) {
    return finding(CheckOutcome.INCONCLUSIVE, seen);
  }

  /** The DNS gave no usable answer. */
  public Finding lookupFailed(String reason) {
    return inconclusive("the look-up failed: " + reason);
  }

  /** Not asked for. */
  public Finding notTested(String why) {
    return finding(CheckOutcome.NOT_TESTED, why);
  }

  /** Does not apply. */
  public Finding notNeeded(String why) {
    return finding(CheckOutcome.NOT_NEEDED, why);
  }

  /** The check is about a domain, and the target is a host. */
  public Finding withoutDomain() {
    return notNeeded("the target is a host, not a domain");
  }

  /** Any result. */
  public Finding finding(CheckOutcome outcome, String seen) {
    return Finding.of(check, outcome, location, seen);
  }
}
