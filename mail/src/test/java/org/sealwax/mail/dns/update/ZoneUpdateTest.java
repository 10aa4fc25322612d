package org.sealwax.mail.dns.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;

/** What an update may have in it. */
final class ZoneUpdateTest {
  private static final Domain ZONE = Domain.of("example.org");
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Change ADD = new Change.Add(ZoneRecord.txt(ZONE, HOUR, "v=x"));

  @Test
  void recordsAreLinesOfAZoneFile() {
    assertEquals(
        "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 " + "ab".repeat(32),
        ZoneRecord.tlsa(
                Domain.of("_25._tcp.mx.example.org"),
                HOUR,
                new TlsaRecord(3, 1, 1, "ab".repeat(32)))
            .line());
    assertEquals(
        "\"" + "x".repeat(255) + "\" \"xy\\\"z\\\\;\"",
        ZoneRecord.txt(ZONE, HOUR, "x".repeat(256) + "y\"z\\;").data());
    assertEquals("\"\"", ZoneRecord.txt(ZONE, HOUR, "").data());
  }

  @Test
  void malformedRecordsAreRefused() {
    for (String data :
        List.of("3 1 1", "3 1 1 xy", "3 1 1 ab\n@ A 192.0.2.1", "", "a".repeat(5_000))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new ZoneRecord(ZONE, RecordType.TLSA, HOUR, data),
          data);
    }
    for (Duration ttl :
        List.of(Duration.ofSeconds(-1), Duration.ofMillis(1_500), Duration.ofSeconds(1L << 31))) {
      assertThrows(IllegalArgumentException.class, () -> ZoneRecord.txt(ZONE, ttl, "x"));
    }
    assertEquals(ZoneRecord.MAX_TTL, ZoneRecord.txt(ZONE, ZoneRecord.MAX_TTL, "x").ttl());
  }

  @Test
  void anUpdateIsOfOneZoneAndBounded() {
    int most = ZoneUpdate.MAX_RECORDS;
    assertEquals(
        most, new ZoneUpdate(ZONE, List.of(), Collections.nCopies(most, ADD)).changes().size());
    Condition.NoRecords none = new Condition.NoRecords(ZONE, RecordType.MX);
    for (Executable wrong :
        List.<Executable>of(
            () -> new ZoneUpdate(ZONE, List.of(), List.of()),
            () -> new ZoneUpdate(ZONE, List.of(), Collections.nCopies(most + 1, ADD)),
            () -> new ZoneUpdate(ZONE, Collections.nCopies(most + 1, none), List.of(ADD)),
            () -> new ZoneUpdate(Domain.of("sub.example.org"), List.of(), List.of(ADD)),
            () -> new ZoneUpdate(Domain.of("xample.org"), List.of(), List.of(ADD)),
            () -> new Condition.ExactRecords(List.of()),
            () ->
                new Condition.ExactRecords(
                    List.of(
                        ZoneRecord.txt(ZONE, HOUR, "x"),
                        ZoneRecord.txt(Domain.of("a.example.org"), HOUR, "x"))))) {
      assertThrows(IllegalArgumentException.class, wrong::execute);
    }
  }

  private interface Executable {
    void execute();
  }
}
