package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NumericChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;

final class SrsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final byte[] SECRET = "0123456789abcdef".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OTHER = "fedcba9876543210".getBytes(StandardCharsets.UTF_8);
  private static final Mailbox USER = new Mailbox("User", Domain.of("a.example"));

  private static Srs srs(String domain, byte[]... secrets) {
    return new Srs(
        new ForwardSettings.SenderRewriting(
            Domain.of(domain), Path.of("unused"), Duration.ofDays(21), Srs.DEFAULT_HASH),
        List.of(secrets));
  }

  private static final Srs OURS = srs("ours.example", SECRET);

  private static Mailbox changed(Mailbox box, String local) {
    return new Mailbox(local, box.domain());
  }

  @Test
  void rewritesAndFindsBackTheSender() {
    Mailbox out = OURS.rewritten(USER, NOW);
    assertTrue(
        out.toString().matches("SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=a\\.example=User@ours.example"));
    assertEquals(new Srs.Reversed.OriginalSender(USER), OURS.reversed(out, NOW));
  }

  @Test
  void goesBackThroughTwoAndThreeForwarders() {
    Srs second = srs("b.example", OTHER);
    Srs third = srs("c.example", "another-secret-of-theirs".getBytes(StandardCharsets.UTF_8));
    Mailbox one = OURS.rewritten(new Mailbox("u", Domain.of("a.example")), NOW);
    Mailbox two = second.rewritten(one, NOW);
    Mailbox three = third.rewritten(two, NOW);
    assertTrue(two.localPart().startsWith("SRS1="), two.localPart());
    assertTrue(three.localPart().startsWith("SRS1="), three.localPart());
    // A third forwarder sends bounces to the first at once.
    assertEquals(new Srs.Reversed.OriginalSender(one), third.reversed(three, NOW));
    assertEquals(new Srs.Reversed.OriginalSender(one), second.reversed(two, NOW));
    assertInstanceOf(Srs.Reversed.NotRewritten.class, second.reversed(three, NOW));
  }

  @Property(tries = 500)
  void survivesEveryChangeOfCase(
      @ForAll
          @AlphaChars
          @NumericChars
          @Chars({'=', '+', '-', '.', '_'})
          @StringLength(min = 1, max = 30)
          String local,
      @ForAll @IntRange(max = 21) int days) {
    Mailbox sender = new Mailbox(local, Domain.of("a.example"));
    Mailbox out = OURS.rewritten(sender, NOW);
    Instant later = NOW.plus(Duration.ofDays(days));
    boolean isSrs0 = !out.localPart().startsWith("SRS1");
    if (isSrs0) {
      assertEquals(new Srs.Reversed.OriginalSender(sender), OURS.reversed(out, later));
    }
    for (String moved :
        List.of(
            out.localPart().toLowerCase(Locale.ROOT), out.localPart().toUpperCase(Locale.ROOT))) {
      assertInstanceOf(
          Srs.Reversed.OriginalSender.class, OURS.reversed(changed(out, moved), later));
    }
  }

  @Property(tries = 500)
  void refusesAddressesItDidNotSign(
      @ForAll @IntRange(min = 5, max = 39) int at, @ForAll @AlphaChars char other) {
    Mailbox out = OURS.rewritten(USER, NOW);
    String local = out.localPart();
    int place = Math.min(at, local.length() - 1);
    if (Character.toUpperCase(local.charAt(place)) == Character.toUpperCase(other)) {
      return;
    }
    String forged = local.substring(0, place) + other + local.substring(place + 1);
    assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(changed(out, forged), NOW));
  }

  @Test
  void refusesTheOneFormSignedAsTheOther() {
    Mailbox out = OURS.rewritten(USER, NOW);
    String asOther = "SRS1" + out.localPart().substring(4);
    assertEquals(
        new Srs.Reversed.Refused("this SRS address is not ours"),
        OURS.reversed(changed(out, asOther), NOW));
  }

  @Test
  void endsAtTheMaximalAgeAndNotADayBefore() {
    Mailbox out = OURS.rewritten(USER, NOW);
    assertInstanceOf(
        Srs.Reversed.OriginalSender.class, OURS.reversed(out, NOW.plus(Duration.ofDays(21))));
    assertEquals(
        new Srs.Reversed.Refused("this SRS address has expired"),
        OURS.reversed(out, NOW.plus(Duration.ofDays(22))));
    assertInstanceOf(
        Srs.Reversed.OriginalSender.class, OURS.reversed(out, NOW.minus(Duration.ofDays(1))));
    assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(out, NOW.minus(Duration.ofDays(2))));
  }

  @Test
  void countsDaysAcrossTheRoundOf1024() {
    // Day 20480 is 20 * 1024.
    Instant before = Instant.EPOCH.plus(Duration.ofDays(20479));
    Mailbox out = OURS.rewritten(USER, before);
    assertEquals(
        new Srs.Reversed.OriginalSender(USER), OURS.reversed(out, before.plus(Duration.ofDays(3))));
  }

  @Test
  void verifiesWithEverySecretAndSignsWithTheFirst() {
    Mailbox old = srs("ours.example", OTHER).rewritten(USER, NOW);
    Srs both = srs("ours.example", SECRET, OTHER);
    assertEquals(new Srs.Reversed.OriginalSender(USER), both.reversed(old, NOW));
    assertEquals(OURS.rewritten(USER, NOW), both.rewritten(USER, NOW));
    assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(old, NOW));
  }

  @Test
  void keepsSendersWhoseRewrittenLocalPartWouldBeTooLong() {
    // RFC 5321 4.5.3.1.1: "SRS0=......=..=a.example=" is 25 bytes.
    Mailbox fits = new Mailbox("x".repeat(39), Domain.of("a.example"));
    assertEquals(64, OURS.rewritten(fits, NOW).localPart().length());
    Mailbox over = new Mailbox("x".repeat(40), Domain.of("a.example"));
    assertEquals(over, OURS.rewritten(over, NOW));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SRS0=",
        "SRS0==",
        "SRS1=",
        "SRS0=AAAAAA",
        "SRS0=AAAAAA=AA=",
        "SRS1=AAAAAA==",
        "srs0+x=y",
        "SRS0-",
        "SRS0=AAAAAA=AA=a.example=root",
        "SRS1=AAAAAA=b.example==AAAAAA=AA=a.example=r"
      })
  void refusesForgedAddressesOfEveryShape(String local) {
    Srs.Reversed read = OURS.reversed(new Mailbox(local, Domain.of("ours.example")), NOW);
    boolean isShort = local.length() < 6;
    assertEquals(
        isShort ? Srs.Reversed.NotRewritten.class : Srs.Reversed.Refused.class, read.getClass());
  }

  @ParameterizedTest
  @ValueSource(strings = {"srs", "SRS0", "SRS2=AAAA=AA=a=b", "SRSX=a", "user", "SRS0x=a=b=c"})
  void recognisesOrdinaryAddresses(String local) {
    assertInstanceOf(
        Srs.Reversed.NotRewritten.class,
        OURS.reversed(new Mailbox(local, Domain.of("ours.example")), NOW));
  }

  @Property(tries = 500)
  void readsAnything(@ForAll String tail) {
    for (String head : List.of("", "SRS0=", "SRS1=", "SRS0=AAAAAA=AA=")) {
      Mailbox box = new Mailbox(head + tail, Domain.of("ours.example"));
      assertTrue(!(OURS.reversed(box, NOW) instanceof Srs.Reversed.OriginalSender));
      assertTrue(OURS.rewritten(box, NOW).localPart().length() > 0 || box.localPart().isEmpty());
    }
  }

  @Test
  void refusesSettingsOutsideTheirRange() {
    Domain d = Domain.of("ours.example");
    for (int days : List.of(0, 501)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new ForwardSettings.SenderRewriting(d, Path.of("x"), Duration.ofDays(days), 6));
    }
    for (int hash : List.of(3, 17)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new ForwardSettings.SenderRewriting(d, Path.of("x"), Duration.ofDays(5), hash));
    }
  }
}
