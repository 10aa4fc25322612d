package org.sealwax.assess.baseline;

import java.io.IOException;

/** A text is not a report that can be compared with; the message completes "FILE ...". */
public final class MalformedBaseline extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedBaseline(String message) {
    super(message);
  }
}
