package org.sealwax.evidence;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.Subject;
import org.sealwax.world.Scope;

/** Asks all sources side by side. Thread-safe. */
public final class Gatherer {
  private final List<Source> sources;

  /** Over these sources. */
  public Gatherer(List<Source> sources) {
    this.sources = List.copyOf(sources);
  }

  /** Everything that is known about {@code subject} before a connection is made. */
  public List<Evidence> gather(Subject subject) throws InterruptedException {
    if (sources.size() == 1) {
      return sources.getFirst().about(subject);
    }
    List<Evidence> evidence = new ArrayList<>();
    try (Scope scope = new Scope("evidence")) {
      List<Scope.Task<List<Evidence>>> tasks = new ArrayList<>();
      for (Source source : sources) {
        tasks.add(scope.fork(() -> source.about(subject)));
      }
      scope.join();
      for (Scope.Task<List<Evidence>> task : tasks) {
        evidence.addAll(task.get());
      }
    }
    return evidence;
  }
}
