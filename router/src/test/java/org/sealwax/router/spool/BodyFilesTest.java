package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.spool.QueueId.QueueIds;

/** A sweep during deliveries, which remove the files that it has just found. */
final class BodyFilesTest {
  private static final QueueId ID = new QueueIds(Clock.system(), RandomSource.seeded(1), 0).next();

  @TempDir private Path folder = Path.of("");

  @Test
  void aContentThatIsDeliveredDuringASweepIsNoFailure() throws Exception {
    BodyFiles bodies = new BodyFiles(folder, () -> {}, step -> {});
    Files.write(folder.resolve("bodies").resolve(ID.text() + BodyFiles.RECEIVING), new byte[9]);
    BodyFiles.SweepResult found =
        bodies.sweep(
            id -> {
              remove(bodies, id);
              return BodyFiles.Claim.QUEUED;
            },
            false);
    assertEquals(List.of(), found.setAside());
    assertFalse(Files.exists(bodies.file(ID)));
  }

  @Test
  void aContentGetsItsNameWhenItsRecordWasCommitted() throws Exception {
    BodyFiles bodies = new BodyFiles(folder, () -> {}, step -> {});
    byte[] content = {1, 2, 3};
    Files.write(folder.resolve("bodies").resolve(ID.text() + BodyFiles.RECEIVING), content);
    bodies.sweep(id -> BodyFiles.Claim.QUEUED, false);
    assertArrayEquals(content, Files.readAllBytes(bodies.file(ID)));
  }

  private static void remove(BodyFiles bodies, QueueId id) throws SpoolException {
    try {
      bodies.remove(id);
    } catch (IOException e) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "not removed", e);
    }
  }
}
