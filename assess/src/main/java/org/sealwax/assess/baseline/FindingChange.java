package org.sealwax.assess.baseline;

import java.util.List;

/**
 * A difference between two reports at one check.
 *
 * @param kind what it means
 * @param code of the finding that counts: the present one where something is wrong now
 * @param places where, as text
 * @param was the earlier result: outcome and sentence
 * @param now the present result
 */
public record FindingChange(Kind kind, String code, List<String> places, String was, String now) {
  /** What a difference means. */
  public enum Kind {
    /** Something is wrong that was right, or more wrong than it was. */
    WORSE("worse"),
    /** Something is right that was wrong, or less wrong than it was. */
    BETTER("better"),
    /** Something else is wrong, to the same degree, or the check applies to one of them only. */
    OTHER("other"),
    /** Only one of the two reports saw whether it is right. */
    NOT_COMPARABLE("not comparable");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** The word for reports; stable, also in JSON. */
    public String label() {
      return label;
    }
  }

  /** Copies. */
  public FindingChange {
    places = List.copyOf(places);
  }
}
