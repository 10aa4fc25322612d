package org.sealwax.assess.sender;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.sealwax.lab.Lab;
import org.sealwax.lab.ScriptedSender;
import org.sealwax.lab.Sighting;
import org.sealwax.lab.TestLab;
import org.sealwax.lab.Ticket;
import org.sealwax.lab.Trap;
import org.sealwax.world.Scope;

/** One scripted sender through a lab of its own. */
final class Runs {
  /** Divides the lab's long times: five minutes of greylisting are half a second. */
  private static final int SCALE = 600;

  private static final int AT_ONCE = 32;

  private Runs() {}

  static SenderReport of(ScriptedSender.Kind kind, List<Trap.Case> rows, Path folder)
      throws IOException, InterruptedException {
    try (Lab lab = TestLab.open(SCALE);
        Ticket ticket = lab.issue(rows)) {
      ScriptedSender sender = new ScriptedSender(lab, ticket, kind, folder);
      Semaphore atOnce = new Semaphore(AT_ONCE);
      try (Scope scope = new Scope("scripted")) {
        for (Sighting sighting : ticket.sightings()) {
          String label = sighting.row().label();
          scope.fork(
              () -> {
                atOnce.acquire();
                try {
                  sender.send(label);
                } finally {
                  atOnce.release();
                }
                return label;
              });
        }
        scope.join();
      }
      return new SenderAssessment(Profile.OPPORTUNISTIC, true).report(ticket.sightings());
    }
  }
}
