package org.sealwax.router.certs.rollover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.router.certs.rollover.PublishedKeys.ServerAnswer;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverDecision;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverFacts;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverRefusal;
import org.sealwax.router.certs.rollover.RolloverState.Phase;

/** Single decisions; {@link RolloverSimulationTest} has the years. */
final class RolloverMachineTest {
  private static final Domain OWNER = Domain.of("_25._tcp.mx.example.org");
  private static final KeyDigest OLD = new KeyDigest("aa".repeat(32));
  private static final KeyDigest NEXT = new KeyDigest("bb".repeat(32));
  private static final TlsaRecord FOREIGN = new TlsaRecord(2, 0, 1, "cc".repeat(32));
  private static final Instant START = Instant.parse("2027-01-01T00:00:00Z");
  private static final Duration HOUR = Duration.ofHours(1);

  private final RolloverMachine machine =
      new RolloverMachine(new RolloverWaits(Duration.ofDays(7), Duration.ZERO));
  private RolloverState state = RolloverState.initial(START);
  private Instant now = START;
  private KeyDigest inForce = OLD;
  private RolloverAction action = new RolloverAction.Await("");

  private static ServerAnswer server(String name, TlsaRecord... records) {
    return new ServerAnswer(
        OWNER,
        name,
        new DnsAnswer<>(
            List.of(records),
            records.length == 0 ? DnsAnswer.Kind.NO_DATA : DnsAnswer.Kind.FOUND,
            DnssecStatus.INSECURE,
            OWNER,
            0,
            HOUR,
            ""));
  }

  private static ServerAnswer silent(String name) {
    return new ServerAnswer(
        OWNER, name, DnsAnswer.unknown(DnssecStatus.FAILED, OWNER, 0, Duration.ZERO, "timeout"));
  }

  /** A query with these answers after a time. */
  private void look(Duration after, ServerAnswer... answers) {
    now = now.plus(after);
    RolloverDecision decision =
        machine.decide(
            state,
            new RolloverFacts(
                Optional.of(new PublishedKeys(List.of(answers))), Optional.of(inForce), true),
            now);
    state = decision.state();
    action = decision.action();
  }

  private void started() {
    look(Duration.ZERO, server("a", OLD.tlsa()), server("b", OLD.tlsa()));
    state = machine.begin(state, NEXT, now);
  }

  private ServerAnswer both(String name) {
    return server(name, FOREIGN, OLD.tlsa(), NEXT.tlsa());
  }

  @Test
  void aServerThatLagsOrIsSilentHoldsUpTheRollover() {
    started();
    look(Duration.ofMinutes(10), both("a"), server("b", OLD.tlsa()));
    assertEquals(Phase.PUBLISH, state.phase());
    RolloverAction.Update update = assertInstanceOf(RolloverAction.Update.class, action);
    assertEquals(List.of(OLD.tlsa()), update.changes().getFirst().seen());
    assertTrue(update.reason().contains("at b has no record 3 1 1 bb"), update.reason());
    look(Duration.ofMinutes(10), both("a"), silent("b"));
    assertEquals(Phase.PUBLISH, state.phase());
    assertInstanceOf(RolloverAction.Await.class, action);
    for (int i = 0; i < 12; i++) {
      look(Duration.ofMinutes(10), both("a"), both("b"));
      assertEquals(Phase.SPREAD, state.phase(), "" + i);
    }
    look(Duration.ofMinutes(10), both("a"), both("b"));
    assertEquals(Phase.LOAD, state.phase());
  }

  @Test
  void whatWasNotSeenForALongTimeIsWaitedForAgain() {
    started();
    look(Duration.ZERO, both("a"), both("b"));
    look(Duration.ofHours(3), both("a"), both("b"));
    assertEquals(Phase.SPREAD, state.phase());
  }

  @Test
  void aNameWithoutARecordOfTheCurrentKeyGetsNone() throws Exception {
    look(Duration.ZERO, server("a", FOREIGN));
    RolloverRefusal refusal =
        assertThrows(
            RolloverRefusal.class,
            () -> machine.start(state, new PublishedKeys(List.of(server("a", FOREIGN)))));
    assertTrue(Objects.requireNonNull(refusal.getMessage()).contains(OLD.hex()));
    state = machine.begin(state, NEXT, now);
    for (ServerAnswer answer : List.of(server("a"), server("a", FOREIGN))) {
      look(HOUR, answer);
      assertInstanceOf(RolloverAction.Await.class, action);
    }
  }

  @Test
  void theNextPairIsOfferedAfterALookOfThisProcess() {
    started();
    for (int i = 0; state.phase() != Phase.LOAD; i++) {
      look(Duration.ofMinutes(10), both("a"), both("b"));
      assertTrue(i < 20);
    }
    assertEquals(Optional.of(OLD), state.offered(false), "the state may be from a backup");
    assertEquals(Optional.of(NEXT), state.offered(true));
    look(Duration.ofMinutes(10), both("a"), server("b", OLD.tlsa()));
    assertEquals(Optional.of(OLD), state.offered(true), "the record is gone");
  }

  @Test
  void anAbortRemovesOnlyTheNewRecord() throws Exception {
    started();
    assertThrows(
        RolloverRefusal.class, () -> machine.start(state, new PublishedKeys(List.of(both("a")))));
    state = machine.abort(state, now);
    look(Duration.ZERO, both("a"), both("b"));
    RolloverAction.NameChange change =
        assertInstanceOf(RolloverAction.Update.class, action).changes().getFirst();
    assertEquals(NEXT, change.key());
    assertTrue(!change.adds());
    assertThrows(RolloverRefusal.class, () -> machine.abort(state, now));
    look(Duration.ZERO, server("a", OLD.tlsa()), server("b", OLD.tlsa()));
    assertEquals(Phase.EXPIRE, state.phase());
  }

  @Test
  void theStateSurvivesTheFile(@TempDir Path folder) throws Exception {
    assertEquals(Optional.empty(), RolloverFile.read(folder));
    started();
    look(Duration.ZERO, both("a"), both("b"));
    RolloverFile.write(folder, state);
    assertEquals(Optional.of(state), RolloverFile.read(folder));
    Path file = folder.resolve(RolloverFile.NAME);
    String text = Files.readString(file);
    Files.writeString(file, text.substring(0, text.length() / 2));
    assertThrows(IOException.class, () -> RolloverFile.read(folder));
  }
}
