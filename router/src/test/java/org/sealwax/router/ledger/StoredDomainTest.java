package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.ledger.LedgerStore.StoredDomain;

final class StoredDomainTest {
  /** Rows of every kind. */
  static List<DomainRecord> rows() {
    List<DomainRecord> rows = new ArrayList<>();
    rows.add(new DomainTimeline().row);
    rows.add(new DomainTimeline().days(2, ProvenLevel.CLEAR).row);
    rows.add(new DomainTimeline().days(8, ProvenLevel.VERIFIED).row);
    rows.add(
        new DomainTimeline()
            .days(8, ProvenLevel.ENCRYPTED)
            .resolves()
            .shows(DomainTimeline.MX1, ProvenLevel.CLEAR)
            .row);
    DomainTimeline changed =
        new DomainTimeline()
            .days(8, ProvenLevel.VERIFIED)
            .mx(DomainTimeline.EVIL, DomainTimeline.MX2);
    rows.add(
        changed.retries(Duration.ofHours(9), ProvenLevel.VERIFIED, HostPath.PathFamily.values())
            .row);
    DomainTimeline kept = new DomainTimeline();
    MxPattern pattern = MxPattern.parse("*.provider.example").orElseThrow();
    rows.add(kept.rules.step(kept.row, kept.moment()).policyExpired(List.of(pattern)).row());
    rows.add(withKeys());
    return rows;
  }

  private static DomainRecord withKeys() {
    DomainTimeline timeline = new DomainTimeline().resolves();
    DomainRecord row = timeline.row;
    for (int i = 0; i < 50; i++) {
      Pin key = new Pin("%064x".formatted(i / 3));
      RememberedSample sample =
          new RememberedSample(
              timeline.now.plusSeconds(i * 1_000L),
              HostPath.PathFamily.IPV6,
              ProvenLevel.VERIFIED,
              FallbackStep.TLS12,
              i % 2 == 0 ? RememberedSample.SampleOrigin.MAIL : RememberedSample.SampleOrigin.OTHER,
              false,
              TlsVersion.TLS_1_2,
              key);
      row = timeline.rules.step(row, timeline.moment()).observed(DomainTimeline.MX1, sample).row();
    }
    return row;
  }

  /** Keys that are no longer in the history are not kept with old observations either. */
  private static DomainRecord forgotten(DomainRecord row) {
    return StoredDomain.of(row, Map.of()).read().orElseThrow();
  }

  @Test
  void aRowComesBackAsItWas() {
    for (DomainRecord row : rows()) {
      DomainRecord once = forgotten(row);
      assertEquals(once, forgotten(once));
      assertEquals(row.standing(), once.standing());
      assertEquals(row.violation(), once.violation());
      assertEquals(row.known(), once.known());
      assertEquals(row.mx(), once.mx());
      assertEquals(row.verify(), once.verify());
      assertEquals(row.hosts().keySet(), once.hosts().keySet());
    }
    DomainRecord plain = rows().get(2);
    assertEquals(plain, forgotten(plain));
  }

  @Test
  void whyAConnectionWasMadeIsKept() {
    DomainTimeline timeline =
        new DomainTimeline().resolves().shows(DomainTimeline.MX1, ProvenLevel.VERIFIED);
    timeline
        .greets(DomainTimeline.MX2, ProvenLevel.ENCRYPTED)
        .proves(DomainTimeline.MX1, ProvenLevel.ENCRYPTED);
    assertEquals(timeline.row, forgotten(timeline.row));
  }

