package org.sealwax.mail.dmarc;

import java.util.List;

/** What receivers find where the policy record of a domain is published (RFC 9989 section 4.7). */
public enum DmarcPublication {
  /** One record. */
  RECORD,
  /** No record. */
  MISSING,
  /** More than one record: receivers ignore them all (section 4.10). */
  SEVERAL,
  /** A text that is meant as a record and is none: receivers ignore it. */
  INVALID;

  private static final String VERSION = "v=DMARC1";

  /**
   * {@return what receivers find}
   *
   * @param texts the TXT records at {@code _dmarc} below the domain
   */
  public static DmarcPublication of(List<String> texts) {
    long records = texts.stream().filter(text -> DmarcRecord.of(text).isPresent()).count();
    if (records > 0) {
      return records == 1 ? RECORD : SEVERAL;
    }
    return texts.stream().anyMatch(DmarcPublication::isMeant) ? INVALID : MISSING;
  }

  /**
   * {@return whether a text is meant as a record, right or wrong}
   *
   * @param text a TXT record
   */
  public static boolean isMeant(String text) {
    return text.strip().regionMatches(true, 0, VERSION, 0, VERSION.length());
  }
}
