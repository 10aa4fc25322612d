package org.sealwax.mail.dns.update;

/** The result of an update. Only {@link Applied} is a success. */
public sealed interface UpdateResult {
  /** A signed answer states that the update was applied. Secondary servers may still lag. */
  record Applied() implements UpdateResult {}

  /**
   * A signed answer states that a condition was not met: the zone is unchanged.
   *
   * @param reason which kind of condition
   */
  record ConditionFailed(String reason) implements UpdateResult {}

  /**
   * A signed answer refuses the update: the zone is unchanged.
   *
   * @param reason in words
   */
  record Refused(String reason) implements UpdateResult {}

  /**
   * No answer that can be believed: the update may have been applied or not.
   *
   * @param reason in words
   */
  record Unproven(String reason) implements UpdateResult {}
}
