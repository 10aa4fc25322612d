package org.sealwax.router.reports.received;

/**
 * Where a report came from.
 *
 * @param way how
 * @param who by mail the domain that signed it; by POST the client's address, which proves nothing
 */
public record Origin(Way way, String who) {
  /** The two ways of RFC 8460 section 5. */
  public enum Way {
    MAIL("mail"),
    POST("https");

    private final String word;

    Way(String word) {
      this.word = word;
    }

    /** For files, logs and people. */
    public String word() {
      return word;
    }

    static Way of(String word) {
      for (Way way : values()) {
        if (way.word.equals(word)) {
          return way;
        }
      }
      throw new IllegalArgumentException("no way");
    }
  }

  @Override
  public String toString() {
    return way.word() + " " + who;
  }
}
