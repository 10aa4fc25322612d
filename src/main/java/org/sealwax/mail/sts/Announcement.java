package org.sealwax.mail.sts;

import org.sealwax.mail.dns.Answer;

/** What a look-up of {@code _mta-sts} came to. */
public sealed interface Announcement {
  /** The DNS answered. */
  record Says(StsRecord record) implements Announcement {}

  /** It did not: bogus, SERVFAIL, timeout. Nothing is known, least of all that there is none. */
  record Silent(String why) implements Announcement {}

  /** Reads an answer. */
  static Announcement of(Answer<String> txt) {
    return switch (txt.kind()) {
      case FOUND -> new Says(StsRecord.read(txt.records()));
      case NO_DATA, NO_NAME -> new Says(new StsRecord.None());
      case UNKNOWN -> new Silent(txt.reason());
    };
  }
}
