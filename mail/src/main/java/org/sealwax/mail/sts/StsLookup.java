package org.sealwax.mail.sts;

import org.sealwax.mail.dns.DnsAnswer;

/** What a look-up of {@code _mta-sts} came to. */
public sealed interface StsLookup {
  /** The DNS answered. */
  record RecordAnswer(StsRecord record) implements StsLookup {}

  /** It did not: bogus, SERVFAIL, timeout. Nothing is known, least of all that there is none. */
  record NoRecordAnswer(String why) implements StsLookup {}

  /** Reads an answer. */
  static StsLookup of(DnsAnswer<String> txt) {
    return switch (txt.kind()) {
      case FOUND -> new RecordAnswer(StsRecord.read(txt.records()));
      case NO_DATA, NO_NAME -> new RecordAnswer(new StsRecord.None());
      case UNKNOWN -> new NoRecordAnswer(txt.reason());
    };
  }
}
