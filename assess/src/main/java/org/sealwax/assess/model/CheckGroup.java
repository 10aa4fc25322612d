package org.sealwax.assess.model;

import java.util.Arrays;
import java.util.Optional;

/** Groups of checks. */
public enum CheckGroup {
  REACH("Reach and SMTP", "Reachability and SMTP"),
  CRYPTO("Protocol and crypto", "TLS and cryptography"),
  CERTIFICATE("Certificate", "Certificate"),
  POLICY("Policy", "Policy"),
  /** Sender authentication of the domain: reported in addition, never graded. */
  PANEL("For information", "For information"),
  /** What a sending router does in the lab. */
  SENDER("Sending", "Sending");

  private final String title;
  private final String heading;

  CheckGroup(String title, String heading) {
    this.title = title;
    this.heading = heading;
  }

  /** The word of the table of checks and of JSON, which stays the same. */
  public String title() {
    return title;
  }

  /** As pages print it. */
  public String heading() {
    return heading;
  }

  /** The group with this title. */
  public static Optional<CheckGroup> titled(String title) {
    return Arrays.stream(values()).filter(g -> g.title.equals(title)).findFirst();
  }
}
