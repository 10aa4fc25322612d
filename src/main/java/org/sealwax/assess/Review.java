package org.sealwax.assess;

import java.util.List;

/**
 * One question to the target as a whole, once every address was visited: names, policies,
 * certificates against policies, hosts against each other. Opens no SMTP connection.
 */
public interface Review {
  /** The checks that it answers: each is told {@code not tested} when the review says nothing. */
  List<Check> checks();

  /** Judges. */
  List<Finding> judge(Overview all) throws InterruptedException;
}
