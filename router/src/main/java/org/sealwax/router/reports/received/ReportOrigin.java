package org.sealwax.router.reports.received;

/**
 * The origin of a report.
 *
 * @param way how
 * @param who by mail the domain that signed it; by POST the client's address, which proves nothing
 */
public record ReportOrigin(ReportTransport way, String who) {
  /** The two ways of RFC 8460 section 5. */
  public enum ReportTransport {
    MAIL("mail"),
    POST("https");

    private final String word;

    ReportTransport(String word) {
      this.word = word;
    }

    /** For files, logs and display. */
    public String word() {
      return word;
    }

    static ReportTransport of(String word) {
      for (ReportTransport way : values()) {
        if (way.word.equals(word)) {
          return way;
        }
      }
      throw new IllegalArgumentException("not known");
    }
  }

  @Override
  public String toString() {
    return way.word() + " " + who;
  }
}
