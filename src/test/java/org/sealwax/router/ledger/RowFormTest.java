package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;

final class RowFormTest {
  /** Rows of every kind. */
  static List<DomainRow> rows() {
    List<DomainRow> rows = new ArrayList<>();
    rows.add(new Story().row);
    rows.add(new Story().days(2, Shown.CLEAR).row);
    rows.add(new Story().days(8, Shown.VERIFIED).row);
    rows.add(new Story().days(8, Shown.ENCRYPTED).resolves().shows(Story.MX1, Shown.CLEAR).row);
    Story changed = new Story().days(8, Shown.VERIFIED).mx(Story.EVIL, Story.MX2);
    rows.add(changed.retries(Duration.ofHours(9), Shown.VERIFIED, Path.Family.values()).row);
    Story kept = new Story();
    MxPattern pattern = MxPattern.parse("*.provider.example").orElseThrow();
    rows.add(kept.rules.keeps(kept.row, List.of(pattern), kept.moment()).row());
    rows.add(withKeys());
    return rows;
  }

  private static DomainRow withKeys() {
    Story story = new Story().resolves();
    DomainRow row = story.row;
    for (int i = 0; i < 50; i++) {
      Pin key = new Pin("%064x".formatted(i / 3));
      Showing showing =
          new Showing(
              story.now.plusSeconds(i * 1_000L),
              Path.Family.IPV6,
              Shown.VERIFIED,
              Rung.TLS12,
              i % 2 == 0,
              TlsVersion.TLS_1_2,
              key);
      row = story.rules.shows(row, Story.MX1, showing, story.moment()).row();
    }
    return row;
  }

  /** Keys that are no longer in the history are not kept with old observations either. */
  private static DomainRow forgotten(DomainRow row) {
    return RowForm.read(row.domain(), RowForm.write(row)).orElseThrow();
  }

  @Test
  void aRowComesBackAsItWas() {
    for (DomainRow row : rows()) {
      DomainRow once = forgotten(row);
      assertEquals(once, forgotten(once));
      assertEquals(row.standing(), once.standing());
      assertEquals(row.violation(), once.violation());
      assertEquals(row.known(), once.known());
      assertEquals(row.mx(), once.mx());
      assertEquals(row.verify(), once.verify());
      assertEquals(row.hosts().keySet(), once.hosts().keySet());
    }
    DomainRow plain = rows().get(2);
    assertEquals(plain, forgotten(plain));
  }

  @Test
  void whyAConnectionWasMadeIsKept() {
    Story story = new Story().resolves().shows(Story.MX1, Shown.VERIFIED);
    story.greets(Story.MX2, Shown.ENCRYPTED).proves(Story.MX1, Shown.ENCRYPTED);
    assertEquals(story.row, forgotten(story.row));
  }

  private static final String FORMER =
      "01000100146d78312e70726f76696465722e6578616d706c6500000000140000000500004fee0000"
          + "000400000014000000006961434c000000140000000500004fee0000000400000014000000006961"
          + "434c010000000000006961434c010000000000000000695aff000000000069614220000100000000"
          + "0000695aff0000000000696142200106000000140000000500004fee000000140000001401001400"
          + "0000001c00ff000054601c00ff0000a8c01c00ff0000fd201c00ff000151801c00ff0001a5e01c00"
          + "ff0001fa401c00ff00024ea01c00ff0002a3001c00ff0002f7601c00ff00034bc01c00ff0003a020"
          + "1c00ff0003f4801c00ff000448e01c00ff00049d401c00ff0004f1a01c00ff000546001c00ff0005"
          + "9a601c00ff0005eec01c00ff000643201c00ff";

  @Test
  void aRowOfTheFormatBeforeIsRead() {
    // One host with 20 sessions; written by the version before.
    DomainRow row =
        RowForm.read(Story.DOMAIN, java.util.HexFormat.of().parseHex(FORMER)).orElseThrow();
    HostRow host = Objects.requireNonNull(row.hosts().get(Story.MX1));
    assertEquals(20, row.verify().sessions());
    assertEquals(1, host.verified().count(), "one day at least");
    assertTrue(host.recent().getFirst().counts());
    assertEquals(row, forgotten(row));
  }

  @Test
  void keysAndObservationsAreBounded() {
    HostRow host = Objects.requireNonNull(withKeys().hosts().get(Story.MX1));
    assertEquals(HostRow.MAX_KEYS, host.keys().size());
    assertEquals(HostRow.MAX_RECENT, host.recent().size());
    assertEquals(50, Objects.requireNonNull(host.counts().get(Shown.VERIFIED)).sessions());
  }

  @Test
  void aKeyThatStandsTwiceIsDamage() {
    DomainRow row = withKeys();
    byte[] octets = RowForm.write(row);
    var keys = Objects.requireNonNull(row.hosts().get(Story.MX1)).keys();
    byte[] first = java.util.HexFormat.of().parseHex(keys.getFirst().key().hex());
    byte[] second = java.util.HexFormat.of().parseHex(keys.get(1).key().hex());
    int at = 0;
    while (!java.util.Arrays.equals(octets, at, at + 32, second, 0, 32)) {
      at++;
    }
    System.arraycopy(first, 0, octets, at, 32);
    assertEquals(Optional.empty(), RowForm.read(Story.DOMAIN, octets));
  }

  @Test
  void aHundredThousandRowsAreSmall() {
    int octets =
        RowForm.write(new Story().mx(Story.MX1, Story.MX2).days(30, Shown.VERIFIED).row).length;
    assertTrue(octets < 700, octets + " octets");
  }

  @Test
  void theLargestRowFits() {
    Story story = new Story();
    Domain[] hosts = new Domain[MxAnswer.MAX_HOSTS];
    String label = "a".repeat(60);
    for (int i = 0; i < hosts.length; i++) {
      hosts[i] = Domain.of("h" + i + "." + label + "." + label + "." + label + ".example");
    }
    story.mx(hosts).days(9, Shown.VERIFIED).retries(Duration.ofDays(3), Shown.CLEAR);
    byte[] octets = RowForm.write(story.row);
    assertTrue(octets.length < RowForm.MAX_OCTETS / 4, octets.length + " octets");
    assertTrue(RowForm.read(Story.DOMAIN, octets).isPresent());
  }

  @Test
  void anythingElseIsNoRow() {
    byte[] good = RowForm.write(rows().get(2));
    byte[] longer = java.util.Arrays.copyOf(good, good.length + 1);
    assertEquals(Optional.empty(), RowForm.read(Story.DOMAIN, longer));
    for (int length = 0; length < good.length; length++) {
      assertEquals(
          Optional.empty(), RowForm.read(Story.DOMAIN, java.util.Arrays.copyOf(good, length)));
    }
    assertEquals(Optional.empty(), RowForm.read(Story.DOMAIN, new byte[RowForm.MAX_OCTETS + 1]));
  }
}
