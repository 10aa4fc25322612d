package org.sealwax.mail.dane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.dane.TlsaSet.TlsaUsability;
import org.sealwax.mail.dns.TlsaRecord;

/** Records and what they are good for (RFC 6698 2.1, RFC 7671 9, RFC 7672 3.1). */
final class TlsaSetTest {
  static final String SHA_256 = "ab".repeat(32);
  static final String SHA_512 = "cd".repeat(64);

  @ParameterizedTest
  @CsvSource({
    "3, 1, 1, 32, USABLE",
    "3, 0, 1, 32, USABLE",
    "3, 1, 2, 64, USABLE",
    "2, 0, 1, 32, USABLE",
    "2, 1, 2, 64, USABLE",
    "3, 1, 0, 91, USABLE",
    "2, 0, 0, 700, USABLE",
    "0, 1, 1, 32, PKIX_USAGE",
    "1, 0, 2, 64, PKIX_USAGE",
    "4, 1, 1, 32, UNKNOWN_USAGE",
    "255, 1, 1, 32, UNKNOWN_USAGE",
    "3, 2, 1, 32, UNKNOWN_SELECTOR",
    "3, 255, 1, 32, UNKNOWN_SELECTOR",
    "3, 1, 3, 32, UNKNOWN_MATCHING",
    "3, 1, 255, 32, UNKNOWN_MATCHING",
    "3, 1, 1, 31, MALFORMED",
    "3, 1, 1, 33, MALFORMED",
    "3, 1, 1, 64, MALFORMED",
    "3, 1, 2, 32, MALFORMED",
    "3, 1, 2, 63, MALFORMED",
    "3, 1, 1, 0, MALFORMED",
    "3, 0, 0, 0, MALFORMED",
    "3, 0, 0, 16384, USABLE",
    "3, 0, 0, 16385, TOO_LONG",
  })
  void usabilityOfOneRecord(
      int usage, int selector, int matching, int bytes, TlsaUsability usability) {
    TlsaRecord record = new TlsaRecord(usage, selector, matching, "5a".repeat(bytes));
    TlsaSet set = TlsaSet.of(List.of(record));
    assertEquals(List.of(new TlsaSet.CheckedTlsa(record, usability)), set.records());
    assertEquals(usability == TlsaUsability.USABLE ? 1 : 0, set.usable().size());
    assertEquals(usability.text(), set.why());
  }

  private static String standings(TlsaRecord... records) {
    return TlsaSet.of(List.of(records)).records().stream()
            .map(r -> r.record().usage() + "" + r.record().selector() + r.record().matching())
            .collect(Collectors.joining(" "))
        + " -> "
        + TlsaSet.of(List.of(records)).usable().stream()
            .map(a -> a.usage() + "" + a.selector() + a.matching())
            .sorted()
            .collect(Collectors.joining(" "));
  }

  @Test
  void ofTwoDigestsTheStrongerCountsWithinOneUsageAndSelector() {
    assertEquals(
        "311 312 -> 312",
        standings(new TlsaRecord(3, 1, 1, SHA_256), new TlsaRecord(3, 1, 2, SHA_512)));
    assertEquals(
        "301 312 -> 301 312",
        standings(new TlsaRecord(3, 0, 1, SHA_256), new TlsaRecord(3, 1, 2, SHA_512)));
    assertEquals(
        "312 211 -> 211 312",
        standings(new TlsaRecord(2, 1, 1, SHA_256), new TlsaRecord(3, 1, 2, SHA_512)));
  }

  @Test
  void fullDataDoesNotCompeteWithDigests() {
    assertEquals(
        "310 312 -> 310 312",
        standings(new TlsaRecord(3, 1, 0, "30"), new TlsaRecord(3, 1, 2, SHA_512)));
  }

  @Test
  void malformedStrongDigestKeepsTheWeakerOne() {
    assertEquals(
        "311 312 -> 311",
        standings(new TlsaRecord(3, 1, 1, SHA_256), new TlsaRecord(3, 1, 2, SHA_256)));
  }

  @Test
  void severalKeysOfTheStrongestDigestAllCount() {
    assertEquals(
        2,
        TlsaSet.of(
                List.of(
                    new TlsaRecord(3, 1, 2, SHA_512),
                    new TlsaRecord(3, 1, 2, "ee".repeat(64)),
                    new TlsaRecord(3, 1, 1, SHA_256)))
            .usable()
            .size());
  }

  @Test
  void eachReasonIsListedOnce() {
    assertEquals(
        "the data does not fit the matching type, usages 0 and 1 do not apply to SMTP",
        TlsaSet.of(
                List.of(
                    new TlsaRecord(3, 1, 1, "00"),
                    new TlsaRecord(1, 1, 1, SHA_256),
                    new TlsaRecord(0, 1, 1, SHA_256)))
            .why());
  }

  @Test
  void recordCountLimit() {
    List<TlsaRecord> many = new ArrayList<>();
    for (int i = 0; i < TlsaSet.MAX_USABLE; i++) {
      many.add(new TlsaRecord(3, 1, 1, String.format("%064x", i)));
    }
    assertEquals(TlsaSet.MAX_USABLE, TlsaSet.of(many).usable().size());
    assertEquals("", TlsaSet.of(many).why());
    many.add(new TlsaRecord(2, 1, 1, SHA_256));
    TlsaSet cut = TlsaSet.of(many);
    assertEquals(TlsaSet.MAX_USABLE, cut.usable().size());
    assertTrue(cut.usable().stream().allMatch(a -> a.usage() == 3));
    assertEquals(TlsaUsability.TOO_MANY.text(), cut.why());
  }

  @Test
  void orderAndDuplicatesAreIgnored() {
    List<TlsaRecord> records =
        new ArrayList<>(
            List.of(
                new TlsaRecord(3, 1, 1, SHA_256),
                new TlsaRecord(3, 1, 2, SHA_512),
                new TlsaRecord(2, 0, 1, SHA_256),
                new TlsaRecord(0, 0, 1, SHA_256),
                new TlsaRecord(3, 1, 1, SHA_256)));
    TlsaSet set = TlsaSet.of(records);
    for (int i = 0; i < 20; i++) {
      Collections.shuffle(records, new Random(i));
      assertEquals(set, TlsaSet.of(records));
    }
    assertEquals(4, set.records().size());
  }
}
