package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Floors;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.ledger.Replay.Would;

/** Remembered connections under another configuration. */
final class ReplayTest {
  private static final Pin KEY = new Pin("ab".repeat(32));
  private static final Pin OTHER = new Pin("cd".repeat(32));

  private static DomainRow row(Shown shown, TlsVersion version) {
    Story story = new Story().resolves();
    Showing showing =
        new Showing(
            story.now,
            Path.Family.IPV4,
            shown,
            Rung.FULL,
            true,
            shown.isTls() ? version : null,
            shown.isTls() ? KEY : null);
    return story.rules.shows(story.row, Story.MX1, showing, story.moment()).row();
  }

  private static Would would(DomainRow row, Floors floors, Evidence... evidence) {
    Policy policy = new Policy(Ladder.of(true, true, Duration.ofMinutes(30)), floors);
    List<Replay.Line> lines = new Replay(policy, subject -> List.of(evidence)).lines(row);
    assertEquals(1, lines.size());
    return lines.getFirst().would();
  }

  private static Would would(Shown shown, Evidence... evidence) {
    return would(row(shown, TlsVersion.TLS_1_3), Floors.DEFAULT, evidence);
  }

  private static Evidence level(Level level) {
    return new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Any(), level));
  }

  private static Evidence tlsa(Association... records) {
    Associations all = new Associations(Set.of(records), List.of(Story.MX1));
    return new Evidence.Dane(
        Story.MX1, new Evidence.DaneState.Usable(all), true, Story.BEGIN.plusSeconds(60));
  }

  @Test
  void everyThingShownUnderEveryLevel() {
    List<String> table = new ArrayList<>();
    for (Level level : List.of(Level.NONE, Level.MAY, Level.ENCRYPT, Level.VERIFY)) {
      for (Shown shown : Shown.values()) {
        if (shown != Shown.SILENT) {
          String would = would(shown, level(level)).getClass().getSimpleName();
          table.add(level.word() + " " + shown.word() + " " + would);
        }
      }
    }
    assertEquals(
        List.of(
            "none injected GoClear",
            "none clear GoClear",
            "none refused GoClear",
            "none broken GoClear",
            "none encrypted GoClear",
            "none verified GoClear",
            "may injected Wait",
            "may clear GoClear",
            "may refused GoClear",
            "may broken GoClear",
            "may encrypted Pass",
            "may verified Pass",
            "encrypt injected Wait",
            "encrypt clear Wait",
            "encrypt refused Wait",
            "encrypt broken Wait",
            "encrypt encrypted Pass",
            "encrypt verified Pass",
            "verify injected Wait",
            "verify clear Wait",
            "verify refused Wait",
            "verify broken Wait",
            "verify encrypted Wait",
            "verify verified Pass"),
        table);
    assertEquals(new Would.GoClear(false), would(Shown.CLEAR, level(Level.MAY)));
    assertEquals(new Would.GoClear(true), would(Shown.BROKEN, level(Level.MAY)));
  }

  @Test
  void aHigherFloorDelays() {
    Floors high = new Floors(new TlsFloor(TlsVersion.TLS_1_3), new TlsFloor(TlsVersion.TLS_1_3));
    DomainRow old = row(Shown.ENCRYPTED, TlsVersion.TLS_1_2);
    assertInstanceOf(Would.Wait.class, would(old, high, new Evidence.Default(Level.MAY)));
    assertInstanceOf(Would.Pass.class, would(old, Floors.DEFAULT, new Evidence.Default(Level.MAY)));
  }

  @Test
  void keysAreHeldAgainstPinsAndTlsaRecords() {
    Evidence right =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(KEY)));
    Evidence wrong =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(OTHER)));
    assertInstanceOf(Would.Pass.class, would(Shown.ENCRYPTED, right));
    assertInstanceOf(Would.Wait.class, would(Shown.ENCRYPTED, wrong));
    Association match = new Association(3, 1, 1, KEY.hex());
    Association other = new Association(3, 1, 1, OTHER.hex());
    Association certificate = new Association(3, 0, 1, OTHER.hex());
    assertInstanceOf(Would.Pass.class, would(Shown.ENCRYPTED, tlsa(match, certificate)));
    assertInstanceOf(Would.Wait.class, would(Shown.ENCRYPTED, tlsa(other)));
    assertInstanceOf(Would.Unknown.class, would(Shown.ENCRYPTED, tlsa(other, certificate)));
  }

  @Test
  void whatIsNotRememberedIsNotGuessed() {
    assertInstanceOf(Would.Unknown.class, would(Shown.VERIFIED, level(Level.SECURE)));
  }

  @Test
  void recordsThatNobodyLookedForAreNotMissing() {
    assertInstanceOf(Would.Unknown.class, would(Shown.VERIFIED, level(Level.DANE_ONLY)));
    Evidence none =
        new Evidence.Dane(
            Story.MX1, new Evidence.DaneState.Absent("denied"), true, Story.BEGIN.plusSeconds(60));
    assertInstanceOf(Would.Wait.class, would(Shown.VERIFIED, level(Level.DANE_ONLY), none));
  }
}
