package org.sealwax.router.feedback;

/**
 * Where a report comes from, or what it is about.
 *
 * @param name a domain, an address of a client, or one of the words here
 */
public record ReportSource(String name) {
  /** All reports without a valid DKIM signature of the domain in From: one source. */
  public static final ReportSource UNSIGNED = new ReportSource("unsigned");

  /** In the place of a name that is not kept. */
  public static final ReportSource OTHER = new ReportSource("other");

  @Override
  public String toString() {
    return name;
  }
}
