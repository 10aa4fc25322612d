package org.sealwax.spool;

import java.util.regex.Pattern;

/**
 * The identifier of one queued message: in the {@code 250}, in Received, in the log, in the queue.
 *
 * @param text 8 to 24 characters of {@code [0-9A-Za-z]}; sorts roughly by time of arrival
 */
public record QueueId(String text) {
  private static final Pattern FORM = Pattern.compile("[0-9A-Za-z]{8,24}");

  /** Checks the form: the identifier goes into file names and headers. */
  public QueueId {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException("not a queue id");
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
