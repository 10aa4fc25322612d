package org.sealwax.router.evidence;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;

/**
 * Asks all sources: those that have everything in memory at once, and the others in parallel, as
 * they wait for the network. Thread-safe.
 */
public final class EvidenceGatherer {
  private final List<EvidenceSource> sources;

  /** Over these sources. */
  public EvidenceGatherer(List<EvidenceSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /**
   * Everything that is known about {@code subject} before a connection is made, in the order of the
   * sources.
   *
   * @throws InterruptedException when the round is stopped
   */
  public List<Evidence> gather(PolicySubject subject) throws InterruptedException {
    List<@Nullable List<Evidence>> found = new ArrayList<>(sources.size());
    int missing = 0;
    for (EvidenceSource source : sources) {
      Optional<List<Evidence>> atHand = source.ifCached(subject);
      found.add(atHand.orElse(null));
      missing += atHand.isPresent() ? 0 : 1;
    }
    if (missing > 0) {
      query(subject, found, missing);
    }
    List<Evidence> evidence = new ArrayList<>(2 * sources.size() + 2);
    for (List<Evidence> of : found) {
      if (of != null) {
        evidence.addAll(of);
      }
    }
    return evidence;
  }

  /** Asks those that are missing: each in a thread of its own, but for the last. */
  private void query(PolicySubject subject, List<@Nullable List<Evidence>> found, int missing)
      throws InterruptedException {
    try (Scope scope = new Scope("evidence")) {
      List<Scope.@Nullable ForkedTask<List<Evidence>>> tasks = new ArrayList<>(sources.size());
      int left = missing;
      for (int i = 0; i < sources.size(); i++) {
        EvidenceSource source = sources.get(i);
        if (found.get(i) != null) {
          tasks.add(null);
        } else if (--left > 0) {
          tasks.add(scope.fork(() -> source.evidenceFor(subject)));
        } else {
          tasks.add(null);
          found.set(i, source.evidenceFor(subject));
        }
      }
      scope.join();
      for (int i = 0; i < tasks.size(); i++) {
        Scope.ForkedTask<List<Evidence>> task = tasks.get(i);
        if (task != null) {
          found.set(i, task.get());
        }
      }
    }
  }

  /**
   * Begins with what can be known of a next hop before the answer that names its hosts is there.
   */
  public void prefetch(Domain nextHop) {
    for (EvidenceSource source : sources) {
      source.prefetch(nextHop);
    }
  }
}