  static final String FORMER =
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
    DomainRecord row =
        BinaryLedgerRows.domain(DomainTimeline.DOMAIN, java.util.HexFormat.of().parseHex(FORMER))
            .orElseThrow();
    HostRecord host = Objects.requireNonNull(row.hosts().get(DomainTimeline.MX1));
    assertEquals(20, row.verify().sessions());
    assertEquals(1, host.verified().count(), "one day at least");
    assertTrue(host.history().getFirst().counts());
    assertEquals(row, forgotten(row));
  }

  @Test
  void keysAndObservationsAreBounded() {
    HostRecord host = Objects.requireNonNull(withKeys().hosts().get(DomainTimeline.MX1));
    assertEquals(HostRecord.MAX_KEYS, host.keys().size());
    assertEquals(HostRecord.MAX_RECENT, host.history().size());
    assertEquals(50, Objects.requireNonNull(host.counts().get(ProvenLevel.VERIFIED)).sessions());
  }

  @Test
  void duplicateKeyIsDamage() {
    DomainRecord row = withKeys();
    var keys = Objects.requireNonNull(row.hosts().get(DomainTimeline.MX1)).keys();
    StoredDomain stored = StoredDomain.of(row, Map.of());
    List<@Nullable String> host = stored.hosts().getFirst();
    host.replaceAll(
        value ->
            value == null
                ? null
                : value.replace(keys.get(1).key().hex(), keys.getFirst().key().hex()));
    assertEquals(Optional.empty(), stored.read());
  }

  private static int size(DomainRecord row) {
    StoredDomain stored = StoredDomain.of(row, Map.of());
    return Stream.of(List.of(stored.domain()), stored.hosts())
        .flatMap(List::stream)
        .flatMap(List::stream)
        .filter(Objects::nonNull)
        .mapToInt(String::length)
        .sum();
  }

  @Test
  void aHundredThousandRowsAreSmall() {
    int bytes =
        size(
            new DomainTimeline()
                .mx(DomainTimeline.MX1, DomainTimeline.MX2)
                .days(30, ProvenLevel.VERIFIED)
                .row);
    assertTrue(bytes < 1_250, bytes + " bytes");
  }

  @Test
  void theLargestRowFits() {
    DomainTimeline timeline = new DomainTimeline();
    Domain[] hosts = new Domain[RoundMx.MAX_HOSTS];
    String label = "a".repeat(60);
    for (int i = 0; i < hosts.length; i++) {
      hosts[i] = Domain.of("h" + i + "." + label + "." + label + "." + label + ".example");
    }
    timeline.mx(hosts).days(9, ProvenLevel.VERIFIED).retries(Duration.ofDays(3), ProvenLevel.CLEAR);
    int bytes = size(timeline.row);
    assertTrue(bytes < 64 << 10, bytes + " bytes");
    assertEquals(timeline.row, forgotten(timeline.row));
  }

  @Test
  void anythingElseIsNoRow() {
    for (DomainRecord row : rows()) {
      StoredDomain good = StoredDomain.of(row, Map.of());
      for (UnaryOperator<List<@Nullable String>> change : damage(good.domain().size())) {
        assertEquals(
            Optional.empty(), new StoredDomain(change.apply(good.domain()), good.hosts()).read());
      }
      for (int i = 0; i < good.hosts().size(); i++) {
        for (UnaryOperator<List<@Nullable String>> change : damage(good.hosts().get(i).size())) {
          List<List<@Nullable String>> hosts = new ArrayList<>(good.hosts());
          hosts.set(i, change.apply(hosts.get(i)));
          assertEquals(Optional.empty(), new StoredDomain(good.domain(), hosts).read());
        }
        List<List<@Nullable String>> twice = new ArrayList<>(good.hosts());
        twice.add(twice.get(i));
        assertEquals(Optional.empty(), new StoredDomain(good.domain(), twice).read());
      }
    }
  }

  /** A value too many, and each value missing or with something after it. */
  private static List<UnaryOperator<List<@Nullable String>>> damage(int columns) {
    List<UnaryOperator<List<@Nullable String>>> out = new ArrayList<>();
    out.add(
        row -> {
          List<@Nullable String> longer = new ArrayList<>(row);
          longer.add(null);
          return longer;
        });
    for (int i = 0; i < columns; i++) {
      int at = i;
      out.add(row -> row.subList(0, at));
      out.add(
          row -> {
            List<@Nullable String> other = new ArrayList<>(row);
            other.set(at, other.get(at) + " ?");
            return other;
          });
    }
    return out;
  }

  @Test
  void anythingElseIsNoBinaryRow() {
    byte[] good = java.util.HexFormat.of().parseHex(FORMER);
    byte[] longer = java.util.Arrays.copyOf(good, good.length + 1);
    assertEquals(Optional.empty(), BinaryLedgerRows.domain(DomainTimeline.DOMAIN, longer));
    for (int length = 0; length < good.length; length++) {
      assertEquals(
          Optional.empty(),
          BinaryLedgerRows.domain(DomainTimeline.DOMAIN, java.util.Arrays.copyOf(good, length)));
    }
    assertEquals(
        Optional.empty(),
        BinaryLedgerRows.domain(DomainTimeline.DOMAIN, new byte[BinaryLedgerRows.MAX_BYTES + 1]));
  }
}
