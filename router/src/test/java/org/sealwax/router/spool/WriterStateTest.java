package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.router.spool.WriterState.Event;
import org.sealwax.router.spool.WriterState.Transition;

/** What every row of the writer's table keeps, for all states and events. */
final class WriterStateTest {
  private static Optional<Transition> row(WriterState state, Event event) {
    try {
      return Optional.of(state.on(event));
    } catch (IllegalStateException e) {
      return Optional.empty();
    }
  }

  private static List<Transition> all() {
    List<Transition> rows = new ArrayList<>();
    for (WriterState state : WriterState.values()) {
      for (Event event : Event.values()) {
        row(state, event).ifPresent(rows::add);
      }
    }
    return rows;
  }

  private static void inOrder(Transition row, SpoolStep first, SpoolStep second) {
    int at = row.steps().indexOf(second);
    assertTrue(at < 0 || row.steps().subList(0, at).contains(first), row.toString());
  }

  @Test
  void nobodyGetsAnAnswerOrAFileItsNameBeforeTheCommit() {
    for (Transition row : all()) {
      inOrder(row, SpoolStep.COMMIT, SpoolStep.ANSWER);
      inOrder(row, SpoolStep.COMMIT, SpoolStep.NAME_CONTENTS);
      inOrder(row, SpoolStep.WRITE, SpoolStep.ANSWER);
    }
  }

  @Test
  void mailIsAnsweredAfterItIsOnStableStorage() {
    for (WriterState state : List.of(WriterState.SYNCED, WriterState.UNSYNCED)) {
      Transition row = state.on(Event.MAIL);
      assertEquals(WriterState.SYNCED, row.next());
      inOrder(row, SpoolStep.SYNC_NAMES, SpoolStep.COMMIT);
      inOrder(row, SpoolStep.BEGIN_SYNCED, SpoolStep.COMMIT);
      inOrder(row, SpoolStep.NAME_CONTENTS, SpoolStep.ANSWER);
      assertEquals(SpoolStep.ANSWER, row.steps().getLast());
    }
  }

  @Test
  void aContentIsRemovedOnlyAfterACommitThatWaitedForTheDisk() {
    for (Transition row : all()) {
      inOrder(row, SpoolStep.BEGIN_SYNCED, SpoolStep.REMOVE_CONTENTS);
      inOrder(row, SpoolStep.COMMIT, SpoolStep.REMOVE_CONTENTS);
    }
  }

  @Test
  void aStateIsSyncedOnlyAfterACommitThatWaitedOrAnOpening() {
    for (Transition row : all()) {
      boolean commits = row.steps().contains(SpoolStep.COMMIT);
      boolean waits = row.steps().contains(SpoolStep.BEGIN_SYNCED);
      assertEquals(
          commits, waits || row.steps().contains(SpoolStep.BEGIN), "a commit has its begin");
      if (commits) {
        assertEquals(waits ? WriterState.SYNCED : WriterState.UNSYNCED, row.next());
      }
    }
  }

  @Test
  void aClosedDatabaseIsOnlyOpenedAgain() {
    for (WriterState state : EnumSet.of(WriterState.BROKEN, WriterState.DAMAGED)) {
      for (Event event : Event.values()) {
        boolean isPossible = EnumSet.of(Event.RETRY, Event.FAILURE, Event.DAMAGE).contains(event);
        assertEquals(isPossible, row(state, event).isPresent(), state + " " + event);
      }
    }
    for (Event event : Event.values()) {
      assertFalse(row(WriterState.CLOSED, event).isPresent(), event.toString());
    }
    assertEquals(
        List.of(SpoolStep.SALVAGE, SpoolStep.OPEN), WriterState.DAMAGED.on(Event.RETRY).steps());
  }
}
