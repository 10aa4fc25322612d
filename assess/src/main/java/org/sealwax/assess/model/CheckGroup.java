package org.sealwax.assess.model;

import java.util.Arrays;
import java.util.Optional;

/** Groups of checks, the headings of the report. */
public enum CheckGroup {
  REACH("Reach and SMTP"),
  CRYPTO("Protocol and crypto"),
  CERTIFICATE("Certificate"),
  POLICY("Policy"),
  /** Sender authentication of the domain: reported in addition, never graded. */
  PANEL("For information"),
  /** What a sending router does in the lab. */
  SENDER("Sending");

  private final String title;

  CheckGroup(String title) {
    this.title = title;
  }

  /** As reports print it. */
  public String title() {
    return title;
  }

  /** The group with this title. */
  public static Optional<CheckGroup> titled(String title) {
    return Arrays.stream(values()).filter(g -> g.title.equals(title)).findFirst();
  }
}
