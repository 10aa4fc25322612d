package org.sealwax.router.records;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sealwax.router.records.RecordFixture.CONFIGURATION;
import static org.sealwax.router.records.RecordFixture.compare;
import static org.sealwax.router.records.RecordFixture.facts;
import static org.sealwax.router.records.RecordFixture.parts;
import static org.sealwax.router.records.RecordFixture.settings;
import static org.sealwax.router.records.RecordFixture.wanted;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.records.RecordUpdates.SetEdit;
import org.sealwax.router.records.WantedRecord.Purpose;

/** Updates change only what is ours, and only what is still as it was seen. */
final class RecordUpdatesTest {
  private static RecordUpdates updates(List<RecordStanding> standings) throws Exception {
    RouterSettings settings = settings(CONFIGURATION);
    return RecordUpdates.of(standings, settings.zoneServers(), parts(settings).domains());
  }

  @Test
  void eachSetHasItsCondition() throws Exception {
    Domain owner = Domain.of("_25._tcp.mx.project.example");
    String other = "3 1 1 " + "77".repeat(32);
    RecordUpdates found =
        updates(
            List.of(
                compare(wanted(Purpose.TLSA, owner.name()), other),
                compare(wanted(Purpose.TLSA_NEXT, owner.name()), other),
                compare(wanted(Purpose.MX, "project.example"))));
    assertEquals(1, found.updates().size());
    ZoneUpdate update = found.updates().getFirst().update();
    assertEquals("project.example", update.zone().name());
    assertEquals(2, update.conditions().size(), "one for both keys, one for MX");
    Condition.ExactRecords seen = (Condition.ExactRecords) update.conditions().getFirst();
    assertEquals(List.of(other), seen.records().stream().map(r -> r.data()).toList());
    assertEquals(
        new Condition.NoRecords(Domain.of("project.example"), RecordType.MX),
        update.conditions().getLast());
    assertEquals(3, update.changes().size());
    update.changes().forEach(change -> assertEquals(Change.Add.class, change.getClass()));
  }

  /** Names outside of the zones, and addresses of others, are for the admin. */
  @Test
  void otherNamesAreLeft() throws Exception {
    RecordUpdates found =
        updates(
            List.of(
                compare(wanted(Purpose.MX, "lists.example")),
                compare(wanted(Purpose.PTR, "25.2.0.192.in-addr.arpa"))));
    assertEquals(List.of(), found.updates());
    assertEquals(
        List.of("lists.example", "25.2.0.192.in-addr.arpa"),
        found.others().stream().map(SetEdit::owner).map(Domain::name).toList());
  }

  @Test
  void aReverseZoneIsNotOurs() throws Exception {
    RouterSettings settings =
        settings(CONFIGURATION.replace("\"project.example\"\nserver", "\"arpa\"\nserver"));
    RecordUpdates found =
        RecordUpdates.of(
            List.of(compare(wanted(Purpose.PTR, "25.2.0.192.in-addr.arpa"))),
            settings.zoneServers(),
            parts(settings).domains());
    assertEquals(List.of(), found.updates());
  }

  @Test
  void manySetsAreSeveralUpdates() throws Exception {
    StringBuilder text = new StringBuilder(CONFIGURATION);
    for (int i = 0; i < 50; i++) {
      text.append(
          "[[alias_domain]]\ndomain = \"d%d.project.example\"\nfile = \"a\"\n".formatted(i));
    }
    RouterSettings settings = settings(text.toString());
    List<RecordStanding> standings =
        WantedRecords.of(parts(settings), facts()).stream().map(record -> compare(record)).toList();
    RecordUpdates found =
        RecordUpdates.of(standings, settings.zoneServers(), parts(settings).domains());
    int sets = found.updates().stream().mapToInt(u -> u.update().conditions().size()).sum();
    assertEquals(RecordUpdates.sets(standings).size() - found.others().size(), sets);
    found
        .updates()
        .forEach(planned -> assertEquals("project.example", planned.update().zone().name()));
  }
}
