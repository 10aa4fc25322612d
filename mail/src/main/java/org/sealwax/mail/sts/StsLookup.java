package org.sealwax.mail.sts;

import org.sealwax.mail.dns.DnsAnswer;

/** The result of a look-up of {@code _mta-sts}. */
public sealed interface StsLookup {
  /**
   * The DNS answered.
   *
   * @param record the contents of the TXT records
   */
  record RecordAnswer(StsRecord record) implements StsLookup {}

  /**
   * The look-up failed: bogus, SERVFAIL, timeout. It is not known whether there is a record.
   *
   * @param why the reason in words, for logs
   */
  record NoRecordAnswer(String why) implements StsLookup {}

  /**
   * Reads an answer.
   *
   * @param txt the answer for the TXT records
   * @return what the answer means
   */
  static StsLookup of(DnsAnswer<String> txt) {
    return switch (txt.kind()) {
      case FOUND -> new RecordAnswer(StsRecord.read(txt.records()));
      case NO_DATA, NO_NAME -> new RecordAnswer(new StsRecord.None());
      case UNKNOWN -> new NoRecordAnswer(txt.reason());
    };
  }
}
