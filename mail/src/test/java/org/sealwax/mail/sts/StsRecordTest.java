package org.sealwax.mail.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;

/** RFC 8461 3.1, row by row. */
final class StsRecordTest {
  private static final String ID32 = "a1".repeat(16);

  private static StsRecord read(String... texts) {
    return StsRecord.read(List.of(texts));
  }

  @ParameterizedTest
  @CsvSource({
    "v=STSv1; id=20160831085700Z;, 20160831085700Z",
    "v=STSv1;id=a, a",
    "v=STSv1;id=a;, a",
    "v=STSv1; id=a ;, a",
    "v=STSv1;\tid=a\t;\t, a",
    // Order is free, and unknown fields are allowed.
    "v=STSv1; x-y.z_1=%7E!; id=b; other=1, b",
    // Of a field that is repeated, the first counts.
    "v=STSv1; id=first; id=second, first",
    "v=STSv1; id=first; id=not-an-id, first",
  })
  void announces(String text, String id) {
    assertEquals(new StsRecord.Announced(id), read(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v=STSv1;",
        "v=STSv1; ",
        "v=STSv1; id=",
        "v=STSv1; id=a-b",
        "v=STSv1; id=\u00e9",
        "v=STSv1; id = a",
        "v=STSv1; ID=a",
        "v=STSv1;; id=a",
        "v=STSv1; id=a;;",
        "v=STSv1; id=a b",
        "v=STSv1; id=a; nonsense",
        "v=STSv1; id=a; x=",
        "v=STSv1; id=a; -x=1",
        "v=STSv1; id=a; x=1=2",
        "v=STSv1 ; id=a",
        "v=STSv1",
      })
  void whatBreaksTheGrammarCountsAsNone(String text) {
    assertInstanceOf(StsRecord.Malformed.class, read(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "v=spf1 -all", " v=STSv1; id=a", "V=STSv1; id=a", "v=stsv1; id=a", "v=STSv2;"})
  void otherTxtRecordsAreIgnored(String text) {
    assertEquals(new StsRecord.None(), read(text));
  }

  @Test
  void anIdHasOneTo32Characters() {
    assertEquals(new StsRecord.Announced(ID32), read("v=STSv1; id=" + ID32));
    assertInstanceOf(StsRecord.Malformed.class, read("v=STSv1; id=" + ID32 + "x"));
    String name = "n".repeat(StsRecord.MAX_NAME);
    assertEquals(new StsRecord.Announced("a"), read("v=STSv1; id=a; " + name + "=1"));
    assertInstanceOf(StsRecord.Malformed.class, read("v=STSv1; id=a; " + name + "n=1"));
  }

  @Test
  void aRecordIsBounded() {
    String longest = "v=STSv1; id=a; x=";
    String full = longest + "1".repeat(StsRecord.MAX_LENGTH - longest.length());
    assertEquals(new StsRecord.Announced("a"), read(full));
    assertInstanceOf(StsRecord.Malformed.class, read(full + "1"));
  }

  @Test
  void f14TwoRecordsCountAsNone() {
    assertEquals(new StsRecord.Several(2), read("v=STSv1; id=a", "v=STSv1; id=a"));
    // One that is broken counts as a second one.
    assertEquals(new StsRecord.Several(2), read("v=STSv1; id=a", "v=STSv1;"));
    // Other TXT records there are ignored.
    assertEquals(
        new StsRecord.Announced("a"), read("v=spf1 -all", "v=STSv1; id=a", "v=STSv1", "hello"));
  }

  @Test
  void namesThatWouldBeTooLongHaveNoRecord() {
    String label = "a".repeat(60);
    String name = String.join(".", label, label, label, label);
    assertEquals(243, name.length());
    Domain fits = Domain.of(name);
    assertEquals(252, StsRecord.nameFor(fits).orElseThrow().name().length());
    Domain over = Domain.of("abc" + name);
    assertEquals(java.util.Optional.empty(), StsRecord.nameFor(over));
    assertEquals(
        "mta-sts.example.org", StsRecord.hostFor(Domain.of("example.org")).orElseThrow().name());
  }
}
