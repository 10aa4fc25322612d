package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.spool.CrashMarks.StartPermission;

/** Of the messages in delivery when a process ended, the one that ends it is found. */
final class CrashMarksTest {
  private static final QueueId POISON = new QueueId("POISON00");

  @TempDir private Path folder = Path.of("");
  private final BugLog log = new BugLog();

  /** A process that did not end in order: what it wrote is in the file. */
  private CrashMarks next() throws IOException {
    return CrashMarks.open(folder.resolve("under-way"), Clock.system(), log.log);
  }

  private static QueueId id(int number) {
    return new QueueId(String.format("MAIL%06d", number));
  }

  @Test
  void theMessageThatEndsTheProcessIsHeldAndNoOther() throws IOException {
    CrashMarks first = next();
    for (int i = 0; i < 50; i++) {
      assertEquals(StartPermission.GO, first.begin(id(i)));
    }
    assertEquals(StartPermission.GO, first.begin(POISON));
    first.end(id(0));
    CrashMarks second = next();
    assertEquals(StartPermission.GO, second.begin(id(0)), "it was over by then");
    assertEquals(StartPermission.GO, second.begin(id(1)), "the first suspect");
    assertEquals(StartPermission.LATER, second.begin(id(2)), "one at a time");
    assertEquals(StartPermission.LATER, second.begin(POISON));
    second.end(id(1));
    assertEquals(StartPermission.GO, second.begin(POISON));
    assertEquals(StartPermission.GO, second.begin(id(99)), "new mail does not wait");
    CrashMarks third = next();
    assertEquals(StartPermission.HOLD, third.begin(POISON));
    assertEquals(StartPermission.GO, third.begin(id(1)), "it proved itself");
    assertEquals(StartPermission.LATER, third.begin(id(2)), "holding may end the process, too");
    third.end(POISON);
    assertEquals(StartPermission.GO, third.begin(id(2)));
    assertEquals(StartPermission.LATER, third.begin(id(99)));
    third.end(id(2));
    assertEquals(StartPermission.GO, third.begin(POISON), "a person released it");
  }

  @Test
  void noOtherMessageIsHeldWhenHoldingEndsTheProcessAsWell() throws IOException {
    CrashMarks first = next();
    first.begin(POISON);
    first.begin(id(1));
    CrashMarks second = next();
    assertEquals(StartPermission.GO, second.begin(POISON));
    second.begin(id(2));
    CrashMarks third = next();
    assertEquals(StartPermission.HOLD, third.begin(POISON));
    third.begin(id(1));
    third.begin(id(2));
    third.beginStep(Set.of(POISON)); // and here it ends
    CrashMarks fourth = next();
    assertEquals(StartPermission.LEAVE, fourth.begin(POISON));
    assertEquals(StartPermission.GO, fourth.begin(id(1)));
    fourth.end(id(1));
    assertEquals(StartPermission.GO, fourth.begin(id(2)));
  }

  @Test
  void aSuspectThatHadNoTurnBeforeTheNextEndStaysASuspectAndNoMore() throws IOException {
    CrashMarks first = next();
    first.begin(id(1));
    first.begin(id(2));
    for (int i = 0; i < 5; i++) {
      next();
    }
    CrashMarks last = next();
    assertEquals(StartPermission.GO, last.begin(id(1)));
    assertEquals(StartPermission.LATER, last.begin(id(2)));
  }

  @Test
  void orderlyEndLeavesNoSuspects() throws IOException {
    CrashMarks first = next();
    first.begin(id(1));
    first.close();
    assertFalse(Files.exists(folder.resolve("under-way")));
    CrashMarks second = next();
    assertEquals(StartPermission.GO, second.begin(id(1)));
    assertEquals(StartPermission.GO, second.begin(id(2)));
  }

  @Test
  void readsAnyFileWithoutInventingMarks() throws IOException {
    Random random = new Random(1610);
    Path file = folder.resolve("under-way");
    for (int i = 0; i < 20; i++) {
      byte[] noise = new byte[i % 2 == 0 ? 16_384 * 32 : random.nextInt(100_000)];
      random.nextBytes(noise);
      Files.write(file, noise);
      CrashMarks marks = next();
      assertEquals(StartPermission.GO, marks.begin(POISON));
    }
  }

  @Test
  void aMessageIsMarkedUntilTheLastOfItsBatchesAndStepsIsOver() throws IOException {
    CrashMarks first = next();
    first.begin(POISON);
    first.begin(POISON);
    first.beginStep(Set.of(POISON));
    first.end(POISON);
    first.end(POISON);
    assertEquals(Set.of(POISON), next().suspects(), "its step ended the process");
    CrashMarks second = next();
    second.end(POISON);
    second.begin(POISON);
    second.beginStep(Set.of(POISON));
    second.endStep(Set.of(POISON));
    second.end(POISON);
    assertEquals(Set.of(), next().suspects());
  }

  @Test
  void moreMessagesThanMarksAreWorkedOnAllTheSame() throws IOException {
    CrashMarks marks = next();
    List<QueueId> all = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      all.add(id(i));
      assertEquals(StartPermission.GO, marks.begin(all.getLast()));
    }
    all.forEach(marks::end);
    assertEquals(StartPermission.GO, marks.begin(POISON));
  }
}
