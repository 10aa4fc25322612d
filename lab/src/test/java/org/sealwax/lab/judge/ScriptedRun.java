package org.sealwax.lab.judge;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.ScriptedSender;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TestLab;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.net.Scope;
import org.sealwax.testkit.net.ManualClock;

/** One scripted sender through a lab of its own. */
final class ScriptedRun {
  /** Divides the lab's long times: five minutes of greylisting are half a second. */
  private static final int SCALE = 600;

  private static final int AT_ONCE = 32;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(5);

  private ScriptedRun() {}

  /** Between two tries: no resolver caches so long, and no time passes, as the clock is ours. */
  private static final Duration RETRY = Duration.ofSeconds(10);

  static SenderReport of(ScriptedSender.Kind kind, List<Trap.TrapCase> trapCases, Path folder)
      throws IOException, InterruptedException {
    ManualClock clock = new ManualClock(Instant.now());
    try (Lab lab = TestLab.open(SCALE, clock);
        LabToken token = lab.issue(trapCases)) {
      // The careless one and the good one see what is bogus; the others ask a resolver that hides
      // it.
      lab.actValidating(kind != ScriptedSender.Kind.CARELESS && kind != ScriptedSender.Kind.GOOD);
      ScriptedSender sender = new ScriptedSender(lab, token, kind, folder, clock);
      List<String> left = new ArrayList<>();
      token.sightings().forEach(s -> left.add(s.trapCase().label()));
      for (int i = 0; i < ScriptedSender.TRIES; i++) {
        left.removeAll(round(sender, left, i));
        ended(token);
        clock.pass(RETRY);
      }
      return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(token.sightings());
    }
  }

  /** Waits until the hosts have noticed that all connections are over: some change then. */
  private static void ended(LabToken token) throws InterruptedException {
    Instant end = Instant.now().plus(PATIENCE);
    while (token.sightings().stream().anyMatch(ScriptedRun::open) && Instant.now().isBefore(end)) {
      Thread.sleep(POLL_INTERVAL);
    }
  }

  private static boolean open(Sighting sighting) {
    int open = 0;
    for (TrapEvent event : sighting.events()) {
      switch (event) {
        case TrapEvent.HostConnected c -> open++;
        case TrapEvent.ConnectionClosed c -> open--;
        default -> {}
      }
    }
    return open > 0;
  }

  /** The rows with which the sender is done after a try at each of them. */
  private static Set<String> round(ScriptedSender sender, List<String> labels, int number)
      throws InterruptedException {
    Set<String> done = ConcurrentHashMap.newKeySet();
    Semaphore atOnce = new Semaphore(AT_ONCE);
    try (Scope scope = new Scope("scripted")) {
      for (String label : labels) {
        scope.fork(
            () -> {
              atOnce.acquire();
              try {
                if (sender.attempt(label, number)) {
                  done.add(label);
                }
              } finally {
                atOnce.release();
              }
              return label;
            });
      }
      scope.join();
    }
    return done;
  }
}
