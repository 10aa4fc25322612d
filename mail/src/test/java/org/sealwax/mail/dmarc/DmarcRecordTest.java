package org.sealwax.mail.dmarc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.dmarc.DmarcRecord.Alignment;
import org.sealwax.mail.dmarc.DmarcRecord.Policies;
import org.sealwax.mail.dmarc.DmarcRecord.Psd;

/** Records of RFC 9989 sections 4.7, 4.8 and 4.10.1, and nonsense. */
final class DmarcRecordTest {
  @Test
  void everyTag() {
    assertEquals(
        Optional.of(
            new DmarcRecord(
                Optional.of(
                    new Policies(DmarcPolicy.REJECT, DmarcPolicy.QUARANTINE, DmarcPolicy.NONE)),
                Alignment.STRICT,
                Alignment.STRICT,
                Psd.YES,
                true)),
        DmarcRecord.of(
            "v = DMARC1 ; p=Reject; sp=quarantine;np=none; adkim=S; aspf=s; psd=y; t=Y; fo=1;"
                + " rua=mailto:a@example.org; x=unknown;"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "v=DMARC1 p=reject",
        " v=DMARC1; p=reject",
        "v=dmarc1; p=reject",
        "v=DMARC2; p=reject",
        "p=reject; v=DMARC1",
        "v=DMARC1\u00e9; p=reject",
        "v=spf1 -all",
        ";v=DMARC1"
      })
  void noRecord(String text) {
    assertEquals(Optional.empty(), DmarcRecord.of(text), text);
  }

  @Test
  void aTextThatIsTooLongIsNoRecord() {
    String most = "v=DMARC1; p=none; x=" + "y".repeat(DmarcRecord.MAX_LENGTH - 20);
    assertTrue(DmarcRecord.of(most).isPresent());
    assertFalse(DmarcRecord.of(most + "y").isPresent());
  }

  /** Policies of a domain, of subdomains, of what does not exist; a dash: DMARC does not apply. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "p=reject | REJECT REJECT REJECT",
        "p=reject; sp=none | REJECT NONE NONE",
        "p=none; np=reject | NONE NONE REJECT",
        "p=none; sp=quarantine; np=reject | NONE QUARANTINE REJECT",
        "x=y | NONE NONE NONE",
        "p=deny | -",
        "p=deny; rua=mailto:a@example.org | NONE NONE NONE",
        "p=deny; rua=nonsense | -",
        "p=deny; rua=nonsense, https://example.org/!10m | NONE NONE NONE",
        "p=deny; rua=nonsense , mailto:a@example.org | NONE NONE NONE",
        "p=reject; sp=deny | -",
        "p=reject; np=deny; rua=mailto:a@example.org | NONE NONE NONE",
        "p=reject; p=none | -",
        "p=none; p=none; rua=mailto:a@example.org | NONE NONE NONE",
        "P=reject | NONE NONE NONE",
        "p=reject; ;; =; adkim | REJECT REJECT REJECT",
        "p=reject quarantine | -"
      })
  void policies(String tags, String expected) {
    DmarcRecord record = DmarcRecord.of("v=DMARC1; " + tags).orElseThrow();
    assertEquals(
        expected,
        record
            .policies()
            .map(p -> p.domain() + " " + p.subdomains() + " " + p.nonexistent())
            .orElse("-"));
  }

  @Test
  void anInvalidValueHasItsDefault() {
    DmarcRecord record =
        DmarcRecord.of("v=DMARC1; p=none; aspf=strict; adkim=; psd=x; t=yes").orElseThrow();
    assertEquals(Alignment.RELAXED, record.spf());
    assertEquals(Alignment.RELAXED, record.dkim());
    assertEquals(Psd.UNSAID, record.psd());
    assertFalse(record.testing());
  }
}
