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
import java.util.Map;
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
import org.sealwax.mail.settings.SettingsRecord;

final class SrsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final byte[] SECRET = "0123456789abcdef".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OTHER = "fedcba9876543210".getBytes(StandardCharsets.UTF_8);
  private static final ForwardSettings.StoredSenderLimits LIMITS =
      SettingsRecord.defaults(ForwardSettings.StoredSenderLimits.class, Map.of());
  private static final Mailbox USER = new Mailbox("User", Domain.of("a.example"));

  private static Srs srs(String domain, byte[]... secrets) {
    return new Srs(
        new ForwardSettings.SenderRewriting(
            Domain.of(domain), Path.of("unused"), Duration.ofDays(21), Srs.DEFAULT_HASH, LIMITS),
        List.of(secrets));
  }

  private static final Srs OURS = srs("ours.example", SECRET);

  /** The address to forward with, whatever it needs. */
  private static Mailbox rewritten(Srs srs, Mailbox sender, Instant now) {
    return switch (srs.rewritten(sender, now)) {
      case Srs.Rewritten.Address a -> a.address();
      case Srs.Rewritten.WithToken t -> t.address();
      case Srs.Rewritten.Unchanged u -> sender;
    };
  }

  /** The sender that a bounce goes to, with the token's as the store has it. */
  private static Mailbox returned(Srs srs, Mailbox sender) {
    Srs.Rewritten out = srs.rewritten(sender, NOW);
    return switch (srs.reversed(rewritten(srs, sender, NOW), NOW)) {
      case Srs.Reversed.OriginalSender o -> o.original();
      case Srs.Reversed.StoredSender s -> {
        SrsToken token = ((Srs.Rewritten.WithToken) out).token();
        assertEquals(token.text(), s.token());
        yield token.original();
      }
      case Srs.Reversed.Refused r -> throw new AssertionError(r.text());
      case Srs.Reversed.NotRewritten n -> throw new AssertionError("not rewritten");
    };
  }

  private static Mailbox changed(Mailbox box, String local) {
    return new Mailbox(local, box.domain());
  }

  @Test
  void rewritesAndFindsBackTheSender() {
    Mailbox out = rewritten(OURS, USER, NOW);
    assertTrue(
        out.toString().matches("SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=a\\.example=User@ours.example"));
    assertEquals(new Srs.Reversed.OriginalSender(USER), OURS.reversed(out, NOW));
  }

  @Test
  void goesBackThroughTwoAndThreeForwarders() {
    Srs second = srs("b.example", OTHER);
    Srs third = srs("c.example", "another-secret-of-theirs".getBytes(StandardCharsets.UTF_8));
    Mailbox one = rewritten(OURS, new Mailbox("u", Domain.of("a.example")), NOW);
    Mailbox two = rewritten(second, one, NOW);
    Mailbox three = rewritten(third, two, NOW);
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
    Mailbox out = rewritten(OURS, sender, NOW);
    Instant later = NOW.plus(Duration.ofDays(days));
    boolean isToken = OURS.rewritten(sender, NOW) instanceof Srs.Rewritten.WithToken;
    boolean isSrs0 = !out.localPart().startsWith("SRS1");
    if (isToken) {
      assertEquals(sender, returned(OURS, sender));
      return;
    }
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
    Mailbox out = rewritten(OURS, USER, NOW);
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
    Mailbox out = rewritten(OURS, USER, NOW);
    String asOther = "SRS1" + out.localPart().substring(4);
    assertEquals(
        new Srs.Reversed.Refused("this SRS address is not ours"),
        OURS.reversed(changed(out, asOther), NOW));
  }

  @Test
  void endsAtTheMaximalAgeAndNotADayBefore() {
    Mailbox out = rewritten(OURS, USER, NOW);
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
    Mailbox out = rewritten(OURS, USER, before);
    assertEquals(
        new Srs.Reversed.OriginalSender(USER), OURS.reversed(out, before.plus(Duration.ofDays(3))));
  }

  @Test
  void verifiesWithEverySecretAndSignsWithTheFirst() {
    Mailbox old = rewritten(srs("ours.example", OTHER), USER, NOW);
    Srs both = srs("ours.example", SECRET, OTHER);
    assertEquals(new Srs.Reversed.OriginalSender(USER), both.reversed(old, NOW));
    assertEquals(rewritten(OURS, USER, NOW), rewritten(both, USER, NOW));
    assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(old, NOW));
  }

  @Test
  void aSenderWhoseRewrittenLocalPartWouldBeTooLongGetsAToken() {
    // RFC 5321 4.5.3.1.1: "SRS0=......=..=a.example=" is 25 bytes.
    Mailbox fits = new Mailbox("x".repeat(39), Domain.of("a.example"));
    assertEquals(64, rewritten(OURS, fits, NOW).localPart().length());
    Mailbox over = new Mailbox("x".repeat(40), Domain.of("a.example"));
    Mailbox out = rewritten(OURS, over, NOW);
    assertTrue(
        out.toString().matches("SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}==[A-Z2-7]{16}@ours.example"),
        out.toString());
    assertEquals(over, returned(OURS, over));
    // The limit is that of the written form: the quotes and the backslash count.
    Mailbox quoted = new Mailbox("x".repeat(36) + " \"", Domain.of("a.example"));
    assertInstanceOf(Srs.Rewritten.WithToken.class, OURS.rewritten(quoted, NOW));
    Mailbox fitsQuoted = new Mailbox("x".repeat(36) + " ", Domain.of("a.example"));
    assertInstanceOf(Srs.Rewritten.Address.class, OURS.rewritten(fitsQuoted, NOW));
  }

  /** What the large senders use: each was forwarded with its own address before. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0102019a3c4d5e6f-0b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e-000000@eu-west-1.amazonses.com",
        "bounces+1234567-89ab-alice=project.example@em1234.sender.example",
        "bounce-mc.us12_34567890.1234567-0123456789@mail123.atl51.rsgsv.net",
        "bounce+0a1b2c.3d4e5f-alice=project.example@mg.sender.example",
        "list-name+bncBCD5FGHIJKLRBNOPQRSTUVWXYZ2A@googlegroups.com",
        "prvs=1234567890=alice.with.a.long.name@sub.domain.of.a.long.sender.example"
      })
  void everyUsualSenderFits(String address) {
    int at = address.lastIndexOf('@');
    Mailbox sender = new Mailbox(address.substring(0, at), Domain.of(address.substring(at + 1)));
    Mailbox out = rewritten(OURS, sender, NOW);
    assertEquals(Domain.of("ours.example"), out.domain());
    assertTrue(out.localPart().length() <= Mailbox.MAX_LOCAL_PART, out.localPart());
    assertEquals(sender, returned(OURS, sender));
  }

  @Test
  void whatAnotherForwarderRewroteFits() {
    Srs other = srs("a-forwarder-with-a-long-name.example", OTHER);
    Mailbox long0 =
        rewritten(other, new Mailbox("someone.with.a.name", Domain.of("a.example")), NOW);
    assertTrue(long0.localPart().startsWith("SRS0="));
    assertEquals(long0, returned(OURS, long0));
    // SRS1 of a second one, with a shorter hash than ours: a bounce goes to the first.
    String rest = "=HHHH=TT=a.example=" + "u".repeat(25);
    Mailbox chain = new Mailbox("SRS1=AAAA=c.example=" + rest, Domain.of("b.example"));
    assertEquals(64, chain.localPart().length());
    assertInstanceOf(Srs.Rewritten.WithToken.class, OURS.rewritten(chain, NOW));
    assertEquals(new Mailbox("SRS0" + rest, Domain.of("c.example")), returned(OURS, chain));
    Srs second = srs("b.example", SECRET);
    // Another forwarder rewrites our token, as any SRS0 address; back it is ours again.
    Mailbox token = rewritten(OURS, new Mailbox("x".repeat(60), Domain.of("a.example")), NOW);
    Mailbox further = rewritten(second, token, NOW);
    assertTrue(further.localPart().startsWith("SRS1="), further.localPart());
    assertEquals(new Srs.Reversed.OriginalSender(token), second.reversed(further, NOW));
  }

  @Test
  void aTokenIsOfOneSenderAndOneDayAndSurvivesACaseChange() {
    Mailbox lower = new Mailbox("x".repeat(60), Domain.of("a.example"));
    Mailbox upper = new Mailbox("X".repeat(60), Domain.of("a.example"));
    Mailbox out = rewritten(OURS, lower, NOW);
    assertEquals(out, rewritten(OURS, lower, NOW.plusSeconds(60)));
    assertTrue(!out.equals(rewritten(OURS, upper, NOW)), "case counts in a local part");
    assertTrue(!out.equals(rewritten(OURS, lower, NOW.plus(Duration.ofDays(1)))));
    Srs.Reversed read = OURS.reversed(out, NOW);
    assertInstanceOf(Srs.Reversed.StoredSender.class, read);
    for (String moved :
        List.of(
            out.localPart().toLowerCase(Locale.ROOT), out.localPart().toUpperCase(Locale.ROOT))) {
      assertEquals(read, OURS.reversed(changed(out, moved), NOW));
    }
  }

  @Test
  void aTokenExpiresAndCannotBeGuessedOrMovedToAnotherDay() {
    Mailbox out = rewritten(OURS, new Mailbox("x".repeat(60), Domain.of("a.example")), NOW);
    assertInstanceOf(
        Srs.Reversed.StoredSender.class, OURS.reversed(out, NOW.plus(Duration.ofDays(21))));
    assertEquals(
        new Srs.Reversed.Refused("this SRS address has expired"),
        OURS.reversed(out, NOW.plus(Duration.ofDays(22))));
    String local = out.localPart();
    for (int i = 5; i < local.length(); i++) {
      char other = local.charAt(i) == 'A' ? 'B' : 'A';
      Mailbox guess = changed(out, local.substring(0, i) + other + local.substring(i + 1));
      assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(guess, NOW), guess.toString());
    }
    for (String more : List.of(local + "A", local + "=", local.substring(0, local.length() - 1))) {
      assertInstanceOf(Srs.Reversed.Refused.class, OURS.reversed(changed(out, more), NOW));
    }
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
      assertTrue(rewritten(OURS, box, NOW).localPart().length() > 0 || box.localPart().isEmpty());
    }
  }

  @Test
  void refusesSettingsOutsideTheirRange() {
    Domain d = Domain.of("ours.example");
    for (int days : List.of(0, 501)) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              new ForwardSettings.SenderRewriting(
                  d, Path.of("x"), Duration.ofDays(days), 6, LIMITS));
    }
    for (int hash : List.of(3, 17)) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              new ForwardSettings.SenderRewriting(
                  d, Path.of("x"), Duration.ofDays(5), hash, LIMITS));
    }
  }
}
