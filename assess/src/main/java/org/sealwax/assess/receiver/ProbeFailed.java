package org.sealwax.assess.receiver;

/** The server could not be brought to the point where a question can be asked. */
final class ProbeFailed extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why. */
  enum ProbeFailureReason {
    /** The budget of connections is spent. */
    NO_CONNECTION_LEFT(""),
    /** The time is over. */
    NO_TIME_LEFT("deadline"),
    /** The server asked us to go slower, more often than we wait. */
    THROTTLED("throttled"),
    /** No TCP connection. */
    UNREACHABLE(""),
    /** The connection is open, and nothing comes. */
    SILENT("silent"),
    /** The connection ended where a reply was due. */
    CLOSED(""),
    /** Something came that is not SMTP. */
    GARBAGE("garbage"),
    /** More came than any normal server sends. */
    ENDLESS("endless"),
    /** A reply of refusal that is not about load: 554, 521, 550. */
    UNWELCOME(""),
    /** EHLO does not offer STARTTLS. */
    NO_STARTTLS(""),
    /** STARTTLS was answered with anything but 220. */
    STARTTLS_REFUSED(""),
    /** There was plaintext after the 220. */
    INJECTED("");

    private final String trouble;

    ProbeFailureReason(String trouble) {
      this.trouble = trouble;
    }

    /** The aspect of {@code scan.trouble}; empty for none in particular. */
    String trouble() {
      return trouble;
    }
  }

  private final ProbeFailureReason reason;

  ProbeFailed(ProbeFailureReason reason, String seen) {
    super(seen);
    this.reason = reason;
  }

  ProbeFailureReason reason() {
    return reason;
  }

  /** What was seen, for people. */
  String observed() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
